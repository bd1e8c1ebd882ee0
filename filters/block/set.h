/*
 * The rule file, in memory: immutable, shared by all workers, never trusted.
 *
 * It is read into sealed memory before it is looked at: what was checked in a
 * mapping of the file itself somebody could write afterwards, and one that is
 * cut short would kill who reads on.
 *
 * Opening checks magic, version, byte order, sizes, the checksum of the whole
 * and each offset inside its section; a file that fails is refused with a
 * sentence. After that nothing of it can lead outside of it.
 * Thread: any; counted.
 */
#ifndef PD_BLOCK_SET_H
#define PD_BLOCK_SET_H

#include "filters/block/compile.h"

#define PD_SET_HOSTS_MAX   (16u << 20)
#define PD_SET_RULES_MAX   (4u << 20)
#define PD_SET_LINE_MAX    ((1u << 24) - 1) /* above: line unknown */
#define PD_SET_BYTES_MAX   ((size_t)1 << 30)
#define PD_SET_TEXT_MAX    ((size_t)1 << 20) /* of one rule, bytes */
#define PD_SET_PATTERN_MAX 8192u /* of its pattern, or an option's value */

struct pd_set;

/* A regular file, read whole. NULL with a sentence in *why (static). */
struct pd_set *pd_set_open(const char *path, const char **why);
/* The same of bytes in memory, which are copied. */
struct pd_set *
pd_set_copy(const unsigned char *bytes, size_t n, const char **why);
/* NULL: the cosmetic file of pd_compiled is as it should be; else a sentence.
 */
const char *pd_set_verify_cosmetic(const unsigned char *bytes, size_t n);
struct pd_set *pd_set_ref(struct pd_set *s);
void pd_set_unref(struct pd_set *s); /* NULL is fine */

uint64_t pd_set_key(const struct pd_set *s);  /* of pd_compile_options */
int64_t pd_set_built(const struct pd_set *s); /* seconds since 1970 */
size_t pd_set_bytes(const struct pd_set *s);
size_t pd_set_rules(const struct pd_set *s); /* that can match, with hosts */

size_t pd_set_lists(const struct pd_set *s);
void
pd_set_list(const struct pd_set *s, size_t list, struct pd_compile_list *out);

/* The files that the lists were read from: the name from the list's folder on,
 * and whose it is. */
size_t pd_set_files(const struct pd_set *s);
struct pd_str pd_set_file(const struct pd_set *s, size_t i, size_t *list);

/* Sizes by section, for `pared lists verify`: each section's name and bytes. */
void pd_set_sections(const struct pd_set *s,
    void (*each)(void *arg, const char *name, size_t n), void *arg);

#endif
