/*
 * One section by itself: its words become addresses, ports, rates. What they
 * have to do with other sections is config_cross.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config_draft.h"

static void
check_matches(struct gw_draft *d, const struct gw_part *part,
    const struct pd_strings *text, struct gw_matches *out)
{
	struct gw_match m;

	if (!gw_draft_few(d, part, "match", text))
		return;
	for (size_t i = 0; i < text->n; i++) {
		if (gw_match_parse(pd_str_z(text->v[i]), &m) < 0) {
			gw_draft_say(d, part, "match",
			    "\"%.200s\" cannot be; write it like \"ip6 udp "
			    "saddr fd77::/64 dport 5000-5010\", without what "
			    "does not matter",
			    text->v[i]);
			continue;
		}
		out->v = pd_xrealloc(out->v, (out->n + 1) * sizeof(*out->v));
		out->v[out->n++] = m;
	}
}

static void
check_gateway(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_config *c = d->c;

	if (c->uplink != NULL && strcmp(c->uplink, "auto") == 0) {
		free(c->uplink);
		c->uplink = NULL;
	}
	if (c->uplink != NULL && !gw_is_link(c->uplink))
		gw_draft_say(d, part, "uplink",
		    "\"%.64s\" is no link's name; use auto, or at most %d "
		    "letters, digits, '-', '_' and '.'",
		    c->uplink, GW_LINK_MAX);
	if (c->endpoint != NULL && !gw_is_host(c->endpoint))
		gw_draft_say(d, part, "endpoint",
		    "\"%.64s\" is no host name and no address; write one like "
		    "vpn.example.org, without a port",
		    c->endpoint);
	if (c->ipv4 == GW_LEAVE_NDP_PROXY)
		gw_draft_say(d, part, "ipv4",
		    "IPv4 has no NDP; write nat, routed or refuse");
	if (c->intercept != GW_INTERCEPT_NO && c->intercept_ports.n == 0)
		gw_draft_say(d, part, "intercept-ports",
		    "there are none; name some like {80, 443}, or write "
		    "intercept = \"no\"");
	if (c->intercept_ports.n > GW_LISTED_MAX)
		gw_draft_say(d, part, "intercept-ports",
		    "%zu values; %d are the most, write ranges",
		    c->intercept_ports.n, GW_LISTED_MAX);
	if (c->intercept != GW_INTERCEPT_NO && c->proxy == c->intercept_port)
		gw_draft_say(d, part, "intercept-port",
		    "%d is proxy's port; pared has another for intercepted "
		    "connections, its TransparentPort",
		    (int)c->intercept_port);
	gw_draft_path(d, part, "state-dir", c->state_dir);
	gw_draft_path(d, part, "run-dir", c->run_dir);
}

static void
check_edge(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_edge *e = &d->c->edges[part->i];
	struct gw_port port;

	if (gw_draft_address(
		d, &(struct gw_word){ part, "to", e->to_text, 0 }, &e->to))
		gw_draft_address(d,
		    &(struct gw_word){
			part, "address", e->address_text, e->to.family },
		    &e->address);
	if (!gw_draft_few(d, part, "ports", &e->ports_text))
		return;
	if (gw_part_has(part, "ports") && e->ports_text.n == 0 && !part->g.told)
		gw_draft_say(d, part, "ports",
		    "there are none; name some like {\"tcp 80\"}");
	for (size_t i = 0; i < e->ports_text.n; i++) {
		if (gw_port_parse(pd_str_z(e->ports_text.v[i]), &port) < 0) {
			gw_draft_say(d, part, "ports",
			    "\"%.64s\" is no port; write tcp or udp and a "
			    "number or range, like \"tcp 80\" or \"udp "
			    "5000-5010\"",
			    e->ports_text.v[i]);
			continue;
		}
		e->ports.v = pd_xrealloc(
		    e->ports.v, (e->ports.n + 1) * sizeof(*e->ports.v));
		e->ports.v[e->ports.n++] = port;
	}
}

static void
check_return(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_return *r = &d->c->returns[part->i];

	gw_draft_address(d,
	    &(struct gw_word){ part, "address", r->address_text, 0 },
	    &r->address);
}

static void
check_uplink(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_uplink *u = &d->c->uplinks[part->i];

	gw_draft_link(d, part, u->link);
	if (!gw_draft_base(d,
		&(struct gw_word){ part, "prefix", u->prefix_text, 0 },
		&u->prefix))
		return;
	if (u->prefix.len == 0)
		gw_draft_say(d, part, "prefix",
		    "that is every address; write the network that the "
		    "provider gave you");
	gw_draft_address(d,
	    &(struct gw_word){
		part, "via", u->gateway_text, u->prefix.addr.family },
	    &u->gateway);
}

static void
check_nat64(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_nat64 *n = &d->c->nat64;
	struct gw_net base;

	gw_draft_link(d, part, n->link);
	if (gw_draft_base(d,
		&(struct gw_word){ part, "prefix", n->prefix_text, AF_INET6 },
		&n->prefix) &&
	    n->prefix.len != 96)
		gw_draft_say(d, part, "prefix",
		    "/%u; an IPv4 address has to fit behind it, so write a "
		    "/96, like 2001:db8:64::/96",
		    n->prefix.len);
	if (gw_draft_base(d,
		&(struct gw_word){ part, "pool", n->pool_text, AF_INET },
		&n->pool) &&
	    (n->pool.len > 29 || n->pool.len < 8))
		gw_draft_say(d, part, "pool",
		    "/%u; each IPv6 host takes an address of it, so write a "
		    "/8 to a /29, like 192.168.255.0/24",
		    n->pool.len);
	if (!gw_draft_net(d,
		&(struct gw_word){ part, "lan", n->lan_text, AF_INET6 },
		&n->lan))
		return;
	base = gw_net_base(&n->lan);
	if (n->lan.len != 64)
		gw_draft_say(d, part, "lan",
		    "/%u; hosts make their own addresses in a /64 alone (RFC "
		    "4862), so write one like 2001:db8:77::1/64",
		    n->lan.len);
	else if (pd_addr_equal(&base.addr, &n->lan.addr))
		gw_draft_say(d, part, "lan",
		    "%s is the network's own address; write the one that is "
		    "ours there",
		    n->lan_text);
}

static void
check_resolver(struct gw_draft *d, const struct gw_part *part)
{
	gw_draft_path(d, part, "blocklist", d->c->resolver.blocklist);
	gw_draft_few(d, part, "forward", &d->c->resolver.forward);
}

static void
check_shaper(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_shaper *s = &d->c->shapers[part->i];

	gw_draft_link(d, part, s->link);
	gw_draft_rate(d, part, "rate", s->rate_text, &s->rate);
}

static void
check_class(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_class *k = &d->c->classes[part->i];

	gw_draft_rate(d, part, "rate", k->rate_text, &k->rate);
	gw_draft_rate(d, part, "ceil", k->ceil_text, &k->ceil);
	check_matches(d, part, &k->match_text, &k->match);
	if (k->rate > 0 && k->ceil > 0 && k->ceil < k->rate)
		gw_draft_say(d, part, "ceil",
		    "%s is less than its rate, %s; a class may always take its "
		    "rate, so write a larger ceil",
		    k->ceil_text, k->rate_text);
	if (k->match_text.n == 0 && !k->fallback && !part->g.told)
		gw_draft_say(d, part, NULL,
		    "nothing gets into it; write match = {\"udp sport 53\"}, "
		    "or default = true");
}

static void
check_over(struct gw_draft *d, const struct gw_part *part, struct gw_limit *m)
{
	static const char *const units[] = { "second", "minute", "hour" };
	struct pd_str unit = pd_str_z(m->over_text);
	struct pd_str number = pd_str_split(&unit, '/');
	int64_t n;

	if (pd_str_u63(number, &n) < 0 || n < 1 || n > 1000000 ||
	    number.p[0] == '0')
		unit.p = NULL;
	for (size_t i = 0; unit.p != NULL && i < 3; i++) {
		if (!pd_str_eq(unit, pd_str_z(units[i])))
			continue;
		m->over = (uint32_t)n;
		m->over_per = units[i];
		if (m->burst < 0)
			m->burst = n < 65535 ? n : 65535;
		return;
	}
	gw_draft_say(d, part, "over",
	    "\"%.64s\" cannot be; write a number from 1 to 1000000 and "
	    "/second, /minute or /hour, like 7/minute",
	    m->over_text);
}

static void
check_limit(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_limit *m = &d->c->limits[part->i];

	gw_draft_link(d, part, m->link);
	check_matches(d, part, &m->match_text, &m->match);
	if (m->match_text.n == 0 && !part->g.told && gw_part_has(part, "match"))
		gw_draft_say(d, part, "match",
		    "there is none, so every packet would be counted; write "
		    "one like {\"udp dport 123\"}");
	if (m->over_text != NULL)
		check_over(d, part, m);
}

static void
check_hairpin(
    struct gw_draft *d, const struct gw_part *part, struct gw_forward *f)
{
	if (!gw_draft_base(d,
		&(struct gw_word){
		    part, "hairpin-net", f->hairpin_net_text, f->to.family },
		&f->hairpin_net))
		return;
	if (f->hairpin_net.len == 0)
		gw_draft_say(d, part, "hairpin-net",
		    "that is every address; write the container's own "
		    "network");
	if (!f->hairpin)
		gw_draft_say(d, part, "hairpin-net",
		    "it is for hairpin alone; write hairpin = true, or remove "
		    "it");
	if (!gw_net_holds(&f->hairpin_net, &f->to))
		gw_draft_say(d, part, "hairpin-net",
		    "%s does not hold to, %s; write the container's own "
		    "network",
		    f->hairpin_net_text, f->to_text);
}

/* fd00::2:80 is an address; fd00::2 and its port 80 may have been meant. */
static void
note_bare(
    struct gw_draft *d, const struct gw_part *part, const struct gw_forward *f)
{
	struct pd_str text = pd_str_z(f->to_text), port;
	const char *colon = strrchr(f->to_text, ':');
	struct pd_addr shorter;
	int64_t number;

	if (f->to.family != AF_INET6 || f->to.port != 0 || colon == NULL ||
	    f->port.lo != f->port.hi)
		return;
	port = pd_str_z(colon + 1);
	text.n = (size_t)(colon - f->to_text);
	if (pd_str_u63(port, &number) < 0 || gw_addr_parse(text, &shorter) < 0)
		return;
	pd_conf_say(&d->l, pd_conf_group_place(&part->g, "to"), false,
	    "%sto: %s is taken for an address without a port; write "
	    "[%.*s]:%s if that is meant, else [%s]:%u",
	    part->g.what, f->to_text, (int)text.n, text.p, port.p, f->to_text,
	    f->port.lo);
}

static void
check_forward(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_forward *f = &d->c->forwards[part->i];
	bool port = f->port_text != NULL;

	if (port && gw_port_parse(pd_str_z(f->port_text), &f->port) < 0) {
		port = false;
		gw_draft_say(d, part, "port",
		    "\"%.64s\" is no port; write tcp or udp and a number or "
		    "range, like \"tcp 8080\" or \"udp 5000-5010\"",
		    f->port_text);
	}
	if (f->to_text == NULL)
		return;
	if (gw_addr_port_parse(pd_str_z(f->to_text), &f->to) < 0) {
		gw_draft_say(d, part, "to",
		    "\"%.64s\" is no address with a port; write one like "
		    "10.0.3.2:80 or [fd00::2]:80",
		    f->to_text);
		return;
	}
	if (!gw_is_host_address(&f->to))
		gw_draft_say(d, part, "to",
		    "%.64s is a %s address, which no machine behind us has; "
		    "write one like 10.0.3.2:80",
		    f->to_text, pd_addr_kind_name(pd_addr_kind(&f->to)));
	if (port && f->port.lo != f->port.hi && f->to.port != 0)
		gw_draft_say(d, part, "to",
		    "a range of ports keeps its numbers; write the address "
		    "alone");
	if (port)
		note_bare(d, part, f);
	gw_draft_address(d,
	    &(struct gw_word){ part, "address", f->address_text, f->to.family },
	    &f->address);
	check_hairpin(d, part, f);
}

void
gw_config_check(struct gw_draft *d, const struct gw_part *part)
{
	static void (*const checks[GW_NSECTIONS])(
	    struct gw_draft * d, const struct gw_part *part) = {
		[GW_SECTION_GATEWAY] = check_gateway,
		[GW_SECTION_TUNNEL] = gw_config_check_tunnel,
		[GW_SECTION_EDGE] = check_edge,
		[GW_SECTION_RETURN] = check_return,
		[GW_SECTION_UPLINK] = check_uplink,
		[GW_SECTION_NAT64] = check_nat64,
		[GW_SECTION_RESOLVER] = check_resolver,
		[GW_SECTION_SHAPER] = check_shaper,
		[GW_SECTION_CLASS] = check_class,
		[GW_SECTION_LIMIT] = check_limit,
		[GW_SECTION_FORWARD] = check_forward,
	};

	checks[part->kind](d, part);
}
