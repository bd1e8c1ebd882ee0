#include "tunnel/status.h"

#include "tunnel/ikev2.h"
#include "tunnel/pptp.h"
#include "tunnel/wireguard.h"

/* What has far ends of its own to speak of. */
static void (*const by_type[])(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json) = {
	[GW_WIREGUARD] = gw_wireguard_status,
	[GW_IKEV2] = gw_ikev2_status,
	[GW_PPTP] = gw_pptp_status,
};

void
gw_tunnel_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json)
{
	if (by_type[t->type] != NULL)
		by_type[t->type](sys, t, clients, out, json);
	else if (json)
		fputs("{}", out);
}
