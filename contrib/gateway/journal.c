#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "system.h"

/* One line: {"kind":"route","#":"2","dst":"default","table":"11900"}. */
struct line {
	struct pd_arena *arena;
	struct gw_step *step;
	unsigned nmembers;
};

static int
on_member(
    void *arg, struct pd_str name, enum pd_json_kind kind, struct pd_str value)
{
	struct line *l = arg;
	const char *z = pd_arena_str(l->arena, value).p;
	int64_t n;

	if (kind != PD_JSON_STRING || memchr(value.p, '\0', value.n) != NULL ||
	    memchr(name.p, '\0', name.n) != NULL)
		return -1;
	switch (l->nmembers++) {
	case 0:
		l->step->kind = gw_kind_find(z);
		return pd_str_eq(name, PD_STR("kind")) && l->step->kind != NULL
			   ? 0
			   : -1;
	case 1:
		if (!pd_str_eq(name, PD_STR("#")) ||
		    pd_str_u63(value, &n) < 0 || n > GW_ARGS_MAX)
			return -1;
		l->step->nkeys = (size_t)n;
		return 0;
	default:
		if (l->step->nargs == GW_ARGS_MAX)
			return -1;
		gw_step_set(
		    l->step, l->arena, pd_arena_str(l->arena, name).p, z);
		return 0;
	}
}

static struct gw_step *
read_line(struct pd_arena *arena, struct pd_str text)
{
	struct line l = { .arena = arena };

	l.step = pd_arena_zalloc(arena, sizeof(*l.step));
	l.step->args =
	    pd_arena_zalloc(arena, GW_ARGS_MAX * sizeof(*l.step->args));
	if (pd_json_read(text, arena, on_member, &l) != 0 || l.nmembers < 2 ||
	    l.step->nkeys > l.step->nargs)
		return NULL;
	return l.step;
}

static void
append(struct gw_journal *j, struct gw_step *s)
{
	if (j->n == j->cap) {
		j->cap = j->cap * 2 + 16;
		j->v = pd_xrealloc(j->v, j->cap * sizeof(struct gw_step *));
	}
	j->v[j->n++] = s;
}

int
gw_journal_read(struct gw_journal *j, struct pd_str text, unsigned *line)
{
	*line = 0;
	for (unsigned at = 1; text.n > 0; at++) {
		const char *end = memchr(text.p, '\n', text.n);
		struct gw_step *s;

		/* Cut off while it was written: what it says was not begun. */
		if (end == NULL)
			break;
		s = read_line(
		    j->arena, pd_str_of(text.p, (size_t)(end - text.p)));
		if (s != NULL)
			append(j, s);
		else if (*line == 0)
			*line = at;
		text.n -= (size_t)(end + 1 - text.p);
		text.p = end + 1;
	}
	if (*line == 0)
		return 0;
	errno = EILSEQ;
	return -1;
}

int
gw_journal_open(struct gw_journal *j, const char *run_dir, unsigned *line)
{
	char *text;
	int rc;

	*j = (struct gw_journal){ .fd = -1, .arena = pd_arena_create() };
	*line = 0;
	if (asprintf(&j->path, "%s/journal", run_dir) < 0)
		abort();
	text = gw_read_file(j->path);
	if (text == NULL)
		return errno == ENOENT ? 0 : -1;
	j->torn = text[0] != '\0' && text[strlen(text) - 1] != '\n';
	rc = gw_journal_read(j, pd_str_z(text), line);
	free(text);
	return rc;
}

void
gw_journal_close(struct gw_journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	pd_arena_destroy(j->arena);
	free(j->v);
	free(j->path);
	*j = (struct gw_journal){ .fd = -1 };
}

struct gw_step *
gw_journal_find(const struct gw_journal *j, const struct gw_step *s)
{
	for (size_t i = j->n; i > 0; i--) {
		if (gw_step_same(j->v[i - 1], s))
			return j->v[i - 1];
	}
	return NULL;
}

static void
print(FILE *f, const struct gw_step *s)
{
	fputs("{\"kind\":", f);
	pd_json_write(f, pd_str_z(s->kind->name));
	fprintf(f, ",\"#\":\"%zu\"", s->nkeys);
	for (size_t i = 0; i < s->nargs; i++) {
		putc(',', f);
		pd_json_write(f, pd_str_z(s->args[i].name));
		putc(':', f);
		pd_json_write(f, pd_str_z(s->args[i].value));
	}
	fputs("}\n", f);
}

static int rewrite(struct gw_journal *j);

/* The file, ready for one more line. */
static int
open_file(struct gw_journal *j)
{
	if (j->torn && rewrite(j) < 0)
		return -1;
	if (j->fd >= 0)
		return 0;
	j->fd = open(j->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return j->fd < 0 ? -1 : gw_sync_directory(j->path);
}

/* The step as the journal keeps it: in the journal's memory, without text. */
static struct gw_step *
copy_of(struct gw_journal *j, const struct gw_step *s)
{
	struct gw_step *copy = pd_arena_zalloc(j->arena, sizeof(*copy));

	copy->kind = s->kind;
	copy->nkeys = s->nkeys;
	copy->args =
	    pd_arena_zalloc(j->arena, GW_ARGS_MAX * sizeof(*copy->args));
	for (size_t i = 0; i < s->nargs; i++)
		gw_step_set(copy, j->arena, s->args[i].name, s->args[i].value);
	return copy;
}

int
gw_journal_write(struct gw_journal *j, const struct gw_step *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f;
	int rc;

	if (open_file(j) < 0)
		return -1;
	f = open_memstream(&text, &len);
	if (f == NULL)
		abort();
	print(f, s);
	fclose(f);
	rc = pd_io_write(j->fd, text, len) < 0 || fsync(j->fd) < 0 ? -1 : 0;
	free(text);
	/* Half a line, on a full disk: taken off before the next one. */
	j->torn = rc < 0;
	if (rc == 0)
		append(j, copy_of(j, s));
	return rc;
}

/* What the steps that went had of it: `run` writes for months. */
static void
renew_memory(struct gw_journal *j)
{
	struct pd_arena *before = j->arena;

	j->arena = pd_arena_create();
	for (size_t i = 0; i < j->n; i++)
		j->v[i] = copy_of(j, j->v[i]);
	pd_arena_destroy(before);
}

/* The file as the steps in memory say; appending begins anew. */
static int
rewrite(struct gw_journal *j)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int rc;

	if (f == NULL)
		abort();
	for (size_t i = 0; i < j->n; i++)
		print(f, j->v[i]);
	fclose(f);
	rc = gw_write_file(j->path, text, 0600);
	free(text);
	if (rc < 0)
		return -1;
	renew_memory(j);
	j->torn = false;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	return 0;
}

int
gw_journal_keep(struct gw_journal *j, const bool *keep)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (keep[i])
			j->v[n++] = j->v[i];
	}
	if (n == j->n)
		return 0;
	j->n = n;
	return n > 0 ? rewrite(j) : gw_journal_remove(j);
}

int
gw_journal_arrange(struct gw_journal *j, struct gw_step **v, size_t n)
{
	if (n == j->n &&
	    (n == 0 || memcmp(v, j->v, n * sizeof(struct gw_step *)) == 0))
		return 0;
	memcpy(j->v, v, n * sizeof(struct gw_step *));
	j->n = n;
	return rewrite(j);
}

int
gw_journal_remove(struct gw_journal *j)
{
	j->n = 0;
	j->torn = false;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	return unlink(j->path) < 0 && errno != ENOENT ? -1 : 0;
}
