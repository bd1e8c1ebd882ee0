/*
 * The switch of forwarding, which is no plain value: writing it writes others.
 *
 * Found by comparing all of /proc/sys/net before and after (Linux 6.1, 6.18):
 *
 *   net/ipv4/ip_forward          each conf/LINK/forwarding, conf/default's,
 *                                and conf/all/accept_redirects, which becomes
 *                                the contrary
 *   net/ipv6/conf/all/forwarding each conf/LINK/forwarding, conf/default's;
 *                                and the default routes of routers' adverts
 *                                are dropped where accept_ra is not 2
 *
 * So 0, 1 and 0 again is not where it began: an accept_redirects that an admin
 * had set to 0 is 1, a link that forwarded before does so no more. Remembered
 * are
 *
 *   was.conf         "LINK/forwarding=1 all/accept_redirects=0": what going
 *                    back does not bring by itself
 *   was.forwarders   who else let packets through already
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "kind/sysctl.h"
#include "plan.h"

#define KEY_LEN 256

struct family {
	const char *key, *conf;
	bool redirects; /* conf/all/accept_redirects goes with it */
};

static const struct family families[] = {
	{ "net/ipv4/ip_forward", "net/ipv4/conf", true },
	{ "net/ipv6/conf/all/forwarding", "net/ipv6/conf", false },
};

static const struct family *
family_of(const char *key)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (strcmp(key, families[i].key) == 0)
			return &families[i];
	}
	return NULL;
}

bool
gw_forwarding_is(const char *key)
{
	return family_of(key) != NULL;
}

/* Calls each with every "LINK/forwarding" of the family, and its value. */
static void
each_link(const struct family *f,
    void (*each)(void *arg, const char *name, const char *value), void *arg)
{
	char path[KEY_LEN], key[2 * KEY_LEN], value[GW_SYSCTL_MAX];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/sys/%s", f->conf);
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "all") == 0)
			continue;
		snprintf(
		    key, sizeof(key), "%s/%s/forwarding", f->conf, e->d_name);
		if (gw_sysctl_read(key, value) == 0)
			each(arg, key + strlen(f->conf) + 1, value);
	}
	if (dir != NULL)
		closedir(dir);
}

/* ---- before ------------------------------------------------------------- */

struct notes {
	FILE *out;
	const char *was;
};

static void
note_other(void *arg, const char *name, const char *value)
{
	struct notes *n = arg;

	if (strcmp(value, n->was) != 0)
		fprintf(n->out, "%s=%s ", name, value);
}

void
gw_forwarding_remember(struct gw_system *sys, struct gw_step *s)
{
	const struct family *f = family_of(gw_step_need(s, "key"));
	struct notes n = { .was = gw_step_need(s, "was") };
	char value[GW_SYSCTL_MAX], key[KEY_LEN], *text, *forwarders;
	size_t len;

	n.out = open_memstream(&text, &len);
	if (n.out == NULL)
		abort();
	each_link(f, note_other, &n);
	snprintf(key, sizeof(key), "%s/all/accept_redirects", f->conf);
	if (f->redirects && gw_sysctl_read(key, value) == 0)
		fprintf(n.out, "all/accept_redirects=%s ", value);
	fclose(n.out);
	gw_step_set(s, sys->arena, "was.conf", text);
	free(text);
	forwarders = gw_forwarders(sys);
	gw_step_set(s, sys->arena, "was.forwarders", forwarders);
	free(forwarders);
}

/* ---- after -------------------------------------------------------------- */

/* Whether a list of "word word word" has this one. */
static bool
has_word(const char *list, const char *word, size_t n)
{
	for (const char *at = list; (at = strstr(at, word)) != NULL; at++) {
		if ((at == list || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

/* The first of now that was not there then; NULL: nobody new. Ends the word
 * where it stands. */
static const char *
newcomer(char *now, const char *then)
{
	char *rest = now, *word;

	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		if (!has_word(then, word, strlen(word)))
			return word;
	}
	return NULL;
}

/* "NAME=VALUE " out of what was remembered; NULL: it was not among it. */
static const char *
find_value(const char *list, const char *name, char value[GW_SYSCTL_MAX])
{
	size_t n = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at++) {
		if ((at != list && at[-1] != ' ') || at[n] != '=')
			continue;
		snprintf(value, GW_SYSCTL_MAX, "%.*s",
		    (int)strcspn(at + n + 1, " "), at + n + 1);
		return value;
	}
	return NULL;
}

struct aims {
	FILE *out;
	const char *ours, *then, *list;
};

/*
 * Where a link's switch belongs once the great one is back at `then`: where
 * somebody put it meanwhile, or else where it was before us.
 */
static void
aim(void *arg, const char *name, const char *value)
{
	char before[GW_SYSCTL_MAX];
	struct aims *a = arg;

	if (strcmp(value, a->ours) != 0) {
		if (strcmp(value, a->then) != 0)
			fprintf(a->out, "%s=%s ", name, value);
	} else if (find_value(a->list, name, before) != NULL) {
		fprintf(a->out, "%s=%s ", name, before);
	}
}

/* The same of accept_redirects, which the great switch puts to its contrary. */
static void
aim_redirects(struct aims *a, const struct family *f)
{
	char key[KEY_LEN], value[GW_SYSCTL_MAX], before[GW_SYSCTL_MAX];
	const char *flipped = strcmp(a->ours, "0") == 0 ? "1" : "0";
	const char *brought = strcmp(a->then, "0") == 0 ? "1" : "0";
	const char *goal = value;

	snprintf(key, sizeof(key), "%s/all/accept_redirects", f->conf);
	if (!f->redirects || gw_sysctl_read(key, value) < 0)
		return;
	if (strcmp(value, flipped) == 0)
		goal = find_value(a->list, "all/accept_redirects", before);
	if (goal != NULL && strcmp(goal, brought) != 0)
		fprintf(a->out, "all/accept_redirects=%s ", goal);
}

static char *
aims_of(const struct family *f, const struct gw_step *s)
{
	struct aims a = { .ours = gw_step_need(s, "value"),
		.then = gw_step_need(s, "was"),
		.list = gw_step_need(s, "was.conf") };
	char *text;
	size_t len;

	a.out = open_memstream(&text, &len);
	if (a.out == NULL)
		abort();
	each_link(f, aim, &a);
	aim_redirects(&a, f);
	fclose(a.out);
	return text;
}

/* "LINK/forwarding=1 ...": writes them. Links that are gone are no matter. */
static void
reach(const struct family *f, char *aims)
{
	char *rest = aims, *word, *value, key[2 * KEY_LEN];

	while ((word = strtok_r(rest, " \n", &rest)) != NULL) {
		value = strrchr(word, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		snprintf(key, sizeof(key), "%s/%s", f->conf, word);
		(void)gw_sysctl_write(key, value);
	}
}

/*
 * The great switch first, as it writes all the others. What is to be written
 * behind it is noted in a file before: who dies between the two finds there,
 * next time, what cannot be seen any more.
 */
static int
go_back(struct gw_system *sys, const struct family *f, const struct gw_step *s,
    const char *path)
{
	char *aims = gw_read_file(path);
	bool noted = aims != NULL;

	if (!noted)
		aims = aims_of(f, s);
	if (!noted && aims[0] != '\0' && gw_write_file(path, aims, 0600) < 0) {
		free(aims);
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	}
	if (gw_sysctl_write(f->key, gw_step_need(s, "was")) < 0) {
		free(aims);
		return gw_fail(sys, "%s: %s", f->key, strerror(errno));
	}
	reach(f, aims);
	free(aims);
	(void)unlink(path);
	return 0;
}

int
gw_forwarding_undo(struct gw_system *sys, const struct gw_step *s)
{
	const struct family *f = family_of(gw_step_need(s, "key"));
	char value[GW_SYSCTL_MAX], *now, *path;
	const char *who;
	bool begun, ours;
	int rc = 0;

	if (gw_sysctl_read(f->key, value) < 0)
		return 0;
	/* Another value is somebody's own wish. */
	ours = strcmp(value, gw_step_need(s, "value")) == 0;
	path = gw_system_path(
	    sys, "forwarding-%s", f->redirects ? "ipv4" : "ipv6");
	now = gw_forwarders(sys);
	who = newcomer(now, gw_step_need(s, "was.forwarders"));
	begun = access(path, F_OK) == 0;
	if (begun || (ours && who == NULL))
		rc = go_back(sys, f, s, path);
	else if (ours)
		fprintf(stderr,
		    "pared-gateway: %s stays %s: %s came meanwhile and needs "
		    "it\n",
		    f->key, value, who);
	free(now);
	free(path);
	return rc;
}

/* ---- planning ----------------------------------------------------------- */

static void
keep_advertised(struct gw_plan *p, const char *link)
{
	gw_plan_sysctl(p, GW_PHASE_GUARD,
	    gw_plan_text(p, "net/ipv6/conf/%s/accept_ra", link), "2");
}

void
gw_plan_forwarding(struct gw_plan *p, int family)
{
	if (family == AF_INET) {
		gw_plan_sysctl(p, GW_PHASE_FORWARD, "net/ipv4/ip_forward", "1");
		return;
	}
	if (p->facts->uplink_ra)
		keep_advertised(p, p->uplink);
	for (unsigned i = 0; i < p->facts->nadvertised; i++)
		keep_advertised(p, p->facts->advertised[i]);
	gw_plan_sysctl(
	    p, GW_PHASE_FORWARD, "net/ipv6/conf/all/forwarding", "1");
}
