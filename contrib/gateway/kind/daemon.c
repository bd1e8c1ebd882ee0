/*
 * A child of the gateway. Arguments:
 *   name     (key) of its log and pid file
 *   argv0..  its words
 *   env      "NAME=VALUE", optional
 *   cwd      directory, optional
 *   ready    a path that is there once it serves, optional
 *   link     a TUN device that it serves, optional: one that was deleted and
 *            made anew under it is nobody's
 * and whatever else shall make it start anew when it changes (a hash of its
 * configuration).
 */
#include "child.h"

#include <netlink/route/link.h>
#include <unistd.h>

/* Of all that the step says: another hash, another child. */
static uint64_t
mark_of(const struct gw_step *s)
{
	uint64_t h = GW_HASH;

	for (size_t i = 0; i < s->nargs; i++) {
		h = gw_hash(h, s->args[i].name);
		h = gw_hash(h, s->args[i].value);
	}
	return h;
}

static const char *
word(const struct gw_step *s, unsigned i)
{
	char name[16];

	snprintf(name, sizeof(name), "argv%u", i);
	return gw_step_get(s, name);
}

static void
describe(const struct gw_step *s, FILE *out)
{
	const char *value;

	fputs("start", out);
	if ((value = gw_step_get(s, "env")) != NULL)
		fprintf(out, " %s", value);
	for (unsigned i = 0; (value = word(s, i)) != NULL; i++)
		fprintf(out, " %s", value);
}

/* Of its own accord the kernel tells that somebody holds the device. */
static bool
holds_link(struct gw_system *sys, const struct gw_step *s)
{
	const char *name = gw_step_get(s, "link");
	struct nl_sock *sock = name != NULL ? gw_system_route(sys) : NULL;
	struct rtnl_link *link = NULL;
	bool holds;

	if (sock == NULL)
		return true;
	if (rtnl_link_get_kernel(sock, 0, name, &link) < 0)
		return false;
	holds = rtnl_link_get_carrier(link) != 0;
	rtnl_link_put(link);
	return holds;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	uint64_t mark;

	/* The run directory is closed to all but its owner. */
	if (access(sys->run_dir, F_OK) == 0 &&
	    access(sys->run_dir, R_OK | X_OK) < 0)
		return GW_UNSEEN;
	if (gw_child_find(sys, gw_step_need(s, "name"), &mark) == 0)
		return GW_MISSING;
	return mark == mark_of(s) && holds_link(sys, s) ? GW_AS_PLANNED
							: GW_DRIFTED;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *argv[GW_ARGS_MAX + 1] = { NULL }, *env[2] = { NULL };
	struct gw_child c = {
		.name = gw_step_need(s, "name"),
		.argv = argv,
		.env = env,
		.cwd = gw_step_get(s, "cwd"),
		.ready = gw_step_get(s, "ready"),
	};

	for (unsigned i = 0; (argv[i] = word(s, i)) != NULL; i++)
		;
	if (argv[0] == NULL)
		return gw_fail(sys, "no program is named");
	env[0] = gw_step_get(s, "env");
	/* One of before, or one whose start we did not live to note. */
	if (gw_child_stop(sys, c.name) < 0 || gw_child_start(sys, &c) < 0)
		return -1;
	return gw_child_mark(sys, c.name, mark_of(s));
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	if (gw_child_stop(sys, gw_step_need(s, "name")) < 0)
		return -1;
	gw_child_unready(sys, gw_step_get(s, "ready"));
	return 0;
}

const struct gw_kind gw_kind_daemon = {
	.name = "daemon",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = gw_child_stop_all,
};
