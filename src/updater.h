/*
 * The daemon's part of keeping lists fresh: runs `pared lists update` as a
 * child when lists are due, with jitter, and tells when a list is another one.
 *
 * A child, because a download and a compile take time and memory that the
 * proxy's threads should not have to find.
 * Thread: main.
 */
#ifndef PD_UPDATER_H
#define PD_UPDATER_H

struct event_base;
struct pd_conf;
struct pd_updater;

/*
 * changed() is called from the loop after a child through which a list's file
 * has become another. conf is borrowed. NULL when there is nothing to do:
 * lists.update is "never", or no list comes from afar.
 */
struct pd_updater *pd_updater_create(struct event_base *base,
    const struct pd_conf *conf, void (*changed)(void *arg), void *arg);
/* Ends a child that runs. NULL is fine. */
void pd_updater_destroy(struct pd_updater *u);
/* Another program than the running one; borrowed. For tests. */
void pd_updater_set_program(struct pd_updater *u, const char *path);

#endif
