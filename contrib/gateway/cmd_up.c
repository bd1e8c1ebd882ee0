/*
 * pared-gateway up and down.
 */
#include "apply.h"
#include "base/arena.h"
#include "cmd.h"

/* ---- up ----------------------------------------------------------------- */

static const char up_usage[] =
    "usage: pared-gateway up [-c FILE] [-v]\n"
    "\n"
    "Does what is missing, mends what has drifted, and undoes what an earlier\n"
    "configuration did and this one does not want. When a step fails, or at\n"
    "Ctrl-C, what was done is undone.\n"
    "\n"
    "  -v, --verbose  a line for each step, as `plan` shows it\n";

static void
summarize(const struct gw_engine *e)
{
	if (e->changed == 0)
		puts("nothing to do: all as planned");
	else if (e->unchanged == 0)
		printf("%zu step%s done\n", e->changed,
		    e->changed == 1 ? "" : "s");
	else
		printf("%zu step%s done, %zu as they were\n", e->changed,
		    e->changed == 1 ? "" : "s", e->unchanged);
}

int
gw_cmd_up(const struct gw_plan *p, int argc, char **argv)
{
	bool verbose = false;
	const struct pd_cmd_option options[] = {
		{ "verbose", 'v', .flag = &verbose },
		{ 0 },
	};
	struct pd_cmd_line line = { "up", up_usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	struct gw_engine e;

	if (rc != PD_CMD_GO || p == NULL)
		return rc;
	gw_cmd_notes(p);
	if (gw_engine_begin(&e, p->conf) < 0)
		return GW_FAIL;
	e.tell = verbose ? stdout : NULL;
	rc = gw_apply(&e, p) < 0 ? GW_FAIL : GW_OK;
	if (rc == GW_OK)
		summarize(&e);
	rc = pd_cmd_end(rc);
	gw_engine_end(&e);
	return rc;
}

/* ---- down --------------------------------------------------------------- */

static const char down_usage[] =
    "usage: pared-gateway down [-c FILE] [--by-tag] [-v]\n"
    "       pared-gateway down --name NAME [--run-dir DIR] [--by-tag] [-v]\n"
    "\n"
    "Takes back all that `up` did, last first, by what was written down then;\n"
    "what the file says by now is of no matter.\n"
    "\n"
    "  -n, --name NAME  the gateway's name, when its file is broken or gone\n"
    "  --run-dir DIR    with --name, where the file said so\n"
    "  --by-tag         by the marks that everything of ours bears, when what\n"
    "                   was written down is lost; settings (sysctls) bear "
    "none,\n"
    "                   and are only named\n"
    "  -v, --verbose    a line for each step\n";

/* By name, without a file: whether there is a table of rules of that name. */
static bool
has_table(struct gw_engine *e)
{
	char table[sizeof(GW_RULES_TABLE) + GW_NAME_MAX];
	struct gw_arg arg = { .name = "table", .value = table };
	struct gw_step s = {
		.kind = &gw_kind_nft, .args = &arg, .nargs = 1, .nkeys = 1
	};
	enum gw_state state;

	snprintf(table, sizeof(table), GW_RULES_TABLE "%s", e->sys.name);
	state = s.kind->probe(&e->sys, &s);
	return state == GW_AS_PLANNED || state == GW_DRIFTED;
}

/* Something of the plan is there that only we make, and nothing says so. */
static bool
is_lost(struct gw_engine *e, const struct gw_plan *p)
{
	if (p == NULL)
		return has_table(e);
	for (size_t i = 0; i < p->n; i++) {
		const struct gw_step *s = p->v[i];

		if (gw_step_is_marked(s) &&
		    s->kind->probe(&e->sys, s) == GW_AS_PLANNED)
			return true;
	}
	return false;
}

static int
by_journal(struct gw_engine *e, const struct gw_plan *p)
{
	size_t n = e->journal.n;

	if (n == 0 && is_lost(e, p)) {
		fprintf(stderr,
		    "pared-gateway: something of gateway %s is there, of which "
		    "nothing is written down in %s; it may be up by another "
		    "run-dir; else: pared-gateway down --by-tag\n",
		    e->sys.name, e->sys.run_dir);
		return GW_FAIL;
	}
	if (n == 0) {
		printf("gateway %s is not up\n", e->sys.name);
		return GW_OK;
	}
	if (gw_engine_down(e) < 0)
		return GW_FAIL;
	printf("%zu step%s undone\n", n, n == 1 ? "" : "s");
	return GW_OK;
}

static int
by_tag(struct gw_engine *e, const struct gw_plan *p)
{
	int rc = e->journal.n > 0 ? by_journal(e, p) : GW_OK;

	return gw_engine_sweep(e, p) < 0 ? GW_FAIL : rc;
}

int
gw_cmd_down(const struct gw_plan *p, int argc, char **argv)
{
	bool verbose = false, tags = false;
	const char *name = NULL, *run_dir = NULL;
	const struct pd_cmd_option options[] = {
		{ "by-tag", .flag = &tags },
		{ "name", 'n', .value = &name },
		{ "run-dir", .value = &run_dir },
		{ "verbose", 'v', .flag = &verbose },
		{ 0 },
	};
	struct pd_cmd_line line = { "down", down_usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	struct gw_config named = { 0 };
	struct gw_begin how = { 0 };
	struct gw_engine e;

	if (rc != PD_CMD_GO)
		return rc;
	if (name != NULL && !gw_is_name(name, GW_NAME_MAX))
		return pd_cmd_wrong(&line, "\"%.100s\" is no name", name);
	if (run_dir != NULL && (name == NULL || run_dir[0] != '/'))
		return pd_cmd_wrong(
		    &line, "--run-dir wants a whole path, and --name");
	if (name == NULL && p == NULL)
		return rc;
	named.name = (char *)name;
	named.run_dir = run_dir != NULL ? (char *)run_dir : GW_CMD_RUN_DIR;
	named.state_dir = GW_CMD_STATE_DIR;
	how.salvage = tags;
	if (gw_engine_begin_with(&e, name != NULL ? &named : p->conf, &how) < 0)
		return GW_FAIL;
	e.tell = verbose ? stdout : NULL;
	rc = tags ? by_tag(&e, p) : by_journal(&e, p);
	rc = pd_cmd_end(rc);
	gw_engine_end(&e);
	return rc;
}
