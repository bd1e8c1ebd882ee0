/*
 * What one reading of the configuration makes: options, block rules, probes,
 * users. Immutable, counted; a reload makes another, and an
 * exchange keeps the one it began with.
 * Thread: main to load; any to hold.
 */
#ifndef PD_SETUP_H
#define PD_SETUP_H

#include "auth.h"
#include "filters/block/block.h"

struct pd_setup {
	_Atomic unsigned refs;
	struct pd_conf *conf;
	struct pd_block_set *rules;
	struct pd_probe_set *probes;
	struct pd_users *users;
};

/* LOOK: only to tell what is wrong; no file is made or changed. */
enum pd_setup_use { PD_SETUP_RUN, PD_SETUP_LOOK };

/* Takes conf's reference in every case. before: the one in force, with RUN; or
 * NULL. NULL after an error that was reported. */
struct pd_setup *pd_setup_create(struct pd_conf *conf, enum pd_setup_use use,
    const struct pd_setup *before, const struct pd_conf_report *report);
struct pd_setup *pd_setup_ref(struct pd_setup *s);
void pd_setup_unref(struct pd_setup *s); /* NULL is fine */

#endif
