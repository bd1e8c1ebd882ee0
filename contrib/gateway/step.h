/*
 * A step: one object that shall be there, as plain data.
 *
 * A step is its kind and arguments: "route", dev=wg-a dst=10.0.0.0/8. The
 * first nkeys arguments say which object it is, the others how it shall be.
 * From these alone it is shown (`plan`), looked for (probe), made, written
 * down (journal.h), and, maybe by another program run after a crash and after
 * the configuration was changed, undone. That is why undo is given the
 * arguments that were written down, and nothing else.
 *
 * Thread: main.
 */
#ifndef GW_STEP_H
#define GW_STEP_H

#include <stdio.h>

#include "base/arena.h"
#include "gateway.h"

struct gw_kind;
struct gw_system;

#define GW_ARGS_MAX 40

struct gw_arg {
	const char *name, *value; /* neither NULL; no control characters */
};

struct gw_step {
	const struct gw_kind *kind;
	struct gw_arg *args; /* GW_ARGS_MAX places, in the plan's arena */
	size_t nargs, nkeys;
	/* A file's bytes, or rules: too long for a journal, or secret. What
	 * undo needs is never in here. NULL: none. */
	const char *text;
	bool secret; /* text is not shown */
};

enum gw_state {
	GW_AS_PLANNED,
	GW_MISSING,
	GW_DRIFTED, /* it is ours, and is not as it shall be */
	GW_FOREIGN, /* somebody else's object has its name */
	GW_UNSEEN,  /* may not be looked at without privilege */
};
const char *gw_state_name(enum gw_state state);

/*
 * What can be done to a kind of objects. Functions return 0, or -1 after
 * gw_fail() said why.
 */
struct gw_kind {
	const char *name; /* in plan --json and the journal */
	/* Its objects are the machine's (files, processes, modules), and
	 * outlive the network namespace in which they were made. */
	bool outlives;

	/* One line, as an admin would type it or say it; no newline. */
	void (*describe)(const struct gw_step *s, FILE *out);

	/* Changes nothing; needs no privilege where the kernel asks none.
	 * gw_fail() says why it is UNSEEN, if there is more to say. */
	enum gw_state (*probe)(struct gw_system *sys, const struct gw_step *s);

	/*
	 * Adds to s->args, in the memory of sys->arena, what undo must know of
	 * the time before (names begin with "was"). Called before the step is
	 * written down; of an object that was made before, and is changed in
	 * place, what was remembered then stands. May be NULL.
	 */
	int (*remember)(struct gw_system *sys, struct gw_step *s);

	/*
	 * From MISSING or DRIFTED to as planned. A foreign object is never
	 * adopted: creation is exclusive. Called again after a crash at any
	 * moment of itself, it ends well.
	 */
	int (*make)(struct gw_system *sys, const struct gw_step *s);

	/*
	 * s: what was written down, text NULL. What is not there, or is not
	 * ours any more, is left alone, and that is no failure.
	 */
	int (*undo)(struct gw_system *sys, const struct gw_step *s);

	/*
	 * By tag: undoes every object of this kind that bears our marks,
	 * without a journal. out: a line for each. NULL: the kind has no
	 * marks. Of those `down --by-tag` undoes files and blocks that hold
	 * what is planned, and names the sysctls; the rest goes with the run
	 * directory, or stays in any case (key, authority, module).
	 */
	int (*sweep)(struct gw_system *sys, FILE *out);
};

/* The kinds (folder kind), in the order in which a sweep undoes them. */
extern const struct gw_kind *const gw_kinds[];
extern const size_t gw_nkinds;
const struct gw_kind *gw_kind_find(const char *name); /* NULL: unknown */

extern const struct gw_kind gw_kind_nft, gw_kind_foreign, gw_kind_daemon,
    gw_kind_load, gw_kind_ipsec, gw_kind_copy, gw_kind_names, gw_kind_rule,
    gw_kind_route, gw_kind_neighbour, gw_kind_qdisc, gw_kind_class,
    gw_kind_filter, gw_kind_address, gw_kind_peers, gw_kind_link,
    gw_kind_sysctl, gw_kind_block, gw_kind_file, gw_kind_key, gw_kind_authority,
    gw_kind_module;

/* What describe() prints; the caller frees it. */
char *gw_step_text(const struct gw_step *s);
/* NULL when the step has no such argument. */
const char *gw_step_get(const struct gw_step *s, const char *name);
/* The same for what must be there: "" when it is not. */
const char *gw_step_need(const struct gw_step *s, const char *name);
/* A number in decimal or with 0x; fallback when there is no such argument. */
uint32_t
gw_step_number(const struct gw_step *s, const char *name, uint32_t fallback);
/* Values are copied. */
void gw_step_set(struct gw_step *s, struct pd_arena *arena, const char *name,
    const char *value);
/* Whether what is as planned was made by a gateway: it bears our mark. */
bool gw_step_is_marked(const struct gw_step *s);
/* Same kind and the same first nkeys arguments. */
bool gw_step_same(const struct gw_step *a, const struct gw_step *b);

#endif
