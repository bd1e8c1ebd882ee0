/*
 * Files that the configuration names and somebody else wrote, and whether
 * /proc/sys takes what is written to it.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/check.h"
#include "kind/names.h"
#include "tunnel/key.h"

/* A key that is not ours to make. Who is not root cannot tell, as a key that
 * he may read is wrong already. */
static void
check_key(struct gw_check *c, const struct gw_tunnel *t, const char *path,
    const char *makes)
{
	uint8_t key[GW_KEY_LEN];
	struct stat st;

	if (path == NULL)
		return;
	if (gw_key_read(path, key) < 0) {
		if (errno == EACCES)
			return;
		gw_find(c, GW_ERROR, "tunnel %s: %s: %s", t->title, path,
		    errno == EILSEQ ? "it holds no WireGuard key"
				    : strerror(errno));
		gw_remedy(c, "(umask 077; wg %s > %s)", makes, path);
		return;
	}
	OPENSSL_cleanse(key, sizeof(key));
	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
		gw_find(c, GW_WARN,
		    "tunnel %s: %s can be read by others than its owner",
		    t->title, path);
		gw_remedy(c, "chmod 0600 %s", path);
	}
}

static void
check_names(struct gw_check *c, const char *path)
{
	char *text = gw_read_file(path), *names = NULL;
	struct gw_names_left left;
	size_t len;
	FILE *out;

	/* One that is not there is told by the plan. */
	if (text == NULL && errno != ENOENT && errno != EACCES)
		gw_find(c, GW_ERROR, "resolver: %s: %s", path, strerror(errno));
	if (text == NULL)
		return;
	out = open_memstream(&names, &len);
	if (out == NULL)
		abort();
	gw_names_write(out, text, &left);
	if (fclose(out) != 0)
		abort();
	if (left.n > 0) {
		gw_find(c, GW_WARN,
		    "resolver: %s: %zu lines, the first of them line %zu, are "
		    "not what pared lists export writes, and are left out",
		    path, left.n, left.line);
		gw_remedy(c, "pared lists export --output %s", path);
	}
	free(names);
	free(text);
}

/* In a container; one is told for all. */
static void
check_sysctls(struct gw_check *c)
{
	const struct gw_plan *p = c->plan;

	for (size_t i = 0; i < p->n; i++) {
		const struct gw_step *s = p->v[i];
		const char *key = gw_step_need(s, "key");
		char path[512];

		snprintf(path, sizeof(path), "/proc/sys/%s", key);
		if (s->kind != &gw_kind_sysctl || access(path, W_OK) == 0 ||
		    errno != EROFS ||
		    s->kind->probe(c->sys, s) == GW_AS_PLANNED)
			continue;
		gw_find(c, GW_ERROR, "%s cannot be set: /proc/sys is read-only",
		    key);
		gw_remedy(c,
		    "mount -o remount,rw /proc/sys, or have the container "
		    "started with sysctl %s=%s and the others that plan names",
		    key, gw_step_need(s, "value"));
		return;
	}
}

void
gw_check_files(struct gw_check *c)
{
	const struct gw_config *conf = c->plan->conf;

	for (size_t i = 0; i < conf->ntunnels; i++) {
		const struct gw_tunnel *t = &conf->tunnels[i];

		check_key(c, t, t->key, "genkey");
		check_key(c, t, t->preshared, "genpsk");
	}
	if (conf->resolver.blocklist != NULL)
		check_names(c, conf->resolver.blocklist);
	check_sysctls(c);
}
