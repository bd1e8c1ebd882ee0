#include "base/arena.h"
#include "base/json.h"

struct reader {
	const char *p, *end;
	struct pd_arena *arena;
};

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' ||
				    *r->p == '\r' || *r->p == '\n'))
		r->p++;
}

static bool
take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* Four digits; -1 when they are not. */
static int
read_unit(struct reader *r)
{
	int unit = 0;

	if (r->end - r->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = pd_hex_digit(*r->p++);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* What follows "\u": a pair of surrogates is one character (RFC 8259, 7); half
 * of one is none. Moves *at on; false when it is malformed. */
static bool
read_escaped_unit(struct reader *r, char **at)
{
	int unit = read_unit(r), low;
	uint32_t c;
	char *p = *at;

	if (unit < 0)
		return false;
	c = (uint32_t)unit;
	if (c >= 0xd800 && c <= 0xdfff) {
		if (c >= 0xdc00 || r->end - r->p < 2 || r->p[0] != '\\' ||
		    r->p[1] != 'u')
			return false;
		r->p += 2;
		low = read_unit(r);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
	}
	if (c < 0x80) {
		*p++ = (char)c;
	} else if (c < 0x800) {
		*p++ = (char)(0xc0 | c >> 6);
		*p++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*p++ = (char)(0xe0 | c >> 12);
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
	} else {
		*p++ = (char)(0xf0 | c >> 18);
		*p++ = (char)(0x80 | (c >> 12 & 0x3f));
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
	}
	*at = p;
	return true;
}

static bool
read_escape(struct reader *r, char **at)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (r->p == r->end)
		return false;
	if (*r->p == 'u') {
		r->p++;
		return read_escaped_unit(r, at);
	}
	found = *r->p != '\0' ? strchr(from, *r->p) : NULL;
	if (found == NULL)
		return false;
	*(*at)++ = to[found - from];
	r->p++;
	return true;
}

/* Behind the opening quote. */
static bool
read_string(struct reader *r, struct pd_str *out)
{
	const char *start = r->p;
	char *copy, *at;

	while (r->p < r->end && *r->p != '"' && *r->p != '\\' &&
	       (unsigned char)*r->p >= ' ')
		r->p++;
	if (r->p < r->end && *r->p == '"') {
		*out = pd_str_of(start, (size_t)(r->p++ - start));
		return true;
	}
	/* No escape makes more bytes than it takes. */
	copy = at = pd_arena_alloc(r->arena, (size_t)(r->end - start) + 1);
	r->p = start;
	while (r->p < r->end && *r->p != '"') {
		if ((unsigned char)*r->p < ' ')
			return false;
		if (*r->p != '\\') {
			*at++ = *r->p++;
			continue;
		}
		r->p++;
		if (!read_escape(r, &at))
			return false;
	}
	*out = pd_str_of(copy, (size_t)(at - copy));
	return take(r, '"');
}

static bool
is_digit(const struct reader *r)
{
	return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

/* RFC 8259, 6. */
static bool
read_number(struct reader *r)
{
	if (r->p < r->end && *r->p == '-')
		r->p++;
	if (!is_digit(r))
		return false;
	if (*r->p == '0')
		r->p++;
	else
		while (is_digit(r))
			r->p++;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!is_digit(r))
			return false;
		while (is_digit(r))
			r->p++;
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		if (!is_digit(r))
			return false;
		while (is_digit(r))
			r->p++;
	}
	return true;
}

static bool
read_word(struct reader *r)
{
	static const struct pd_str words[] = { { "true", 4 }, { "false", 5 },
		{ "null", 4 } };
	struct pd_str rest = pd_str_of(r->p, (size_t)(r->end - r->p));

	for (size_t i = 0; i < 3; i++) {
		if (pd_str_starts(rest, words[i])) {
			r->p += words[i].n;
			return true;
		}
	}
	return false;
}

static bool
read_value(struct reader *r, enum pd_json_kind *kind, struct pd_str *out)
{
	const char *start;
	bool fine;

	if (take(r, '"')) {
		*kind = PD_JSON_STRING;
		return read_string(r, out);
	}
	start = r->p;
	*kind = r->p < r->end && *r->p >= 'a' ? PD_JSON_WORD : PD_JSON_NUMBER;
	fine = *kind == PD_JSON_WORD ? read_word(r) : read_number(r);
	*out = pd_str_of(start, (size_t)(r->p - start));
	return fine;
}

int
pd_json_read(struct pd_str text, struct pd_arena *arena,
    int (*member)(void *arg, struct pd_str name, enum pd_json_kind kind,
	struct pd_str value),
    void *arg)
{
	struct reader r = { text.p, text.p + text.n, arena };
	struct pd_str name, value;
	enum pd_json_kind kind;

	if (text.n == 0 || !take(&r, '{'))
		return -1;
	if (!take(&r, '}')) {
		do {
			if (!take(&r, '"') || !read_string(&r, &name) ||
			    !take(&r, ':') || !read_value(&r, &kind, &value) ||
			    member(arg, name, kind, value) != 0)
				return -1;
		} while (take(&r, ','));
		if (!take(&r, '}'))
			return -1;
	}
	skip_blanks(&r);
	return r.p == r.end ? 0 : -1;
}
