/*
 * What a person let through for some minutes: above all lists, by device.
 *
 * Kept in a small text file, a line each: "<until, seconds since 1970> <address
 * or *> <host>", rewritten whole and renamed into place, so that it outlives a
 * restart and that `pared allow` and the daemon share it. The daemon looks once
 * a second at most whether the file is another.
 * Thread: any.
 */
#ifndef PD_BLOCK_ALLOW_H
#define PD_BLOCK_ALLOW_H

#include "base/addr.h"
#include "base/str.h"

#define PD_ALLOW_MAX         1000 /* entries */
#define PD_ALLOW_CLIENT_MAX  50   /* of one client; its first to end goes */
#define PD_ALLOW_MINUTES_MAX (7 * 24 * 60)

struct pd_allow;

/* path NULL: memory only. Lines that are wrong are left out and counted. */
struct pd_allow *pd_allow_open(const char *path, size_t *wrong);
void pd_allow_close(struct pd_allow *a); /* NULL is fine */

/*
 * The host and what is below it, asked for or as the page that asks; client
 * NULL: every device. minutes 0: ends it, and with client NULL for every device
 * that has it. A host of one label that is no address stands for too much.
 * When all places are taken, a client gives up one of its own, and an entry for
 * every device takes a client's; nobody loses one to another client. 0, or -1
 * with errno: EINVAL (no host, one label, no address, too long), ENOBUFS (all
 * places are others'), or why the file cannot be written; then nothing changed.
 */
int pd_allow_set(struct pd_allow *a, const struct pd_addr *client,
    struct pd_str host, unsigned minutes, int64_t now_s);

/*
 * Cheap when there is none. host and page: in the form of pd_host_normal(),
 * each may be empty. An IPv4 client is the same one mapped into IPv6; port and
 * zone are of no matter. until: when the last that fits ends; may be NULL.
 */
bool pd_allow_find(struct pd_allow *a, const struct pd_addr *client,
    struct pd_str host, struct pd_str page, int64_t now_s, int64_t *until);

/* What is on now, the first to end first; client NULL: every device. each may
 * call back into a. */
void pd_allow_each(struct pd_allow *a, int64_t now_s,
    void (*each)(void *arg, const struct pd_addr *client, struct pd_str host,
	int64_t until_s),
    void *arg);

#endif
