/*
 * What the files of the configuration share: the option table's row, and the
 * draft that a configuration is while it is being read.
 *
 * Private to conf*.c and their tests.
 * Thread: main.
 */
#ifndef PD_CONF_ROW_H
#define PD_CONF_ROW_H

#include "base/conf.h"

#define PD_CONF_FILE_MAX (1024 * 1024) /* bytes of a configuration file */
#define PD_CONF_LINE     1024          /* bytes of a reported line */

/*
 * A configuration under construction: what is needed to finish struct pd_conf
 * but is not part of it stands behind it.
 */
struct pd_conf_draft {
	struct pd_conf conf;
	bool tos_marking;               /* TOSMarking */
	struct pd_strings compressible; /* Compressible, of old */
};

enum pd_conf_type {
	PD_CONF_HEADING, /* not an option: begins a group */
	PD_CONF_BOOL,
	PD_CONF_BOOL_NOT, /* bool; true in memory is false in the file */
	PD_CONF_INT,      /* int64_t; unset: -1 */
	PD_CONF_BYTES,    /* int64_t; K, M, G as suffix */
	PD_CONF_TIME,     /* int64_t, ms; seconds in the file, or ms, s, m, h */
	PD_CONF_PERIOD,   /* int64_t, ms; "daily" and such as well; off: 0 */
	PD_CONF_STRING,
	PD_CONF_HOST,  /* char *; a host name or address */
	PD_CONF_PATH,  /* char *; a file that pared makes */
	PD_CONF_INPUT, /* char *; a file that must be readable */
	PD_CONF_PAGE,  /* the same, but only worth a note */
	PD_CONF_STRINGS,
	PD_CONF_ADDRESSES, /* struct pd_strings; IP addresses */
	PD_CONF_SERVERS,   /* struct pd_strings; IP addresses, "@port" */
	PD_CONF_PREFIXES,
	PD_CONF_SINGLES, /* struct pd_prefixes; one address each */
	PD_CONF_PORTS,
	PD_CONF_QUALITY, /* int64_t[PD_CONF_IMAGE_CLASSES] */
	PD_CONF_FORMAT,  /* enum pd_conf_log_format */
	PD_CONF_LEVEL,   /* enum pd_log_level */
	PD_CONF_LOSS,    /* enum pd_conf_level */
	PD_CONF_CHOICE,  /* int; the word's number in the row's list */
};

struct pd_conf_row {
	const char *name;
	enum pd_conf_type type;
	size_t offset;   /* in struct pd_conf_draft, or of the section */
	const char *def; /* as it would stand in the file; NULL: unset */
	int64_t least, most;
	const char *unit;         /* "bytes", "seconds", ... or NULL */
	bool frozen;              /* a reload may not change it */
	bool needed;              /* a section without it is wrong */
	const char *example;      /* for what is unset */
	const char *was;          /* the name that it had */
	const char *const *words; /* of a choice; NULL-terminated */
	const char *text;         /* one sentence or two; NULL: not shown */
};

/* Every option, in the order of conf/pared.conf. */
extern const struct pd_conf_row pd_conf_rows[];
extern const size_t pd_conf_nrows;

/* What stands between braces: lists { }, and source NAME { } in it. */
struct pd_conf_section {
	const char *name;    /* "": the whole file */
	const char *example; /* of its title; NULL: it has none */
	const struct pd_conf_row *rows;
	size_t nrows;
	const char *inner[12]; /* names of sections that stand in it */
	const char *text;      /* a sentence or two */
};

extern const struct pd_conf_section pd_conf_file, pd_conf_lists, pd_conf_source,
    pd_conf_policy, pd_conf_site, pd_conf_device;

/* What becomes of a name of Ziproxy's. */
enum pd_conf_fate {
	PD_CONF_SAME,
	PD_CONF_DIFFERENT,
	PD_CONF_NO_EFFECT, /* why tells the reason, and what to use */
	PD_CONF_RENAMED,   /* why is the name it has now */
};

struct pd_conf_ziproxy_row {
	const char *name;
	enum pd_conf_fate fate;
	const char *why;
};

extern const struct pd_conf_ziproxy_row pd_conf_ziproxy_rows[];
extern const size_t pd_conf_nziproxy_rows;

/* NULL when there is none; the case of letters is of no matter. */
const struct pd_conf_row *pd_conf_row_find(const char *name);
const struct pd_conf_row *
pd_conf_section_find(const struct pd_conf_section *section, const char *name);
const struct pd_conf_ziproxy_row *pd_conf_ziproxy_find(const char *name);

/*
 * Puts the values that stand in the file where the row says in base: the draft,
 * or what the section's struct is. 0, or -1 with what is wrong and how to mend
 * it in why.
 */
int pd_conf_set(void *base, const struct pd_conf_row *row,
    const char *const *values, size_t nvalues, char why[PD_CONF_LINE]);
/* What a word of such a row may be, by its number; NULL: there are no more. */
const char *pd_conf_word(const struct pd_conf_row *row, int i);
/* Words for times; the last has no name. */
struct pd_conf_period {
	const char *name;
	int64_t ms;
};
extern const struct pd_conf_period pd_conf_periods[];
/* An amount with the unit that a reader of the file expects. */
void
pd_conf_number(const struct pd_conf_row *row, int64_t n, char *buf, size_t len);
/* The value as it would stand in the file; the caller frees it. */
char *pd_conf_text(const void *base, const struct pd_conf_row *row);
/* Frees what a row's place holds; of the section: what all of them hold. */
void pd_conf_clear(void *base, const struct pd_conf_row *row);
void pd_conf_section_clear(const struct pd_conf_section *section, void *base);

/* A section as a part of a manual page (mdoc): what it is for, its options. */
void
pd_conf_write_manual_section(FILE *out, const struct pd_conf_section *section);

/* Takes no copy: s's memory becomes the list's. */
void pd_strings_add(struct pd_strings *list, char *s);
void pd_strings_free(struct pd_strings *list);

/*
 * Reads a file of at most PD_CONF_FILE_MAX bytes, adding a NUL. The caller
 * frees it; NULL with errno (EFBIG, and EILSEQ for one that holds NUL).
 */
char *pd_conf_read(const char *path, size_t *len);

/*
 * pd_conf_load() of a file's text: path is only the name in reports. Files
 * named by options are looked for when look is set.
 */
struct pd_conf_parse_params {
	const char *path;
	const char *text; /* NUL-terminated */
	const char *const *overrides;
	size_t noverrides;
	bool ziproxy;
	bool look;
	const char *manual; /* named in reports; NULL: "pared.conf(5)" */
	const struct pd_conf_report *report;
};
struct pd_conf *pd_conf_parse(const struct pd_conf_parse_params *params);

/*
 * Checks between options, after all are set, and (look) of the files that they
 * name. say is called with the option that a finding is about.
 */
struct pd_conf_check {
	const struct pd_conf *conf;
	bool look;
	void (*say)(void *arg, const char *name, bool error, const char *text);
	void *arg;
};
void pd_conf_check_whole(const struct pd_conf_check *check);

#endif
