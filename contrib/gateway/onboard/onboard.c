/* What several forms of a client's settings need. */
#include "onboard/onboard.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* The name space of our UUIDs: made once, by chance. */
static const unsigned char space[16] = { 0x5d, 0x9e, 0x0b, 0x6a, 0x3c, 0x41,
	0x4e, 0x0f, 0x9a, 0x57, 0xc2, 0x18, 0x7b, 0x64, 0xd3, 0xe0 };

static const struct pd_addr *
address_of(const struct gw_tunnel *t, uint16_t family)
{
	for (size_t i = 0; i < t->address.n; i++) {
		if (t->address.v[i].addr.family == family)
			return &t->address.v[i].addr;
	}
	return NULL;
}

const char *
gw_onboard_address(const struct gw_tunnel *t, char text[PD_ADDR_TEXT])
{
	const struct pd_addr *a = address_of(t, AF_INET);

	if (a == NULL)
		a = address_of(t, AF_INET6);
	return a != NULL ? pd_addr_text(a, text) : NULL;
}

const char *
gw_onboard_host(const struct gw_onboard *o)
{
	if (o->conf->endpoint != NULL)
		return o->conf->endpoint;
	return o->tunnel->type == GW_PPTP ? o->tunnel->local_text
					  : o->tunnel->name;
}

char *
gw_onboard_title(const struct gw_onboard *o)
{
	char *title;

	if (asprintf(&title, "%s %s", o->conf->name, o->tunnel->title) < 0)
		abort();
	return title;
}

char *
gw_onboard_base64(const unsigned char *bytes, size_t len)
{
	char *text = pd_xalloc((len + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	return text;
}

const char *
gw_onboard_uuid(
    const struct gw_onboard *o, const char *thing, char text[GW_UUID_TEXT])
{
	const char *host = gw_onboard_host(o);
	const char *const names[] = { o->conf->name, o->tunnel->title,
		o->client->name, thing };
	unsigned char md[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL &&
		  EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, space, sizeof(space)) == 1;

	/* Which server's: by our authority, who stays the same when the name
	 * that is dialled changes; where there is none, by that name. */
	if (o->ca != NULL)
		ok = ok && EVP_DigestUpdate(ctx, o->ca, o->ca_len) == 1;
	else if (host != NULL)
		ok = ok && EVP_DigestUpdate(ctx, host, strlen(host) + 1) == 1;
	/* With their NULs, so that no two lists of names are one text. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok = ok &&
		     EVP_DigestUpdate(ctx, names[i], strlen(names[i]) + 1) == 1;
	if (!ok || EVP_DigestFinal_ex(ctx, md, NULL) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	md[6] = (unsigned char)((md[6] & 0x0f) | 0x50); /* version 5 */
	md[8] = (unsigned char)((md[8] & 0x3f) | 0x80); /* of RFC 9562 */
	snprintf(text, GW_UUID_TEXT,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    md[0], md[1], md[2], md[3], md[4], md[5], md[6], md[7], md[8],
	    md[9], md[10], md[11], md[12], md[13], md[14], md[15]);
	return text;
}
