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

/* Our own authority, which no device knows of itself. */
static void
write_authority(const struct gw_onboard *o, const char *before, FILE *out)
{
	if (o->tunnel->type == GW_IKEV2 && o->tunnel->certificate == NULL)
		fprintf(out, "%s%s/%s/authority/ca.crt\n", before,
		    o->conf->state_dir, o->conf->name);
}

void
gw_android_write(const struct gw_onboard *o, FILE *out)
{
	const char *name = o->client->name;

	write_authority(
	    o, "First install this file, as a CA certificate: ", out);
	fprintf(out,
	    "VPN: type IKEv2/IPSec MSCHAPv2, server address %s, IPSec "
	    "identifier %s, %susername %s, password %s\n",
	    text_of(gw_onboard_host(o)), name,
	    o->tunnel->certificate == NULL
		? "IPSec CA certificate: the one installed, "
		: "",
	    name, text_of(o->client->password));
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
	write_authority(o, "trusts    ", out);
	fprintf(out, "user      %s\n", o->client->name);
	if (o->client->password != NULL)
		fprintf(out, "password  %s%s\n", o->client->password,
		    o->client->certificate != NULL ? " (the certificate's)"
						   : "");
	write_proxy(o, "proxy     ", out);
	if (o->pac != NULL)
		fprintf(out, "PAC       %s\n", o->pac);
}
