/*
 * From the configuration to the rule file: which lists and in which order,
 * where each one's file is, what they were when a rule file was made of them,
 * and a new one put in the old one's place.
 *
 * What a list and a rule file are inside is source.h's and compile.h's matter.
 * Thread: any, one at a time.
 */
#ifndef PD_BLOCK_BUILD_H
#define PD_BLOCK_BUILD_H

#include "filters/block/compile.h"

#define PD_BUILD_RULES    "rules.pared" /* in lists.directory */
#define PD_BUILD_COSMETIC "cosmetic.pared"
#define PD_BUILD_OLD      ".old" /* the one before, behind its name */
#define PD_BUILD_HITS     "hits"
#define PD_BUILD_ALLOW    "allow"

struct pd_build;
struct pd_set;

/*
 * The lists that a configuration names, by their numbers in the rule file:
 * Ziproxy's options first, then each source that is on. conf is borrowed until
 * the end. A copy that was not fetched yet is told as a note and left out.
 */
struct pd_build *pd_build_create(
    const struct pd_conf *conf, const struct pd_conf_report *report);
void pd_build_destroy(struct pd_build *b); /* NULL is fine */

size_t pd_build_lists(const struct pd_build *b);
const struct pd_source_params *
pd_build_list(const struct pd_build *b, size_t i);

/* A digest of what would go into the rule file: options, and each list's name,
 * size and time; not of what lists include. Never 0. */
uint64_t pd_build_key(const struct pd_build *b);

/* Whether a rule file has all that would go into it: the key is the same, and
 * no file that a list includes was written since. One with an older time, put
 * in place of another, is not noticed. */
bool pd_build_is_current(const struct pd_build *b, const struct pd_set *set);

/*
 * Reads and compiles all. progress may be NULL: list i of n, or n of n when the
 * file is being laid out. All lists are read even after one failed, so that
 * everything wrong is told at once. 0, or -1 after an error was reported.
 */
int pd_build_compile(const struct pd_build *b, struct pd_compiled *out,
    void (*progress)(void *arg, size_t i, size_t n, struct pd_str name),
    void *arg, const struct pd_conf_report *report);

void pd_compiled_free(struct pd_compiled *c);

/* Reads one list for what stands in it: to the sink, compiled into nothing.
 * 0; -1 after an error was reported. */
int pd_build_read(const struct pd_build *b, size_t i,
    const struct pd_rule_sink *tap, const struct pd_conf_report *report);

/* A file in lists.directory, malloc()ed; NULL: there is no such directory. */
char *pd_build_path(const struct pd_conf *conf, const char *name);

/* The file that a source is read from: its own, or the copy of what was
 * fetched, lists.directory/NAME.list. malloc()ed; NULL: nowhere. */
char *pd_build_source_path(
    const struct pd_conf *conf, const struct pd_conf_source *source);

/*
 * Puts bytes in the place of path, whole or not at all: written beside it,
 * synced, renamed; what was there becomes path.old. 0, or -1 with errno and
 * nothing changed.
 */
int pd_build_put(const char *path, const void *bytes, size_t n);

/* Both files of a compile into lists.directory, as put does; the rule file
 * last: in its place it says that all is there. -1 with errno. */
int pd_build_save(const struct pd_conf *conf, const struct pd_compiled *c);

#endif
