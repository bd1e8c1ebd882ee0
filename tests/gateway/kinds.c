/*
 * The kinds of kernel objects, on the kernel: each is looked for, made, found
 * as planned, bent by somebody else, mended, undone, made again and swept. Run
 * as root in a network namespace of its own:
 *
 *   unshare -n tests/gateway_kinds [CASE...]
 *
 * Leaves the namespace as it was. 77 when the kernel can play none of the
 * cases asked for.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "kind/sysctl.h"
#include "system.h"

#define SKIPPED 77

static struct gw_system sys;
static int failures;

/* ---- small help ---------------------------------------------------------- */

static void
check(bool good, int line, const char *what)
{
	if (good)
		return;
	failures++;
	printf("FAIL line %d: %s (%s)\n", line, what, sys.why);
}
#define CHECK(x) check((x), __LINE__, #x)

static struct gw_step *
step(const struct gw_kind *kind, ...)
{
	struct gw_step *s = pd_arena_zalloc(sys.arena, sizeof(*s));
	const char *name;
	va_list ap;

	s->kind = kind;
	s->args = pd_arena_zalloc(sys.arena, GW_ARGS_MAX * sizeof(*s->args));
	va_start(ap, kind);
	while ((name = va_arg(ap, const char *)) != NULL)
		gw_step_set(s, sys.arena, name, va_arg(ap, const char *));
	va_end(ap);
	return s;
}

/* Words separated by blanks, as a program; its exit status. */
static int
run(const char *words)
{
	char *copy = pd_xstrdup(words), *rest = copy, *word;
	const char *argv[32] = { 0 };
	struct gw_run r = { .argv = argv };
	size_t n = 0;

	while ((word = strtok_r(rest, " ", &rest)) != NULL && n < 31)
		argv[n++] = word;
	(void)gw_run(&r);
	if (r.status != 0)
		snprintf(sys.why, sizeof(sys.why), "%s: %s", words,
		    r.complaints != NULL ? r.complaints : "");
	free(r.output);
	free(r.complaints);
	free(copy);
	return r.status;
}

static bool
prints(const char *words, const char *part)
{
	char *copy = pd_xstrdup(words), *rest = copy, *word;
	const char *argv[32] = { 0 };
	struct gw_run r = { .argv = argv };
	size_t n = 0;
	bool found;

	while ((word = strtok_r(rest, " ", &rest)) != NULL && n < 31)
		argv[n++] = word;
	(void)gw_run(&r);
	found = r.output != NULL && strstr(r.output, part) != NULL;
	free(r.output);
	free(r.complaints);
	free(copy);
	return found;
}

static enum gw_state
state(const struct gw_step *s)
{
	return s->kind->probe(&sys, s);
}

static int
make(struct gw_step *s)
{
	if (s->kind->remember != NULL && gw_step_get(s, "was") == NULL &&
	    s->kind->remember(&sys, s) < 0)
		return -1;
	return s->kind->make(&sys, s);
}

static int
undo(const struct gw_step *s)
{
	return s->kind->undo(&sys, s);
}

static int
sweep(const struct gw_kind *kind, const char *expected)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int rc = kind->sweep(&sys, out);

	fclose(out);
	if (rc == 0 && strcmp(text, expected) != 0) {
		snprintf(sys.why, sizeof(sys.why), "swept: %s", text);
		rc = -1;
	}
	free(text);
	return rc;
}

static bool
is_value(const char *key, const char *expected)
{
	char value[GW_SYSCTL_MAX];

	if (gw_sysctl_read(key, value) < 0)
		return false;
	snprintf(sys.why, sizeof(sys.why), "%s is %s", key, value);
	return strcmp(value, expected) == 0;
}

/* What every object goes through: made, made again, undone, undone again. */
static void
life(struct gw_step *s)
{
	CHECK(state(s) == GW_MISSING);
	CHECK(undo(s) == 0);
	CHECK(make(s) == 0);
	CHECK(state(s) == GW_AS_PLANNED);
	CHECK(make(s) == 0);
	CHECK(state(s) == GW_AS_PLANNED);
	CHECK(undo(s) == 0);
	CHECK(state(s) == GW_MISSING);
	CHECK(undo(s) == 0);
}

/* A cable between k0 and k1, both up. */
static void
wire(void)
{
	CHECK(run("ip link add k0 type veth peer name k1") == 0);
	CHECK(run("ip link set k0 up") == 0);
	CHECK(run("ip link set k1 up") == 0);
}

static void
unwire(void)
{
	CHECK(run("ip link delete k0") == 0);
}

/* ---- the cases ----------------------------------------------------------- */

static int
tun(void)
{
	struct gw_step *s = step(&gw_kind_link, "name", "gw-tun", "kind", "tun",
	    "mtu", "1400", NULL);

	if (access("/dev/net/tun", F_OK) < 0)
		return SKIPPED;
	life(s);
	CHECK(make(s) == 0);
	CHECK(prints("ip -d link show gw-tun", "gateway:kinds"));
	CHECK(run("ip link set gw-tun mtu 1300") == 0);
	CHECK(state(s) == GW_DRIFTED);
	CHECK(run("ip link set gw-tun down") == 0);
	CHECK(make(s) == 0);
	CHECK(state(s) == GW_AS_PLANNED);
	CHECK(run("ip link set gw-tun alias mine") == 0);
	CHECK(state(s) == GW_FOREIGN);
	CHECK(make(s) < 0);
	CHECK(undo(s) == 0);
	CHECK(state(s) == GW_FOREIGN);
	CHECK(run("ip link set gw-tun alias gateway:kinds") == 0);
	CHECK(sweep(&gw_kind_link, "link gw-tun\n") == 0);
	CHECK(state(s) == GW_MISSING);
	return 0;
}

/* The kernel would load it by itself, and keep it. */
static int
with_module(const char *name, int (*play)(void))
{
	struct gw_step *s = step(&gw_kind_module, "name", name, NULL);
	bool made = state(s) == GW_MISSING;
	int rc;

	CHECK(!made || make(s) == 0);
	rc = play();
	CHECK(!made || undo(s) == 0);
	return rc;
}

static int
sit_link(void)
{
	struct gw_step *s = step(&gw_kind_link, "name", "gw-sit", "kind", "sit",
	    "mtu", "1480", "local", "198.51.100.1", "remote", "198.51.100.2",
	    "ttl", "64", NULL);

	if (run("ip link add probe type sit remote 198.51.100.2") != 0)
		return SKIPPED;
	CHECK(run("ip link delete probe") == 0);
	life(s);
	CHECK(make(s) == 0);
	CHECK(prints("ip -d link show gw-sit", "ttl 64"));
	CHECK(run("ip link set gw-sit type sit remote 198.51.100.3") == 0);
	CHECK(state(s) == GW_DRIFTED);
	CHECK(make(s) == 0);
	CHECK(state(s) == GW_AS_PLANNED);
	/* As if it had died before it could mark the link. */
	CHECK(run("ip link set gw-sit alias nobody group 1886847095") == 0);
	CHECK(state(s) == GW_DRIFTED);
	CHECK(make(s) == 0);
	CHECK(state(s) == GW_AS_PLANNED);
	CHECK(run("ip link set gw-sit alias nobody group 1886847095") == 0);
	CHECK(undo(s) == 0);
	CHECK(state(s) == GW_MISSING);
	return 0;
}

static int
sit(void)
{
	return with_module("sit", sit_link);
}

static int
wireguard_link(void)
{
	struct gw_step *s = step(&gw_kind_link, "name", "gw-wg", "kind",
	    "wireguard", "mtu", "1420", NULL);
	/* The kernel's WireGuard turns it off as a link comes up. */
	struct gw_step *guard = step(&gw_kind_sysctl, "key",
	    "net/ipv4/conf/all/send_redirects", "value", "0", NULL);

	if (run("ip link add probe type wireguard") == 0)
		CHECK(run("ip link delete probe") == 0);
	else if (access("/usr/bin/wireguard-go", X_OK) < 0)
		return SKIPPED;
	CHECK(make(guard) == 0);
	life(s);
	CHECK(make(s) == 0);
	CHECK(sweep(&gw_kind_link, "link gw-wg\n") == 0);
	CHECK(state(s) == GW_MISSING);
	CHECK(undo(guard) == 0);
	return 0;
}

static int
wireguard(void)
{
	return with_module("wireguard", wireguard_link);
}

static int
address(void)
{
	struct gw_step *v4 = step(
	    &gw_kind_address, "dev", "k0", "address", "10.77.0.1/24", NULL);
	struct gw_step *v6 = step(&gw_kind_address, "dev", "k0", "address",
	    "fd77::1/64", "nodad", "1", NULL);

	CHECK(state(v4) == GW_MISSING);
	CHECK(make(v4) < 0);
	CHECK(undo(v4) == 0);
	wire();
	life(v4);
	life(v6);
	CHECK(make(v6) == 0);
	CHECK(prints("ip -6 address show k0 tentative", "fd77") == false);
	/* Somebody else's is as good, and stays. */
	CHECK(run("ip address add 10.77.0.1/24 dev k0") == 0);
	CHECK(state(v4) == GW_AS_PLANNED);
	CHECK(undo(v4) == 0);
	CHECK(state(v4) == GW_AS_PLANNED);
	CHECK(sweep(&gw_kind_address, "address fd77::1/64 on k0\n") == 0);
	CHECK(state(v4) == GW_AS_PLANNED);
	CHECK(state(v6) == GW_MISSING);
	unwire();
	return 0;
}

static int
route(void)
{
	struct gw_step *v4 = step(&gw_kind_route, "dst", "10.8.0.0/16", "table",
	    "11900", "dev", "k0", NULL);
	struct gw_step *v6 = step(&gw_kind_route, "family", "inet6", "dst",
	    "default", "table", "11901", "dev", "k0", "via", "fe80::1", NULL);
	struct gw_step *all = step(&gw_kind_route, "dst", "0.0.0.0/0", "table",
	    "11902", "dev", "lo", "type", "local", NULL);
	struct gw_step *hole = step(&gw_kind_route, "dst", "2001:db8:9::/48",
	    "table", "main", "type", "unreachable", NULL);
	struct gw_step *via =
	    step(&gw_kind_route, "family", "inet", "dst", "default", "table",
		"11903", "dev", "k0", "via", "192.0.2.1", "onlink", "1", NULL);

	wire();
	life(v4);
	life(v6);
	life(all);
	life(hole);
	life(via);
	CHECK(make(v4) == 0);
	CHECK(run("ip route change 10.8.0.0/16 dev k1 table 11900 proto 119") ==
	      0);
	CHECK(state(v4) == GW_DRIFTED);
	CHECK(make(v4) == 0);
	CHECK(state(v4) == GW_AS_PLANNED);
	CHECK(undo(v4) == 0);
	CHECK(run("ip route add 10.8.0.0/16 dev k0 table 11900") == 0);
	CHECK(state(v4) == GW_FOREIGN);
	CHECK(make(v4) < 0);
	CHECK(undo(v4) == 0);
	CHECK(state(v4) == GW_FOREIGN);
	CHECK(make(hole) == 0);
	CHECK(make(v6) == 0);
	CHECK(make(all) == 0);
	CHECK(sweep(&gw_kind_route,
		  "route 0.0.0.0/0 table 11902\nroute ::/0 table 11901\n"
		  "route 2001:db8:9::/48 table 254\n") == 0 ||
	      sweep(&gw_kind_route, "") == 0);
	CHECK(state(hole) == GW_MISSING && state(v6) == GW_MISSING);
	CHECK(state(all) == GW_MISSING && state(v4) == GW_FOREIGN);
	/* A link's routes go with it. */
	CHECK(make(v6) == 0);
	unwire();
	CHECK(state(v6) == GW_MISSING);
	CHECK(undo(v6) == 0);
	return 0;
}

static int
rule(void)
{
	struct gw_step *from =
	    step(&gw_kind_rule, "family", "inet6", "priority", "5300", "from",
		"2001:db8:b::/64", "table", "11900", NULL);
	struct gw_step *mark = step(&gw_kind_rule, "family", "inet", "priority",
	    "5301", "fwmark", "0x07700000/0x0ff00000", "table", "11901", NULL);
	struct gw_step *near = step(&gw_kind_rule, "family", "inet", "priority",
	    "5302", "iif", "lo", "table", "main", "suppress", "0", NULL);
	struct gw_step *other =
	    step(&gw_kind_rule, "family", "inet", "priority", "5303", "fwmark",
		"0x00800000/0x00800000", "not", "1", "table", "11902", NULL);

	life(from);
	life(mark);
	life(near);
	life(other);
	CHECK(make(from) == 0);
	CHECK(run("ip -6 rule delete priority 5300") == 0);
	CHECK(run("ip -6 rule add from 2001:db8:c::/64 lookup 11900 priority "
		  "5300 protocol 119") == 0);
	CHECK(state(from) == GW_DRIFTED);
	CHECK(make(from) == 0);
	CHECK(state(from) == GW_AS_PLANNED);
	CHECK(undo(from) == 0);
	CHECK(run("ip -6 rule add from 2001:db8:b::/64 lookup 11900 priority "
		  "5300") == 0);
	CHECK(state(from) == GW_FOREIGN);
	CHECK(make(from) < 0);
	CHECK(undo(from) == 0);
	CHECK(state(from) == GW_FOREIGN);
	CHECK(make(mark) == 0);
	CHECK(sweep(&gw_kind_rule, "rule 5301\n") == 0);
	CHECK(run("ip -6 rule delete priority 5300") == 0);
	return 0;
}

static int
neighbour(void)
{
	struct gw_step *s = step(
	    &gw_kind_neighbour, "dev", "k0", "address", "2001:db8:1::3", NULL);

	wire();
	life(s);
	CHECK(run("ip -6 neigh add proxy 2001:db8:1::3 dev k0") == 0);
	CHECK(state(s) == GW_FOREIGN);
	CHECK(make(s) < 0);
	CHECK(undo(s) == 0);
	CHECK(state(s) == GW_FOREIGN);
	CHECK(run("ip -6 neigh delete proxy 2001:db8:1::3 dev k0") == 0);
	CHECK(make(s) == 0);
	CHECK(sweep(&gw_kind_neighbour, "neighbour 2001:db8:1::3\n") == 0);
	unwire();
	return 0;
}

static int
sysctl(void)
{
	struct gw_step *s = step(&gw_kind_sysctl, "key",
	    "net/ipv6/conf/k0/proxy_ndp", "value", "1", NULL);
	struct gw_step *gone = step(&gw_kind_sysctl, "key",
	    "net/ipv6/conf/none/proxy_ndp", "value", "1", NULL);

	CHECK(state(gone) == GW_MISSING && make(gone) < 0 && undo(gone) == 0);
	wire();
	CHECK(state(s) == GW_DRIFTED);
	CHECK(make(s) == 0 && state(s) == GW_AS_PLANNED);
	CHECK(undo(s) == 0);
	CHECK(is_value("net/ipv6/conf/k0/proxy_ndp", "0"));
	CHECK(make(s) == 0);
	unwire();
	CHECK(undo(s) == 0);
	return 0;
}

/* An admin's: accept_redirects off, one link that forwards already. */
static int
forwarding4(void)
{
	struct gw_step *s = step(
	    &gw_kind_sysctl, "key", "net/ipv4/ip_forward", "value", "1", NULL);

	wire();
	CHECK(gw_sysctl_write("net/ipv4/conf/all/accept_redirects", "0") == 0);
	CHECK(gw_sysctl_write("net/ipv4/conf/k1/forwarding", "1") == 0);
	CHECK(make(s) == 0);
	CHECK(is_value("net/ipv4/conf/k0/forwarding", "1"));
	CHECK(undo(s) == 0);
	CHECK(is_value("net/ipv4/ip_forward", "0"));
	CHECK(is_value("net/ipv4/conf/k0/forwarding", "0"));
	CHECK(is_value("net/ipv4/conf/default/forwarding", "0"));
	CHECK(is_value("net/ipv4/conf/k1/forwarding", "1"));
	CHECK(is_value("net/ipv4/conf/all/accept_redirects", "0"));
	CHECK(access("/tmp/gateway-kinds/forwarding-ipv4", F_OK) < 0);
	/* As if it had died between the great switch and the others. */
	CHECK(make(s) == 0);
	CHECK(gw_write_file("/tmp/gateway-kinds/forwarding-ipv4",
		  "k1/forwarding=1 all/accept_redirects=0 ", 0600) == 0);
	CHECK(gw_sysctl_write("net/ipv4/ip_forward", "0") == 0);
	CHECK(undo(s) == 0);
	CHECK(is_value("net/ipv4/conf/k1/forwarding", "1"));
	CHECK(is_value("net/ipv4/conf/all/accept_redirects", "0"));
	/* What somebody sets meanwhile stays. */
	CHECK(make(s) == 0);
	CHECK(gw_sysctl_write("net/ipv4/conf/k1/forwarding", "0") == 0);
	CHECK(gw_sysctl_write("net/ipv4/conf/all/accept_redirects", "1") == 0);
	CHECK(undo(s) == 0);
	CHECK(is_value("net/ipv4/conf/k1/forwarding", "0"));
	CHECK(is_value("net/ipv4/conf/all/accept_redirects", "1"));
	unwire();
	return 0;
}

static int
forwarding6(void)
{
	struct gw_step *guard = step(&gw_kind_sysctl, "key",
	    "net/ipv6/conf/k0/accept_ra", "value", "2", NULL);
	struct gw_step *s = step(&gw_kind_sysctl, "key",
	    "net/ipv6/conf/all/forwarding", "value", "1", NULL);

	wire();
	CHECK(gw_sysctl_write("net/ipv6/conf/k1/forwarding", "1") == 0);
	CHECK(make(guard) == 0 && make(s) == 0);
	CHECK(undo(s) == 0 && undo(guard) == 0);
	CHECK(is_value("net/ipv6/conf/all/forwarding", "0"));
	CHECK(is_value("net/ipv6/conf/k0/forwarding", "0"));
	CHECK(is_value("net/ipv6/conf/k1/forwarding", "1"));
	CHECK(is_value("net/ipv6/conf/k0/accept_ra", "1"));
	/* A program that forwards comes: forwarding stays, the guard as well.
	 */
	CHECK(make(guard) == 0 && make(s) == 0);
	CHECK(run("ip link add virbr0 type bridge") == 0);
	CHECK(undo(s) == 0 && undo(guard) == 0);
	CHECK(is_value("net/ipv6/conf/all/forwarding", "1"));
	CHECK(is_value("net/ipv6/conf/k0/accept_ra", "2"));
	CHECK(run("ip link delete virbr0") == 0);
	CHECK(undo(s) == 0 && undo(guard) == 0);
	CHECK(is_value("net/ipv6/conf/all/forwarding", "0"));
	CHECK(is_value("net/ipv6/conf/k0/accept_ra", "1"));
	/* The same, known by its chain. */
	if (run("nft add table inet other") == 0) {
		CHECK(make(s) == 0);
		CHECK(run("nft add chain inet other f { type filter hook "
			  "forward priority 0 ; }") == 0);
		CHECK(undo(s) == 0);
		CHECK(is_value("net/ipv6/conf/all/forwarding", "1"));
		CHECK(run("nft delete table inet other") == 0);
		CHECK(undo(s) == 0);
	}
	CHECK(is_value("net/ipv6/conf/all/forwarding", "0"));
	unwire();
	return 0;
}

static int
module(void)
{
	struct gw_step *none =
	    step(&gw_kind_module, "name", "no_such_module", NULL);
	struct gw_step *s = step(&gw_kind_module, "name", "sit", NULL);
	bool was;

	CHECK(state(none) == GW_AS_PLANNED && undo(none) == 0);
	was = access("/sys/module/sit", F_OK) == 0;
	if (was || state(s) == GW_AS_PLANNED)
		return SKIPPED;
	CHECK(make(s) == 0);
	CHECK(state(s) == GW_AS_PLANNED);
	CHECK(access("/sys/module/sit", F_OK) == 0);
	CHECK(undo(s) == 0);
	CHECK(access("/sys/module/sit", F_OK) < 0);
	CHECK(access("/sys/module/tunnel4", F_OK) < 0);
	CHECK(state(s) == GW_MISSING);
	/* A link of somebody's would go with it. */
	CHECK(make(s) == 0);
	CHECK(run("ip link add other type sit remote 198.51.100.2") == 0);
	CHECK(undo(s) == 0);
	CHECK(run("ip link delete other") == 0);
	CHECK(undo(s) == 0);
	CHECK(state(s) == GW_MISSING);
	return 0;
}

static const struct {
	const char *name;
	int (*play)(void);
} cases[] = {
	{ "module", module },
	{ "tun", tun },
	{ "sit", sit },
	{ "wireguard", wireguard },
	{ "address", address },
	{ "route", route },
	{ "rule", rule },
	{ "neighbour", neighbour },
	{ "sysctl", sysctl },
	{ "forwarding4", forwarding4 },
	{ "forwarding6", forwarding6 },
};

static bool
is_asked(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc == 1;
}

int
main(int argc, char **argv)
{
	unsigned played = 0;

	gw_system_init(
	    &sys, "kinds", "/tmp/gateway-kinds", "/tmp/gateway-kinds");
	(void)mkdir("/tmp/gateway-kinds", 0700);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int before = failures, rc;

		if (!is_asked(cases[i].name, argc, argv))
			continue;
		rc = cases[i].play();
		played += rc != SKIPPED;
		printf("%s %s\n",
		    rc == SKIPPED       ? "skip"
		    : failures > before ? "FAIL"
					: "ok  ",
		    cases[i].name);
	}
	(void)rmdir("/tmp/gateway-kinds");
	gw_system_finish(&sys);
	if (failures > 0)
		return 1;
	return played > 0 ? 0 : SKIPPED;
}
