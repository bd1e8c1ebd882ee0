#include "net/self.h"

#include <dirent.h>
#include <unistd.h>

/* By a datagram socket, whose connect(2) only looks up the route. */
struct pd_addr
pd_self_source(const struct pd_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = pd_addr_to_sockaddr(a, &ss);
	struct pd_addr source = { 0 };
	int fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return source;
	if (connect(fd, (struct sockaddr *)&ss, len) == 0) {
		len = sizeof(ss);
		if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
			source = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	}
	close(fd);
	return source;
}

static bool
has_family(uint16_t family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/*
 * What is sent to an own address has it as its source. (A bind(2) would tell as
 * well, but for net.ipv4.ip_nonlocal_bind, which lets any address pass.)
 */
bool
pd_self_has(const struct pd_addr *a)
{
	static const struct pd_addr none;
	struct pd_addr source;

	if (memcmp(a->ip, none.ip, sizeof(a->ip)) == 0)
		return has_family(a->family);
	source = pd_self_source(a);
	/* All of 127.0.0.0/8 is sent to from 127.0.0.1. */
	if (pd_addr_kind(a) == PD_ADDR_LOOPBACK)
		return pd_addr_kind(&source) == PD_ADDR_LOOPBACK;
	return source.family == a->family &&
	       memcmp(source.ip, a->ip, sizeof(a->ip)) == 0;
}

static bool
has_end(int fd, int (*name)(int, struct sockaddr *, socklen_t *),
    const struct pd_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct pd_addr end;

	if (name(fd, (struct sockaddr *)&ss, &len) != 0)
		return false;
	end = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	return pd_addr_equal(&end, a);
}

/* Both ends are looked at: the kernel gives one port to several processes if
 * they go to different places. */
bool
pd_self_dialled(const struct pd_addr *a, const struct pd_addr *to)
{
	struct dirent *e;
	bool found = false;
	DIR *d;

	if (!pd_self_has(a))
		return false;
	d = opendir("/proc/self/fd");
	if (d == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL) {
		int64_t fd;

		found = pd_str_u63(pd_str_z(e->d_name), &fd) == 0 &&
			has_end((int)fd, getsockname, a) &&
			has_end((int)fd, getpeername, to);
	}
	closedir(d);
	return found;
}
