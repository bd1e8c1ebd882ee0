/*
 * PPP sessions: what pppd's hooks say of them, noted and read again.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "tunnel/pptp.h"
#include "tunnel/session.h"

static bool
is_ours(const struct gw_config *c, const struct pd_addr *remote)
{
	for (size_t i = 0; i < c->ntunnels; i++) {
		struct pd_prefixes pool = {
			(struct pd_prefix *)&c->tunnels[i].pool_range, 1
		};

		if (c->tunnels[i].type == GW_PPTP &&
		    pd_prefixes_hold(&pool, remote))
			return true;
	}
	return false;
}

static int
copy_address(const char *word, char out[PD_ADDR_TEXT], struct pd_addr *a)
{
	if (word == NULL || pd_addr_parse(pd_str_z(word), a) < 0)
		return -1;
	pd_addr_text(a, out);
	return 0;
}

static int
copy_pid(const char *word, pid_t *pid)
{
	int64_t n;

	if (word == NULL || pd_str_u63(pd_str_z(word), &n) < 0 || n <= 1 ||
	    n > INT32_MAX)
		return -1;
	*pid = (pid_t)n;
	return 0;
}

/* Every word is checked: the link names a file, and the others go to the log.
 * The peer's name was authenticated, but the session may be another server's.
 */
int
gw_ppp_from_env(const struct gw_config *c, const char *(*get)(const char *name),
    struct gw_ppp *out)
{
	const char *link = get("PPP_IFACE"), *client = get("PEERNAME");
	struct pd_addr inside, outside;

	*out = (struct gw_ppp){ .since = time(NULL) };
	if (link == NULL || !gw_is_link(link) || client == NULL ||
	    !gw_is_name(client, GW_TITLE_MAX) ||
	    copy_address(get("PPP_REMOTE"), out->address, &inside) < 0 ||
	    !is_ours(c, &inside) || copy_pid(get("PPPD_PID"), &out->pid) < 0)
		return -1;
	/* pptpd passes where the client dialled from. */
	if (copy_address(get("PPP_IPPARAM"), out->remote, &outside) < 0)
		memcpy(out->remote, "-", 2);
	memcpy(out->link, link, strlen(link) + 1);
	memcpy(out->client, client, strlen(client) + 1);
	return 0;
}

static bool
take_word(struct pd_str *rest, char *out, size_t size)
{
	struct pd_str word = pd_str_split(rest, ' ');

	if (word.n == 0 || word.n >= size)
		return false;
	memcpy(out, word.p, word.n);
	out[word.n] = '\0';
	return true;
}

int
gw_ppp_parse(const char *line, struct gw_ppp *out)
{
	struct pd_str after = pd_str_z(line);
	struct pd_str rest = pd_str_split(&after, '\n');
	char pid[16];
	struct pd_addr a;
	int64_t since;

	*out = (struct gw_ppp){ 0 };
	if (after.n > 0 || !take_word(&rest, out->link, sizeof(out->link)) ||
	    !take_word(&rest, out->client, sizeof(out->client)) ||
	    !take_word(&rest, out->address, sizeof(out->address)) ||
	    !take_word(&rest, out->remote, sizeof(out->remote)) ||
	    !take_word(&rest, pid, sizeof(pid)) || pd_str_u63(rest, &since) < 0)
		return -1;
	if (!gw_is_link(out->link) || !gw_is_name(out->client, GW_TITLE_MAX) ||
	    pd_addr_parse(pd_str_z(out->address), &a) < 0 ||
	    (strcmp(out->remote, "-") != 0 &&
		pd_addr_parse(pd_str_z(out->remote), &a) < 0) ||
	    copy_pid(pid, &out->pid) < 0)
		return -1;
	out->since = since;
	return 0;
}

void
gw_ppp_print(const struct gw_ppp *s, char line[256])
{
	snprintf(line, 256, "%s %s %s %s %d %lld\n", s->link, s->client,
	    s->address, s->remote, (int)s->pid, (long long)s->since);
}

/* A number may have become another process's. */
static bool
is_pppd(pid_t pid)
{
	char path[64], *name;
	bool is;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	name = gw_read_file(path);
	is = name != NULL && strcmp(name, "pppd\n") == 0;
	free(name);
	return is;
}

static int
read_session(const char *dir, const char *name, struct gw_ppp *out)
{
	char *path, *line;
	int rc;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	line = gw_read_file(path);
	rc = line != NULL ? gw_ppp_parse(line, out) : -1;
	free(line);
	free(path);
	return rc == 0 && is_pppd(out->pid) ? 0 : -1;
}

int
gw_ppp_sessions(struct gw_system *sys, struct gw_ppp **v)
{
	const struct dirent *entry;
	struct gw_ppp one;
	int n = 0;
	char *dir;
	DIR *d;

	*v = NULL;
	if (asprintf(&dir, "%s/ppp", sys->run_dir) < 0)
		abort();
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (!gw_is_link(entry->d_name) ||
		    read_session(dir, entry->d_name, &one) < 0)
			continue;
		*v = pd_xrealloc(*v, ((size_t)n + 1) * sizeof(**v));
		(*v)[n++] = one;
	}
	if (d != NULL)
		closedir(d);
	free(dir);
	return n;
}

int
gw_pptp_disconnect(struct gw_system *sys, const char *client)
{
	struct gw_ppp *v;
	int n = gw_ppp_sessions(sys, &v), rc = 0;

	for (int i = 0; i < n; i++) {
		if (strcmp(v[i].client, client) == 0 &&
		    kill(v[i].pid, SIGTERM) < 0 && errno != ESRCH)
			rc = gw_fail(sys, "ending pppd %d of %s: %s",
			    (int)v[i].pid, client, strerror(errno));
	}
	free(v);
	return rc;
}

static uint64_t
counter(const char *link, const char *name)
{
	char path[128], *text;
	uint64_t n;

	snprintf(
	    path, sizeof(path), "/sys/class/net/%s/statistics/%s", link, name);
	text = gw_read_file(path);
	n = text != NULL ? strtoull(text, NULL, 10) : 0;
	free(text);
	return n;
}

void
gw_pptp_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json)
{
	struct gw_ppp *v;
	int n = gw_ppp_sessions(sys, &v);
	struct gw_session *sessions =
	    pd_xalloc(((size_t)n + 1) * sizeof(*sessions));
	time_t now = time(NULL);

	(void)clients;
	for (int i = 0; i < n; i++) {
		struct gw_session *s = &sessions[i];

		snprintf(s->connection, sizeof(s->connection), "%s", t->title);
		snprintf(s->client, sizeof(s->client), "%s", v[i].client);
		snprintf(s->remote, sizeof(s->remote), "%s", v[i].remote);
		snprintf(
		    s->addresses, sizeof(s->addresses), "%s", v[i].address);
		s->seconds =
		    now > v[i].since ? (uint64_t)(now - v[i].since) : 0;
		s->bytes_in = counter(v[i].link, "rx_bytes");
		s->bytes_out = counter(v[i].link, "tx_bytes");
	}
	gw_sessions_print(sessions, (size_t)n, t->title, out, json);
	free(sessions);
	free(v);
}
