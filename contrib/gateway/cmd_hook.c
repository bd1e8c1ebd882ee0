/*
 * `hook ppp-up` and `hook ppp-down`: called by pppd, through what pptp.c puts
 * into /etc/ppp/ip-up.d and ip-down.d, when a session begins and ends. Keeps
 * RUN-DIR/ppp/LINK and writes a line to the log.
 *
 * It never fails the session, and knows nothing of other people's: what is not
 * of a pool of ours is none of its business. The proxy needs no word of it: it
 * listens on addresses before they are there (IP_FREEBIND).
 */
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "system.h"
#include "tunnel/pptp.h"

static const char *
get_env(const char *name)
{
	return getenv(name);
}

static void
note_begin(const struct gw_ppp *s, const char *path)
{
	char line[256];

	gw_ppp_print(s, line);
	if (gw_mkdirs(path, 0700) < 0 || gw_write_file(path, line, 0600) < 0)
		syslog(LOG_WARNING, "%s: %s", path, strerror(errno));
	syslog(LOG_INFO, "%s: %s came from %s and has %s", s->link, s->client,
	    s->remote, s->address);
}

static void
note_end(const struct gw_ppp *s, const char *path)
{
	struct gw_ppp noted;
	char *line = gw_read_file(path);
	long long seconds = 0;

	if (line != NULL && gw_ppp_parse(line, &noted) == 0)
		seconds = (long long)(s->since - noted.since);
	(void)unlink(path);
	free(line);
	syslog(
	    LOG_INFO, "%s: %s went after %lld s", s->link, s->client, seconds);
}

static int
hook(const struct gw_config *c, bool up)
{
	struct gw_system sys;
	struct gw_ppp s;
	char *path;

	if (gw_ppp_from_env(c, get_env, &s) < 0)
		return GW_OK;
	gw_system_of(&sys, c);
	path = gw_system_path(&sys, "ppp/%s", s.link);
	openlog("pared-gateway", LOG_PID | LOG_PERROR, LOG_DAEMON);
	if (up)
		note_begin(&s, path);
	else
		note_end(&s, path);
	closelog();
	free(path);
	gw_system_finish(&sys);
	return GW_OK;
}

int
gw_cmd_hook(const struct gw_plan *p, int argc, char **argv)
{
	bool up;

	/* Who types it learns that there is nothing to type. */
	if (getenv("PPP_IFACE") == NULL && getenv("PPP_LOCAL") == NULL &&
	    getenv("PPP_REMOTE") == NULL)
		argc = 0;
	if (argc != 2 || (strcmp(argv[1], "ppp-up") != 0 &&
			     strcmp(argv[1], "ppp-down") != 0)) {
		fputs(
		    "usage: pared-gateway hook ppp-up|ppp-down -c FILE\n"
		    "\n"
		    "For pppd, which says by PPP_IFACE, PPP_REMOTE and others "
		    "in the environment\n"
		    "whose session it is.\n",
		    stderr);
		return GW_USAGE;
	}
	if (p == NULL)
		return PD_CMD_GO;
	up = strcmp(argv[1], "ppp-up") == 0;
	return hook(p->conf, up);
}
