/* What people type into a device that takes no file. */
#include "onboard/onboard.h"

static const char *
text_of(const char *s)
{
	return s != NULL ? s : "-";
}

/* The proxy's host and port, where there is one. */
static void
write_proxy(const struct gw_onboard *o, const char *before, FILE *out)
{
	char text[PD_ADDR_TEXT];
	const char *host = gw_onboard_address(o->tunnel, text);

	if (host != NULL && o->conf->proxy > 0)
		fprintf(out, "%shost %s, port %u\n", before, host,
		    (unsigned)o->conf->proxy);
}

void
gw_android_write(const struct gw_onboard *o, FILE *out)
{
	const char *name = o->client->name;

	if (o->tunnel->auth == GW_AUTH_EAP)
		fprintf(out,
		    "VPN: type IKEv2/IPSec MSCHAPv2, server address %s, IPSec "
		    "identifier %s, username %s, password %s\n",
		    text_of(gw_onboard_host(o)), name, name,
		    text_of(o->client->password));
	else
		fprintf(out,
		    "VPN: type IKEv2/IPSec RSA, server address %s, IPSec "
		    "identifier %s, user certificate %s (installed first)\n",
		    text_of(gw_onboard_host(o)), name, name);
	write_proxy(o, "Its advanced options, proxy: ", out);
}

void
gw_typed_write(const struct gw_onboard *o, FILE *out)
{
	bool pptp = o->tunnel->type == GW_PPTP;

	fprintf(out, "type      %s\n",
	    pptp ? "PPTP, encryption required (MPPE 128)" : "IKEv2");
	fprintf(out, "server    %s\n", text_of(gw_onboard_host(o)));
	if (!pptp)
		fprintf(out, "remote id %s\n", text_of(o->tunnel->name));
	fprintf(out, "user      %s\n", o->client->name);
	if (o->client->password != NULL)
		fprintf(out, "password  %s\n", o->client->password);
	write_proxy(o, "proxy     ", out);
	if (o->pac != NULL)
		fprintf(out, "PAC       %s\n", o->pac);
}
