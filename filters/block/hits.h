/*
 * How often each rule decided: one table in memory that every worker adds to,
 * and a file of it that outlives them.
 *
 * A slot is a rule's id (pd_match_rule, of its text alone), so that counts
 * outlive a new compile. Only rules that ever hit have a slot; when the table
 * is full further rules are counted together as lost. Adding takes no lock and
 * touches no file: the table is written whole by pd_hits_save(), now and then.
 * Of two programs that count into one file, the last to write wins.
 * Thread: any, but for opening and saving; counted.
 */
#ifndef PD_BLOCK_HITS_H
#define PD_BLOCK_HITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PD_HITS_SLOTS  (64u * 1024) /* 16 bytes each */
#define PD_HITS_SAVE_S 60           /* how often a daemon saves */

struct pd_hits;

/*
 * Reads the file, and makes it when it is not there; one that is damaged is
 * begun anew. path NULL, or one that is no file: memory until the end. *why:
 * NULL, or what was wrong with the file (static); that its directory is not
 * there is not. Returns it with one reference.
 */
struct pd_hits *pd_hits_open(const char *path, const char **why);
/* To look at what was saved: never saves. NULL with *why when it is not there
 * or damaged. */
struct pd_hits *pd_hits_open_read(const char *path, const char **why);
struct pd_hits *pd_hits_ref(struct pd_hits *h);
void pd_hits_unref(struct pd_hits *h); /* NULL is fine; the last one saves */

/* Whether it is what pd_hits_open() was given this path for. */
bool pd_hits_is_of(const struct pd_hits *h, const char *path);

/*
 * Replaces the file when something was added since. One at a time. 0, or -1
 * with errno; then the file is as it was, and the next call tries again. h may
 * be NULL.
 */
int pd_hits_save(struct pd_hits *h);

void pd_hits_add(struct pd_hits *h, uint64_t id, int64_t now_s); /* h NULL ok */
struct pd_hits_count {
	uint32_t count; /* stays at its most */
	uint32_t day;   /* of the last, days since 1970 */
};
bool pd_hits_get(const struct pd_hits *h, uint64_t id, struct pd_hits_count *c);
uint64_t pd_hits_lost(const struct pd_hits *h);
int64_t pd_hits_since(const struct pd_hits *h); /* seconds since 1970 */
void pd_hits_each(const struct pd_hits *h,
    void (*each)(void *arg, uint64_t id, const struct pd_hits_count *c),
    void *arg);

#endif
