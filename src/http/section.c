#include "http/section.h"

#include <event2/buffer.h>

enum pd_h1_result
pd_section_bad(struct pd_fault *err, int status, const char *what)
{
	*err = (struct pd_fault){ status, what };
	return PD_H1_BAD;
}

bool
pd_section_line(struct pd_section *c, struct pd_str *line)
{
	*line = pd_str_split(&c->rest, '\n');
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	else if (c->strict)
		return false;
	return line->n == 0 || (memchr(line->p, '\r', line->n) == NULL &&
				   memchr(line->p, '\0', line->n) == NULL);
}

size_t
pd_section_end(const char *p, size_t n, size_t from)
{
	/* An end may straddle the place: LF CR | LF. */
	size_t i = from > 2 ? from - 2 : 0;

	while (i < n) {
		const char *lf = memchr(p + i, '\n', n - i);

		if (lf == NULL)
			return 0;
		i = (size_t)(lf - p) + 1;
		if (i < n && p[i] == '\n')
			return i + 1;
		if (i + 1 < n && p[i] == '\r' && p[i + 1] == '\n')
			return i + 2;
	}
	return 0;
}

bool
pd_section_hopeless(const char *p, size_t n, size_t from)
{
	for (size_t i = from > 0 ? from - 1 : 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c >= ' ' && c != 0x7f)
			continue;
		if (c == '\t')
			continue;
		if (c == '\r' && (i + 1 == n || p[i + 1] == '\n'))
			continue;
		if (c == '\n' && i > 0 && p[i - 1] == '\r')
			continue;
		return true;
	}
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

const char *
pd_section_look(struct evbuffer *in, size_t n)
{
	return (const char *)evbuffer_pullup(in, (ev_ssize_t)n);
}

/*
 * Joins the lines that continue this one (RFC 9112, 5.2): the line ends between
 * them become spaces, in place, so that a thousand folds cost no more than one
 * long line. False where one of them is malformed.
 */
static bool
unfold(struct pd_section *c, struct pd_str *line)
{
	struct pd_str more;
	char *end;

	while (c->rest.n > 0 && is_blank(c->rest.p[0])) {
		if (!pd_section_line(c, &more))
			return false;
		/* The section is the caller's own copy. */
		end = (char *)(uintptr_t)(line->p + line->n);
		memset(end, ' ', (size_t)(more.p - end));
		line->n = (size_t)(more.p + more.n - line->p);
	}
	return true;
}

enum pd_h1_result
pd_section_fields(struct pd_section *c, uint32_t max, struct pd_arena *arena,
    struct pd_fields *fs, struct pd_fault *err)
{
	struct pd_str line, name;
	size_t first;

	for (;;) {
		if (!pd_section_line(c, &line))
			return pd_section_bad(
			    err, 400, "a line end or NUL out of place");
		if (line.n == 0)
			return PD_H1_DONE;
		if (is_blank(line.p[0]))
			return pd_section_bad(err, 400, "a folded field line");
		first = line.n;
		if (!c->strict && !unfold(c, &line))
			return pd_section_bad(
			    err, 400, "a line end or NUL out of place");
		name = pd_str_split(&line, ':');
		if (line.p == NULL || name.n > first) {
			if (c->strict)
				return pd_section_bad(
				    err, 400, "a field line without \":\"");
			continue; /* nobody reads it; it is not passed on */
		}
		if (!c->strict) {
			while (name.n > 0 && is_blank(name.p[name.n - 1]))
				name.n--;
		}
		line = pd_str_trim(line);
		if (!pd_is_token(name)) {
			if (c->strict)
				return pd_section_bad(
				    err, 400, "a malformed field name");
			continue;
		}
		if (!pd_is_field_value(line))
			return pd_section_bad(
			    err, 400, "a control byte in a field value");
		if (fs->n >= max)
			return pd_section_bad(err, 431, "too many field lines");
		pd_fields_add(fs, arena, name, line);
	}
}

size_t
pd_section_window(const struct evbuffer *in, const struct pd_h1_limits *limits)
{
	size_t n = evbuffer_get_length(in);

	return n < limits->header_max ? n : limits->header_max;
}
