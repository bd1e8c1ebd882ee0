#include "update_meta.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/json.h"

static const struct {
	const char *name;
	bool text;
	size_t offset;
} keys[] = {
	{ "url", true, offsetof(struct pd_update_meta, url) },
	{ "etag", true, offsetof(struct pd_update_meta, etag) },
	{ "last_modified", true,
	    offsetof(struct pd_update_meta, last_modified) },
	{ "checked", false, offsetof(struct pd_update_meta, checked) },
	{ "changed", false, offsetof(struct pd_update_meta, changed) },
	{ "expires", false, offsetof(struct pd_update_meta, expires) },
	{ "rules", false, offsetof(struct pd_update_meta, rules) },
	{ "bytes", false, offsetof(struct pd_update_meta, bytes) },
};

/* Members of the object at most, known or not. */
#define MEMBERS_MAX 32
#define NKEYS       (sizeof(keys) / sizeof(*keys))

/* ---- reading ----------------------------------------------------------- */

static void
skip_space(struct pd_str *s)
{
	while (s->n > 0 && strchr(" \t\r\n", *s->p) != NULL && *s->p != '\0') {
		s->p++;
		s->n--;
	}
}

/* Takes one character off, after what space there is. */
static bool
take(struct pd_str *s, char c)
{
	skip_space(s);
	if (s->n == 0 || *s->p != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

/* The digits of "\u00e9": a byte, as pd_json_write() means it. */
static int
read_hex(struct pd_str s)
{
	int v = 0;

	if (s.n < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = pd_lower(s.p[i]);

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (c - 'a' + 10);
		else
			return -1;
	}
	return v <= 0xff ? v : -1;
}

static int
read_string(struct pd_str *s, struct pd_arena *arena, struct pd_str *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char *buf = pd_arena_alloc(arena, s->n + 1);
	size_t n = 0;

	if (!take(s, '"'))
		return -1;
	while (s->n > 0 && *s->p != '"') {
		char c = *s->p;
		const char *plain;
		size_t len = 1;
		int byte;

		if (c == '\\') {
			if (s->n < 2 || s->p[1] == '\0')
				return -1;
			plain = strchr(from, s->p[1]);
			len = plain != NULL ? 2 : 6;
			byte = plain != NULL || s->p[1] != 'u'
				   ? -1
				   : read_hex(pd_str_of(s->p + 2, s->n - 2));
			if (plain == NULL && byte < 0)
				return -1;
			c = plain != NULL ? to[plain - from] : (char)byte;
		}
		buf[n++] = c;
		s->p += len;
		s->n -= len;
	}
	*out = pd_str_of(buf, n);
	return take(s, '"') ? 0 : -1;
}

static int
read_number(struct pd_str *s, int64_t *out)
{
	struct pd_str digits;

	skip_space(s);
	digits = pd_str_of(s->p, 0);
	while (s->n > 0 && *s->p >= '0' && *s->p <= '9') {
		digits.n++;
		s->p++;
		s->n--;
	}
	return pd_str_u63(digits, out);
}

/* One member; a name that is not known may hold either kind. */
static int
read_member(
    struct pd_str *s, struct pd_arena *arena, struct pd_update_meta *out)
{
	struct pd_str name, text;
	int64_t number = 0;
	bool is_text;

	if (read_string(s, arena, &name) < 0 || !take(s, ':'))
		return -1;
	skip_space(s);
	is_text = s->n > 0 && *s->p == '"';
	if (is_text ? read_string(s, arena, &text) < 0
		    : read_number(s, &number) < 0)
		return -1;
	for (size_t i = 0; i < NKEYS; i++) {
		char *at = (char *)out + keys[i].offset;

		if (!pd_str_eq(name, pd_str_z(keys[i].name)))
			continue;
		if (keys[i].text != is_text)
			return -1;
		if (is_text)
			memcpy(at, &text, sizeof(text));
		else
			memcpy(at, &number, sizeof(number));
	}
	return 0;
}

int
pd_update_meta_parse(
    struct pd_str text, struct pd_arena *arena, struct pd_update_meta *out)
{
	struct pd_str s = text;
	unsigned n = 0;

	*out = (struct pd_update_meta){ 0 };
	if (s.n > PD_UPDATE_META_MAX || !take(&s, '{'))
		return -1;
	if (!take(&s, '}')) {
		do {
			if (++n > MEMBERS_MAX ||
			    read_member(&s, arena, out) < 0)
				return -1;
		} while (take(&s, ','));
		if (!take(&s, '}'))
			return -1;
	}
	skip_space(&s);
	return s.n == 0 ? 0 : -1;
}

/* ---- writing ----------------------------------------------------------- */

void
pd_update_meta_write(FILE *f, const struct pd_update_meta *m)
{
	fputs("{\n", f);
	for (size_t i = 0; i < NKEYS; i++) {
		const char *at = (const char *)m + keys[i].offset;
		struct pd_str text;
		int64_t number;

		fprintf(f, "  \"%s\": ", keys[i].name);
		if (keys[i].text) {
			memcpy(&text, at, sizeof(text));
			pd_json_write(f, text);
		} else {
			memcpy(&number, at, sizeof(number));
			fprintf(f, "%" PRId64, number);
		}
		fputs(i + 1 < NKEYS ? ",\n" : "\n", f);
	}
	fputs("}\n", f);
}
