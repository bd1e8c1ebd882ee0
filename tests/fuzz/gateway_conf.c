/*
 * Bytes as a gateway's configuration. What is accepted has to keep its
 * promises: every word by its grammar, every name that names something
 * resolved, every number inside its range; and a plan can be made of it whose
 * steps have no control characters in their arguments.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static void
on_line(void *arg, bool error, const char *text)
{
	size_t *errors = arg;

	assert(strlen(text) > 0);
	*errors += error;
}

static void
check_nets(const struct gw_nets *nets)
{
	char text[GW_NET_TEXT];
	struct gw_net again;

	for (size_t i = 0; i < nets->n; i++) {
		gw_net_text(&nets->v[i], text);
		assert(gw_net_parse(pd_str_z(text), &again) == 0);
		assert(again.len == nets->v[i].len);
		assert(pd_addr_equal(&again.addr, &nets->v[i].addr));
		assert(gw_net_holds(&again, &again.addr));
	}
}

static void
check_tunnel(const struct gw_tunnel *t)
{
	assert(gw_is_name(t->title, GW_TITLE_MAX));
	assert(t->address.n > 0);
	check_nets(&t->address);
	check_nets(&t->allowed);
	check_nets(&t->pool);
	assert((t->link == NULL) == (t->type == GW_IKEV2));
	assert(
	    t->type == GW_IKEV2 || t->type == GW_PPTP || gw_is_link(t->link));
	assert(t->peer == NULL || gw_is_key(t->peer));
	assert(t->endpoint == NULL || gw_is_endpoint(t->endpoint));
	assert(t->name == NULL || gw_is_host(t->name));
	assert(t->type != GW_IKEV2 || (t->pool.n > 0 && t->name != NULL));
	assert(t->type != GW_SIT ||
	       (t->local.family == AF_INET && t->remote.family == AF_INET));
	assert(t->type != GW_PPTP ||
	       (t->broken && t->pool_range.first.family == AF_INET));
}

static void
check_match(const struct gw_match *m)
{
	assert(m->sport_lo <= m->sport_hi && m->dport_lo <= m->dport_hi);
	assert(!m->has_source || m->source.addr.family == m->family);
	assert(!m->has_destination || m->destination.addr.family == m->family);
	assert(m->sport_lo + m->dport_lo == 0 || m->protocol == IPPROTO_TCP ||
	       m->protocol == IPPROTO_UDP);
}

static void
check_ways(const struct gw_config *c)
{
	for (size_t i = 0; i < c->nedges; i++) {
		const struct gw_edge *e = &c->edges[i];

		assert(e->tunnel != NULL && e->ports.n > 0);
		assert(e->address.family == 0 ||
		       e->address.family == e->to.family);
	}
	for (size_t i = 0; i < c->nreturns; i++)
		assert(c->returns[i].tunnel != NULL &&
		       c->returns[i].tunnel->link != NULL);
	for (size_t i = 0; i < c->nuplinks; i++)
		assert(c->uplinks[i].prefix.len > 0 &&
		       gw_is_link(gw_config_link(c, c->uplinks[i].link)));
	for (size_t i = 0; i < c->nforwards; i++) {
		const struct gw_forward *f = &c->forwards[i];

		assert(f->to.family != 0 && f->port.lo >= 1);
		assert(f->port.lo == f->port.hi || f->to.port == 0);
	}
	assert(!c->nat64.present ||
	       (c->nat64.prefix.len == 96 && c->nat64.lan.len == 64 &&
		   gw_is_link(c->nat64.link)));
}

static void
check_rates(const struct gw_config *c)
{
	for (size_t i = 0; i < c->nshapers; i++)
		assert(gw_is_link(gw_config_link(c, c->shapers[i].link)));
	for (size_t i = 0; i < c->nclasses; i++) {
		const struct gw_class *k = &c->classes[i];

		assert(k->shaper != NULL && k->rate > 0);
		assert(k->rate <= k->ceil && k->ceil <= k->shaper->rate);
		for (size_t j = 0; j < k->match.n; j++)
			check_match(&k->match.v[j]);
	}
	for (size_t i = 0; i < c->nlimits; i++) {
		const struct gw_limit *m = &c->limits[i];

		assert(m->over >= 1 && m->burst >= 1 && m->hold_ms >= 1000);
		assert(m->over_per != NULL && m->match.n > 0);
		for (size_t j = 0; j < m->match.n; j++)
			check_match(&m->match.v[j]);
	}
}

static void
check(const struct gw_config *c)
{
	assert(gw_is_name(c->name, GW_NAME_MAX));
	assert(c->uplink == NULL || gw_is_link(c->uplink));
	assert(c->endpoint == NULL || gw_is_host(c->endpoint));
	assert(c->state_dir[0] == '/' && c->run_dir[0] == '/');
	assert(c->ipv4 != GW_LEAVE_NDP_PROXY);
	for (size_t i = 0; i < c->ntunnels; i++)
		check_tunnel(&c->tunnels[i]);
	check_ways(c);
	check_rates(c);
}

static void
check_plan(const struct gw_config *c)
{
	const struct gw_facts facts = {
		.uplink = "eth0", .ipv6_default = true, .uplink_mtu = 1500
	};
	const struct gw_clients none = { 0 };
	struct gw_plan *p = gw_plan_create(c, &none, &facts);

	for (size_t i = 0; i < p->n; i++) {
		const struct gw_step *s = p->v[i];

		for (size_t j = 0; j < s->nargs; j++) {
			for (const char *q = s->args[j].value; *q != '\0'; q++)
				assert((unsigned char)*q >= ' ');
		}
	}
	gw_plan_destroy(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t errors = 0;
	struct pd_conf_report report = { on_line, &errors };
	char *text = malloc(size + 1);
	struct gw_config *c;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	c = gw_config_parse("fuzz", text, &report);
	assert((c == NULL) == (errors > 0));
	if (c != NULL) {
		check(c);
		check_plan(c);
	}
	gw_config_free(c);
	free(text);
	return 0;
}
