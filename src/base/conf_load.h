/*
 * One reading of a configuration under way: what conf_parse.c (the file and its
 * options), conf_section.c (its sections), conf_lists.c and conf_site.c share.
 *
 * Private to these.
 * Thread: main.
 */
#ifndef PD_CONF_LOAD_H
#define PD_CONF_LOAD_H

#include <confuse.h>

#include "base/conf_row.h"
#include "base/conf_scan.h"

/* Where something stands, for reports. */
struct pd_conf_place {
	const char *file; /* as named; lives as long as the load */
	uint32_t line;    /* 0: the whole file */
	bool override;    /* on the command line */
};

/* The options of the file, or of one section, while they are read. */
struct pd_conf_group {
	const struct pd_conf_section *section;
	cfg_t *cfg;
	cfg_opt_t *opts;
	struct pd_conf_place *places; /* of each row; line 0: not in the file */
	bool *bad;                    /* of each row: its value was refused */
	bool told;                    /* something in it was wrong */
	char what[96];                /* "source easylist: ", or "" */
};

/* Where the sections of one kind stand, in their order. */
struct pd_conf_places {
	struct pd_conf_place *v;
	size_t n;
};

struct pd_conf_load {
	const struct pd_conf_parse_params *params;
	/* A section of the file; pd_conf_take_section() for pared's. */
	void (*take)(struct pd_conf_load *l, const struct pd_conf_statement *st,
	    struct pd_conf_place at);
	void *arg;               /* of another program's */
	struct pd_conf_draft *d; /* pared's */
	struct pd_conf_group file, lists;
	struct pd_conf_places sources, policies, sites, devices;
	struct pd_conf_place *policy_lists; /* of each policy's lists = */
	struct pd_conf_place at;            /* the statement being parsed */
	struct pd_strings names;            /* of included files */
	unsigned depth;                     /* files in files */
	bool ziproxy;
	bool failed;
};

/*
 * Another program's file by tables of its own: root has the names that stand
 * outside of sections, l->take is given each section, l->arg is the caller's.
 * Then settle, which sees the whole. 0, or -1 after an error was reported.
 */
int pd_conf_load_file(struct pd_conf_load *l,
    const struct pd_conf_section *root, void (*settle)(struct pd_conf_load *l));

/* Reports, and remembers an error. */
void pd_conf_say(struct pd_conf_load *l, struct pd_conf_place at, bool error,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A name that the section does not have, with the nearest that it has. */
void pd_conf_say_unknown(struct pd_conf_load *l, struct pd_conf_place at,
    const char *name, const struct pd_conf_section *section);

void pd_conf_group_init(
    struct pd_conf_group *g, const struct pd_conf_section *section);
void pd_conf_group_finish(struct pd_conf_group *g);
/* An option's statement. */
void pd_conf_group_take(struct pd_conf_load *l, struct pd_conf_group *g,
    const struct pd_conf_statement *st, struct pd_conf_place at);
/* What the file says, and what the table says else, into base. */
void
pd_conf_group_set(struct pd_conf_load *l, struct pd_conf_group *g, void *base);
struct pd_conf_place
pd_conf_group_place(const struct pd_conf_group *g, const char *name);

/* A section's inside to statements; mistakes are reported. */
void pd_conf_scan_body(struct pd_conf_load *l,
    const struct pd_conf_statement *st, struct pd_conf_scan *out);

/* conf_section.c: a section of the file. */
void pd_conf_take_section(struct pd_conf_load *l,
    const struct pd_conf_statement *st, struct pd_conf_place at);
/*
 * The options of one section, into base. What cannot stand in it is told.
 * Returns false when something that it needs is missing.
 */
bool pd_conf_section_read(struct pd_conf_load *l, struct pd_conf_group *g,
    const struct pd_conf_statement *st, struct pd_conf_place at, void *base);
/* Names become names of files, and words in logs and commands: what is wrong
 * with one, or NULL. */
const char *pd_conf_name_fault(const char *name);
/*
 * One more of a kind: checks how many there are and that the name is new, and
 * remembers the place. names: those before, stride bytes apart.
 */
bool pd_conf_place_add(struct pd_conf_load *l, struct pd_conf_places *places,
    struct pd_conf_place at, const char *kind, const char *name,
    const void *names, size_t stride);
void pd_conf_free_sections(struct pd_conf *c);

/* conf_lists.c: lists { }, and at the end what its parts have to do with each
 * other. */
void pd_conf_take_lists(struct pd_conf_load *l,
    const struct pd_conf_statement *st, struct pd_conf_place at);
void pd_conf_settle_lists(struct pd_conf_load *l);

/* conf_site.c: site { } and device { }; at the end sites are sorted. */
void pd_conf_take_site(struct pd_conf_load *l,
    const struct pd_conf_statement *st, struct pd_conf_place at);
void pd_conf_take_device(struct pd_conf_load *l,
    const struct pd_conf_statement *st, struct pd_conf_place at);
void pd_conf_settle_sites(struct pd_conf *c);

#endif
