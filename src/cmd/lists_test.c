/*
 * pared lists test: what other lists would have done to yesterday's requests.
 *
 * An access log in JSON is read line by line; each URL is judged by the lists
 * in question as it was asked then, and compared with what was done.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/json.h"
#include "cmd/lists.h"
#include "cmd/lists_replay.h"
#include "filters/block/set.h"

#define LINE_MAX_LEN (256 * 1024) /* bytes; a URL has 16 K, times six */

static const char usage[] =
    "usage: pared lists test [-c FILE] --log FILE [--list FILE]...\n"
    "                        [--source NAME]... [--json]\n"
    "\n"
    "  pared lists test --log access.json --list new.txt\n"
    "  pared lists test --log access.json --source annoyances\n"
    "\n"
    "  --log FILE     an access log in JSON (AccessLogFormat = \"json\"); -\n"
    "                 for standard input\n"
    "  --list FILE    judge by this file alone (may be given more than once)\n"
    "  --source NAME  with the configured lists, switch this one on (may be\n"
    "                 given more than once)\n"
    "  -c FILE        the configuration; else " PD_CMD_CONF "\n"
    "  --json         the result as JSON\n"
    "\n"
    "Tells what would be blocked that passed, and what would pass that was\n"
    "blocked. Changes nothing.\n";

static void
print_group(const struct pd_replay_group *g)
{
	printf("  %8" PRIu64 "  ", g->n);
	pd_lists_print(g->rule);
	fputs("  e.g. ", stdout);
	pd_lists_print(g->url);
	putchar('\n');
}

static void
print_text(struct pd_replay *r)
{
	static const char *const titles[] = {
		[PD_REPLAY_BLOCKED] = "newly blocked",
		[PD_REPLAY_PASSED] = "newly passed",
	};
	const struct pd_replay_sums *sums = pd_replay_sums(r);
	const struct pd_replay_group *groups;
	size_t n;

	for (int i = 0; i < PD_REPLAY_CHANGES; i++) {
		enum pd_replay_change change = (enum pd_replay_change)i;

		groups = pd_replay_groups(r, change, &n);
		printf("%s: %" PRIu64 "\n", titles[i], sums->changed[i]);
		for (size_t k = 0; k < n; k++)
			print_group(&groups[k]);
	}
	puts("blocked by list:");
	for (size_t i = 0; i < pd_replay_lists(r); i++) {
		struct pd_str name;
		uint64_t blocks = pd_replay_list(r, i, &name);

		printf("  %8" PRIu64 "  ", blocks);
		pd_lists_print(name);
		putchar('\n');
	}
	printf("%" PRIu64 " requests: %" PRIu64 " were blocked, %" PRIu64
	       " would be.\n",
	    sums->requests, sums->was_blocked, sums->now_blocked);
	if (sums->other > 0)
		printf("%" PRIu64 " lines are of requests that no list is "
		       "asked about.\n",
		    sums->other);
	if (sums->malformed > 0)
		printf("%" PRIu64 " lines are no lines of an access log in "
		       "JSON.\n",
		    sums->malformed);
}

static void
json_groups(struct pd_replay *r, const char *name, enum pd_replay_change change)
{
	const struct pd_replay_group *groups;
	size_t n;

	groups = pd_replay_groups(r, change, &n);
	printf(",\n  \"%s\": [", name);
	for (size_t i = 0; i < n; i++) {
		printf("%s\n    {\"requests\": %" PRIu64 ", \"rule\": ",
		    i > 0 ? "," : "", groups[i].n);
		pd_json_write(stdout, groups[i].rule);
		fputs(", \"url\": ", stdout);
		pd_json_write(stdout, groups[i].url);
		putchar('}');
	}
	printf("%s]", n > 0 ? "\n  " : "");
}

static void
print_json(struct pd_replay *r)
{
	const struct pd_replay_sums *sums = pd_replay_sums(r);

	printf("{\n  \"requests\": %" PRIu64 ",\n  \"was_blocked\": %" PRIu64
	       ",\n  \"now_blocked\": %" PRIu64
	       ",\n  \"newly_blocked\": %" PRIu64
	       ",\n  \"newly_passed\": %" PRIu64 ",\n  \"other\": %" PRIu64
	       ",\n  \"malformed\": %" PRIu64,
	    sums->requests, sums->was_blocked, sums->now_blocked,
	    sums->changed[PD_REPLAY_BLOCKED], sums->changed[PD_REPLAY_PASSED],
	    sums->other, sums->malformed);
	json_groups(r, "blocked_rules", PD_REPLAY_BLOCKED);
	json_groups(r, "passed_rules", PD_REPLAY_PASSED);
	fputs(",\n  \"lists\": [", stdout);
	for (size_t i = 0; i < pd_replay_lists(r); i++) {
		struct pd_str name;
		uint64_t blocks = pd_replay_list(r, i, &name);

		pd_lists_json_name(i, name);
		printf(", \"blocked\": %" PRIu64 "}", blocks);
	}
	fputs("\n  ]\n}\n", stdout);
}

/* Reads on to the end of a line that has no room. */
static void
skip_line(FILE *f)
{
	int c;

	do {
		c = getc_unlocked(f);
	} while (c != '\n' && c != EOF);
}

static int
replay_file(struct pd_replay *r, FILE *f, const char *name)
{
	char *line = pd_xalloc(LINE_MAX_LEN);
	size_t n;

	while (fgets(line, LINE_MAX_LEN, f) != NULL) {
		n = strlen(line);
		if (n > 0 && line[n - 1] == '\n')
			n--;
		else if (n == LINE_MAX_LEN - 1)
			skip_line(f);
		pd_replay_line(r, pd_str_of(line, n));
	}
	free(line);
	if (!ferror(f))
		return 0;
	fprintf(stderr, "pared lists test: %s: %s\n", name, strerror(errno));
	return -1;
}

static int
test(const struct pd_lists_words *w, struct pd_conf *conf, FILE *f,
    const char *name)
{
	struct pd_block_set *set;
	struct pd_replay *r;
	int rc = PD_CMD_FAIL;

	if (pd_lists_detach(conf, w) < 0)
		return PD_CMD_USAGE;
	set = pd_block_look(conf, &pd_lists_report);
	if (set == NULL)
		return PD_CMD_FAIL;
	r = pd_replay_create(set, (int64_t)time(NULL));
	if (replay_file(r, f, name) < 0)
		goto done;
	if (pd_replay_sums(r)->requests == 0 &&
	    pd_replay_sums(r)->malformed > 0) {
		fprintf(stderr,
		    "pared lists test: %s is no access log in JSON; "
		    "AccessLogFormat = \"json\" writes one\n",
		    name);
		goto done;
	}
	if (w->json)
		print_json(r);
	else
		print_text(r);
	rc = PD_CMD_OK;
done:
	pd_replay_destroy(r);
	pd_block_unref(set);
	return rc;
}

static int
test_words(const struct pd_lists_words *w, const char *log)
{
	bool input = strcmp(log, "-") == 0;
	FILE *f = input ? stdin : fopen(log, "re");
	struct pd_conf *conf;
	int rc = PD_CMD_FAIL;

	if (f == NULL) {
		fprintf(
		    stderr, "pared lists test: %s: %s\n", log, strerror(errno));
		return PD_CMD_FAIL;
	}
	conf = pd_lists_conf(w);
	if (conf != NULL)
		rc = test(w, conf, f, log);
	pd_conf_unref(conf);
	if (!input)
		fclose(f);
	return pd_cmd_end(rc);
}

int
pd_lists_cmd_test(int argc, char **argv)
{
	struct pd_lists_words w = { 0 };
	const char *log = NULL;
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &w.conf_path },
		{ "json", .flag = &w.json },
		{ "list", .values = &w.files },
		{ "log", .value = &log },
		{ "source", .values = &w.sources },
		{ 0 },
	};
	struct pd_cmd_line line = { "lists test", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && log == NULL)
		rc = pd_cmd_wrong(&line, "which log? --log FILE");
	if (rc == PD_CMD_GO && w.files.n > 0 && w.sources.n > 0)
		rc = pd_cmd_wrong(
		    &line, "--list and --source do not go together");
	if (rc == PD_CMD_GO && log != NULL)
		rc = test_words(&w, log);
	pd_lists_words_finish(&w);
	return rc;
}
