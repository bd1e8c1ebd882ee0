/*
 * pared-gateway status.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "cmd.h"
#include "engine.h"
#include "tunnel/status.h"

static const char usage[] =
    "usage: pared-gateway status [-c FILE] [--json] [-v]\n"
    "\n"
    "Is the machine as the configuration wants it? Names what is not, and who\n"
    "is connected. Exits 1 when a step is not as planned.\n"
    "\n"
    "  --json         the same as data\n"
    "  -v, --verbose  every step, also those that are as planned\n";

static void
print_text(struct gw_engine *e, const struct gw_plan *p,
    const enum gw_state *state, bool verbose)
{
	size_t good = 0;

	for (size_t i = 0; i < p->n; i++) {
		char *text = gw_step_text(p->v[i]);

		good += state[i] == GW_AS_PLANNED;
		if (verbose || state[i] != GW_AS_PLANNED)
			printf("%-10s  %s\n", gw_state_name(state[i]), text);
		free(text);
	}
	printf("%s: %zu of %zu steps as planned%s\n", p->conf->name, good, p->n,
	    e->hidden           ? "; whether it is up, root can see"
	    : e->journal.n == 0 ? "; not up"
				: "");
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		printf(
		    "tunnel %s (%s)\n", t->title, gw_tunnel_type_name(t->type));
		gw_tunnel_status(&e->sys, t, p->clients, stdout, false);
	}
}

static void
print_steps(
    struct gw_engine *e, const struct gw_plan *p, const enum gw_state *state)
{
	for (size_t i = 0; i < p->n; i++) {
		char *text = gw_step_text(p->v[i]);

		printf("%s\n    {\"kind\": \"%s\", \"state\": \"%s\", "
		       "\"ours\": %s, \"describe\": ",
		    i > 0 ? "," : "", p->v[i]->kind->name,
		    gw_state_name(state[i]),
		    gw_journal_find(&e->journal, p->v[i]) != NULL ? "true"
								  : "false");
		pd_json_write(stdout, pd_str_z(text));
		putchar('}');
		free(text);
	}
}

static void
print_json(
    struct gw_engine *e, const struct gw_plan *p, const enum gw_state *state)
{
	printf("{\n  \"name\": \"%s\",\n  \"up\": %s,\n  \"steps\": [",
	    p->conf->name,
	    e->hidden          ? "null"
	    : e->journal.n > 0 ? "true"
			       : "false");
	print_steps(e, p, state);
	fputs("],\n  \"tunnels\": [", stdout);
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		printf("%s\n    {\"name\": \"%s\", \"type\": \"%s\", "
		       "\"status\": ",
		    i > 0 ? "," : "", t->title, gw_tunnel_type_name(t->type));
		gw_tunnel_status(&e->sys, t, p->clients, stdout, true);
		putchar('}');
	}
	fputs("],\n  \"warnings\": [", stdout);
	for (size_t i = 0; i < p->notes.n; i++) {
		fputs(i > 0 ? ",\n    " : "\n    ", stdout);
		pd_json_write(stdout, pd_str_z(p->notes.v[i]));
	}
	fputs("]\n}\n", stdout);
}

int
gw_cmd_status(const struct gw_plan *p, int argc, char **argv)
{
	bool json = false, verbose = false;
	const struct pd_cmd_option options[] = {
		{ "json", .flag = &json },
		{ "verbose", 'v', .flag = &verbose },
		{ 0 },
	};
	struct pd_cmd_line line = { "status", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	enum gw_state *state;
	struct gw_engine e;

	if (rc != PD_CMD_GO || p == NULL)
		return rc;
	gw_engine_look(&e, p->conf);
	if (!e.known && !e.hidden)
		fprintf(stderr, "warning: %s\n", e.sys.why);
	state = pd_arena_zalloc(p->arena, (p->n + 1) * sizeof(*state));
	gw_engine_probe(&e, p, state);
	if (json)
		print_json(&e, p, state);
	else
		print_text(&e, p, state, verbose);
	rc = GW_OK;
	for (size_t i = 0; i < p->n; i++)
		rc = state[i] == GW_AS_PLANNED ? rc : GW_FAIL;
	gw_engine_end(&e);
	if (!json)
		gw_cmd_notes(p);
	return pd_cmd_end(rc);
}
