/*
 * What the subcommands of `pared lists` share: the configuration they work on
 * and their messages. `pared why` uses it too.
 * Thread: main.
 */
#ifndef PD_LISTS_H
#define PD_LISTS_H

#include "base/conf.h"
#include "cmd/cmd.h"
#include "filters/block/compile.h"

/* The options that several of them take. */
struct pd_lists_words {
	const char *conf_path;        /* -c; NULL: PD_CMD_CONF if it is there */
	struct pd_cmd_values files;   /* --list */
	struct pd_cmd_values sources; /* --source */
	bool json;
};
void pd_lists_words_finish(struct pd_lists_words *w);

/* To stderr, below the bar. */
extern const struct pd_conf_report pd_lists_report;
/* The same without notes: for what is read a second time. */
extern const struct pd_conf_report pd_lists_errors;

/*
 * The configuration; with files one that names nothing but them, as lists
 * called after them, and has no directory. NULL after an error was reported.
 */
struct pd_conf *pd_lists_conf(const struct pd_lists_words *w);
/*
 * Lets it read its lists where they are and write nowhere: the copies become
 * plain paths, the directory goes. Also switches on the sources that w names;
 * -1 after an error was reported: there is none of that name.
 */
int pd_lists_detach(struct pd_conf *conf, const struct pd_lists_words *w);
/* NULL after an error was reported: there is none of that name. */
struct pd_conf_source *
pd_lists_source(const struct pd_conf *conf, const char *name);

/* Lists and logs are other people's bytes: to stdout, controls as '?', so that
 * none of them talks to the terminal. */
void pd_lists_print(struct pd_str s);
/* The same, as wide as a column: cut, or filled with blanks. */
void pd_lists_print_name(struct pd_str name, size_t width);
/* Begins the i-th object of an array in JSON, with its name. */
void pd_lists_json_name(size_t i, struct pd_str name);

/* Of a list: lines that make no rule here, kept ones (popup-only) aside. */
uint32_t pd_lists_skipped(const struct pd_compile_list *l);
uint32_t pd_lists_kept(const struct pd_compile_list *l);

/* Reads the lists, puts the rule file in place (out NULL: the directory's),
 * and tells what became of each. Returns the exit status. */
struct pd_lists_compile_params {
	const struct pd_conf *conf;
	const char *out;
	bool json, quiet;
};
int pd_lists_compile(const struct pd_lists_compile_params *p);

/* The subcommands, as pd_cmd_*: the words from their name on. */
int pd_lists_cmd_compile(int argc, char **argv);
int pd_lists_cmd_export(int argc, char **argv);
int pd_lists_cmd_stats(int argc, char **argv);
int pd_lists_cmd_test(int argc, char **argv);
int pd_lists_cmd_verify(int argc, char **argv);

#endif
