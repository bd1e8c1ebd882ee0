#include "cmd/compress.h"

#include <errno.h>
#include <fts.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static int
tell(const char *path, const char *why)
{
	fprintf(stderr, "pared compress: %s: %s\n", path, why);
	return -1;
}

static struct pd_compress_file *
append(struct pd_compress_tree *t, const char *path, size_t skip,
    const struct stat *st)
{
	struct pd_compress_file *f;

	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? 2 * t->cap : 64;
		t->v = pd_xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	f = &t->v[t->n++];
	*f = (struct pd_compress_file){
		.path = pd_xstrdup(path),
		.mode = st->st_mode & 0777,
		.dev = st->st_dev,
		.ino = st->st_ino,
	};
	f->name = f->path + skip;
	return f;
}

/* --- What there is ---------------------------------------------------------
 */

/* Relative, and to something below root: it leads to the same thing where the
 * results are. */
static bool
stays_inside(const char *path, const char *root)
{
	char target[PATH_MAX], end[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target));
	size_t len = strlen(root);

	if (n <= 0 || target[0] == '/' || realpath(path, end) == NULL)
		return false;
	return strncmp(end, root, len) == 0 && end[len] == '/';
}

static void
add_entry(
    struct pd_compress_tree *t, const FTSENT *e, size_t skip, const char *root)
{
	struct pd_compress_file *f;

	switch (e->fts_info) {
	case FTS_F:
		append(t, e->fts_path, skip, e->fts_statp);
		break;
	case FTS_D:
		if (e->fts_level == 0)
			break;
		f = append(t, e->fts_path, skip, e->fts_statp);
		f->kind = PD_COMPRESS_FOLDER;
		break;
	case FTS_SL:
	case FTS_SLNONE:
		if (!stays_inside(e->fts_path, root)) {
			tell(e->fts_path,
			    "left out: a link that leads out of the folder");
			break;
		}
		f = append(t, e->fts_path, skip, e->fts_statp);
		f->kind = PD_COMPRESS_LINK;
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		tell(e->fts_path, strerror(e->fts_errno));
		t->failed = true;
		break;
	case FTS_DEFAULT:
		tell(e->fts_path, "left out: neither file nor folder");
		break;
	default:
		break;
	}
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int
add_folder(struct pd_compress_tree *t, const char *word)
{
	char root[PATH_MAX], path[PATH_MAX];
	char *paths[] = { path, NULL };
	size_t len = strlen(word);
	FTS *fts;
	FTSENT *e;

	/* The slash, as a link to a folder is followed when it was named. */
	if (realpath(word, root) == NULL || len + 2 > sizeof(path))
		return tell(word, strerror(errno));
	memcpy(path, word, len);
	while (len > 1 && path[len - 1] == '/')
		len--;
	path[len] = '\0';
	fts = fts_open(
	    paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	if (fts == NULL)
		return tell(word, strerror(errno));
	if (len == 1 && path[0] == '/')
		len = 0;
	errno = 0;
	while ((e = fts_read(fts)) != NULL)
		add_entry(t, e, len + 1, root);
	if (errno != 0) {
		tell(word, strerror(errno));
		t->failed = true;
	}
	fts_close(fts);
	return 0;
}

int
pd_compress_add(struct pd_compress_tree *t, const char *word)
{
	struct stat st;
	const char *slash = strrchr(word, '/');

	if (stat(word, &st) != 0)
		return tell(word, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return add_folder(t, word);
	if (!S_ISREG(st.st_mode))
		return tell(word, "neither file nor folder");
	append(t, word, slash != NULL ? (size_t)(slash + 1 - word) : 0, &st)
	    ->named = true;
	return 0;
}

void
pd_compress_tree_finish(struct pd_compress_tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].path);
	free(t->v);
	*t = (struct pd_compress_tree){ NULL };
}

/* --- Where it may go -------------------------------------------------------
 */

/* Of a folder that may not be there yet. NULL with errno. */
static char *
real_out(const char *out, char real[PATH_MAX])
{
	char *copy, *last;
	char parent[PATH_MAX];
	int n = -1;

	if (realpath(out, real) != NULL || errno != ENOENT)
		return errno == ENOENT || real[0] != '/' ? NULL : real;
	copy = pd_xstrdup(out);
	if (realpath(dirname(copy), parent) != NULL) {
		free(copy);
		copy = pd_xstrdup(out);
		last = basename(copy);
		n = snprintf(real, PATH_MAX, "%s/%s",
		    strcmp(parent, "/") == 0 ? "" : parent, last);
	}
	free(copy);
	return n > 0 && n < PATH_MAX ? real : NULL;
}

static bool
is_within(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, n) == 0 &&
	       (path[n] == '\0' || path[n] == '/');
}

/* Results beside their sources would be taken for sources the next time. */
static int
check_outside(const char *out, char *const *words, size_t nwords)
{
	char real[PATH_MAX], root[PATH_MAX];
	struct stat st;

	real[0] = '\0';
	if (real_out(out, real) == NULL)
		return tell(out, strerror(errno));
	if (stat(out, &st) == 0 && !S_ISDIR(st.st_mode))
		return tell(out, strerror(ENOTDIR));
	for (size_t i = 0; i < nwords; i++) {
		if (stat(words[i], &st) != 0 || !S_ISDIR(st.st_mode) ||
		    realpath(words[i], root) == NULL)
			continue;
		if (is_within(real, root)) {
			fprintf(stderr,
			    "pared compress: --out %s lies within %s\n", out,
			    words[i]);
			return -1;
		}
	}
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	const struct pd_compress_file *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int
compare_inodes(const void *a, const void *b)
{
	const struct pd_compress_file *const *x = a, *const *y = b;

	if ((*x)->dev != (*y)->dev)
		return (*x)->dev < (*y)->dev ? -1 : 1;
	if ((*x)->ino != (*y)->ino)
		return (*x)->ino < (*y)->ino ? -1 : 1;
	return 0;
}

static int
check_names(const struct pd_compress_file **sorted, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct pd_compress_file *a = sorted[i - 1];
		const struct pd_compress_file *b = sorted[i];

		if (strcmp(a->name, b->name) != 0 ||
		    (a->kind == PD_COMPRESS_FOLDER &&
			b->kind == PD_COMPRESS_FOLDER))
			continue;
		fprintf(stderr,
		    "pared compress: %s and %s would have the same name: %s\n",
		    a->path, b->path, a->name);
		return -1;
	}
	return 0;
}

/* sorted by inodes. */
static int
check_free(const struct pd_compress_file **sorted, size_t n, const char *out,
    bool force)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		const struct pd_compress_file *f = sorted[i], *found = f;
		struct pd_compress_file there;
		int len = snprintf(path, sizeof(path), "%s/%s", out, f->name);

		if (len < 0 || (size_t)len >= sizeof(path))
			return tell(f->path, strerror(ENAMETOOLONG));
		if (f->kind == PD_COMPRESS_FOLDER || lstat(path, &st) != 0)
			continue;
		there.dev = st.st_dev;
		there.ino = st.st_ino;
		found = &there;
		if (bsearch(&found, sorted, n, sizeof(*sorted),
			compare_inodes) != NULL)
			return tell(path, "is to be read and written");
		if (!force)
			return tell(
			    path, "is there; --force overwrites results");
	}
	return 0;
}

int
pd_compress_check(const struct pd_compress_tree *t, const char *out,
    char *const *words, size_t nwords, bool force)
{
	const struct pd_compress_file **sorted;
	int rc = check_outside(out, words, nwords);

	if (rc != 0 || t->n == 0)
		return rc;
	sorted = pd_xalloc(t->n * sizeof(*sorted));
	for (size_t i = 0; i < t->n; i++)
		sorted[i] = &t->v[i];
	qsort(sorted, t->n, sizeof(*sorted), compare_names);
	rc = check_names(sorted, t->n);
	qsort(sorted, t->n, sizeof(*sorted), compare_inodes);
	if (rc == 0)
		rc = check_free(sorted, t->n, out, force);
	free(sorted);
	return rc;
}
