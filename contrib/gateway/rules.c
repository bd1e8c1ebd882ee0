#include "rules.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "system.h"

/* In a list as they came. */
struct rule {
	struct rule *next;
	const char *text;
};

struct rules {
	struct rule *first, **end;
	size_t n;
};

#define NORDERS (GW_RULE_LAST + 1)

struct gw_rules {
	struct pd_arena *arena;
	struct rules chains[GW_NCHAINS][NORDERS];
	struct rules open[GW_NCHAINS]; /* of input and forward */
};

/* Every policy is accept: what we do not know is not ours to forbid, and a
 * machine whose table is loaded half way does not lock its admin out. */
static const struct {
	const char *name, *hook;
} chains[GW_NCHAINS] = {
	[GW_CHAIN_GUARD] = { "guard",
	    "type filter hook prerouting priority raw + 10" },
	[GW_CHAIN_DIVERT] = { "divert",
	    "type filter hook prerouting priority mangle" },
	[GW_CHAIN_DSTNAT] = { "dstnat",
	    "type nat hook prerouting priority dstnat" },
	[GW_CHAIN_OUTPUT] = { "output", "type nat hook output priority -100" },
	[GW_CHAIN_INPUT] = { "input",
	    "type filter hook input priority filter" },
	[GW_CHAIN_FORWARD] = { "forward",
	    "type filter hook forward priority filter" },
	[GW_CHAIN_SRCNAT] = { "srcnat",
	    "type nat hook postrouting priority srcnat" },
};

_Static_assert(GW_OPEN == 0x08000000u, "GW_OPEN_MATCH names it");

static void
append(struct gw_rules *r, struct rules *list, const char *text)
{
	struct rule *rule = pd_arena_alloc(r->arena, sizeof(*rule));

	*rule = (struct rule){ .text = text };
	if (list->end == NULL)
		list->end = &list->first;
	*list->end = rule;
	list->end = &rule->next;
	list->n++;
}

static bool
holds(const struct rules *list, const char *text)
{
	for (const struct rule *rule = list->first; rule != NULL;
	     rule = rule->next) {
		if (strcmp(rule->text, text) == 0)
			return true;
	}
	return false;
}

static const char *__attribute__((format(printf, 2, 0)))
print(struct pd_arena *arena, const char *fmt, va_list ap)
{
	char *text;
	const char *copy;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	copy = pd_arena_strdup(arena, text);
	free(text);
	return copy;
}

struct gw_rules *
gw_rules_create(struct pd_arena *arena)
{
	struct gw_rules *r = pd_arena_zalloc(arena, sizeof(*r));

	r->arena = arena;
	return r;
}

void
gw_rule(struct gw_rules *r, enum gw_chain chain, enum gw_order order,
    const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = print(r->arena, fmt, ap);
	va_end(ap);
	append(r, &r->chains[chain][order], text);
}

void
gw_rules_open(struct gw_rules *r, enum gw_chain hook, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	assert(hook == GW_CHAIN_INPUT || hook == GW_CHAIN_FORWARD);
	va_start(ap, fmt);
	text = print(r->arena, fmt, ap);
	va_end(ap);
	if (!holds(&r->open[hook], text))
		append(r, &r->open[hook], text);
}

bool
gw_rules_has_open(const struct gw_rules *r, enum gw_chain hook)
{
	return r->open[hook].n > 0;
}

static size_t
count(const struct rules orders[NORDERS])
{
	size_t n = 0;

	for (int order = 0; order < NORDERS; order++)
		n += orders[order].n;
	return n;
}

/* A rule a line, a closing brace on a line of its own: nft 1.0.6 takes none
 * right behind a rule. */
static void
write_chain(FILE *out, enum gw_chain chain, const struct rules orders[NORDERS])
{
	const char *indent = chain == GW_CHAIN_SETS ? "\t" : "\t\t";

	if (count(orders) == 0)
		return;
	if (chain != GW_CHAIN_SETS)
		fprintf(out, "\tchain %s {\n\t\t%s; policy accept;\n",
		    chains[chain].name, chains[chain].hook);
	for (int order = 0; order < NORDERS; order++) {
		for (const struct rule *rule = orders[order].first;
		     rule != NULL; rule = rule->next)
			fprintf(out, "%s%s\n", indent, rule->text);
	}
	if (chain != GW_CHAIN_SETS)
		fputs("\t}\n", out);
}

/*
 * The chain that marks what others shall let pass, ahead of any filter: those
 * of iptables, Docker and ufw stand at priority 0, firewalld's at 10. What is
 * forwarded has its connection marked as well, by which answers are known.
 */
static void
write_open(FILE *out, const struct gw_rules *r, enum gw_chain hook)
{
	const char *name = chains[hook].name;
	char mark[64], connection[64] = "";

	if (!gw_rules_has_open(r, hook))
		return;
	snprintf(
	    mark, sizeof(mark), "meta mark set meta mark | 0x%08x", GW_OPEN);
	if (hook == GW_CHAIN_FORWARD)
		snprintf(connection, sizeof(connection),
		    "ct mark set ct mark | 0x%08x ", GW_OPEN);
	fprintf(out,
	    "\tchain open_%s {\n"
	    "\t\ttype filter hook %s priority mangle + 10; policy accept;\n",
	    name, name);
	for (const struct rule *rule = r->open[hook].first; rule != NULL;
	     rule = rule->next)
		fprintf(out, "\t\t%s %s%s\n", rule->text, connection, mark);
	if (hook == GW_CHAIN_FORWARD)
		fprintf(out,
		    "\t\tct direction reply ct mark & 0x%08x == 0x%08x %s\n",
		    GW_OPEN, GW_OPEN, mark);
	fputs("\t}\n", out);
}

const char *
gw_rules_text(struct gw_rules *r, const char *table)
{
	struct pd_str text;
	size_t len, n = gw_rules_has_open(r, GW_CHAIN_INPUT) +
			gw_rules_has_open(r, GW_CHAIN_FORWARD);
	char *body = NULL;
	FILE *out;

	for (int chain = 0; chain < GW_NCHAINS; chain++)
		n += count(r->chains[chain]);
	if (n == 0)
		return NULL;
	out = open_memstream(&body, &len);
	if (out == NULL)
		abort();
	for (int chain = 0; chain < GW_NCHAINS; chain++)
		write_chain(out, (enum gw_chain)chain, r->chains[chain]);
	write_open(out, r, GW_CHAIN_INPUT);
	write_open(out, r, GW_CHAIN_FORWARD);
	if (fclose(out) != 0)
		abort();
	text = pd_arena_printf(r->arena,
	    "table inet %s\n"
	    "delete table inet %s\n"
	    "table inet %s {\n"
	    "\tcomment \"" GW_RULES_COMMENT "%016" PRIx64 "\"\n"
	    "%s"
	    "}\n",
	    table, table, table, gw_hash(GW_HASH, body), body);
	free(body);
	return pd_arena_strdup(r->arena, text.p);
}

/* "saddr 10.0.0.0/8" of the family's header. */
static void
write_net(FILE *out, const char *side, const struct gw_net *n)
{
	char buf[GW_NET_TEXT];
	struct gw_net base = gw_net_base(n);

	fprintf(out, " %s %s %s", base.addr.family == AF_INET6 ? "ip6" : "ip",
	    side, gw_net_text(&base, buf));
}

static void
write_port(
    FILE *out, const char *header, const char *side, uint16_t lo, uint16_t hi)
{
	if (lo == 0)
		return;
	fprintf(out, " %s %s %u", header, side, lo);
	if (hi > lo)
		fprintf(out, "-%u", hi);
}

static void
write_ports(FILE *out, const struct gw_match *m)
{
	const char *header = m->protocol == IPPROTO_TCP   ? "tcp"
			     : m->protocol == IPPROTO_UDP ? "udp"
							  : "th";

	if (m->sport_lo == 0 && m->dport_lo == 0) {
		if (m->protocol != 0)
			fprintf(out, " meta l4proto %u", m->protocol);
		return;
	}
	/* Ports stand at the same place in both, and nft must be told that
	 * there are any. */
	if (m->protocol == 0)
		fputs(" meta l4proto { tcp, udp }", out);
	write_port(out, header, "sport", m->sport_lo, m->sport_hi);
	write_port(out, header, "dport", m->dport_lo, m->dport_hi);
}

const char *
gw_rules_match(struct pd_arena *arena, const struct gw_match *m)
{
	const char *text;
	char *buf = NULL;
	size_t len;
	FILE *out = open_memstream(&buf, &len);

	if (out == NULL)
		abort();
	if (m->family != 0 && !m->has_source && !m->has_destination)
		fprintf(out, " meta nfproto %s",
		    m->family == AF_INET6 ? "ipv6" : "ipv4");
	if (m->has_source)
		write_net(out, "saddr", &m->source);
	if (m->has_destination)
		write_net(out, "daddr", &m->destination);
	write_ports(out, m);
	if (fclose(out) != 0)
		abort();
	text = pd_arena_strdup(arena, len > 0 ? buf + 1 : "");
	free(buf);
	return text;
}

static bool
has_family(const struct gw_nets *nets, int family)
{
	for (size_t i = 0; i < nets->n; i++) {
		if (nets->v[i].addr.family == family)
			return true;
	}
	return false;
}

/* "10.0.0.0/24", "{ 10.0.0.0/24, 10.0.1.0/24 }": the nets of a family. */
static const char *
net_set(struct pd_arena *arena, const struct gw_nets *nets, int family)
{
	const char *list = NULL;
	char buf[GW_NET_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < nets->n; i++) {
		struct gw_net base = gw_net_base(&nets->v[i]);

		if (base.addr.family != family)
			continue;
		gw_net_text(&base, buf);
		list = n++ == 0 ? pd_arena_strdup(arena, buf)
				: pd_arena_printf(arena, "%s, %s", list, buf).p;
	}
	return n == 1 ? list : pd_arena_printf(arena, "{ %s }", list).p;
}

/*
 * Which way: "iif" with "saddr", or "oif" with "daddr". PPTP's links are told
 * from a PPPoE uplink, which is called ppp0 as well, by the pool.
 */
static const char *
side(struct pd_arena *arena, const struct gw_tunnel *t, int family,
    const char *dir, const char *addr)
{
	const char *ip = family == AF_INET6 ? "ip6" : "ip";
	const char *nfproto = family == AF_INET6 ? "ipv6" : "ipv4";
	char first[PD_ADDR_TEXT], last[PD_ADDR_TEXT];
	bool one;

	switch (t->type) {
	case GW_IKEV2:
		if (!has_family(&t->pool, family))
			return NULL;
		return pd_arena_printf(arena, "%s %s %s", ip, addr,
		    net_set(arena, &t->pool, family))
		    .p;
	case GW_PPTP:
		if (family != t->pool_range.first.family)
			return NULL;
		one = pd_addr_equal(&t->pool_range.first, &t->pool_range.last);
		return pd_arena_printf(arena, "%sname \"%s\" %s %s %s%s%s", dir,
		    t->link, ip, addr,
		    pd_addr_text(&t->pool_range.first, first), one ? "" : "-",
		    one ? "" : pd_addr_text(&t->pool_range.last, last))
		    .p;
	case GW_SIT:
		if (family != AF_INET6)
			return NULL;
		break;
	default:
		if (!has_family(&t->address, family) &&
		    !has_family(&t->allowed, family))
			return NULL;
		break;
	}
	return pd_arena_printf(
	    arena, "meta nfproto %s %sname \"%s\"", nfproto, dir, t->link)
	    .p;
}

const char *
gw_rules_from(struct pd_arena *arena, const struct gw_tunnel *t, int family)
{
	return side(arena, t, family, "iif", "saddr");
}

const char *
gw_rules_to(struct pd_arena *arena, const struct gw_tunnel *t, int family)
{
	return side(arena, t, family, "oif", "daddr");
}
