/*
 * Whether a module may go. The kernel counts what uses a module's functions,
 * but not its links: unloading sit or wireguard deletes every tunnel of that
 * kind, in every network namespace, containers' as well. So they are looked
 * for first, in each namespace that a process or /run/netns keeps.
 *
 * A child does it: it enters one namespace after the other, and never comes
 * back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netlink/socket.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kind/module.h"
#include "netlink.h"

#define PATH_LEN 512

/* Namespaces that were looked at. */
struct seen {
	ino_t *v;
	size_t n;
};

/* "sit0" comes with the module, and goes with it. */
static int
is_of(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const char *kind = arg;
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	size_t n = strlen(kind);
	const char *name;

	(void)sys;
	gw_nl_attrs(h, sizeof(struct ifinfomsg), tb, IFLA_MAX);
	if (tb[IFLA_LINKINFO] == NULL || tb[IFLA_IFNAME] == NULL ||
	    nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) <
		0 ||
	    info[IFLA_INFO_KIND] == NULL ||
	    strcmp(nla_get_string(info[IFLA_INFO_KIND]), kind) != 0)
		return 0;
	name = nla_get_string(tb[IFLA_IFNAME]);
	return strncmp(name, kind, n) == 0 && strcmp(name + n, "0") == 0 ? 0
									 : 1;
}

/* In the namespace that we are in. Cannot be seen: taken for yes. */
static bool
has_links(struct gw_system *sys, const char *kind)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_sock *sock = nl_socket_alloc();
	char copy[32];
	int rc = 1;

	snprintf(copy, sizeof(copy), "%s", kind);
	if (sock != NULL && nl_connect(sock, NETLINK_ROUTE) == 0)
		rc = gw_nl_dump_on(sys, sock,
		    gw_nl_request(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info)),
		    is_of, copy);
	nl_socket_free(sock);
	return rc != 0;
}

static bool
is_new(struct seen *s, ino_t ino)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i] == ino)
			return false;
	}
	s->v = pd_xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = ino;
	return true;
}

static bool
used_at(
    struct gw_system *sys, const char *kind, struct seen *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool used = false;

	/* It ended just now; or we may not look, and so do not know. */
	if (fd < 0)
		return errno != ENOENT && errno != ESRCH;
	if (fstat(fd, &st) == 0 && is_new(s, st.st_ino))
		used = setns(fd, CLONE_NEWNET) < 0 || has_links(sys, kind);
	close(fd);
	return used;
}

static bool
used_below(struct gw_system *sys, const char *kind, struct seen *s,
    const char *folder, const char *tail)
{
	char path[PATH_LEN];
	DIR *dir = opendir(folder);
	struct dirent *e;
	bool used = dir == NULL && errno != ENOENT;

	while (dir != NULL && !used && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
		    (tail[0] != '\0' && strspn(e->d_name, "0123456789") == 0))
			continue;
		snprintf(
		    path, sizeof(path), "%s/%s%s", folder, e->d_name, tail);
		used = used_at(sys, kind, s, path);
	}
	if (dir != NULL)
		closedir(dir);
	return used;
}

/* A module's links are of a kind by its name, without "ip_" before it. */
bool
gw_module_in_use(struct gw_system *sys, const char *name)
{
	const char *kind = strncmp(name, "ip_", 3) == 0 ? name + 3 : name;
	struct seen s = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct stat own;
		bool used = stat("/proc/self/ns/net", &own) < 0 ||
			    !is_new(&s, own.st_ino) || has_links(sys, kind) ||
			    used_below(sys, kind, &s, "/proc", "/ns/net") ||
			    used_below(sys, kind, &s, "/run/netns", "");

		_exit(used ? 1 : 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return true;
	}
	return pid < 0 || status != 0;
}
