#include "filters/block/lines.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

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
	const char *why;
	/* Not blocking: a pipe in place of a list must not hang the start. */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		pd_lines_tell(report, true, "%s: %s", name, strerror(errno));
		return -1;
	}
	why = unfit(fd);
	if (why != NULL) {
		pd_lines_tell(report, true, "%s: %s", name, why);
		close(fd);
		return -1;
	}
	*l = (struct pd_lines){
		.name = name,
		.report = report,
		.fd = fd,
		.buf = pd_xalloc(PD_LINES_BUFFER),
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

/* Moves what is left to the front and fills the buffer up. */
static void
fill(struct pd_lines *l)
{
	ssize_t n;

	if (l->eof)
		return;
	if (l->at > 0) {
		memmove(l->buf, l->buf + l->at, l->len - l->at);
		l->len -= l->at;
		l->at = 0;
	}
	while (l->len < PD_LINES_BUFFER) {
		n = read(l->fd, l->buf + l->len, PD_LINES_BUFFER - l->len);
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
	if (l->at == 0) {
		fill(l);
		skip_mark(l);
	}
	*whole = l->eof && l->len - l->at <= PD_LINES_BUFFER;
	return pd_str_of(l->data + l->at, l->len - l->at < PD_LINES_BUFFER
					      ? l->len - l->at
					      : PD_LINES_BUFFER);
}

/* Where the line's end is, from l->at; l->len when it is not in the buffer. */
static size_t
find_end(const struct pd_lines *l)
{
	const char *nl;

	if (l->at == l->len)
		return l->len;
	nl = memchr(l->data + l->at, '\n', l->len - l->at);
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
		end = find_end(l);
	} while (end == l->len && !l->eof);
	l->at = end < l->len ? end + 1 : l->len;
}

bool
pd_lines_next(struct pd_lines *l, struct pd_str *line)
{
	size_t end;

	for (;;) {
		end = find_end(l);
		if (end == l->len && !l->eof) {
			fill(l);
			if (l->line == 0)
				skip_mark(l);
			end = find_end(l);
		} else if (l->line == 0 && l->at == 0) {
			skip_mark(l);
		}
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
