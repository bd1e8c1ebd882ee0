/*
 * pared-gateway plan: what `up` will do, from the same steps.
 */
#include <stdlib.h>

#include "base/json.h"
#include "cmd.h"

static const char usage[] =
    "usage: pared-gateway plan [-c FILE] [--nft | --json]\n"
    "\n"
    "Every step that `up` takes, one a line and in order. Changes nothing and\n"
    "needs no root; warnings go to stderr.\n"
    "\n"
    "  --nft   only the rules, as `nft -f` takes them\n"
    "  --json  the steps as data\n";

static void
print_text(const struct gw_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		p->v[i]->kind->describe(p->v[i], stdout);
		putchar('\n');
	}
}

static void
print_rules(const struct gw_plan *p)
{
	if (p->rules_text != NULL)
		fputs(p->rules_text, stdout);
}

static void
print_step(const struct gw_step *s, enum gw_phase phase)
{
	char *text = gw_step_text(s);

	printf("{\"phase\":\"%s\",\"kind\":\"%s\",\"args\":{",
	    gw_phase_name(phase), s->kind->name);
	for (size_t i = 0; i < s->nargs; i++) {
		if (i > 0)
			putchar(',');
		pd_json_write(stdout, pd_str_z(s->args[i].name));
		putchar(':');
		pd_json_write(stdout, pd_str_z(s->args[i].value));
	}
	putchar('}');
	if (s->secret) {
		fputs(",\"secret\":true", stdout);
	} else if (s->text != NULL) {
		fputs(",\"text\":", stdout);
		pd_json_write(stdout, pd_str_z(s->text));
	}
	fputs(",\"describe\":", stdout);
	pd_json_write(stdout, pd_str_z(text));
	putchar('}');
	free(text);
}

static void
print_json(const struct gw_plan *p)
{
	putchar('[');
	for (size_t i = 0; i < p->n; i++) {
		fputs(i > 0 ? ",\n " : "\n ", stdout);
		print_step(p->v[i], p->phases[i]);
	}
	fputs("\n]\n", stdout);
}

int
gw_cmd_plan(const struct gw_plan *p, int argc, char **argv)
{
	bool nft = false, json = false;
	const struct pd_cmd_option options[] = {
		{ "json", .flag = &json },
		{ "nft", .flag = &nft },
		{ 0 },
	};
	struct pd_cmd_line line = { "plan", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc != PD_CMD_GO)
		return rc;
	if (nft && json)
		return pd_cmd_wrong(&line, "--nft or --json, not both");
	if (p == NULL)
		return rc;
	gw_cmd_notes(p);
	if (nft)
		print_rules(p);
	else if (json)
		print_json(p);
	else
		print_text(p);
	return pd_cmd_end(GW_OK);
}
