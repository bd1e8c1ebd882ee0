/*
 * A WireGuard private key of our own.
 *
 * Arguments: path (key), absolute, below the state directory. The public key
 * is beside it, PATH.pub. Undo leaves both: clients know the public one, and
 * a gateway that comes up again must be the one that they trust.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "system.h"
#include "tunnel/key.h"

static void
describe(const struct gw_step *s, FILE *out)
{
	const char *path = gw_step_need(s, "path");

	fprintf(out, "wg genkey > %s; wg pubkey > %s.pub (kept when down)",
	    path, path);
}

static enum gw_state
probe_public(const char *path, const uint8_t pub[GW_KEY_LEN])
{
	uint8_t beside[GW_KEY_LEN];
	char *pub_path;
	int r;

	if (asprintf(&pub_path, "%s.pub", path) < 0)
		abort();
	r = gw_key_read(pub_path, beside);
	free(pub_path);
	return r == 0 && memcmp(beside, pub, GW_KEY_LEN) == 0 ? GW_AS_PLANNED
							      : GW_DRIFTED;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	uint8_t key[GW_KEY_LEN], pub[GW_KEY_LEN];
	struct stat st;
	int r;

	(void)sys;
	if (gw_key_read(path, key) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return GW_MISSING;
		return errno == EILSEQ ? GW_FOREIGN : GW_UNSEEN;
	}
	r = gw_key_public(key, pub);
	OPENSSL_cleanse(key, sizeof(key));
	if (r < 0)
		return GW_FOREIGN;
	if (stat(path, &st) < 0 || (st.st_mode & 077) != 0)
		return GW_DRIFTED;
	return probe_public(path, pub);
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	return gw_key_ensure(sys, gw_step_need(s, "path"), NULL);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	(void)sys;
	(void)s;
	return 0;
}

const struct gw_kind gw_kind_key = {
	.name = "key",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
};
