/*
 * Programs that the steps start, and what the kernel must have for them. The
 * packages are Debian's.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"

#define PLUGINS "/usr/lib/ipsec/plugins/libstrongswan-"

static const struct {
	const char *program, *package;
} packages[] = {
	{ "nft", "nftables" },
	{ "tayga", "tayga" },
	{ "unbound", "unbound" },
	{ "radvd", "radvd" },
	{ "pptpd", "pptpd" },
	{ "pppd", "ppp" },
	{ "swanctl", "strongswan-swanctl" },
	{ "/usr/lib/ipsec/charon", "strongswan-charon" },
	{ PLUGINS "openssl.so", "libstrongswan-standard-plugins" },
	{ PLUGINS "eap-mschapv2.so", "libcharon-extauth-plugins" },
	{ PLUGINS "kernel-libipsec.so", "libcharon-extra-plugins" },
	{ "wireguard-go", "wireguard-go" },
	{ "modprobe", "kmod" },
};

static bool
is_there(const char *program)
{
	char *path;

	if (program[0] == '/')
		return access(program, F_OK) == 0;
	path = gw_program(program);
	free(path);
	return path != NULL;
}

static bool
was_told(const struct gw_check *c, const char *what)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->v[i].what, what) == 0)
			return true;
	}
	return false;
}

static void
need(struct gw_check *c, const char *program)
{
	char what[256];

	if (is_there(program))
		return;
	snprintf(what, sizeof(what), "%s is not installed", program);
	if (was_told(c, what))
		return;
	gw_find(c, GW_ERROR, "%s", what);
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		if (strcmp(packages[i].program, program) == 0)
			gw_remedy(c, "apt install --no-install-recommends %s",
			    packages[i].package);
	}
}

/* Loaded, built in, or there to be loaded. */
static bool
has_module(const char *module)
{
	const char *const argv[] = { "modprobe", "-n", "-q", module, NULL };
	struct gw_run r = { .argv = argv };
	char path[128];
	bool ok;

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (access(path, F_OK) == 0)
		return true;
	ok = gw_run(&r) == 0;
	free(r.output);
	free(r.complaints);
	return ok;
}

/*
 * A kernel without modules does not say what is built into it: a link is made
 * in a network of its own, which goes with the program that looks.
 */
static bool
has_link(const struct gw_check *c, const char *kind)
{
	const char *const argv[] = { "unshare", c->root ? "-n" : "-Urn", "ip",
		"link", "add", "probe", "type", kind, NULL };
	struct gw_run r = { .argv = argv };
	bool ok = gw_run(&r) == 0;

	free(r.output);
	free(r.complaints);
	return ok;
}

static void
check_link(struct gw_check *c, const char *kind)
{
	bool tun = access("/dev/net/tun", F_OK) == 0 || has_module("tun");

	if (strcmp(kind, "tun") == 0 && !tun) {
		gw_find(c, GW_ERROR, "the kernel has no TUN devices");
		gw_remedy(c, "modprobe tun, or a kernel with CONFIG_TUN");
	}
	if (strcmp(kind, "sit") == 0 && !has_module("sit") &&
	    !has_link(c, "sit")) {
		gw_find(c, GW_ERROR, "the kernel has no SIT tunnels (6in4)");
		gw_remedy(c,
		    "a distribution's kernel has them (CONFIG_IPV6_SIT); "
		    "so-called cloud kernels may not");
	}
	if (strcmp(kind, "wireguard") != 0 || has_module("wireguard") ||
	    has_link(c, "wireguard"))
		return;
	need(c, "wireguard-go");
	if (!tun) {
		gw_find(c, GW_ERROR,
		    "the kernel has neither WireGuard nor TUN devices, which "
		    "wireguard-go wants");
		gw_remedy(c, "modprobe tun, or Linux 5.6 and later");
	} else if (is_there("wireguard-go")) {
		gw_find(c, GW_NOTE,
		    "the kernel has no WireGuard: wireguard-go does it, at a "
		    "higher price in processor time");
	}
}

static void
check_tunnel(struct gw_check *c, const struct gw_tunnel *t)
{
	if (t->type == GW_PPTP) {
		need(c, "pppd");
		if (!has_module("ppp_mppe") || !has_module("ppp_generic")) {
			gw_find(c, GW_ERROR,
			    "the kernel has no PPP with MPPE, which PPTP is");
			gw_remedy(c, "a distribution's kernel has it; "
				     "so-called cloud kernels do not. Better: "
				     "type = \"wireguard\" or \"ikev2\"");
		}
	}
	if (t->type != GW_IKEV2)
		return;
	need(c, "swanctl");
	need(c, PLUGINS "openssl.so");
	if (t->auth == GW_AUTH_EAP)
		need(c, PLUGINS "eap-mschapv2.so");
	if (!c->plan->facts->kernel_esp)
		need(c, PLUGINS "kernel-libipsec.so");
}

void
gw_check_programs(struct gw_check *c)
{
	const struct gw_plan *p = c->plan;

	for (size_t i = 0; i < p->n; i++) {
		const struct gw_step *s = p->v[i];

		if (s->kind == &gw_kind_nft)
			need(c, "nft");
		if (s->kind == &gw_kind_module)
			need(c, "modprobe");
		if (s->kind == &gw_kind_daemon)
			need(c, gw_step_need(s, "argv0"));
		if (s->kind == &gw_kind_link)
			check_link(c, gw_step_need(s, "kind"));
	}
	for (size_t i = 0; i < p->conf->ntunnels; i++)
		check_tunnel(c, &p->conf->tunnels[i]);
}
