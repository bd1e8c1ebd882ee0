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
	while (is_bare(*s->p) && !at_comment(s->p))
		put(s, *s->p++);
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

/* The inside of a section, as tokens: the grammar is libconfuse's. */
static int
scan_section(struct scanner *s, unsigned line)
{
	unsigned depth = 0;

	do {
		if (skip_blank(s) < 0)
			return -1;
		if (*s->p == '{') {
			if (++depth > PD_CONF_DEPTH_MAX)
				return fail(s, s->line,
				    "sections stand in each other too deeply");
			put(s, *s->p++);
		} else if (*s->p == '}') {
			depth--;
			put(s, *s->p++);
		} else if (*s->p == '=' || *s->p == ',') {
			put(s, *s->p++);
		} else if (s->p[0] == '+' && s->p[1] == '=') {
			put_z(s, "+=");
			s->p += 2;
		} else if (*s->p == '\0') {
			return fail(s, line,
			    "the section is not closed; end it with }");
		} else if (scan_word(s) < 0) {
			return -1;
		}
		/* Two words in a row stay two words. */
		put(s, ' ');
	} while (depth > 0);
	return 0;
}

static int
scan_statement(struct scanner *s, struct pd_conf_statement *st)
{
	unsigned line;

	if (!is_name(*s->p))
		return fail(s, s->line,
		    *s->p == '}' ? "this } closes nothing; remove it"
				 : "the name of an option is expected here");
	while (is_name(*s->p))
		put(s, *s->p++);
	st->tail = s->n;
	st->name = pd_xstrdup(s->out);
	if (skip_blank(s) < 0)
		return -1;
	if (*s->p == '"' || *s->p == '\'' || is_bare(*s->p)) {
		/* Only a section has a title. */
		if (scan_word(s) < 0 || skip_blank(s) < 0)
			return -1;
		if (*s->p != '{')
			return fail(
			    s, st->line, "= is missing; write NAME = VALUE");
	}
	if (*s->p == '{') {
		st->section = true;
		return scan_section(s, st->line);
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
	line = s->line;
	if (skip_blank(s) < 0)
		return -1;
	/* Else the next option's name would be taken for the value. */
	if (s->line > line && *s->p != '{')
		return fail(
		    s, st->line, "a value is missing; write NAME = VALUE");
	return *s->p == '{' ? scan_list(s, st->line) : scan_word(s);
}

/* After a mistake: on with the line after the one where it began. */
static void
resume(struct scanner *s, const char *begin, unsigned line)
{
	s->p = begin + strcspn(begin, "\n");
	s->line = line;
}

void
pd_conf_scan_init(struct pd_conf_scan *scan, const char *text, bool ziproxy,
    void (*error)(void *arg, unsigned line, const char *what), void *arg)
{
	struct scanner s = {
		.p = text,
		.line = 1,
		.ziproxy = ziproxy,
		.error = error,
		.arg = arg,
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
			free(st.name);
			resume(&s, begin, st.line);
			continue;
		}
		if (scan->n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			scan->v = pd_xrealloc(scan->v, cap * sizeof(*scan->v));
		}
		st.text = pd_xstrdup(s.out);
		scan->v[scan->n++] = st;
	}
	free(s.out);
}

void
pd_conf_scan_finish(struct pd_conf_scan *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].text);
	}
	free(s->v);
	*s = (struct pd_conf_scan){ NULL, 0 };
}
