#include "tunnel/wireguard_go.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "child.h"
#include "tunnel/device.h"

/* Its child's name: of a log and pid file. */
#define NAME_LEN (sizeof("wireguard-go-") + GW_LINK_MAX)

static void
name_of(const char *link, char name[NAME_LEN])
{
	snprintf(name, NAME_LEN, "wireguard-go-%.*s", (int)GW_LINK_MAX, link);
}

static void
socket_of(const char *link, struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(sun->sun_path, sizeof(sun->sun_path),
	    GW_DEVICE_SOCKET_DIR "/%.*s.sock", (int)GW_LINK_MAX, link);
}

/*
 * A socket that was left by a program that was killed goes. One that somebody
 * answers is another's: the folder is shared by all network namespaces. 0, or
 * -1 for that.
 */
static int
remove_stale(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = 0;

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		r = -1;
	else if (errno == ECONNREFUSED)
		unlink(sun->sun_path);
	close(fd);
	return r;
}

int
gw_wireguard_go(struct gw_system *sys, const char *link)
{
	const char *const argv[] = { "wireguard-go", "-f", link, NULL };
	/* "-f" needs this besides, or it prints advice. Its errors alone. */
	const char *const env[] = { "WG_PROCESS_FOREGROUND=1",
		"LOG_LEVEL=error", NULL };
	char name[NAME_LEN], *program;
	struct sockaddr_un sun;
	struct gw_child child = {
		.name = name, .argv = argv, .env = env, .ready = sun.sun_path
	};

	name_of(link, name);
	socket_of(link, &sun);
	if (gw_child_find(sys, name, NULL) != 0 &&
	    gw_system_link(sys, link) != 0)
		return 0;
	program = gw_program(argv[0]);
	if (program == NULL)
		return gw_fail(sys,
		    "%s: the kernel has no WireGuard; load its module "
		    "(modprobe wireguard), or install wireguard-go",
		    link);
	free(program);
	if (gw_child_stop(sys, name) < 0)
		return -1;
	if (remove_stale(&sun) < 0)
		return gw_fail(sys,
		    "%s: another wireguard-go answers at %s; stop it, or give "
		    "the tunnel another link =",
		    link, sun.sun_path);
	return gw_child_start(sys, &child);
}

int
gw_wireguard_go_stop(struct gw_system *sys, const char *link)
{
	char name[NAME_LEN];
	struct sockaddr_un sun;
	bool was;

	name_of(link, name);
	socket_of(link, &sun);
	was = gw_child_find(sys, name, NULL) != 0;
	if (gw_child_stop(sys, name) < 0)
		return -1;
	/* It removes its socket when it may end in peace; it may have been
	 * killed, now or before. */
	remove_stale(&sun);
	if (was)
		rmdir(GW_DEVICE_SOCKET_DIR); /* if nobody uses it */
	return 0;
}

bool
gw_wireguard_go_runs(struct gw_system *sys, const char *link)
{
	char name[NAME_LEN];

	name_of(link, name);
	return gw_child_find(sys, name, NULL) != 0;
}
