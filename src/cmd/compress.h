/*
 * What the files of `pared compress` share: the files it was given, and what
 * became of each.
 *
 *     compress.c         the command line
 *     compress_accept.c  what the client takes
 *     compress_tree.c    which files, and whether they may be written
 *     compress_run.c     each through the plan and a codec
 *     compress_file.c    bytes in and out
 *     compress_show.c    the table, or JSON
 * Thread: main.
 */
#ifndef PD_COMPRESS_H
#define PD_COMPRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/conf.h"
#include "base/str.h"
#include "filters/image/plan.h"
#include "filters/image/sniff.h"

/* --- The files -------------------------------------------------------------
 */

enum pd_compress_kind {
	PD_COMPRESS_FILE,
	PD_COMPRESS_FOLDER,
	PD_COMPRESS_LINK, /* to something in the same tree: made again */
};

struct pd_compress_file {
	enum pd_compress_kind kind;
	char *path; /* to read */
	char *name; /* below the folder for the results; within path */
	mode_t mode;
	dev_t dev;
	ino_t ino;
	bool named; /* on the command line: may be a symbolic link */

	/* What became of it. */
	bool done;
	bool failed;     /* could not be read or written; was told */
	bool sniffed;    /* whole, so that info, verdict and plan are set */
	const char *why; /* it stays as it is; NULL: it does not */
	struct pd_image_info info;
	enum pd_plan_verdict verdict;
	struct pd_plan plan;
	enum pd_image_format from, to; /* NONE: no image */
	uint64_t before, after;        /* bytes */
	uint32_t width, height;        /* of a smaller result */
	uint32_t cpu_us;               /* of the codec, as far as it told */
};

struct pd_compress_tree {
	struct pd_compress_file *v;
	size_t n, cap;
	bool failed; /* something could not be looked at; was told */
};

/*
 * A word of the command line: a file, or a folder and all below it. Reports
 * what is wrong; -1: with the word itself.
 */
int pd_compress_add(struct pd_compress_tree *t, const char *word);
void pd_compress_tree_finish(struct pd_compress_tree *t);

/*
 * Whether all results have a place below out, each its own, outside of every
 * folder they come from (words), without overwriting what is there (unless
 * force) or is still to be read. -1: not, and it was told.
 */
int pd_compress_check(const struct pd_compress_tree *t, const char *out,
    char *const *words, size_t nwords, bool force);

/* --- One file --------------------------------------------------------------
 */

/* A descriptor for reading a file of the tree; -1 with errno. */
int pd_compress_open(const struct pd_compress_file *f);
/* Its first size bytes as memory that can be sent and sealed; -1 with errno. */
int pd_compress_load(int fd, size_t size);
/* What pd_compress_file says below out: a folder, a link; 0, or -1 with errno.
 */
int pd_compress_make(const struct pd_compress_file *f, const char *out);
/*
 * The result in its place, whole or not at all: n bytes at p, or with p NULL
 * all that can be read from fd. 0, or -1 with errno.
 */
int pd_compress_put(const struct pd_compress_file *f, const char *out,
    const uint8_t *p, size_t n, int fd);

/* --- All of them -----------------------------------------------------------
 */

struct pd_compress_params {
	struct pd_compress_tree *tree;
	const struct pd_conf *conf;
	const struct pd_plan_wish *wish;
	const char *codec; /* the program */
	const char *out;   /* NULL: nothing is written */
	unsigned jobs;     /* at once */
	/* For each file, in their order. */
	void (*show)(void *arg, const struct pd_compress_file *f, size_t i);
	void *arg;
};

void pd_compress_run(const struct pd_compress_params *params);

/* --- The command line ------------------------------------------------------
 */

/*
 * The weights (0..1000) of AVIF and WebP in what stands in an Accept field, or
 * in a list of short names such as "avif,webp"; "" and "none" name neither.
 * false: *wrong is a word that is neither.
 */
bool pd_compress_accept(
    const char *text, struct pd_plan_wish *wish, struct pd_str *wrong);

/* --- What is shown ---------------------------------------------------------
 */

#define PD_COMPRESS_FORMATS (PD_IMAGE_AVIF + 1)

struct pd_compress_sum {
	uint64_t files, smaller, before, after;
	uint64_t cpu_us;
};

struct pd_compress_show {
	bool json, explain;
	const struct pd_compress_tree *tree;
	const struct pd_conf *conf;
	const struct pd_plan_wish *wish;
	size_t width; /* of the column of names */
	size_t shown;
	bool failed;
	/* By what they came as; NONE: no images. */
	struct pd_compress_sum sums[PD_COMPRESS_FORMATS];
};

void pd_compress_show_begin(struct pd_compress_show *s);
/* arg: a struct pd_compress_show. */
void
pd_compress_show_file(void *arg, const struct pd_compress_file *f, size_t i);
/* cpu_us: of all codecs, what came to nothing included. */
void pd_compress_show_end(const struct pd_compress_show *s, uint64_t cpu_us);

#endif
