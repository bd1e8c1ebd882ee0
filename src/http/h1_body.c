/*
 * Content, framing off: moved from buffer to buffer, not copied.
 */
#include <event2/buffer.h>

#include "base/buf.h"
#include "http/h1.h"
#include "http/section.h"

#define SIZE_DIGITS_MAX 16
/* Chunk size line: the digits and a little; the rest is extensions. */
#define CHUNK_LINE_MAX 1024
/* All chunk extensions of one content; they are read and dropped. */
#define EXTENSIONS_MAX (16 * 1024)

void
pd_h1_body_init(struct pd_h1_body *b, enum pd_body kind, int64_t content_length,
    bool strict)
{
	*b = (struct pd_h1_body){ .kind = kind, .strict = strict };
	switch (kind) {
	case PD_BODY_NONE:
		b->state = PD_H1_END;
		break;
	case PD_BODY_LENGTH:
		b->left = content_length;
		b->state = content_length > 0 ? PD_H1_DATA : PD_H1_END;
		break;
	case PD_BODY_CHUNKED:
		b->state = PD_H1_CHUNK_SIZE;
		break;
	case PD_BODY_CLOSE:
		b->left = INT64_MAX;
		b->state = PD_H1_DATA;
		break;
	}
}

/* Takes the token that s begins with. */
static bool
take_token(struct pd_str *s)
{
	size_t n = 0;

	while (n < s->n && pd_is_token(pd_str_of(s->p + n, 1)))
		n++;
	*s = pd_str_of(s->p + n, s->n - n);
	return n > 0;
}

/* Takes the quoted string that s begins with (RFC 9110, 5.6.4). */
static bool
take_quoted(struct pd_str *s)
{
	for (size_t i = 1; i < s->n; i++) {
		if (s->p[i] == '\\') {
			i++;
		} else if (s->p[i] == '"') {
			*s = pd_str_of(s->p + i + 1, s->n - i - 1);
			return true;
		}
	}
	return false;
}

/*
 * chunk-ext (RFC 9112, 7.1.1), to the letter: a quote that is left open would
 * take the line's end into a string for another reader.
 */
static bool
extension_strict(struct pd_str ext)
{
	/* Space may stand around ";" and "=", not at the end. */
	if (ext.n > 0 && memchr(" \t", ext.p[ext.n - 1], 2) != NULL)
		return false;
	while (ext.n > 0) {
		ext = pd_str_trim(ext);
		if (ext.p[0] != ';')
			return false;
		ext = pd_str_trim(pd_str_of(ext.p + 1, ext.n - 1));
		if (!take_token(&ext))
			return false;
		ext = pd_str_trim(ext);
		if (ext.n == 0 || ext.p[0] != '=')
			continue;
		ext = pd_str_trim(pd_str_of(ext.p + 1, ext.n - 1));
		if (ext.n > 0 && ext.p[0] == '"' ? !take_quoted(&ext)
						 : !take_token(&ext))
			return false;
	}
	return true;
}

/* In a response only control bytes and what is no extension at all is refused;
 * old servers pad the size with spaces. */
static bool
extension_ok(struct pd_str ext, bool strict)
{
	if (!pd_is_field_value(ext))
		return false;
	if (strict)
		return extension_strict(ext);
	ext = pd_str_trim(ext);
	return ext.n == 0 || ext.p[0] == ';';
}

/* Hexadecimal digits at the start of a line: how many, and their number, or -1
 * when it is too large. */
static size_t
read_hex(struct pd_str line, int64_t *size)
{
	size_t i;

	*size = 0;
	for (i = 0; i < line.n; i++) {
		char c = pd_lower(line.p[i]);
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (digit < 0)
			break;
		if (*size < 0 || i == SIZE_DIGITS_MAX ||
		    *size > (INT64_MAX >> 4))
			*size = -1;
		else
			*size = *size << 4 | digit;
	}
	return i;
}

static enum pd_h1_result
parse_chunk_size(struct pd_h1_body *b, struct pd_str line, struct pd_fault *err)
{
	int64_t size;
	size_t digits = read_hex(line, &size);
	struct pd_str ext = pd_str_of(line.p + digits, line.n - digits);

	if (digits == 0)
		return pd_section_bad(err, 400, "a malformed chunk size");
	if (size < 0)
		return pd_section_bad(err, 400, "a chunk size that overflows");
	b->extensions += pd_str_trim(ext).n;
	if (b->extensions > EXTENSIONS_MAX)
		return pd_section_bad(err, 400, "too much in chunk extensions");
	if (!extension_ok(ext, b->strict))
		return pd_section_bad(err, 400, "a malformed chunk extension");
	b->left = size;
	b->state = size > 0 ? PD_H1_DATA : PD_H1_TRAILER;
	return PD_H1_DONE;
}

/* A chunk line whose end has not come: is it worth waiting for? */
static enum pd_h1_result
judge_chunk_size(
    const struct pd_h1_body *b, struct pd_str line, struct pd_fault *err)
{
	int64_t size;
	size_t digits = read_hex(line, &size);

	if (line.n >= CHUNK_LINE_MAX)
		return pd_section_bad(
		    err, 400, "a chunk line that is too long");
	if (size < 0)
		return pd_section_bad(err, 400, "a chunk size that overflows");
	if (digits == 0 ||
	    (digits < line.n && memchr("; \t\r", line.p[digits], 4) == NULL))
		return pd_section_bad(err, 400, "a malformed chunk size");
	if (b->strict && pd_section_hopeless(line.p, line.n, 0))
		return pd_section_bad(err, 400, "a control byte out of place");
	return PD_H1_MORE;
}

static enum pd_h1_result
read_chunk_size(struct pd_h1_body *b, struct evbuffer *in, struct pd_fault *err)
{
	size_t n = evbuffer_get_length(in);
	const char *p, *lf;
	struct pd_str line;
	struct pd_section c;
	enum pd_h1_result result;

	if (n == 0)
		return PD_H1_MORE;
	if (n > CHUNK_LINE_MAX)
		n = CHUNK_LINE_MAX;
	p = pd_section_look(in, n);
	lf = memchr(p, '\n', n);
	if (lf == NULL)
		return judge_chunk_size(b, pd_str_of(p, n), err);
	c = (struct pd_section){ pd_str_of(p, (size_t)(lf - p) + 1),
		b->strict };
	if (!pd_section_line(&c, &line))
		return pd_section_bad(
		    err, 400, "a line end or NUL out of place");
	result = parse_chunk_size(b, line, err);
	if (result == PD_H1_DONE)
		evbuffer_drain(in, (size_t)(lf - p) + 1);
	return result;
}

static enum pd_h1_result
read_chunk_end(struct pd_h1_body *b, struct evbuffer *in, struct pd_fault *err)
{
	char two[2];
	ev_ssize_t n = evbuffer_copyout(in, two, 2);

	if (n >= 1 && two[0] == '\n' && !b->strict) {
		evbuffer_drain(in, 1);
	} else if (n == 2 && two[0] == '\r' && two[1] == '\n') {
		evbuffer_drain(in, 2);
	} else if (n == 2 || (n == 1 && two[0] != '\r')) {
		return pd_section_bad(
		    err, 400, "a chunk that does not end where it should");
	} else {
		return PD_H1_MORE;
	}
	b->state = PD_H1_CHUNK_SIZE;
	return PD_H1_DONE;
}

/* Fields that may not come late (RFC 9110, 6.5.1): framing, routing, and what
 * a recipient would have had to know before the content. */
static bool
trailer_allowed(const struct pd_field *f)
{
	switch (f->id) {
	case PD_FIELD_CONTENT_LENGTH:
	case PD_FIELD_TRANSFER_ENCODING:
	case PD_FIELD_TRAILER:
	case PD_FIELD_CONNECTION:
	case PD_FIELD_KEEP_ALIVE:
	case PD_FIELD_PROXY_CONNECTION:
	case PD_FIELD_UPGRADE:
	case PD_FIELD_HTTP2_SETTINGS:
	case PD_FIELD_TE:
	case PD_FIELD_HOST:
	case PD_FIELD_CONTENT_ENCODING:
	case PD_FIELD_CONTENT_TYPE:
	case PD_FIELD_CONTENT_RANGE:
	case PD_FIELD_CONTENT_DISPOSITION:
	case PD_FIELD_AGE:
	case PD_FIELD_CACHE_CONTROL:
	case PD_FIELD_DATE:
	case PD_FIELD_EXPECT:
	case PD_FIELD_IF_MATCH:
	case PD_FIELD_IF_NONE_MATCH:
	case PD_FIELD_IF_RANGE:
	case PD_FIELD_MAX_FORWARDS:
	case PD_FIELD_PRAGMA:
	case PD_FIELD_RANGE:
	case PD_FIELD_AUTHORIZATION:
	case PD_FIELD_PROXY_AUTHORIZATION:
	case PD_FIELD_PROXY_AUTHENTICATE:
	case PD_FIELD_PROXY_AUTHENTICATION_INFO:
	case PD_FIELD_COOKIE:
	case PD_FIELD_SET_COOKIE:
	case PD_FIELD_LOCATION:
	case PD_FIELD_VARY:
	case PD_FIELD_VIA:
	case PD_FIELD_WARNING:
	case PD_FIELD_FORWARDED:
	case PD_FIELD_X_FORWARDED_FOR:
		return false;
	default:
		return true;
	}
}

static enum pd_h1_result
read_trailers(struct pd_h1_body *b, struct evbuffer *in,
    const struct pd_h1_limits *limits, struct pd_arena *arena,
    struct pd_fault *err)
{
	size_t n = pd_section_window(in, limits), end = 0;
	const char *p;
	struct pd_section c;
	struct pd_fields all = { 0 };
	enum pd_h1_result result;

	if (n == 0)
		return PD_H1_MORE;
	p = pd_section_look(in, n);
	/* No trailer: the section is its empty line. */
	if (p[0] == '\n' || (n > 1 && p[0] == '\r' && p[1] == '\n'))
		end = p[0] == '\n' ? 1 : 2;
	else
		end = pd_section_end(p, n, b->scan.seen);
	if (end == 0) {
		if (n >= limits->header_max)
			return pd_section_bad(
			    err, 431, "the trailer section is too long");
		if (b->strict && pd_section_hopeless(p, n, b->scan.seen))
			return pd_section_bad(
			    err, 400, "a control byte out of place");
		b->scan.seen = n;
		return PD_H1_MORE;
	}
	c = (struct pd_section){ pd_arena_str(arena, pd_str_of(p, end)),
		b->strict };
	result = pd_section_fields(&c, limits->fields_max, arena, &all, err);
	if (result != PD_H1_DONE)
		return result;
	PD_FIELDS_EACH (f, &all) {
		if (trailer_allowed(f))
			pd_fields_add(&b->trailers, arena, f->name, f->value);
	}
	evbuffer_drain(in, end);
	b->state = PD_H1_END;
	return PD_H1_DONE;
}

/* Moves what there is, at most room and what is left. */
static enum pd_h1_result
read_data(struct pd_h1_body *b, struct evbuffer *in, struct evbuffer *out,
    size_t *room)
{
	size_t n = evbuffer_get_length(in);

	if (n > *room)
		n = *room;
	if ((uint64_t)n > (uint64_t)b->left)
		n = (size_t)b->left;
	if (n == 0)
		return PD_H1_MORE;
	pd_buf_move(in, out, n);
	*room -= n;
	if (b->kind != PD_BODY_CLOSE)
		b->left -= (int64_t)n;
	if (b->left == 0) {
		b->state =
		    b->kind == PD_BODY_CHUNKED ? PD_H1_CHUNK_END : PD_H1_END;
	}
	return PD_H1_DONE;
}

enum pd_h1_result
pd_h1_body_read(struct pd_h1_body *b, struct evbuffer *in, struct evbuffer *out,
    size_t room, const struct pd_h1_limits *limits, struct pd_arena *arena,
    struct pd_fault *err)
{
	enum pd_h1_result result = PD_H1_DONE;

	while (result == PD_H1_DONE) {
		switch (b->state) {
		case PD_H1_DATA:
			result = read_data(b, in, out, &room);
			break;
		case PD_H1_CHUNK_SIZE:
			result = read_chunk_size(b, in, err);
			break;
		case PD_H1_CHUNK_END:
			result = read_chunk_end(b, in, err);
			break;
		case PD_H1_TRAILER:
			result = read_trailers(b, in, limits, arena, err);
			break;
		case PD_H1_END:
			return PD_H1_DONE;
		}
	}
	return result;
}

bool
pd_h1_body_whole_at_eof(const struct pd_h1_body *b)
{
	return b->kind == PD_BODY_CLOSE || b->state == PD_H1_END;
}
