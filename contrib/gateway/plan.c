#include "plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/conf_row.h"
#include "system.h"

static void (*const modules[])(struct gw_plan *p) = {
	gw_wireguard_plan,
	gw_ikev2_plan,
	gw_sit_plan,
	gw_pptp_plan,
	gw_nat_plan,
	gw_intercept_plan,
	gw_edge_plan,
	gw_uplink_plan,
	gw_nat64_plan,
	gw_resolver_plan,
	gw_qos_plan,
	gw_limit_plan,
	gw_forward_plan,
};

/* By phase; within one as they were added. */
static void
sort(struct gw_plan *p)
{
	struct gw_step **v =
	    pd_arena_alloc(p->arena, (p->n + 1) * sizeof(struct gw_step *));
	enum gw_phase *phases =
	    pd_arena_alloc(p->arena, (p->n + 1) * sizeof(*phases));
	size_t n = 0;

	for (int phase = 0; phase < GW_NPHASES; phase++) {
		for (size_t i = 0; i < p->n; i++) {
			if (p->phases[i] != (enum gw_phase)phase)
				continue;
			v[n] = p->v[i];
			phases[n++] = p->phases[i];
		}
	}
	for (size_t i = 0; i < n; i++) {
		p->v[i] = v[i];
		p->phases[i] = phases[i];
	}
}

/* Where a forward leads, another's chain may refuse by a link that we do not
 * name: that of virtual machines. */
const char *
gw_plan_links(const struct gw_plan *p, enum gw_chain hook)
{
	if (hook != GW_CHAIN_FORWARD)
		return NULL;
	return p->conf->nforwards > 0 ? "*" : p->ways_out;
}

static void
add_opening(struct gw_plan *p, enum gw_chain hook, const char *name)
{
	if (p->conf->foreign_open && gw_rules_has_open(p->rules, hook))
		gw_plan_add(p, GW_PHASE_RULES, &gw_kind_foreign, 2, "hook",
		    name, "match", GW_OPEN_MATCH, "links",
		    gw_plan_links(p, hook));
}

static void
add_rules(struct gw_plan *p)
{
	const char *table = gw_plan_text(p, GW_RULES_TABLE "%s", p->conf->name);
	const char *text = gw_rules_text(p->rules, table);
	struct gw_step *s;

	p->rules_text = text;
	if (text != NULL && p->conf->own_filter) {
		gw_plan_note(p,
		    "packet-filter = \"own\": load what plan --nft shows "
		    "yourself; until then nothing is translated, intercepted "
		    "or refused");
		return;
	}
	if (text != NULL) {
		s = gw_plan_add(
		    p, GW_PHASE_RULES, &gw_kind_nft, 1, "table", table);
		s->text = text;
	}
	add_opening(p, GW_CHAIN_INPUT, "input");
	add_opening(p, GW_CHAIN_FORWARD, "forward");
}

const char *
gw_phase_name(enum gw_phase phase)
{
	static const char *const names[GW_NPHASES] = {
		[GW_PHASE_MODULE] = "module",
		[GW_PHASE_GUARD] = "guard",
		[GW_PHASE_FILE] = "file",
		[GW_PHASE_LINK] = "link",
		[GW_PHASE_PEER] = "peer",
		[GW_PHASE_ADDRESS] = "address",
		[GW_PHASE_ROUTE] = "route",
		[GW_PHASE_DAEMON] = "daemon",
		[GW_PHASE_RULES] = "rules",
		[GW_PHASE_FORWARD] = "forward",
	};

	return names[phase];
}

struct gw_plan *
gw_plan_create(const struct gw_config *conf, const struct gw_clients *clients,
    const struct gw_facts *facts)
{
	struct gw_plan *p = pd_xalloc(sizeof(*p));

	p->arena = pd_arena_create();
	p->conf = conf;
	p->clients = clients;
	p->facts = facts;
	p->no_uplink = conf->uplink == NULL && facts->uplink[0] == '\0';
	p->uplink = p->no_uplink ? GW_NO_UPLINK
		    : conf->uplink != NULL
			? conf->uplink
			: pd_arena_strdup(p->arena, facts->uplink);
	p->ways_out = gw_plan_text(p, "%s, %s", gw_plan_ways_out(p, AF_INET),
	    gw_plan_ways_out(p, AF_INET6));
	p->next_priority = GW_PRIORITY_MIN;
	p->next_table = GW_TABLE_MIN;
	p->rules = gw_rules_create(p->arena);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		modules[i](p);
	add_rules(p);
	sort(p);
	return p;
}

void
gw_plan_destroy(struct gw_plan *p)
{
	if (p == NULL)
		return;
	pd_strings_free(&p->notes);
	free(p->v);
	free(p->phases);
	pd_arena_destroy(p->arena);
	free(p);
}

struct gw_step *
gw_plan_add_pairs(struct gw_plan *p, enum gw_phase phase,
    const struct gw_kind *kind, size_t nkeys, const char *const *pairs)
{
	struct gw_step *s = pd_arena_zalloc(p->arena, sizeof(*s));

	s->kind = kind;
	s->nkeys = nkeys;
	s->args = pd_arena_zalloc(p->arena, GW_ARGS_MAX * sizeof(*s->args));
	for (; pairs[0] != NULL; pairs += 2) {
		if (pairs[1] != NULL)
			gw_step_set(s, p->arena, pairs[0], pairs[1]);
	}
	for (size_t i = 0; i < p->n; i++) {
		if (gw_step_same(p->v[i], s))
			return p->v[i];
	}
	p->v = pd_xrealloc(p->v, (p->n + 1) * sizeof(struct gw_step *));
	p->phases = pd_xrealloc(p->phases, (p->n + 1) * sizeof(*p->phases));
	p->v[p->n] = s;
	p->phases[p->n++] = phase;
	return s;
}

static const char *__attribute__((format(printf, 3, 0)))
print(struct gw_plan *p, const char *prefix, const char *fmt, va_list ap)
{
	char *text, *copy;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	copy = pd_arena_strdup(
	    p->arena, pd_arena_printf(p->arena, "%s%s", prefix, text).p);
	free(text);
	return copy;
}

const char *
gw_plan_text(struct gw_plan *p, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = print(p, "", fmt, ap);
	va_end(ap);
	return text;
}

const char *
gw_plan_run(struct gw_plan *p, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = print(p,
	    gw_plan_text(p, "%s/gateway-%s/", p->conf->run_dir, p->conf->name),
	    fmt, ap);
	va_end(ap);
	return text;
}

const char *
gw_plan_state(struct gw_plan *p, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = print(p,
	    gw_plan_text(p, "%s/%s/", p->conf->state_dir, p->conf->name), fmt,
	    ap);
	va_end(ap);
	return text;
}

const char *
gw_plan_quote(struct gw_plan *p, const char *text)
{
	char *out = pd_arena_alloc(p->arena, 2 * strlen(text) + 3), *at = out;

	*at++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at++ = '"';
	*at = '\0';
	return out;
}

const char *
gw_plan_net(struct gw_plan *p, const struct gw_net *net)
{
	char buf[GW_NET_TEXT];

	return pd_arena_strdup(p->arena, gw_net_text(net, buf));
}

const char *
gw_plan_addr(struct gw_plan *p, const struct pd_addr *addr)
{
	char buf[PD_ADDR_TEXT];

	return pd_arena_strdup(p->arena, pd_addr_text(addr, buf));
}

void
gw_plan_note(struct gw_plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pd_strings_add(&p->notes, pd_xstrdup(print(p, "", fmt, ap)));
	va_end(ap);
}

void
gw_plan_file(
    struct gw_plan *p, const char *path, unsigned mode, const char *text)
{
	struct gw_step *s = gw_plan_add(p, GW_PHASE_FILE, &gw_kind_file, 1,
	    "path", path, "mode", gw_plan_text(p, "%04o", mode));

	s->text = pd_arena_strdup(p->arena, text);
	s->secret = (mode & 077) == 0;
}

void
gw_plan_module(struct gw_plan *p, const char *module)
{
	gw_plan_add(p, GW_PHASE_MODULE, &gw_kind_module, 1, "name", module);
}

void
gw_plan_sysctl(
    struct gw_plan *p, enum gw_phase phase, const char *key, const char *value)
{
	gw_plan_add(p, phase, &gw_kind_sysctl, 1, "key", key, "value", value);
}

struct gw_step *
gw_plan_daemon(struct gw_plan *p, enum gw_phase phase, const char *name,
    const char *const *argv, const char *env, const char *ready)
{
	struct gw_step *s = gw_plan_add(p, phase, &gw_kind_daemon, 1, "name",
	    name, "ready", ready, "env", env);

	for (size_t i = 0; argv[i] != NULL; i++)
		gw_step_set(
		    s, p->arena, gw_plan_text(p, "argv%zu", i), argv[i]);
	return s;
}

void
gw_plan_daemon_reads(
    struct gw_plan *p, struct gw_step *daemon, const char *text)
{
	gw_step_set(daemon, p->arena, "reads",
	    gw_plan_text(p, "%016" PRIx64, gw_hash(GW_HASH, text)));
}
