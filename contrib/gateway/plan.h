/*
 * The plan: every step of a configuration, in the order in which it is done.
 * A pure function of the configuration, the clients and a few facts of the
 * machine, so that `plan` shows an ordinary user what `up` will do.
 *
 * Undone in reverse, so forwarding is switched on last and off first: there is
 * no moment in which packets pass without the rules.
 * Thread: main.
 */
#ifndef GW_PLAN_H
#define GW_PLAN_H

#include "client.h"
#include "config.h"
#include "rules.h"
#include "step.h"

enum gw_phase {
	GW_PHASE_MODULE,  /* kernel modules */
	GW_PHASE_GUARD,   /* sysctls that must stand before forwarding does */
	GW_PHASE_FILE,    /* keys, generated configuration */
	GW_PHASE_LINK,    /* links, and what makes them: wireguard-go, tayga */
	GW_PHASE_PEER,    /* keys and peers of links */
	GW_PHASE_ADDRESS, /* on links; links come up */
	GW_PHASE_ROUTE,   /* routes, rules, neighbours, queueing */
	GW_PHASE_DAEMON,  /* children, and what they are told */
	GW_PHASE_RULES,   /* nft: own table, accepts in others' chains */
	GW_PHASE_FORWARD, /* forwarding on */
	GW_NPHASES,
};
const char *gw_phase_name(enum gw_phase phase);

#define GW_WAYS_MAX 8

/* Links with a default route of one family, the best first. */
struct gw_ways {
	char link[GW_WAYS_MAX][GW_LINK_MAX + 1];
	unsigned n;
};

/* What a plan must know of the machine. */
struct gw_facts {
	char uplink[GW_LINK_MAX + 1]; /* the configuration's, or the first of
					 the ways, IPv4's before IPv6's;
					 "": none */
	struct gw_ways ways4, ways6;
	bool uplink_ra;      /* its IPv6 default route came by advertisement */
	bool ipv6_default;   /* there is an IPv6 default route at all */
	unsigned uplink_mtu; /* bytes; 0: unknown */
	bool kernel_esp;     /* else strongSwan's own, over TUN */
	bool unbound_user;   /* unbound has a user of its own; else nobody */
	/* Other links with a default route by advertisement. */
	char advertised[4][GW_LINK_MAX + 1];
	unsigned nadvertised;
};
/*
 * Needs no privilege. link: the uplink that the configuration names, or NULL.
 * 0, or -1 with errno: the kernel did not tell its routes, which is not to be
 * taken for none; what else there is to know stands in f.
 */
int gw_facts_read(struct gw_facts *f, const char *link);
/* Reads the routes anew, which is what changes under a gateway that is up; what
 * else f says of the machine stays, and asks no files. On -1 all of f stays. */
int gw_facts_follow(struct gw_facts *f, const char *link);
bool gw_facts_equal(const struct gw_facts *a, const struct gw_facts *b);

/* What no link, tunnel or client can be called. */
#define GW_NO_UPLINK "uplink?"

struct gw_plan {
	struct pd_arena *arena;
	const struct gw_config *conf;
	const struct gw_clients *clients;
	const struct gw_facts *facts;
	const char *uplink; /* a link's name; GW_NO_UPLINK when there is none
			       yet: shown, but not done */
	bool no_uplink;
	const char *ways_out; /* gw_plan_ways_out() of both families */
	struct gw_rules *rules;
	const char *rules_text; /* for plan --nft; NULL: none */

	struct gw_step **v; /* after gw_plan_create(): in order */
	size_t n;
	enum gw_phase *phases;   /* of each */
	struct pd_strings notes; /* warnings, told by check, up and status */
	unsigned next_priority, next_table;
};

/* Never NULL. Borrows all three until it is destroyed. */
struct gw_plan *gw_plan_create(const struct gw_config *conf,
    const struct gw_clients *clients, const struct gw_facts *facts);
void gw_plan_destroy(struct gw_plan *p);

/*
 * One more step: pairs of name and value, the first nkeys of which are its
 * keys. A pair whose value is NULL is left out (not among the keys). Values
 * are copied. The same object twice (gw_step_same) is one step: the first
 * stands, which is how modules may ask for the same sysctl.
 */
#define gw_plan_add(p, phase, kind, nkeys, ...) \
	gw_plan_add_pairs(                      \
	    p, phase, kind, nkeys, (const char *const[]){ __VA_ARGS__, NULL })
/* pairs: ended by NULL. */
struct gw_step *gw_plan_add_pairs(struct gw_plan *p, enum gw_phase phase,
    const struct gw_kind *kind, size_t nkeys, const char *const *pairs);
void gw_plan_note(struct gw_plan *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Printed into the plan's arena. */
const char *gw_plan_text(struct gw_plan *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A path below the run directory: "/run/pared-gateway/gateway-home/NAME". */
const char *gw_plan_run(struct gw_plan *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Below the state directory: "/var/lib/pared-gateway/home/NAME". */
const char *gw_plan_state(struct gw_plan *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* With its quotes, as pppd and strongSwan read a word: '"' and '\' after a '\'
 * are themselves, and every other sign is itself. */
const char *gw_plan_quote(struct gw_plan *p, const char *text);
/* "10.77.0.1/24" and "10.77.0.1". */
const char *gw_plan_net(struct gw_plan *p, const struct gw_net *net);
const char *gw_plan_addr(struct gw_plan *p, const struct pd_addr *addr);

/* Steps that many modules want; each in its file. */
void gw_plan_sysctl(
    struct gw_plan *p, enum gw_phase phase, const char *key, const char *value);
void gw_plan_module(struct gw_plan *p, const char *module);
/* text is copied; mode: 0644 or 0600 (secret then). */
void gw_plan_file(
    struct gw_plan *p, const char *path, unsigned mode, const char *text);
/* Forwarding of a family (AF_INET, AF_INET6), with all that must stand before
 * it; kind/forwarding.c. */
void gw_plan_forwarding(struct gw_plan *p, int family);
/*
 * A tunnel with default-route: all that has no nearer way goes in
 * (plumbing/uplink.c). Returns the mark that the tunnel's own packets must bear
 * so as not to go in themselves (WireGuard's fwmark), or NULL: none needed.
 */
const char *gw_default_route_plan(struct gw_plan *p, const struct gw_tunnel *t);
/* Where the link is 6to4's: the gateway by which all but 6to4 is reached; NULL:
 * none, or another link. In tunnel/sit.c. */
const char *gw_sit_relay(struct gw_plan *p, const char *link);
/* A child that runs as long as the gateway is up. argv: NULL-terminated;
 * env: "NAME=VALUE" or NULL. ready: a path (socket, file) that is there once it
 * serves, or NULL. */
struct gw_step *
gw_plan_daemon(struct gw_plan *p, enum gw_phase phase, const char *name,
    const char *const *argv, const char *env, const char *ready);
/* It reads this when it starts, and so starts anew when this is another. */
void gw_plan_daemon_reads(
    struct gw_plan *p, struct gw_step *daemon, const char *text);

/* The link by which a family leaves: where its neighbours ask for addresses. */
const char *gw_plan_uplink(const struct gw_plan *p, int family);
/*
 * The links between us and the world, as a rule's iifname or oifname takes
 * them: "eth0", or { "eth0", "he6" }: the uplink, or all that a default route
 * of the family leads by, and those of sections uplink. In plumbing/uplink.c.
 */
const char *gw_plan_world(struct gw_plan *p, int family);
/* These, and the tunnels by which we ourselves go out. */
const char *gw_plan_ways_out(struct gw_plan *p, int family);

/* By which links drops in others' chains at the hook count
 * (gw_foreign_find()). */
const char *gw_plan_links(const struct gw_plan *p, enum gw_chain hook);

/* Whether clients come to us by the tunnel; else it is our own way out
 * (default-route, a section uplink), or the one by which an edge hands visitors
 * to us (return). In plumbing/nat.c. */
bool gw_plan_way_in(const struct gw_plan *p, const struct gw_tunnel *t);

/* The modules: each adds its steps and rules. Nothing to do: adds none. */
void gw_wireguard_plan(struct gw_plan *p); /* tunnel/ */
void gw_ikev2_plan(struct gw_plan *p);
void gw_sit_plan(struct gw_plan *p);
void gw_pptp_plan(struct gw_plan *p);
void gw_nat_plan(struct gw_plan *p); /* plumbing/ */
void gw_intercept_plan(struct gw_plan *p);
void gw_edge_plan(struct gw_plan *p);
void gw_uplink_plan(struct gw_plan *p); /* and return */
void gw_nat64_plan(struct gw_plan *p);
void gw_resolver_plan(struct gw_plan *p);
void gw_qos_plan(struct gw_plan *p);
void gw_limit_plan(struct gw_plan *p);
void gw_forward_plan(struct gw_plan *p);

#endif
