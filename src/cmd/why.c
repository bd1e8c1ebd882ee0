/*
 * pared why: every rule that matches a URL, which of them decides, and what
 * would be sent.
 */
#include "why.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "cmd/lists.h"

static const char usage[] =
    "usage: pared why [-c FILE] [--type TYPE] [--source URL] [--device ADDRESS]"
    "\n"
    "                 [--list FILE]... [--json] URL\n"
    "\n"
    "  pared why https://ads.example.com/a.js\n"
    "  pared why --type image --source https://news.example.org/ URL\n"
    "  pared why --list new.txt URL\n"
    "\n"
    "  -c FILE           the configuration; else " PD_CMD_CONF "\n"
    "  --type TYPE       document, subdocument, script, stylesheet, image,\n"
    "                    font, media, object, xmlhttprequest, websocket, "
    "ping,\n"
    "                    csp_report, other; else by the URL's ending\n"
    "  --source URL      the page that asks, or its host\n"
    "  --device ADDRESS  for this device: its lists, and what it was allowed\n"
    "  --list FILE       by this list alone (may be given more than once);\n"
    "                    needs no configuration\n"
    "  --json            the answer as JSON\n"
    "\n"
    "Exit status: 0 told, whatever the verdict; 1 the lists cannot be read;\n"
    "2 not understood.\n";

struct question {
	struct pd_lists_words words;
	const char *url, *type, *source, *device;
};

static void
print_rule(const struct pd_match_rule *rule, const char *role,
    const char *remark, struct pd_arena *arena)
{
	printf("  %-8s ", role);
	pd_lists_print(pd_block_place(rule, arena));
	fputs("  ", stdout);
	pd_lists_print(rule->text);
	printf("%s\n", remark);
}

static const char *
remark_of(const struct pd_match_found *found)
{
	if (found->exception)
		return found->important ? "  (important exception)"
					: "  (exception)";
	return found->important ? "  (important)" : "";
}

static const char *
page_remark(enum pd_source_party party)
{
	return party == PD_SOURCE_THIRD
		   ? "not told, and taken for one of another site"
		   : "not told: rules for certain pages and parties do not "
		     "match";
}

static void
print_question(const struct pd_why *w, struct pd_arena *arena)
{
	pd_lists_print(w->url);
	putchar('\n');
	printf("  type     ");
	pd_lists_print(pd_why_types(w->inferred.types, arena));
	printf("%s\n", w->type_guessed ? "  (guessed; --type tells)" : "");
	printf("  page     ");
	if (w->inferred.source.n > 0)
		pd_lists_print(w->inferred.source);
	else
		printf("%s  (--source tells)", page_remark(w->inferred.party));
	putchar('\n');
	if (w->policy.n > 0) {
		fputs("  policy   ", stdout);
		pd_lists_print(w->policy);
		putchar('\n');
	}
}

static void
print_text(const struct pd_why *w, struct pd_arena *arena)
{
	print_question(w, arena);
	for (size_t i = 0; i < w->nrules; i++)
		print_rule(&w->rules[i].rule,
		    pd_match_role_name(w->rules[i].role),
		    remark_of(&w->rules[i]), arena);
	for (size_t i = 0; i < w->ntunnel_rules; i++)
		print_rule(&w->tunnel_rules[i].rule,
		    pd_match_role_name(w->tunnel_rules[i].role),
		    "  (of the tunnel)", arena);
	if (w->nmore > 0)
		printf("  and %zu more\n", w->nmore);
	pd_lists_print(w->sentence);
	putchar('\n');
	if (w->sent.n > 0) {
		fputs("The client gets ", stdout);
		pd_lists_print(w->sent);
		fputs(".\n", stdout);
	}
	for (size_t i = 0; i < w->nchanges; i++) {
		printf("The answer is changed: %s ",
		    pd_rule_action_name(w->changes[i].action));
		pd_lists_print(w->changes[i].value);
		putchar('\n');
	}
	if (w->https)
		printf("https is tunnelled unread, and judged by the host "
		       "alone: the tunnel %s.\n",
		    pd_why_refused(w) ? "is refused" : "passes");
}

static int
tell(const struct question *q, const struct pd_conf *conf,
    const struct pd_addr *client)
{
	/* What cannot be applied in a list that is tried is `pared lists
	 * compile`'s to tell. */
	struct pd_block_set *rules = pd_block_look(
	    conf, q->words.files.n > 0 ? &pd_lists_errors : &pd_lists_report);
	struct pd_probe_set *probes = pd_probe_load(conf, &pd_lists_report);
	struct pd_why_params params = {
		.conf = conf,
		.rules = rules,
		.probes = q->words.files.n == 0 ? probes : NULL,
		.client = client,
		.now_s = (int64_t)time(NULL),
		.url = pd_str_z(q->url),
		.type = pd_str_z(q->type),
		.source = pd_str_z(q->source),
	};
	struct pd_why why;
	const char *wrong;
	int rc = PD_CMD_FAIL;

	if (rules == NULL || probes == NULL)
		goto done;
	params.scratch = pd_scratch_create();
	params.arena = pd_arena_create();
	wrong = pd_why_ask(&params, &why);
	if (wrong != NULL) {
		fprintf(stderr, "pared why: %.200s: %s\n", q->url, wrong);
		rc = PD_CMD_USAGE;
	} else {
		if (q->words.json)
			pd_why_write_json(stdout, &why, params.arena);
		else
			print_text(&why, params.arena);
		rc = PD_CMD_OK;
	}
	pd_arena_destroy(params.arena);
	pd_scratch_destroy(params.scratch);
done:
	pd_probe_destroy(probes);
	pd_block_unref(rules);
	return rc;
}

static int
ask(const struct question *q)
{
	struct pd_addr client;
	struct pd_conf *conf;
	int rc;

	if (q->device != NULL &&
	    pd_addr_parse(pd_str_z(q->device), &client) < 0) {
		fprintf(
		    stderr, "pared why: \"%.100s\" is no address\n", q->device);
		return PD_CMD_USAGE;
	}
	conf = pd_lists_conf(&q->words);
	if (conf == NULL)
		return PD_CMD_FAIL;
	rc = tell(q, conf, q->device != NULL ? &client : NULL);
	pd_conf_unref(conf);
	return pd_cmd_end(rc);
}

int
pd_cmd_why(int argc, char **argv)
{
	struct question q = { 0 };
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &q.words.conf_path },
		{ "device", .value = &q.device },
		{ "json", .flag = &q.words.json },
		{ "list", .values = &q.words.files },
		{ "source", .value = &q.source },
		{ "type", .value = &q.type },
		{ 0 },
	};
	struct pd_cmd_line line = { "why", usage, options, .most = 1 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && line.nwords == 0)
		rc = pd_cmd_wrong(&line, "which URL?");
	if (rc == PD_CMD_GO) {
		q.url = line.words[0];
		rc = ask(&q);
	}
	pd_lists_words_finish(&q.words);
	return rc;
}
