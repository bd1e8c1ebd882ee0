/*
 * Quality of service: a link's rate shared by classes (HTB), which packets of
 * IPv4 and IPv6 are led to by what stands in their headers (u32).
 *
 *   7077:        the queue at the link's root, by which all this is ours
 *   7077:1       the whole rate, which the classes share and borrow from
 *   7077:10 ...  the classes, as they stand in the file; each with fq_codel
 *                below it, so that one flow of a class does not wait behind
 *                another's queue
 *
 * A queue acts on what leaves: what a tunnel's clients load is shaped on the
 * tunnel's link, what they send on the uplink. The rate has to be a little
 * below what the line carries, or the queue builds up in the modem, where
 * nobody sorts it.
 *
 * Measured by one TCP connection each over a veth, the whole at 20 Mbit/s: a
 * class of 2 Mbit/s carries 1.8, one that may borrow all 18.8, headers aside.
 */
#include "kind/u32.h"
#include "plan.h"

#include <inttypes.h>
#include <string.h>

#define CLASS_STEP  0x10  /* between the classes' numbers */
#define PRIO_FIRST  10    /* of filters */
#define PRIO_LAST   7     /* of classes */
#define NUMBERS_MAX 0xfff /* filters of one class and family */
#define MANY        64    /* filters of one match, worth a warning */

struct shaping {
	struct gw_plan *p;
	const struct gw_shaper *shaper;
	const char *link;
	unsigned nclasses;
};

static void
add_class(struct shaping *z, const char *classid, const char *parent,
    uint64_t rate, uint64_t ceil, int64_t prio)
{
	struct gw_plan *p = z->p;

	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_class, 2, "dev", z->link,
	    "classid", classid, "parent", parent, "rate",
	    gw_plan_text(p, "%" PRIu64, rate), "ceil",
	    gw_plan_text(p, "%" PRIu64, ceil), "prio",
	    gw_plan_text(p, "%" PRId64, prio));
}

/* A class below the whole, with a fair queue of its own. */
static const char *
add_leaf(struct shaping *z, uint64_t rate, uint64_t ceil, int64_t prio)
{
	struct gw_plan *p = z->p;
	unsigned minor = CLASS_STEP * ++z->nclasses;
	const char *classid = gw_plan_text(p, "%x:%x", GW_QDISC_MAJOR, minor);

	add_class(z, classid, gw_plan_text(p, "%x:1", GW_QDISC_MAJOR), rate,
	    ceil, prio);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_qdisc, 2, "dev", z->link,
	    "parent", classid, "handle",
	    gw_plan_text(p, "%x:", GW_QDISC_MAJOR + minor), "kind", "fq_codel",
	    "else", "pfifo");
	return classid;
}

/* ---- filters ---- */

/* What the steps of one class and family have in common. */
struct filters {
	struct shaping *z;
	const char *classid, *prio, *protocol;
	int family;
	unsigned n;
};

static const char *
port_text(struct gw_plan *p, const struct gw_u32_port *port)
{
	return port->mask == 0
		   ? NULL
		   : gw_plan_text(p, "%u/%x", port->value, port->mask);
}

static size_t
ports(uint16_t lo, uint16_t hi, struct gw_u32_port out[GW_U32_PORTS])
{
	if (hi == 0) {
		out[0] = (struct gw_u32_port){ 0, 0 };
		return 1;
	}
	return gw_u32_range(lo, hi, out);
}

/* One match of one family and protocol: a filter for each pair of ports. */
static void
add_filters(struct filters *f, const struct gw_match *m, uint8_t protocol)
{
	struct gw_u32_port sport[GW_U32_PORTS], dport[GW_U32_PORTS];
	size_t nsport = ports(m->sport_lo, m->sport_hi, sport);
	size_t ndport = ports(m->dport_lo, m->dport_hi, dport);
	struct gw_plan *p = f->z->p;
	const char *src = m->has_source ? gw_plan_net(p, &m->source) : NULL;
	const char *dst =
	    m->has_destination ? gw_plan_net(p, &m->destination) : NULL;
	const char *l4 = protocol != 0 ? gw_plan_text(p, "%u", protocol) : NULL;

	if (nsport * ndport > MANY)
		gw_plan_note(p,
		    "class on %s: two ranges of ports take %zu filters, and "
		    "each packet is compared with all; name fewer ports, or "
		    "ranges that begin and end at powers of two",
		    f->z->link, nsport * ndport);
	for (size_t i = 0; i < nsport * ndport; i++) {
		if (f->n == NUMBERS_MAX) {
			gw_plan_note(p,
			    "class %s on %s: more than %u filters; the rest "
			    "is left out",
			    f->classid, f->z->link, NUMBERS_MAX);
			return;
		}
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_filter, 4, "dev",
		    f->z->link, "prio", f->prio, "protocol", f->protocol,
		    "number", gw_plan_text(p, "%x", ++f->n), "flowid",
		    f->classid, "l4", l4, "src", src, "dst", dst, "sport",
		    port_text(p, &sport[i / ndport]), "dport",
		    port_text(p, &dport[i % ndport]));
	}
}

static void
add_match(struct filters *f, const struct gw_match *m)
{
	if ((m->family != 0 && m->family != f->family) ||
	    (m->has_source && m->source.addr.family != f->family) ||
	    (m->has_destination && m->destination.addr.family != f->family))
		return;
	if (m->protocol == 0 && (m->sport_hi != 0 || m->dport_hi != 0)) {
		add_filters(f, m, IPPROTO_TCP);
		add_filters(f, m, IPPROTO_UDP);
	} else {
		add_filters(f, m, m->protocol);
	}
}

/* index: of the class in the file. Earlier classes are asked first. */
static void
add_matches(struct shaping *z, const struct gw_class *c, size_t index,
    const char *classid)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < 2; i++) {
		struct filters f = { .z = z,
			.classid = classid,
			.prio = gw_plan_text(
			    z->p, "%zu", PRIO_FIRST + 2 * index + i),
			.protocol = families[i] == AF_INET ? "ip" : "ipv6",
			.family = families[i] };

		for (size_t j = 0; j < c->match.n; j++)
			add_match(&f, &c->match.v[j]);
	}
}

/* ---- the whole ---- */

/*
 * What no class matches and no class was named for, ARP among it, would pass
 * by the queue at the link's own rate. It gets what the classes leave, at
 * least a hundredth.
 */
static void
add_rest(struct shaping *z, uint64_t taken)
{
	uint64_t rate = z->shaper->rate, rest = rate / 100;

	if (taken < rate && rate - taken > rest)
		rest = rate - taken;
	add_leaf(z, rest, rate, PRIO_LAST);
}

/* NULL, after a note, when the shaper's link cannot be one. */
static const char *
link_of(struct gw_plan *p, const struct gw_shaper *shaper)
{
	const char *link = gw_config_link(p->conf, shaper->link);

	if (link == NULL || strchr(link, '*') != NULL) {
		gw_plan_note(p,
		    "shaper %s: tunnel %s has no single link; shape the "
		    "uplink and match by address",
		    shaper->title, shaper->link);
		return NULL;
	}
	for (const struct gw_shaper *s = p->conf->shapers; s != shaper; s++) {
		const char *other = gw_config_link(p->conf, s->link);

		if (other != NULL && strcmp(other, link) == 0) {
			gw_plan_note(p, "shaper %s: %s is shaped by %s already",
			    shaper->title, link, s->title);
			return NULL;
		}
	}
	return link;
}

/*
 * The default class's number stands in the queue itself, so the queue's step
 * comes before what it names; the kernel looks for the class with each packet.
 */
static void
add_queue(struct shaping *z)
{
	const struct gw_config *conf = z->p->conf;
	unsigned n = 0, fallback = 0;

	for (size_t i = 0; i < conf->nclasses; i++) {
		if (conf->classes[i].shaper != z->shaper)
			continue;
		n++;
		if (conf->classes[i].fallback && fallback == 0)
			fallback = n;
	}
	if (fallback == 0)
		fallback = n + 1;
	gw_plan_add(z->p, GW_PHASE_ROUTE, &gw_kind_qdisc, 2, "dev", z->link,
	    "parent", "root", "handle",
	    gw_plan_text(z->p, "%x:", GW_QDISC_MAJOR), "kind", "htb", "default",
	    gw_plan_text(z->p, "%x", CLASS_STEP * fallback));
	add_class(z, gw_plan_text(z->p, "%x:1", GW_QDISC_MAJOR),
	    gw_plan_text(z->p, "%x:", GW_QDISC_MAJOR), z->shaper->rate,
	    z->shaper->rate, 0);
}

static void
add_shaper(struct gw_plan *p, const struct gw_shaper *shaper)
{
	const struct gw_config *conf = p->conf;
	struct shaping z = {
		.p = p, .shaper = shaper, .link = link_of(p, shaper)
	};
	bool fallback = false;
	uint64_t taken = 0;

	if (z.link == NULL)
		return;
	add_queue(&z);
	for (size_t i = 0; i < conf->nclasses; i++) {
		const struct gw_class *c = &conf->classes[i];
		const char *classid;

		if (c->shaper != shaper)
			continue;
		classid = add_leaf(&z, c->rate,
		    c->ceil != 0 ? c->ceil : shaper->rate, c->priority);
		add_matches(&z, c, i, classid);
		fallback = fallback || c->fallback;
		taken += c->rate;
	}
	if (!fallback)
		add_rest(&z, taken);
}

void
gw_qos_plan(struct gw_plan *p)
{
	if (p->conf->nshapers == 0)
		return;
	gw_plan_module(p, "sch_htb");
	gw_plan_module(p, "cls_u32");
	gw_plan_module(p, "sch_fq_codel");
	for (size_t i = 0; i < p->conf->nshapers; i++)
		add_shaper(p, &p->conf->shapers[i]);
}
