/*
 * Ports: whether somebody has those that we want, and whether pared has its
 * own. Read from /proc/net, which needs no privilege and binds nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"

#define LISTEN 0x0a /* of /proc/net/tcp: TCP_LISTEN */

/* A bound socket. */
struct bound {
	struct pd_addr addr;
	unsigned state;
};

static bool
read_hex(struct pd_str s, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		int digit = pd_hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		*out = *out << 4 | (uint32_t)digit;
	}
	return s.n > 0 && s.n <= 8;
}

/* Blanks in front of a word are many. */
static struct pd_str
next_word(struct pd_str *rest)
{
	*rest = pd_str_trim(*rest);
	return pd_str_split(rest, ' ');
}

/*
 * "0: 0100007F:1F90 00000000:0000 0A ...": an address is 32-bit words as they
 * lie in memory.
 */
static bool
read_line(const char *line, struct bound *b)
{
	struct pd_str rest = pd_str_z(line), ip, port, state;
	uint32_t n;

	(void)next_word(&rest);
	port = next_word(&rest);
	ip = pd_str_split(&port, ':');
	(void)next_word(&rest);
	state = next_word(&rest);
	if ((ip.n != 8 && ip.n != 32) || !read_hex(state, &n))
		return false;
	*b = (struct bound){
		.addr.family = ip.n == 8 ? AF_INET : AF_INET6,
		.state = n,
	};
	if (!read_hex(port, &n))
		return false;
	b->addr.port = (uint16_t)n;
	for (size_t i = 0; i < ip.n; i += 8) {
		if (!read_hex(pd_str_of(ip.p + i, 8), &n))
			return false;
		memcpy(b->addr.ip + i / 2, &n, sizeof(n));
	}
	return true;
}

/* Calls fn for each bound socket of the table until it returns true. */
static bool
each_bound(
    const char *table, bool (*fn)(const struct bound *b, void *arg), void *arg)
{
	char path[64], line[512];
	bool found = false;
	struct bound b;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/net/%s", table);
	f = fopen(path, "re");
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
		if (read_line(line, &b))
			found = fn(&b, arg);
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static bool
is_unset(const struct pd_addr *a)
{
	return pd_addr_kind(a) == PD_ADDR_UNSPECIFIED;
}

/* Whether a socket is in the way of one on the same port and this address;
 * family 0: on all. */
static bool
clashes(const struct bound *b, void *arg)
{
	const struct pd_addr *want = arg;

	if (b->addr.port != want->port)
		return false;
	return want->family == 0 || is_unset(&b->addr) ||
	       (b->addr.family == want->family &&
		   memcmp(b->addr.ip, want->ip, 16) == 0);
}

static void
want(struct gw_check *c, const char *protocol, const struct pd_addr *on,
    unsigned port, const char *for_whom)
{
	struct pd_addr a = on != NULL ? *on : (struct pd_addr){ 0 };
	char table6[8];

	a.port = (uint16_t)port;
	snprintf(table6, sizeof(table6), "%s6", protocol);
	if (!each_bound(protocol, clashes, &a) &&
	    !each_bound(table6, clashes, &a))
		return;
	gw_find(c, GW_ERROR, "%s port %u, for %s, is taken by another program",
	    protocol, port, for_whom);
	gw_remedy(
	    c, "see who it is: ss -l%cnp 'sport = :%u'", protocol[0], port);
}

static void
want_all(struct gw_check *c, const struct gw_tunnel *t)
{
	char whom[GW_TITLE_MAX + 16];

	snprintf(whom, sizeof(whom), "tunnel %s", t->title);
	if (t->type == GW_WIREGUARD)
		want(c, "udp", NULL, (unsigned)t->listen, whom);
	if (t->type == GW_IKEV2) {
		want(c, "udp", NULL, 500, whom);
		want(c, "udp", NULL, 4500, whom);
	}
	if (t->type == GW_PPTP)
		want(c, "tcp", t->local.family != 0 ? &t->local : NULL, 1723,
		    whom);
	for (size_t i = 0; i < t->address.n && t->dns_self; i++) {
		want(c, "udp", &t->address.v[i].addr, 53, "clients' names");
		want(c, "tcp", &t->address.v[i].addr, 53, "clients' names");
	}
}

/* Who listens on a port: nobody, this machine's own programs, or more. */
struct audience {
	unsigned port;
	bool any, others;
};

static bool
hear(const struct bound *b, void *arg)
{
	struct audience *a = arg;

	if (b->state != LISTEN || b->addr.port != a->port)
		return false;
	a->any = true;
	if (pd_addr_kind(&b->addr) != PD_ADDR_LOOPBACK)
		a->others = true;
	return false;
}

static void
want_pared(
    struct gw_check *c, unsigned port, const char *option, const char *address)
{
	struct audience a = { .port = port };

	each_bound("tcp", hear, &a);
	each_bound("tcp6", hear, &a);
	if (!a.any) {
		gw_find(c, GW_WARN,
		    "nothing listens on port %u, where clients "
		    "shall find pared",
		    port);
		gw_remedy(
		    c, "%s = %u in pared.conf, and start it", option, port);
	} else if (!a.others) {
		gw_find(c, GW_WARN,
		    "on port %u pared listens for this machine alone", port);
		gw_remedy(c, "add the tunnel's addresses to %s in pared.conf",
		    address);
	}
}

void
gw_check_ports(struct gw_check *c)
{
	const struct gw_config *conf = c->plan->conf;
	char *journal = gw_system_path(c->sys, "journal");
	/* Once it is up, the sockets are our own. An ordinary user sees that
	 * there is a run directory, and not what is in it. */
	bool clients = false,
	     up = access(journal, F_OK) == 0 || errno == EACCES;

	free(journal);
	for (size_t i = 0; i < conf->ntunnels; i++) {
		const struct gw_tunnel *t = &conf->tunnels[i];

		if (!up)
			want_all(c, t);
		clients = clients || (t->peer == NULL && t->type != GW_SIT &&
					 gw_plan_way_in(c->plan, t));
	}
	if (clients && conf->proxy > 0)
		want_pared(c, (unsigned)conf->proxy, "Port", "Address");
	if (clients && conf->intercept != GW_INTERCEPT_NO)
		want_pared(c, (unsigned)conf->intercept_port, "TransparentPort",
		    "TransparentAddress");
}
