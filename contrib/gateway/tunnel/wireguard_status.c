/* Who a WireGuard link hears, for `status`. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "tunnel/device.h"
#include "tunnel/wireguard.h"

/* The client that has the key; NULL: the section's far end, or somebody whom
 * others have added. */
static const char *
name_of(const struct gw_tunnel *t, const struct gw_clients *clients,
    const char *key)
{
	const struct gw_client *cl = NULL;

	while ((cl = gw_clients_next(clients, t, cl)) != NULL) {
		if (cl->public_key != NULL && strcmp(cl->public_key, key) == 0)
			return cl->name;
	}
	return NULL;
}

static void
print_allowed(const struct gw_peer *p, FILE *out)
{
	for (size_t i = 0; i < p->allowed.n; i++) {
		char net[GW_NET_TEXT];

		fprintf(out, "%s %s", i > 0 ? "," : "",
		    gw_net_text(&p->allowed.v[i], net));
	}
}

static void
print_line(const struct gw_peer *p, const char *name, int64_t now, FILE *out)
{
	char from[PD_ADDR_TEXT];

	fprintf(out, "  %s:", name);
	print_allowed(p, out);
	if (p->handshake == 0)
		fputs("; not heard yet\n", out);
	else
		fprintf(out,
		    ", from %s, heard %" PRId64 " s ago; %" PRIu64
		    " bytes from it, %" PRIu64 " to it\n",
		    pd_addr_text_port(&p->endpoint, from),
		    now > p->handshake ? now - p->handshake : 0, p->received,
		    p->sent);
}

static void
print_json(const struct gw_peer *p, const char *name, const char *key,
    int64_t now, FILE *out)
{
	char text[PD_ADDR_TEXT], net[GW_NET_TEXT];

	fprintf(out, "{\"public-key\": \"%s\"", key);
	if (name != NULL) {
		fputs(", \"client\": ", out);
		pd_json_write(out, pd_str_z(name));
	}
	fputs(", \"allowed\": [", out);
	for (size_t i = 0; i < p->allowed.n; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "",
		    gw_net_text(&p->allowed.v[i], net));
	fputs("]", out);
	if (p->endpoint.family != 0)
		fprintf(out, ", \"from\": \"%s\"",
		    pd_addr_text_port(&p->endpoint, text));
	if (p->handshake > 0)
		fprintf(out, ", \"heard-seconds\": %" PRId64,
		    now > p->handshake ? now - p->handshake : 0);
	fprintf(out, ", \"bytes-in\": %" PRIu64 ", \"bytes-out\": %" PRIu64 "}",
	    p->received, p->sent);
}

void
gw_wireguard_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json)
{
	int64_t now = (int64_t)time(NULL);
	struct gw_device d = { .set = 0 };
	bool seen = gw_device_get(t->link, &d) == 0;

	(void)sys;
	if (json)
		fputs("{\"peers\": [", out);
	else if (!seen && errno == EPERM)
		fputs("  its peers are shown to root alone\n", out);
	for (size_t i = 0; i < d.n; i++) {
		const struct gw_peer *p = &d.v[i];
		char key[GW_KEY_TEXT];
		const char *name =
		    name_of(t, clients, gw_key_text(p->key, key));

		if (json) {
			fputs(i > 0 ? ", " : "", out);
			print_json(p, name, key, now, out);
		} else {
			print_line(p, name != NULL ? name : key, now, out);
		}
	}
	if (json)
		fputs("]}", out);
	gw_device_finish(&d);
}
