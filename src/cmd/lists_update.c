/*
 * pared lists update: fetches the lists that are due and says what became of
 * each. The daemon runs it, too.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "cmd/bar.h"
#include "cmd/lists.h"
#include "update.h"

#define NUMBER_TEXT 32

static const char usage[] =
    "usage: pared lists update [-c FILE] [--force] [--quiet] [NAME...]\n"
    "\n"
    "  pared lists update               fetch what is due\n"
    "  pared lists update easylist      only this list\n"
    "  pared lists update --force       fetch all, now\n"
    "\n"
    "  -c FILE   the configuration; else " PD_CMD_CONF "\n"
    "  --force   due or not, and however many rules it has lost\n"
    "  --quiet   tell only what is new or went wrong\n"
    "\n"
    "A list that is no list any more, or has less than half of its rules, is\n"
    "refused and the copy stays. Status 1: something was refused or failed.\n";

/* ---- one line a list --------------------------------------------------- */

static void
on_progress(void *arg, const char *list, size_t done, size_t total)
{
	const bool *quiet = arg;

	if (!*quiet)
		pd_bar_bytes(pd_str_z(list), done, total);
}

/* "54,784" */
static const char *
number(uint32_t n, char buf[NUMBER_TEXT])
{
	char *p = buf + NUMBER_TEXT - 1;
	unsigned digits = 0;

	*p = '\0';
	do {
		if (digits > 0 && digits % 3 == 0)
			*--p = ',';
		*--p = (char)('0' + n % 10);
		n /= 10;
		digits++;
	} while (n > 0);
	return p;
}

/* "5 days", "3 hours", "2 minutes", rounded up. */
static void
print_wait(const char *text)
{
	int64_t s, n;
	const char *unit = "minute";

	if (pd_str_u63(pd_str_z(text), &s) < 0)
		return;
	n = (s + 59) / 60;
	if (s > 48 * 3600) {
		n = (s + 86399) / 86400;
		unit = "day";
	} else if (s > 2 * 3600) {
		n = (s + 3599) / 3600;
		unit = "hour";
	}
	printf(" for %" PRId64 " %s%s", n, unit, n == 1 ? "" : "s");
}

static void
print_rules(const char *before, uint32_t n, const char *after)
{
	char buf[NUMBER_TEXT];

	printf("%s%s %s%s", before, number(n, buf), n == 1 ? "rule" : "rules",
	    after);
}

static void
on_outcome(void *arg, const char *list, enum pd_update_outcome outcome,
    const char *text, uint32_t before, uint32_t now)
{
	const bool *quiet = arg;
	char buf[NUMBER_TEXT];

	pd_bar_clear();
	if (*quiet &&
	    (outcome == PD_UPDATE_SAME || outcome == PD_UPDATE_NOT_DUE))
		return;
	if (*list != '\0') {
		pd_lists_print(pd_str_z(list));
		fputs(": ", stdout);
	}
	switch (outcome) {
	case PD_UPDATE_NEW:
		print_rules("new, ", now, "");
		if (before > 0)
			printf(" (was %s)", number(before, buf));
		break;
	case PD_UPDATE_SAME:
		print_rules("the same, ", now, "");
		break;
	case PD_UPDATE_NOT_DUE:
		fputs("not due", stdout);
		print_wait(text);
		print_rules(", ", now, "");
		break;
	case PD_UPDATE_SHRUNK:
		print_rules("refused, ", now, " only");
		printf(" (was %s); take it by --force", number(before, buf));
		break;
	case PD_UPDATE_NOT_LIST:
		fputs("refused: ", stdout);
		pd_lists_print(pd_str_z(text));
		break;
	case PD_UPDATE_FAILED:
		fputs("failed: ", stdout);
		pd_lists_print(pd_str_z(text));
		break;
	}
	putchar('\n');
	fflush(stdout);
}

/* ---- the command ------------------------------------------------------- */

static int
run(struct pd_conf *conf, struct pd_update_params *params, bool quiet,
    size_t *changed)
{
	struct pd_update_report report = {
		.arg = &quiet,
		.progress = on_progress,
		.outcome = on_outcome,
	};
	int failed;

	for (size_t i = 0; i < params->nonly; i++) {
		if (pd_lists_source(conf, params->only[i]) == NULL)
			return PD_CMD_USAGE;
	}
	if (conf->nsources == 0)
		fputs("pared lists update: the configuration names no lists\n",
		    stderr);
	params->conf = conf;
	pd_log_set_level(PD_LOG_WARN);
	failed = pd_update_run(params, &report, changed);
	pd_bar_clear();
	return failed == 0 ? PD_CMD_OK : PD_CMD_FAIL;
}

int
pd_cmd_lists_update(
    int argc, char **argv, struct pd_conf **conf, size_t *changed)
{
	struct pd_update_params params = { 0 };
	struct pd_lists_words w = { 0 };
	bool quiet = false;
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &w.conf_path },
		{ "force", .flag = &params.force },
		{ "quiet", .flag = &quiet },
		{ 0 },
	};
	struct pd_cmd_line line = { "lists update", usage, options,
		.most = SIZE_MAX };
	int rc = pd_cmd_parse(&line, argc, argv);

	*conf = NULL;
	*changed = 0;
	if (rc != PD_CMD_GO)
		return rc;
	params.only = line.words;
	params.nonly = line.nwords;
	*conf = pd_lists_conf(&w);
	return *conf != NULL ? run(*conf, &params, quiet, changed)
			     : PD_CMD_FAIL;
}
