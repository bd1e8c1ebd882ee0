#include "base/conf_scan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct scanner {
	const char *p;
	unsigned line;
	bool ziproxy;

	char *out; /* the statement being built */
	size_t n, cap;

	void (*error)(void *arg, unsigned line, const char *what);
	void *arg;
};

static void
put(struct scanner *s, char c)
{
	if (s->n + 1 >= s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 128;
		s->out = pd_xrealloc(s->out, s->cap);
	}
	s->out[s->n++] = c;
	s->out[s->n] = '\0';
}

static void
put_z(struct scanner *s, const char *z)
{
	while (*z != '\0')
		put(s, *z++);
}

static char *
copy(const char *from, size_t n)
{
	char *z = pd_xalloc(n + 1);

	memcpy(z, from, n);
	return z;
}

static int
fail(struct scanner *s, unsigned line, const char *what)
{
	if (s->error != NULL)
		s->error(s->arg, line, what);
	return -1;
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* What libconfuse takes for part of a word, and nobody for anything else. */
static bool
is_bare(char c)
{
	return is_name(c) || (c != '\0' && strchr(".-/:%@", c) != NULL);
}

static bool
at_comment(const char *p)
{
	return p[0] == '#' || (p[0] == '/' && (p[1] == '/' || p[1] == '*'));
}

/* Skips one comment; line ends inside stay in the statement. */
static int
skip_comment(struct scanner *s)
{
	unsigned line = s->line;

	if (s->p[0] != '/' || s->p[1] != '*') {
		s->p += strcspn(s->p, "\n");
		return 0;
	}
	for (s->p += 2; *s->p != '\0'; s->p++) {
		if (s->p[0] == '*' && s->p[1] == '/') {
			s->p += 2;
			put(s, ' ');
			return 0;
		}
		if (*s->p == '\n') {
			s->line++;
			put(s, '\n');
		}
	}
	return fail(s, line, "the comment is not closed; end it with */");
}

static int
skip_blank(struct scanner *s)
{
	for (;;) {
		if (at_comment(s->p)) {
			if (skip_comment(s) < 0)
				return -1;
		} else if (*s->p == '\n') {
			s->line++;
			put(s, *s->p++);
		} else if (*s->p == ' ' || *s->p == '\t' || *s->p == '\r') {
			put(s, ' ');
			s->p++;
		} else {
			return 0;
		}
	}
}

/*
 * A quoted string, written anew in double quotes. Escapes are \\ \" and \' only
 * (none for Ziproxy); libconfuse would know more, and variables, which
 * surprise in paths and patterns.
 */
static int
scan_string(struct scanner *s)
{
	char quote = *s->p++;

	put(s, '"');
	for (; *s->p != quote; s->p++) {
		char c = *s->p;

		if (c == '\0' || c == '\n')
			return fail(s, s->line,
			    "the string is not closed on its line; end it "
			    "with the quote it began with");
		if (c == '\\' && !s->ziproxy) {
			c = *++s->p;
			if (c != '\\' && c != '"' && c != '\'')
				return fail(s, s->line,
				    "a backslash stands before \\, \" or ' "
				    "only; write \\\\ for a backslash");
		}
		if (c == '\\' || c == '"' || c == '$')
			put(s, '\\');
		put(s, c);
	}
	s->p++;
	put(s, '"');
	return 0;
}

static int
scan_word(struct scanner *s)
{
	if (*s->p == '"' || *s->p == '\'')
		return scan_string(s);
	if (!is_bare(*s->p))
		return fail(s, s->line,
		    *s->p == '\0' || *s->p == '}' || *s->p == ','
			? "a value is missing; write NAME = VALUE"
			: "this character needs quotes; put the value in "
			  "\"...\"");
	while (is_bare(*s->p) && !at_comment(s->p)) {
		put(s, *s->p++);
		if (s->p[-1] == ':' && s->p[0] == '/' && s->p[1] == '/')
			return fail(s, s->line,
			    "a URL needs quotes, for // begins a comment; put "
			    "it in \"...\"");
	}
	return 0;
}

/* { value, value ... }: only commas and values, so that a list that is not
 * closed ends at the next option and not at the end of the file. */
static int
scan_list(struct scanner *s, unsigned line)
{
	bool wants_value = true;
	unsigned last = line;

	put(s, *s->p++);
	for (;;) {
		if (skip_blank(s) < 0)
			return -1;
		if (*s->p == '}') {
			put(s, *s->p++);
			return 0;
		}
		if (*s->p == '\0' || *s->p == '=' || *s->p == '{')
			return fail(
			    s, line, "the list is not closed; end it with }");
		if (*s->p == ',') {
			if (wants_value)
				return fail(s, s->line,
				    "a value is missing before the comma");
			put(s, *s->p++);
			wants_value = true;
			continue;
		}
		if (!wants_value && s->line > last)
			return fail(s, line,
			    "the list is not closed by }, or a comma is "
			    "missing at a line's end");
		if (!wants_value)
			return fail(s, s->line,
			    "a comma is missing between two values");
		if (scan_word(s) < 0)
			return -1;
		wants_value = false;
		last = s->line;
	}
}

/*
 * A string that is passed over: it is read, and told, with what it is in. One
 * that is not closed on its line hides no brace.
 */
static void
skip_string(struct scanner *s)
{
	char quote = *s->p++;
	const char *p = s->p;

	while (*p != quote && *p != '\n' && *p != '\0') {
		if (*p == '\\' && !s->ziproxy && p[1] != '\n' && p[1] != '\0')
			p++;
		p++;
	}
	if (*p == quote)
		s->p = p + 1;
}

/* The same for a word. "https://" without quotes begins no comment here, or
 * the brace behind it would be lost. */
static void
skip_word(struct scanner *s)
{
	while (is_bare(*s->p) && !at_comment(s->p)) {
		s->p++;
		if (s->p[-1] == ':' && s->p[0] == '/' && s->p[1] == '/')
			s->p += 2;
	}
}

/*
 * The inside of a section, from its brace to the one that closes it. Only
 * braces count: whatever is wrong in it spoils its own line alone.
 */
static int
scan_section(struct scanner *s, struct pd_conf_statement *st)
{
	const char *begin = s->p + 1;
	unsigned depth = 0;

	st->body_line = s->line;
	do {
		if (skip_blank(s) < 0)
			return -1;
		if (*s->p == '\0')
			return fail(s, st->line,
			    "the section is not closed; end it with }");
		if (*s->p == '"' || *s->p == '\'') {
			skip_string(s);
		} else if (is_bare(*s->p)) {
			skip_word(s);
		} else {
			if (*s->p == '{' && ++depth > PD_CONF_DEPTH_MAX)
				return fail(s, s->line,
				    "sections stand in each other too deeply");
			if (*s->p == '}')
				depth--;
			s->p++;
		}
	} while (depth > 0);
	st->body = copy(begin, (size_t)(s->p - 1 - begin));
	return 0;
}

/* A word as it stands at from in the statement, its quotes and escapes gone. */
static char *
take_word(const struct scanner *s, size_t from)
{
	char *word = pd_xalloc(s->n - from + 1);
	size_t n = 0;

	for (size_t i = from; i < s->n && s->out[i] != '"'; i++)
		word[n++] = s->out[i];
	if (from < s->n && s->out[from] == '"') {
		for (size_t i = from + 1; i + 1 < s->n; i++) {
			if (s->out[i] == '\\')
				i++;
			word[n++] = s->out[i];
		}
	}
	return word;
}

/* From the bracket of include("file"). */
static int
scan_include(struct scanner *s, struct pd_conf_statement *st)
{
	static const char wrong[] =
	    "a file is included by include(\"FILE\"), its name in quotes";
	size_t from;

	st->kind = PD_CONF_INCLUDE;
	s->p++;
	if (skip_blank(s) < 0)
		return -1;
	if (*s->p != '"' && *s->p != '\'')
		return fail(s, st->line, wrong);
	from = s->n;
	if (scan_string(s) < 0)
		return -1;
	st->title = take_word(s, from);
	if (skip_blank(s) < 0)
		return -1;
	if (*s->p != ')')
		return fail(s, st->line, wrong);
	s->p++;
	return 0;
}

/* From what follows "name" and "=" or "+=". */
static int
scan_value(struct scanner *s, const struct pd_conf_statement *st)
{
	unsigned line = s->line;

	if (skip_blank(s) < 0)
		return -1;
	/* Else the next option's name would be taken for the value. */
	if (s->line > line && *s->p != '{')
		return fail(
		    s, st->line, "a value is missing; write NAME = VALUE");
	return *s->p == '{' ? scan_list(s, st->line) : scan_word(s);
}

static int
scan_statement(struct scanner *s, struct pd_conf_statement *st)
{
	size_t from;

	if (!is_name(*s->p))
		return fail(s, s->line,
		    *s->p == '}' ? "this } closes nothing; remove it"
				 : "the name of an option is expected here");
	while (is_name(*s->p) || *s->p == '-')
		put(s, *s->p++);
	st->tail = s->n;
	st->name = pd_xstrdup(s->out);
	if (skip_blank(s) < 0)
		return -1;
	if (*s->p == '(' && strcmp(st->name, "include") == 0)
		return scan_include(s, st);
	if (*s->p == '"' || *s->p == '\'' || is_bare(*s->p)) {
		/* Only a section has a title. */
		from = s->n;
		if (scan_word(s) < 0)
			return -1;
		st->title = take_word(s, from);
		if (skip_blank(s) < 0)
			return -1;
		if (*s->p != '{')
			return fail(
			    s, st->line, "= is missing; write NAME = VALUE");
	}
	if (*s->p == '{') {
		st->kind = PD_CONF_SECTION;
		return scan_section(s, st);
	}
	if (s->p[0] == '+' && s->p[1] == '=') {
		st->append = true;
		put_z(s, "+=");
		s->p += 2;
	} else if (*s->p == '=') {
		put(s, *s->p++);
	} else {
		return fail(s, st->line, "= is missing; write NAME = VALUE");
	}
	return scan_value(s, st);
}

/* After a mistake: on with the line after the one where it began. */
static void
resume(struct scanner *s, const char *begin, unsigned line)
{
	s->p = begin + strcspn(begin, "\n");
	s->line = line;
}

static void
free_statement(struct pd_conf_statement *st)
{
	free(st->name);
	free(st->text);
	free(st->body);
	free(st->title);
}

void
pd_conf_scan_init(
    struct pd_conf_scan *scan, const struct pd_conf_scan_params *params)
{
	struct scanner s = {
		.p = params->text,
		.line = params->line > 0 ? params->line : 1,
		.ziproxy = params->ziproxy,
		.error = params->error,
		.arg = params->arg,
	};
	size_t cap = 0;

	*scan = (struct pd_conf_scan){ NULL, 0 };
	/* A byte order mark is what some editors leave. */
	if (strncmp(s.p, "\xef\xbb\xbf", 3) == 0)
		s.p += 3;
	while (skip_blank(&s) == 0 && *s.p != '\0') {
		struct pd_conf_statement st = { .line = s.line };
		const char *begin = s.p;

		s.n = 0;
		if (scan_statement(&s, &st) < 0) {
			bool all = st.kind == PD_CONF_SECTION && *s.p == '\0';

			free_statement(&st);
			/* What follows stands in a section without an end. */
			if (all)
				break;
			resume(&s, begin, st.line);
			continue;
		}
		if (scan->n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			scan->v = pd_xrealloc(scan->v, cap * sizeof(*scan->v));
		}
		if (st.kind == PD_CONF_OPTION)
			st.text = pd_xstrdup(s.out);
		scan->v[scan->n++] = st;
	}
	free(s.out);
}

void
pd_conf_scan_finish(struct pd_conf_scan *s)
{
	for (size_t i = 0; i < s->n; i++)
		free_statement(&s->v[i]);
	free(s->v);
	*s = (struct pd_conf_scan){ NULL, 0 };
}
