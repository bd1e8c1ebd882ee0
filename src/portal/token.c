#include "portal/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

static unsigned char key[32];

static void
draw_key(void)
{
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		abort();
}

void
pd_token_make(const struct pd_addr *client, char out[PD_TOKEN_TEXT])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const char hex[] = "0123456789abcdef";
	struct pd_addr who = pd_addr_unwrap(client);
	unsigned char message[1 + sizeof(who.ip)], hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	pthread_once(&once, draw_key);
	message[0] = who.family == AF_INET6 ? 6 : 4;
	memcpy(message + 1, who.ip, sizeof(who.ip));
	/* Behind an IPv4 address nothing is told. */
	if (who.family != AF_INET6)
		memset(message + 5, 0, sizeof(message) - 5);
	if (HMAC(EVP_sha256(), key, sizeof(key), message, sizeof(message), hash,
		&len) == NULL ||
	    len < 16)
		abort();
	for (size_t i = 0; i < 16; i++) {
		out[2 * i] = hex[hash[i] >> 4];
		out[2 * i + 1] = hex[hash[i] & 15];
	}
	out[PD_TOKEN_TEXT - 1] = '\0';
}

bool
pd_token_ok(const struct pd_addr *client, struct pd_str token)
{
	char want[PD_TOKEN_TEXT];

	pd_token_make(client, want);
	return token.n == PD_TOKEN_TEXT - 1 &&
	       CRYPTO_memcmp(token.p, want, token.n) == 0;
}

/* Whether a URL ("http://pared.internal/why") is of the request's host. The
 * portal speaks http alone. */
static bool
is_ours(const struct pd_request *req, struct pd_str url, struct pd_arena *arena)
{
	struct pd_url parsed;

	return pd_url_parse(url, arena, &parsed) == PD_URL_OK &&
	       parsed.scheme == PD_SCHEME_HTTP &&
	       pd_authority_same(&parsed.authority, &req->url.authority);
}

bool
pd_token_same_origin(const struct pd_request *req, struct pd_arena *arena)
{
	struct pd_str site =
	    pd_fields_value(&req->fields, PD_FIELD_SEC_FETCH_SITE);
	struct pd_str origin = pd_fields_value(&req->fields, PD_FIELD_ORIGIN);
	struct pd_str referer = pd_fields_value(&req->fields, PD_FIELD_REFERER);

	if (site.p != NULL && !pd_str_eq(site, PD_STR("same-origin")))
		return false;
	if (origin.p != NULL)
		return is_ours(req, origin, arena);
	return referer.p == NULL || is_ours(req, referer, arena);
}
