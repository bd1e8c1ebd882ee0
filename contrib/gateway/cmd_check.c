/*
 * check: will it work here? Each finding on a line: what, and the remedy.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "check/check.h"
#include "cmd.h"

static const char usage[] =
    "usage: pared-gateway check [-c FILE] [--json]\n"
    "\n"
    "Says what on this machine is in the way of the configuration, and what "
    "to\n"
    "do about it. Changes nothing. As root it sees more: the packet filter of\n"
    "others. Exits 1 when something will not work.\n"
    "\n"
    "  --json  the same as data\n";

static const char *const levels[GW_NLEVELS] = {
	[GW_NOTE] = "note",
	[GW_WARN] = "warning",
	[GW_ERROR] = "error",
};

void
gw_find(struct gw_check *c, enum gw_level level, const char *fmt, ...)
{
	struct gw_finding *f;
	va_list ap;

	c->v = pd_xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	f = &c->v[c->n++];
	*f = (struct gw_finding){ .level = level };
	va_start(ap, fmt);
	if (vasprintf(&f->what, fmt, ap) < 0)
		abort();
	va_end(ap);
}

void
gw_remedy(struct gw_check *c, const char *fmt, ...)
{
	struct gw_finding *f = &c->v[c->n - 1];
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&f->remedy, fmt, ap) < 0)
		abort();
	va_end(ap);
}

static void
print_json(const struct gw_check *c)
{
	printf("[");
	for (size_t i = 0; i < c->n; i++) {
		const struct gw_finding *f = &c->v[i];

		printf("%s\n{\"level\":\"%s\",\"what\":", i > 0 ? "," : "",
		    levels[f->level]);
		pd_json_write(stdout, pd_str_z(f->what));
		if (f->remedy != NULL) {
			printf(",\"remedy\":");
			pd_json_write(stdout, pd_str_z(f->remedy));
		}
		printf("}");
	}
	printf("%s]\n", c->n > 0 ? "\n" : "");
}

/* The worst first. */
static void
print_lines(const struct gw_check *c)
{
	for (int level = GW_NLEVELS - 1; level >= 0; level--) {
		for (size_t i = 0; i < c->n; i++) {
			const struct gw_finding *f = &c->v[i];

			if ((int)f->level != level)
				continue;
			printf("%s: %s\n", levels[level], f->what);
			if (f->remedy != NULL)
				printf("    remedy: %s\n", f->remedy);
		}
	}
	if (c->n == 0)
		puts("nothing is in the way");
}

static void
look(struct gw_check *c)
{
	for (size_t i = 0; i < c->plan->notes.n; i++)
		gw_find(c, GW_WARN, "%s", c->plan->notes.v[i]);
	if (c->plan->clients->unread) {
		gw_find(c, GW_NOTE, "clients may not be read by this user");
		gw_remedy(c, "run it as root");
	}
	gw_check_programs(c);
	gw_check_files(c);
	gw_check_net(c);
	gw_check_ports(c);
	gw_check_filter(c);
}

int
gw_cmd_check(const struct gw_plan *p, int argc, char **argv)
{
	bool json = false;
	const struct pd_cmd_option options[] = {
		{ "json", .flag = &json },
		{ 0 },
	};
	struct pd_cmd_line line = { "check", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	struct gw_system sys;
	struct gw_check c = { .plan = p, .sys = &sys, .root = geteuid() == 0 };

	if (rc != PD_CMD_GO || p == NULL)
		return rc;
	rc = GW_OK;
	gw_system_of(&sys, p->conf);
	look(&c);
	if (json)
		print_json(&c);
	else
		print_lines(&c);
	for (size_t i = 0; i < c.n; i++) {
		if (c.v[i].level == GW_ERROR)
			rc = GW_FAIL;
		free(c.v[i].what);
		free(c.v[i].remedy);
	}
	free(c.v);
	gw_system_finish(&sys);
	return pd_cmd_end(rc);
}
