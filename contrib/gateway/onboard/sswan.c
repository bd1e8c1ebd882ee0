/*
 * A profile for strongSwan's app on Android (its documentation, "VPN profiles":
 * a JSON object). Its password is typed: the format has no place for one.
 */
#include <jansson.h>
#include <stdlib.h>

#include "onboard/onboard.h"

/* What the app takes. */
#define MTU_MIN 1280
#define MTU_MAX 1500

static json_t *
base64(const unsigned char *bytes, size_t len)
{
	char *text = gw_onboard_base64(bytes, len);
	json_t *j = json_string(text);

	free(text);
	return j;
}

static json_t *
remote(const struct gw_onboard *o)
{
	json_t *j = json_pack(
	    "{s:s, s:s}", "addr", gw_onboard_host(o), "id", o->tunnel->name);

	/* With this the app trusts nobody else, so it must not stand beside a
	 * server's certificate that was brought. */
	if (o->ca != NULL && o->tunnel->certificate == NULL)
		json_object_set_new(j, "cert", base64(o->ca, o->ca_len));
	return j;
}

static json_t *
local(const struct gw_onboard *o)
{
	json_t *j;

	if (o->tunnel->auth == GW_AUTH_EAP)
		return json_pack("{s:s}", "eap_id", o->client->name);
	j = json_pack("{s:s}", "id", o->client->name);
	if (o->p12 != NULL)
		json_object_set_new(j, "p12", base64(o->p12, o->p12_len));
	return j;
}

/* Android's VPNs take a proxy's address, and no PAC. */
static json_t *
proxy(const struct gw_onboard *o)
{
	char text[PD_ADDR_TEXT];
	const char *host = gw_onboard_address(o->tunnel, text);

	if (host == NULL || o->conf->proxy == 0)
		return NULL;
	return json_pack(
	    "{s:s, s:i}", "host", host, "port", (int)o->conf->proxy);
}

void
gw_sswan_write(const struct gw_onboard *o, FILE *out)
{
	char uuid[GW_UUID_TEXT], *title = gw_onboard_title(o);
	json_t *j, *p = proxy(o);

	/* Blocked is what does not go into the tunnel: IPv6 too when the tunnel
	 * has none. */
	j = json_pack("{s:s, s:s, s:s, s:o, s:o, s:{s:b, s:b}}", "uuid",
	    gw_onboard_uuid(o, "profile", uuid), "name", title, "type",
	    o->tunnel->auth == GW_AUTH_EAP ? "ikev2-eap" : "ikev2-cert",
	    "remote", remote(o), "local", local(o), "split-tunneling",
	    "block-ipv4", 1, "block-ipv6", 1);
	if (o->tunnel->mtu >= MTU_MIN && o->tunnel->mtu <= MTU_MAX)
		json_object_set_new(j, "mtu", json_integer(o->tunnel->mtu));
	if (p != NULL)
		json_object_set_new(j, "proxy", p);
	json_dumpf(j, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(j);
	free(title);
}
