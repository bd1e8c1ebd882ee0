/*
 * kind "ipsec": a ground on which charon can start, and that it leaves clean.
 *
 *     dir  RUN-DIR/ikev2 (key)
 *     was  net/core/xfrm_acq_expires
 *
 * It comes before the daemon, so it is undone after that has ended. charon
 * removes its policies and associations when it is told to end; when it is
 * killed they stay in the kernel and go on taking packets that nobody can
 * decrypt. Ours are known by their policies' priority (GW_IKEV2_PRIORITY), the
 * associations by what those policies ask for (reqid and both ends).
 *
 * charon's pid file is compiled into it, so a machine runs but one: another's
 * is told by its number. The number in a file that was left behind may have
 * become somebody's, and charon would refuse to start: such a file goes.
 */
#include "tunnel/ikev2.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/xfrm.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "kind/sysctl.h"
#include "netlink.h"

#define PID_FILE "/run/charon.pid"
/* charon writes this as it starts, and does not take it back. */
#define ACQUIRE   "net/core/xfrm_acq_expires"
#define ACQUIRE_S "165"
/* So many at once; each client has three for either family. */
#define ENDS_MAX 4096

/* What a policy of ours asks an association to be. */
struct ends {
	uint32_t reqid;
	uint16_t family;
	xfrm_address_t source, destination;
};

struct sweep {
	struct nl_sock *sock;
	struct ends *v;
	size_t n;
	size_t found; /* policies and associations that are ours */
	bool remove;
};

static char *
path_of(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

/* ---- what a killed charon left in the kernel ---- */

/* NULL with *err: -EPROTONOSUPPORT where the kernel has no IPsec. */
static struct nl_sock *
open_xfrm(int *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	struct nl_sock *sock;

	*err = fd < 0 ? -errno : 0;
	if (fd < 0)
		return NULL;
	close(fd);
	sock = nl_socket_alloc();
	if (sock == NULL)
		abort();
	if (nl_connect(sock, NETLINK_XFRM) < 0) {
		*err = -EIO;
		nl_socket_free(sock);
		return NULL;
	}
	return sock;
}

static int
no_answer(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	(void)sys;
	(void)h;
	(void)arg;
	return 0;
}

/* -ENOENT and -ESRCH: gone by itself meanwhile. */
static int
send_removal(struct gw_system *sys, struct sweep *w, struct nl_msg *m)
{
	int err = gw_nl_dump_on(sys, w->sock, m, no_answer, NULL);

	return err == -ENOENT || err == -ESRCH ? 0 : err;
}

static void
note_ends(struct sweep *w, const struct nlmsghdr *h)
{
	struct nlattr *tb[XFRMA_MAX + 1];
	const struct xfrm_user_tmpl *t;

	gw_nl_attrs(h, sizeof(struct xfrm_userpolicy_info), tb, XFRMA_MAX);
	if (tb[XFRMA_TMPL] == NULL ||
	    nla_len(tb[XFRMA_TMPL]) < (int)sizeof(*t) || w->n == ENDS_MAX)
		return;
	t = nla_data(tb[XFRMA_TMPL]);
	w->v = pd_xrealloc(w->v, (w->n + 1) * sizeof(*w->v));
	w->v[w->n++] = (struct ends){
		.reqid = t->reqid,
		.family = t->family,
		.source = t->saddr,
		.destination = t->id.daddr,
	};
}

static int
each_policy(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const struct xfrm_userpolicy_info *i = nlmsg_data((void *)h);
	struct xfrm_userpolicy_id id = { 0 };
	struct sweep *w = arg;

	if (h->nlmsg_type != XFRM_MSG_NEWPOLICY ||
	    i->priority != GW_IKEV2_PRIORITY)
		return 0;
	w->found++;
	note_ends(w, h);
	if (!w->remove)
		return 0;
	id.sel = i->sel;
	id.dir = i->dir;
	return send_removal(
	    sys, w, gw_nl_request(XFRM_MSG_DELPOLICY, 0, &id, sizeof(id)));
}

static bool
is_wanted(const struct sweep *w, const struct xfrm_usersa_info *i)
{
	size_t len = i->family == AF_INET6 ? 16 : 4;

	for (size_t k = 0; k < w->n; k++) {
		const struct ends *e = &w->v[k];

		if (e->reqid == i->reqid && e->family == i->family &&
		    memcmp(&e->source, &i->saddr, len) == 0 &&
		    memcmp(&e->destination, &i->id.daddr, len) == 0)
			return true;
	}
	return false;
}

static int
each_association(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const struct xfrm_usersa_info *i = nlmsg_data((void *)h);
	struct xfrm_usersa_id id = { 0 };
	struct sweep *w = arg;

	if (h->nlmsg_type != XFRM_MSG_NEWSA || !is_wanted(w, i))
		return 0;
	w->found++;
	if (!w->remove)
		return 0;
	id.daddr = i->id.daddr;
	id.spi = i->id.spi;
	id.proto = i->id.proto;
	id.family = i->family;
	return send_removal(
	    sys, w, gw_nl_request(XFRM_MSG_DELSA, 0, &id, sizeof(id)));
}

static struct nl_msg *
dump(int type)
{
	/* What stands behind the message's own header would be a filter. */
	return gw_nl_request(type, NLM_F_DUMP, "", 0);
}

/*
 * How many of ours there are; with remove they are taken away. -1 after
 * gw_fail(), -EPERM for who may not ask.
 */
static int
sweep_kernel(struct gw_system *sys, bool remove)
{
	struct sweep w = { .remove = remove };
	int err;

	w.sock = open_xfrm(&err);
	if (w.sock == NULL)
		return err == -EPROTONOSUPPORT
			   ? 0
			   : gw_fail(
				 sys, "IPsec by netlink: %s", strerror(-err));
	err = gw_nl_dump_on(
	    sys, w.sock, dump(XFRM_MSG_GETPOLICY), each_policy, &w);
	if (err == 0)
		err = gw_nl_dump_on(
		    sys, w.sock, dump(XFRM_MSG_GETSA), each_association, &w);
	nl_socket_free(w.sock);
	free(w.v);
	if (err == 0)
		return (int)w.found;
	gw_fail(sys, "IPsec: %s", strerror(-err));
	return err == -EPERM ? err : -1;
}

/* ---- charon itself ---- */

/* The process that the pid file names if it is a charon; 0: none. */
static pid_t
running(void)
{
	char path[64], *text = gw_read_file(PID_FILE), *name;
	int pid = text != NULL ? (int)strtol(text, NULL, 10) : 0;

	free(text);
	if (pid <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	name = gw_read_file(path);
	if (name == NULL || strcmp(name, "charon\n") != 0)
		pid = 0;
	free(name);
	return pid;
}

static void
describe(const struct gw_step *s, FILE *out)
{
	(void)s;
	fprintf(out,
	    "no other charon runs, and none left IPsec policies of priority %d",
	    GW_IKEV2_PRIORITY);
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	char *claim = path_of(gw_step_need(s, "dir"), "claim");
	bool claimed = access(claim, F_OK) == 0;
	enum gw_state state = GW_AS_PLANNED;
	int left;

	if (!claimed)
		state = errno == EACCES ? GW_UNSEEN : GW_MISSING;
	free(claim);
	if (!claimed || gw_child_find(sys, "charon", NULL) != 0)
		return state;
	left = sweep_kernel(sys, false);
	if (left == -EPERM)
		return GW_UNSEEN;
	return left == 0 && running() == 0 ? GW_AS_PLANNED : GW_DRIFTED;
}

/* What only a dead charon leaves behind. */
static int
clean(struct gw_system *sys, const char *dir)
{
	static const char *const names[] = { "vici", "loaded" };
	char *path;

	if (running() == 0)
		(void)unlink(PID_FILE);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path = path_of(dir, names[i]);
		(void)unlink(path);
		free(path);
	}
	return sweep_kernel(sys, true) < 0 ? -1 : 0;
}

static int
take_over(struct gw_system *sys, const char *dir)
{
	pid_t pid;

	/* One that was started when we died before noting it is ours. */
	if (gw_child_stop(sys, "charon") < 0)
		return -1;
	pid = running();
	if (pid == 0)
		return clean(sys, dir);
	return gw_fail(sys,
	    "another charon (process %d, not the gateway's) is running, and a "
	    "machine has but one: stop it "
	    "(systemctl disable --now strongswan-starter strongswan)",
	    (int)pid);
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *dir = gw_step_need(s, "dir");
	char *claim = path_of(dir, "claim");
	int rc = 0;

	if (gw_child_find(sys, "charon", NULL) == 0)
		rc = take_over(sys, dir);
	if (rc == 0 &&
	    (gw_mkdirs(claim, 0700) < 0 || gw_write_file(claim, "", 0600) < 0))
		rc = gw_fail(sys, "%s: %s", claim, strerror(errno));
	free(claim);
	return rc;
}

static int
remember(struct gw_system *sys, struct gw_step *s)
{
	char value[GW_SYSCTL_MAX];

	if (gw_sysctl_read(ACQUIRE, value) == 0)
		gw_step_set(s, sys->arena, "was", value);
	return 0;
}

/* What somebody else has set since is his. */
static void
restore(const struct gw_step *s)
{
	const char *was = gw_step_get(s, "was");
	char value[GW_SYSCTL_MAX];

	if (was != NULL && gw_sysctl_read(ACQUIRE, value) == 0 &&
	    strcmp(value, ACQUIRE_S) == 0)
		(void)gw_sysctl_write(ACQUIRE, was);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *dir = gw_step_need(s, "dir");
	char *claim = path_of(dir, "claim");
	int rc = 0;

	/* Without the claim make() did not get so far as to own anything. */
	if (access(claim, F_OK) == 0 && running() == 0)
		rc = clean(sys, dir);
	if (rc == 0 && running() == 0)
		restore(s);
	if (rc == 0)
		(void)unlink(claim);
	(void)rmdir(dir); /* while it is empty */
	free(claim);
	return rc;
}

/* Without a charon nobody else has policies of that priority. */
static int
sweep(struct gw_system *sys, FILE *out)
{
	int n;

	if (running() != 0)
		return 0;
	n = sweep_kernel(sys, true);
	if (n > 0)
		fprintf(out, "ip xfrm: %d policies and associations\n", n);
	return n < 0 ? -1 : 0;
}

const struct gw_kind gw_kind_ipsec = {
	.name = "ipsec",
	.describe = describe,
	.probe = probe,
	.remember = remember,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
