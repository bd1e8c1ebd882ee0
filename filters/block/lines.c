#include "filters/block/lines.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "filters/block/condition.h"

#define REPORT_LINE_MAX 1024
#define SHOWN_BYTES     60

void
pd_lines_tell(
    const struct pd_conf_report *report, bool error, const char *fmt, ...)
{
	char text[REPORT_LINE_MAX];
	va_list ap;

	if (report == NULL || report->line == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report->line(report->arg, error, text);
}

/* What keeps this file from being read as a list; NULL when nothing does. */
static const char *
unfit(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a file";
	if (st.st_size > PD_LINES_FILE_MAX)
		return "larger than 256 MiB";
	return NULL;
}

int
pd_lines_open(
    struct pd_lines *l, const char *name, const struct pd_conf_report *report)
{
	/* Not blocking: a pipe in place of a list must not hang the start. */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		pd_lines_tell(report, true, "%s: %s", name, strerror(errno));
		return -1;
	}
	return pd_lines_take(l, fd, name, true, report);
}

int
pd_lines_take(struct pd_lines *l, int fd, const char *name, bool fatal,
    const struct pd_conf_report *report)
{
	const char *why = unfit(fd);

	if (why != NULL) {
		pd_lines_tell(report, fatal, "%s: %s", name, why);
		close(fd);
		return -1;
	}
	*l = (struct pd_lines){
		.name = name,
		.report = report,
		.fd = fd,
		.buf = pd_xalloc(PD_LINES_BUFFER),
		.cap = PD_LINES_BUFFER,
	};
	l->data = l->buf;
	return 0;
}

void
pd_lines_memory(struct pd_lines *l, struct pd_str text, const char *name,
    const struct pd_conf_report *report)
{
	*l = (struct pd_lines){
		.name = name,
		.report = report,
		.fd = -1,
		.data = text.p,
		.len = text.n,
		.eof = true,
	};
}

void
pd_lines_direct(struct pd_lines *l, const struct pd_lines_directives *d)
{
	assert(l->line == 0);
	l->directives = d;
}

/* Room behind what is there: by moving that to the front, or by growing up to
 * what one line may take. */
static void
make_room(struct pd_lines *l)
{
	if (l->at > 0) {
		memmove(l->buf, l->buf + l->at, l->len - l->at);
		l->len -= l->at;
		l->at = 0;
	}
	if (l->len == l->cap && l->cap < PD_LINE_LEN_MAX + PD_LINES_BUFFER) {
		l->cap *= 2;
		l->buf = pd_xrealloc(l->buf, l->cap);
		l->data = l->buf;
	}
}

/* Reads until the buffer is full. */
static void
fill(struct pd_lines *l)
{
	ssize_t n;

	if (l->eof)
		return;
	make_room(l);
	while (l->len < l->cap) {
		n = read(l->fd, l->buf + l->len, l->cap - l->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			pd_lines_tell(l->report, true, "%s: %s", l->name,
			    strerror(errno));
			l->failed = true;
		}
		if (n <= 0) {
			l->eof = true;
			return;
		}
		l->len += (size_t)n;
	}
}

static void
skip_mark(struct pd_lines *l)
{
	if (l->len - l->at >= 3 &&
	    memcmp(l->data + l->at, "\xef\xbb\xbf", 3) == 0)
		l->at += 3;
}

struct pd_str
pd_lines_head(struct pd_lines *l, bool *whole)
{
	assert(l->line == 0);
	if (l->len == 0)
		fill(l);
	if (l->at == 0)
		skip_mark(l);
	*whole = l->eof && l->len - l->at <= PD_LINES_BUFFER;
	return pd_str_of(l->data + l->at, l->len - l->at < PD_LINES_BUFFER
					      ? l->len - l->at
					      : PD_LINES_BUFFER);
}

/* Where the line's end is, looked for behind `from`; l->len: not here. */
static size_t
find_end(const struct pd_lines *l, size_t from)
{
	const char *nl;

	if (from == l->len)
		return l->len;
	nl = memchr(l->data + from, '\n', l->len - from);
	return nl != NULL ? (size_t)(nl - l->data) : l->len;
}

/* Skips the rest of a line that does not fit into the buffer. */
static void
skip_line(struct pd_lines *l)
{
	size_t end;

	do {
		l->at = l->len;
		fill(l);
		end = find_end(l, l->at);
	} while (end == l->len && !l->eof);
	l->at = end < l->len ? end + 1 : l->len;
}

/* The end of the line that begins at l->at, with more read as it takes. */
static size_t
reach_end(struct pd_lines *l)
{
	size_t end = find_end(l, l->at), seen;

	while (end == l->len && !l->eof && l->len - l->at <= PD_LINE_LEN_MAX) {
		seen = l->len - l->at;
		fill(l);
		end = find_end(l, l->at + seen);
	}
	return end;
}

/* Any line, on or off, of a length that may be. */
static bool
next_line(struct pd_lines *l, struct pd_str *line)
{
	size_t end;

	if (l->line == 0) {
		if (l->len == 0)
			fill(l);
		if (l->at == 0)
			skip_mark(l);
	}
	for (;;) {
		end = reach_end(l);
		if (l->at == l->len && l->eof)
			return false;
		l->line++;
		*line = pd_str_of(l->data + l->at, end - l->at);
		if (end == l->len && !l->eof)
			skip_line(l);
		else
			l->at = end < l->len ? end + 1 : l->len;
		if (line->n > 0 && line->p[line->n - 1] == '\r')
			line->n--;
		if (line->n <= PD_LINE_LEN_MAX)
			return true;
		pd_lines_wrong(
		    l, "longer than %d bytes; left out", PD_LINE_LEN_MAX);
	}
}

static void
begin_if(struct pd_lines *l, struct pd_str condition)
{
	const struct pd_lines_directives *d = l->directives;
	char shown[PD_LINES_SHOWN];
	uint64_t bit;
	bool on, valid;

	/* Deeper ones are counted for their "!#endif", and are off. */
	if (l->depth++ >= PD_LINES_IF_MAX) {
		l->off |= (uint64_t)1 << PD_LINES_IF_MAX;
		if (l->depth == PD_LINES_IF_MAX + 1)
			pd_lines_wrong(l,
			    "more than %d \"!#if\" in one "
			    "another; left out",
			    PD_LINES_IF_MAX);
		return;
	}
	bit = (uint64_t)1 << (l->depth - 1);
	on = pd_condition(condition, d->symbols, d->nsymbols, &valid);
	if (!valid)
		pd_lines_wrong(l, "\"!#if %s\" cannot be read; taken as false",
		    pd_lines_show(condition, shown));
	l->other &= ~bit;
	l->off = on ? l->off & ~bit : l->off | bit;
}

static void
other_side(struct pd_lines *l)
{
	uint64_t bit;

	if (l->depth > PD_LINES_IF_MAX)
		return;
	bit = l->depth > 0 ? (uint64_t)1 << (l->depth - 1) : 0;
	if (bit == 0 || (l->other & bit) != 0) {
		pd_lines_wrong(l, "\"!#else\" without \"!#if\"");
		return;
	}
	l->other |= bit;
	l->off ^= bit;
}

static void
end_if(struct pd_lines *l)
{
	if (l->depth == 0) {
		pd_lines_wrong(l, "\"!#endif\" without \"!#if\"");
		return;
	}
	l->depth--;
	if (l->depth <= PD_LINES_IF_MAX)
		l->off &= ((uint64_t)1 << l->depth) - 1;
}

static bool
is_directive(struct pd_str line)
{
	return line.n > 2 && line.p[0] == '!' && line.p[1] == '#';
}

bool
pd_lines_include(struct pd_str line, struct pd_str *name)
{
	struct pd_str rest;

	if (!is_directive(line))
		return false;
	rest = pd_str_of(line.p + 2, line.n - 2);
	if (!pd_str_eq(pd_lines_word(&rest), PD_STR("include")))
		return false;
	*name = pd_str_trim(rest);
	return true;
}

static void
direct(struct pd_lines *l, struct pd_str line)
{
	struct pd_str rest = pd_str_of(line.p + 2, line.n - 2);
	struct pd_str word, name;

	/* "!#if(a)" is written too. */
	if (pd_str_starts(rest, PD_STR("if("))) {
		begin_if(l, pd_str_of(rest.p + 2, rest.n - 2));
		return;
	}
	word = pd_lines_word(&rest);
	rest = pd_str_trim(rest);
	if (pd_str_eq(word, PD_STR("if")))
		begin_if(l, rest);
	else if (pd_str_eq(word, PD_STR("else")))
		other_side(l);
	else if (pd_str_eq(word, PD_STR("endif")))
		end_if(l);
	else if (pd_lines_include(line, &name) && l->off == 0 &&
		 l->directives->include != NULL)
		l->directives->include(l->directives->arg, name, l->line);
	/* Others ("!#safari_cb_affinity") are for some engine else. */
}

bool
pd_lines_next(struct pd_lines *l, struct pd_str *line)
{
	while (next_line(l, line)) {
		if (l->directives == NULL)
			return true;
		if (is_directive(*line))
			direct(l, *line);
		else if (l->off == 0)
			return true;
	}
	return false;
}

void
pd_lines_wrong(struct pd_lines *l, const char *fmt, ...)
{
	char text[REPORT_LINE_MAX / 2];
	va_list ap;

	if (l->wrong++ >= PD_LINES_WRONG_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pd_lines_tell(l->report, false, "%s:%u: %s", l->name, l->line, text);
}

int
pd_lines_finish(struct pd_lines *l)
{
	if (l->depth > 0 && l->eof && l->at == l->len)
		pd_lines_wrong(l, "the file ends inside \"!#if\"");
	if (l->wrong > PD_LINES_WRONG_MAX)
		pd_lines_tell(l->report, false,
		    "%s: %u more lines are wrong and were left out", l->name,
		    l->wrong - PD_LINES_WRONG_MAX);
	if (l->fd >= 0)
		close(l->fd);
	free(l->buf);
	l->fd = -1;
	l->buf = NULL;
	return l->failed ? -1 : 0;
}

struct pd_str
pd_lines_word(struct pd_str *rest)
{
	struct pd_str word = pd_str_trim(*rest);
	size_t n = 0;

	while (n < word.n && word.p[n] != ' ' && word.p[n] != '\t')
		n++;
	*rest = pd_str_of(word.p + n, word.n - n);
	return pd_str_of(word.p, n);
}

const char *
pd_lines_show(struct pd_str s, char buf[PD_LINES_SHOWN])
{
	size_t n = s.n < SHOWN_BYTES ? s.n : SHOWN_BYTES;

	for (size_t i = 0; i < n; i++)
		buf[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	memcpy(buf + n, s.n > n ? "..." : "", s.n > n ? 4 : 1);
	return buf;
}
