/*
 * WireGuard's .conf, as wg-quick(8) and the apps take it.
 *
 * AllowedIPs is always everything of both families: a device with IPv4 alone
 * in the tunnel would send its IPv6 around it.
 */
#include <string.h>

#include "onboard/onboard.h"

/* Keeps a NAT's or firewall's way to the device open; what WireGuard's own
 * documents advise for that. */
#define KEEPALIVE_S 25

static void
write_addresses(const struct gw_client *cl, FILE *out)
{
	for (size_t i = 0; i < cl->address.n; i++) {
		const struct pd_addr *a = &cl->address.v[i].first;
		char text[PD_ADDR_TEXT];

		fprintf(out, "%s%s/%d", i == 0 ? "Address = " : ", ",
		    pd_addr_text(a, text), a->family == AF_INET ? 32 : 128);
	}
	if (cl->address.n > 0)
		fputc('\n', out);
}

static void
write_dns(const struct gw_tunnel *t, FILE *out)
{
	const char *before = "DNS = ";

	for (size_t i = 0; t->dns_self && i < t->address.n; i++) {
		char text[PD_ADDR_TEXT];

		fprintf(out, "%s%s", before,
		    pd_addr_text(&t->address.v[i].addr, text));
		before = ", ";
	}
	for (size_t i = 0; i < t->dns.n; i++) {
		fprintf(out, "%s%s", before, t->dns.v[i]);
		before = ", ";
	}
	if (strcmp(before, ", ") == 0)
		fputc('\n', out);
}

void
gw_wgconf_write(const struct gw_onboard *o, FILE *out)
{
	const char *host = gw_onboard_host(o);
	bool v6 = host != NULL && strchr(host, ':') != NULL;

	fprintf(out, "# %s: %s\n[Interface]\n", o->conf->name, o->client->name);
	if (o->private_key != NULL)
		fprintf(out, "PrivateKey = %s\n", o->private_key);
	else
		fputs("# PrivateKey = the device has it\n", out);
	write_addresses(o->client, out);
	write_dns(o->tunnel, out);
	if (o->mtu > 0)
		fprintf(out, "MTU = %u\n", o->mtu);
	fprintf(out, "\n[Peer]\nPublicKey = %s\n", o->server_key);
	if (o->client->preshared_key != NULL)
		fprintf(out, "PresharedKey = %s\n", o->client->preshared_key);
	if (host != NULL)
		fprintf(out, "Endpoint = %s%s%s:%u\n", v6 ? "[" : "", host,
		    v6 ? "]" : "", (unsigned)o->tunnel->listen);
	fprintf(out, "AllowedIPs = 0.0.0.0/0, ::/0\nPersistentKeepalive = %d\n",
	    KEEPALIVE_S);
}
