#include "tunnel/key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "system.h"

int
gw_key_parse(const char *text, uint8_t key[GW_KEY_LEN])
{
	unsigned char bytes[GW_KEY_LEN + 1];
	char again[GW_KEY_TEXT];
	int n;

	if (strlen(text) != GW_KEY_TEXT - 1 || text[GW_KEY_TEXT - 2] != '=')
		return -1;
	n = EVP_DecodeBlock(
	    bytes, (const unsigned char *)text, GW_KEY_TEXT - 1);
	if (n != (int)sizeof(bytes))
		return -1;
	memcpy(key, bytes, GW_KEY_LEN);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	/* The decoder skips blanks, and does not look at the two bits that
	 * are left over. */
	n = strcmp(gw_key_text(key, again), text);
	OPENSSL_cleanse(again, sizeof(again));
	return n == 0 ? 0 : -1;
}

const char *
gw_key_text(const uint8_t key[GW_KEY_LEN], char text[GW_KEY_TEXT])
{
	EVP_EncodeBlock((unsigned char *)text, key, GW_KEY_LEN);
	return text;
}

bool
gw_key_is_zero(const uint8_t key[GW_KEY_LEN])
{
	static const uint8_t zero[GW_KEY_LEN];

	return CRYPTO_memcmp(key, zero, GW_KEY_LEN) == 0;
}

int
gw_key_generate(uint8_t key[GW_KEY_LEN])
{
	if (RAND_priv_bytes(key, GW_KEY_LEN) != 1)
		return -1;
	/* RFC 7748, 5: decodeScalar25519. Every user of the key does it
	 * anyway; done here, the text is what wg(8) shows. */
	key[0] &= 248;
	key[31] = (uint8_t)((key[31] & 127) | 64);
	return 0;
}

int
gw_key_preshared(uint8_t key[GW_KEY_LEN])
{
	return RAND_priv_bytes(key, GW_KEY_LEN) == 1 ? 0 : -1;
}

int
gw_key_public(const uint8_t key[GW_KEY_LEN], uint8_t out[GW_KEY_LEN])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_X25519, NULL, key, GW_KEY_LEN);
	size_t len = GW_KEY_LEN;
	int r = -1;

	if (pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, out, &len) == 1 &&
	    len == GW_KEY_LEN)
		r = 0;
	EVP_PKEY_free(pkey);
	return r;
}

int
gw_key_read(const char *path, uint8_t key[GW_KEY_LEN])
{
	char *text = gw_read_file(path);
	struct pd_str s;
	size_t len;
	int r;

	if (text == NULL)
		return -1;
	len = strlen(text);
	s = pd_str_of(text, len);
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
		s.n--;
	text[s.n] = '\0';
	r = gw_key_parse(text + strspn(text, " \t\r\n"), key);
	OPENSSL_cleanse(text, len);
	free(text);
	if (r < 0)
		errno = EILSEQ;
	return r;
}

static int
write_key(struct gw_system *sys, const char *path,
    const uint8_t key[GW_KEY_LEN], mode_t mode)
{
	char text[GW_KEY_TEXT + 1];
	int r = 0;

	gw_key_text(key, text);
	text[GW_KEY_TEXT - 1] = '\n';
	text[GW_KEY_TEXT] = '\0';
	if (gw_write_file(path, text, mode) < 0)
		r = gw_fail(sys, "%s: %s", path, strerror(errno));
	OPENSSL_cleanse(text, sizeof(text));
	return r;
}

/* Reads the key, or makes one; what is wrong with it is told. */
static int
own_key(struct gw_system *sys, const char *path, uint8_t key[GW_KEY_LEN])
{
	struct stat st;

	if (gw_key_read(path, key) == 0) {
		if (stat(path, &st) == 0 && (st.st_mode & 077) != 0 &&
		    chmod(path, 0600) < 0)
			return gw_fail(sys, "%s: %s", path, strerror(errno));
		return 0;
	}
	if (errno == EILSEQ)
		return gw_fail(sys,
		    "%s is no WireGuard key; move it away, and one is made",
		    path);
	if (errno != ENOENT)
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	if (gw_mkdirs(path, 0700) < 0)
		return gw_fail(
		    sys, "the directory of %s: %s", path, strerror(errno));
	if (gw_key_generate(key) < 0)
		return gw_fail(sys, "no random numbers for a key");
	return write_key(sys, path, key, 0600);
}

int
gw_key_ensure(struct gw_system *sys, const char *path, char public[GW_KEY_TEXT])
{
	uint8_t key[GW_KEY_LEN], pub[GW_KEY_LEN], beside[GW_KEY_LEN];
	char *pub_path = NULL;
	int r = own_key(sys, path, key);

	if (r == 0 && gw_key_public(key, pub) < 0)
		r = gw_fail(sys, "%s: no public key of it", path);
	OPENSSL_cleanse(key, sizeof(key));
	if (r < 0)
		return -1;
	if (asprintf(&pub_path, "%s.pub", path) < 0)
		abort();
	if (gw_key_read(pub_path, beside) < 0 ||
	    memcmp(beside, pub, sizeof(pub)) != 0)
		r = write_key(sys, pub_path, pub, 0644);
	free(pub_path);
	if (public != NULL)
		gw_key_text(pub, public);
	return r;
}
