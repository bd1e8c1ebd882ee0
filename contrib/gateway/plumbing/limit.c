/*
 * Who asks too often is dropped until it stops. Each address has a bucket of
 * its own; the one that overflows is held, and every packet that it sends
 * while it is held holds it for longer.
 *
 * The sets have a size, so that addresses made up by an attacker cost no more
 * memory than that. A set that is full takes no new address, and those pass:
 * whom we do not count is not dropped.
 */
#include <inttypes.h>

#include "base/arena.h"
#include "plan.h"

#define SET_SIZE 65536 /* addresses of each family */
/* A bucket is forgotten for good after a week, seconds. */
#define COUNTED_MAX (INT64_C(7) * 24 * 3600)

/*
 * Seconds until a bucket that is left alone is full again. Forgotten sooner,
 * "7/hour" would let seven packets pass every time it is forgotten.
 */
static int64_t
refill(const struct gw_limit *m)
{
	int64_t period = m->over_per[0] == 's'   ? 1
			 : m->over_per[0] == 'm' ? 60
						 : 3600;
	int64_t s = (m->burst * period + m->over - 1) / m->over;

	return s < 1 ? 1 : s > COUNTED_MAX ? COUNTED_MAX : s;
}

static void
plan_set(struct gw_plan *p, const struct gw_limit *m, const char *name,
    int family, int64_t seconds)
{
	gw_rule(p->rules, GW_CHAIN_SETS, GW_RULE_RULE,
	    "set limit-%s-%s%d {\n"
	    "\t\ttype %s; size %d; flags dynamic,timeout;\n"
	    "\t\ttimeout %" PRId64 "s;\n"
	    "\t}",
	    m->title, name, family, family == 4 ? "ipv4_addr" : "ipv6_addr",
	    SET_SIZE, seconds);
}

/* The chain is in the text after its sets, by GW_RULE_LAST. */
static void
plan_chain(struct gw_plan *p, const struct gw_limit *m)
{
	const char *text = "";

	for (int family = 4; family <= 6; family += 2) {
		const char *ip = family == 4 ? "ip" : "ip6";

		text = gw_plan_text(p,
		    "%s\n"
		    "\t\t%s saddr @limit-%s-held%d "
		    "update @limit-%s-held%d { %s saddr } counter drop\n"
		    "\t\tmeta nfproto ipv%d update @limit-%s-counted%d "
		    "{ %s saddr limit rate over %" PRIu32 "/%s burst %" PRId64
		    " packets } add @limit-%s-held%d { %s saddr } "
		    "counter drop",
		    text, ip, m->title, family, m->title, family, ip, family,
		    m->title, family, ip, m->over, m->over_per, m->burst,
		    m->title, family, ip);
	}
	gw_rule(p->rules, GW_CHAIN_SETS, GW_RULE_LAST,
	    "chain limit-%s {%s\n\t}", m->title, text);
}

/* Ahead of connection tracking: a flood is to cost as little as can be. */
static void
plan_jump(struct gw_plan *p, const struct gw_limit *m, const char *from,
    const struct gw_match *match)
{
	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "%s%s%s jump limit-%s", from, from[0] != '\0' ? " " : "",
	    gw_rules_match(p->arena, match), m->title);
}

static void
plan_match(
    struct gw_plan *p, const struct gw_limit *m, const struct gw_match *match)
{
	static const uint16_t families[] = { AF_INET, AF_INET6 };
	const struct gw_tunnel *t = NULL;

	if (m->link != NULL)
		t = gw_config_tunnel(p->conf, m->link);
	if (m->link == NULL)
		plan_jump(p, m, "", match);
	else if (t == NULL)
		plan_jump(
		    p, m, gw_plan_text(p, "iifname \"%s\"", m->link), match);
	for (int i = 0; t != NULL && i < 2; i++) {
		const char *from = gw_rules_from(p->arena, t, families[i]);

		if (from != NULL &&
		    (match->family == 0 || match->family == families[i]))
			plan_jump(p, m, from, match);
	}
}

void
gw_limit_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->nlimits; i++) {
		const struct gw_limit *m = &p->conf->limits[i];

		for (int family = 4; family <= 6; family += 2) {
			plan_set(p, m, "counted", family, refill(m));
			plan_set(
			    p, m, "held", family, (m->hold_ms + 999) / 1000);
		}
		plan_chain(p, m);
		for (size_t j = 0; j < m->match.n; j++)
			plan_match(p, m, &m->match.v[j]);
	}
}
