/*
 * pared lists: the block lists, from a download to the rules in force.
 */
#include "cmd/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "cmd/bar.h"
#include "filters/block/build.h"

static const char usage[] =
    "usage: pared lists COMMAND [OPTION...]\n"
    "\n"
    "  update   fetch the lists that are due, and compile them\n"
    "  compile  make the rule file of the lists\n"
    "  stats    which lists and rules are of use, and what is not applied\n"
    "  test     replay an access log against other lists\n"
    "  export   the hosts they block, for a name server\n"
    "  verify   check the rule file\n"
    "\n"
    "  pared lists update\n"
    "  pared lists stats --dead\n"
    "  pared lists test --log access.json --list new.txt\n"
    "\n"
    "Each explains itself with -h.\n";

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	pd_bar_clear();
	fprintf(stderr, "%s%s\n", error ? "" : "note: ", text);
}

static void
on_error(void *arg, bool error, const char *text)
{
	if (error)
		on_line(arg, error, text);
}

const struct pd_conf_report pd_lists_report = { on_line, NULL };
const struct pd_conf_report pd_lists_errors = { on_error, NULL };

void
pd_lists_words_finish(struct pd_lists_words *w)
{
	pd_cmd_values_free(&w->files);
	pd_cmd_values_free(&w->sources);
}

/* "/a/easylist.txt": "easylist". */
static char *
list_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = pd_xstrdup(slash != NULL ? slash + 1 : path);
	char *dot = strrchr(name, '.');

	if (dot != NULL && dot != name)
		*dot = '\0';
	return name;
}

/* Defaults, and of the file's what tells how lists are read. */
static struct pd_conf *
conf_of_files(const struct pd_lists_words *w)
{
	struct pd_conf *conf = pd_conf_load(NULL, NULL, 0, false, NULL);
	struct pd_conf *of = NULL;

	if (conf == NULL)
		return NULL;
	if (w->conf_path != NULL) {
		of = pd_conf_load(
		    w->conf_path, NULL, 0, false, &pd_lists_report);
		if (of == NULL) {
			pd_conf_unref(conf);
			return NULL;
		}
		char *suffixes = conf->suffixes;
		struct pd_strings define = conf->lists_define;

		conf->suffixes = of->suffixes;
		of->suffixes = suffixes;
		conf->lists_define = of->lists_define;
		of->lists_define = define;
		conf->strict_document = of->strict_document;
		pd_conf_unref(of);
	}
	free(conf->lists_directory);
	conf->lists_directory = NULL;
	free(conf->sources);
	conf->sources = pd_xalloc(w->files.n * sizeof(*conf->sources));
	conf->nsources = w->files.n;
	for (size_t i = 0; i < w->files.n; i++) {
		conf->sources[i].name = list_name(w->files.v[i]);
		conf->sources[i].url = pd_xstrdup(w->files.v[i]);
	}
	return conf;
}

struct pd_conf *
pd_lists_conf(const struct pd_lists_words *w)
{
	const char *path = pd_cmd_conf_path(w->conf_path);

	if (w->files.n > 0)
		return conf_of_files(w);
	if (path == NULL)
		fputs("note: there is no " PD_CMD_CONF "; -c FILE names "
		      "another\n",
		    stderr);
	return pd_conf_load(
	    pd_cmd_conf_path(w->conf_path), NULL, 0, false, &pd_lists_report);
}

struct pd_conf_source *
pd_lists_source(const struct pd_conf *conf, const char *name)
{
	struct pd_str_near near = pd_str_near(name);

	for (size_t i = 0; i < conf->nsources; i++) {
		if (strcmp(name, conf->sources[i].name) == 0)
			return &conf->sources[i];
		pd_str_near_try(&near, conf->sources[i].name);
	}
	fprintf(stderr, "pared lists: there is no list \"%.100s\"", name);
	pd_cmd_suggest(&near);
	return NULL;
}

int
pd_lists_detach(struct pd_conf *conf, const struct pd_lists_words *w)
{
	for (size_t i = 0; i < w->sources.n; i++) {
		struct pd_conf_source *s =
		    pd_lists_source(conf, w->sources.v[i]);

		if (s == NULL)
			return -1;
		s->off = false;
	}
	for (size_t i = 0; i < conf->nsources; i++) {
		struct pd_conf_source *s = &conf->sources[i];
		char *path = pd_build_source_path(conf, s);

		/* Without a copy it stays remote: told as not fetched. */
		if (path != NULL && access(path, F_OK) == 0) {
			free(s->url);
			s->url = path;
		} else {
			free(path);
		}
	}
	free(conf->lists_directory);
	conf->lists_directory = NULL;
	return 0;
}

void
pd_lists_print(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		putchar(c < ' ' || c == 0x7f ? '?' : c);
	}
}

void
pd_lists_print_name(struct pd_str name, size_t width)
{
	size_t n = name.n < width ? name.n : width;

	pd_lists_print(pd_str_of(name.p, n));
	printf("%*s", (int)(width - n), "");
}

void
pd_lists_json_name(size_t i, struct pd_str name)
{
	fputs(i > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ", stdout);
	pd_json_write(stdout, name);
}

uint32_t
pd_lists_skipped(const struct pd_compile_list *l)
{
	uint32_t n = 0;

	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++)
		n +=
		    pd_rule_skip_kept((enum pd_rule_skip)i) ? 0 : l->skipped[i];
	return n;
}

uint32_t
pd_lists_kept(const struct pd_compile_list *l)
{
	uint32_t n = 0;

	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++)
		n +=
		    pd_rule_skip_kept((enum pd_rule_skip)i) ? l->skipped[i] : 0;
	return n;
}

/* What was fetched takes effect by its rule file. A failure leaves the one of
 * before: nobody goes without rules because a list broke. */
static int
update(int argc, char **argv)
{
	struct pd_conf *conf = NULL;
	size_t changed = 0;
	int rc = pd_cmd_lists_update(argc, argv, &conf, &changed), made;

	if (conf != NULL && changed > 0) {
		made = pd_lists_compile(&(struct pd_lists_compile_params){
		    .conf = conf, .quiet = true });
		rc = made != PD_CMD_OK ? made : rc;
	}
	pd_conf_unref(conf);
	return pd_cmd_end(rc);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "compile", pd_lists_cmd_compile },
	{ "export", pd_lists_cmd_export },
	{ "stats", pd_lists_cmd_stats },
	{ "test", pd_lists_cmd_test },
	{ "update", update },
	{ "verify", pd_lists_cmd_verify },
};

int
pd_cmd_lists(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	struct pd_str_near near = pd_str_near(word);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
		pd_str_near_try(&near, commands[i].name);
	}
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
		fputs(usage, stdout);
		return pd_cmd_end(PD_CMD_OK);
	}
	if (word[0] != '\0') {
		fprintf(stderr, "pared lists: there is no command \"%.100s\"",
		    word);
		pd_cmd_suggest(&near);
		putc('\n', stderr);
	}
	fputs(usage, stderr);
	return PD_CMD_USAGE;
}
