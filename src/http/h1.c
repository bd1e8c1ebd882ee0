/*
 * Reading: a section is searched for its end as bytes come, copied into the
 * arena in one piece, and cut into slices there.
 */
#include "http/h1.h"

#include <event2/buffer.h>

#include "http/section.h"

/* A method longer than this is none that anybody implements. */
#define METHOD_MAX 32
/* Empty lines before a request that are forgiven (RFC 9112, 2.2). */
#define BLANK_LINES_MAX 2

/* ---- framing ------------------------------------------------------------ */

/*
 * Content-Length of all its lines and list elements; they must agree, and a
 * request may have only one. -1 when there is none.
 */
static int
read_length(const struct pd_fields *fs, bool strict, int64_t *out)
{
	unsigned seen = 0;

	*out = -1;
	PD_FIELDS_EACH (f, fs) {
		struct pd_str rest = f->value, item;

		if (f->id != PD_FIELD_CONTENT_LENGTH)
			continue;
		if (rest.n == 0)
			return -1;
		while (rest.p != NULL) {
			int64_t v;

			item = pd_str_trim(pd_str_split(&rest, ','));
			if (pd_str_u63(item, &v) < 0)
				return -1;
			if (seen > 0 && (strict || v != *out))
				return -1;
			*out = v;
			seen++;
		}
	}
	return 0;
}

enum transfer { TRANSFER_NONE, TRANSFER_CHUNKED, TRANSFER_BAD, TRANSFER_OTHER };

/* The one transfer coding that is understood is "chunked", alone. */
static enum transfer
read_transfer(const struct pd_fields *fs)
{
	enum transfer t = TRANSFER_NONE;

	PD_FIELDS_EACH (f, fs) {
		if (f->id != PD_FIELD_TRANSFER_ENCODING)
			continue;
		if (t != TRANSFER_NONE)
			return TRANSFER_BAD;
		if (pd_str_caseeq(f->value, PD_STR("chunked")))
			t = TRANSFER_CHUNKED;
		else if (pd_str_caseends(f->value, PD_STR(", chunked")) &&
			 !pd_str_casestarts(f->value, PD_STR("chunked")))
			t = TRANSFER_OTHER;
		else
			return TRANSFER_BAD;
	}
	return t;
}

/* ---- requests ---------------------------------------------------------- */

static enum pd_h1_result
read_version(struct pd_str s, uint8_t *minor, struct pd_fault *err)
{
	if (s.n != 8 || !pd_str_starts(s, PD_STR("HTTP/")) || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return pd_section_bad(err, 400, "a malformed HTTP version");
	if (s.p[5] != '1')
		return pd_section_bad(
		    err, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	*minor = s.p[7] != '0';
	return PD_H1_DONE;
}

static bool
is_visible(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	}
	return s.n > 0;
}

/* "method SP target SP version", nothing else (RFC 9112, 3). */
static enum pd_h1_result
read_request_line(
    struct pd_str line, struct pd_request *r, struct pd_fault *err)
{
	struct pd_str rest = line;

	r->method_name = pd_str_split(&rest, ' ');
	r->target = pd_str_split(&rest, ' ');
	if (rest.p == NULL || !pd_is_token(r->method_name) ||
	    !is_visible(r->target))
		return pd_section_bad(err, 400, "a malformed request line");
	if (r->method_name.n > METHOD_MAX)
		return pd_section_bad(
		    err, 501, "a method that is longer than any known");
	r->method = pd_method_of(r->method_name);
	return read_version(rest, &r->minor, err);
}

static enum pd_h1_result
url_error(enum pd_url_error e, struct pd_fault *err)
{
	return pd_section_bad(err, 400, pd_url_strerror(e));
}

/* The Host field: one at most, well-formed; HTTP/1.1 must have it. */
static enum pd_h1_result
read_host(const struct pd_request *r, struct pd_arena *arena,
    struct pd_authority *host, struct pd_fault *err)
{
	unsigned n = 0;
	struct pd_str value = { NULL, 0 };
	enum pd_url_error e;

	PD_FIELDS_EACH (f, &r->fields) {
		if (f->id == PD_FIELD_HOST) {
			value = f->value;
			n++;
		}
	}
	if (n > 1)
		return pd_section_bad(err, 400, "more than one Host field");
	if (n == 0 && r->minor > 0)
		return pd_section_bad(err, 400, "no Host field");
	*host = (struct pd_authority){ 0 };
	if (value.n == 0)
		return PD_H1_DONE;
	e = pd_authority_parse(value, 80, arena, host);
	return e == PD_URL_OK ? PD_H1_DONE : url_error(e, err);
}

/* Which form the target has, and the URI it means (RFC 9112, 3.2 and 3.3). */
static enum pd_h1_result
read_target(struct pd_request *r, struct pd_arena *arena, struct pd_fault *err)
{
	struct pd_authority host;
	enum pd_h1_result result = read_host(r, arena, &host, err);
	enum pd_url_error e;

	if (result != PD_H1_DONE)
		return result;
	if (r->method == PD_METHOD_CONNECT) {
		r->form = PD_FORM_AUTHORITY;
		e = pd_authority_parse(r->target, 0, arena, &r->url.authority);
		if (e == PD_URL_OK && !r->url.authority.port_given)
			e = PD_URL_PORT;
		return e == PD_URL_OK ? PD_H1_DONE : url_error(e, err);
	}
	if (r->target.p[0] == '/') {
		if (!pd_url_path_ok(r->target))
			return pd_section_bad(err, 400, "a malformed path");
		r->form = PD_FORM_ORIGIN;
		r->url = (struct pd_url){ PD_SCHEME_HTTP, host, r->target };
		return PD_H1_DONE;
	}
	if (pd_str_eq(r->target, PD_STR("*"))) {
		if (r->method != PD_METHOD_OPTIONS)
			return pd_section_bad(
			    err, 400, "\"*\" is for OPTIONS only");
		r->form = PD_FORM_ASTERISK;
		r->url = (struct pd_url){ PD_SCHEME_HTTP, host, r->target };
		return PD_H1_DONE;
	}
	r->form = PD_FORM_ABSOLUTE;
	e = pd_url_parse(r->target, arena, &r->url);
	return e == PD_URL_OK ? PD_H1_DONE : url_error(e, err);
}

/* How its content is framed; every doubt is refused (RFC 9112, 6). */
static enum pd_h1_result
read_request_framing(struct pd_request *r, struct pd_fault *err)
{
	enum transfer t = read_transfer(&r->fields);
	int64_t length;

	if (read_length(&r->fields, true, &length) < 0)
		return pd_section_bad(
		    err, 400, "a malformed or repeated Content-Length");
	if (t == TRANSFER_BAD)
		return pd_section_bad(
		    err, 400, "a malformed Transfer-Encoding");
	if (t == TRANSFER_OTHER)
		return pd_section_bad(
		    err, 501, "a transfer coding that is not known here");
	if (t == TRANSFER_CHUNKED && length >= 0)
		return pd_section_bad(
		    err, 400, "Content-Length and Transfer-Encoding together");
	if (t == TRANSFER_CHUNKED && r->minor == 0)
		return pd_section_bad(
		    err, 400, "Transfer-Encoding in HTTP/1.0");
	if (t == TRANSFER_CHUNKED) {
		r->body = PD_BODY_CHUNKED;
	} else if (length >= 0) {
		r->body = PD_BODY_LENGTH;
		r->content_length = length;
	}
	if (r->body != PD_BODY_NONE &&
	    (r->method == PD_METHOD_CONNECT || r->method == PD_METHOD_TRACE) &&
	    (t == TRANSFER_CHUNKED || length > 0))
		return pd_section_bad(err, 400, "content where none may be");
	return PD_H1_DONE;
}

static enum pd_h1_result
read_expect(struct pd_request *r, struct pd_fault *err)
{
	const struct pd_field *f = pd_fields_find(&r->fields, PD_FIELD_EXPECT);

	if (f == NULL || r->minor == 0)
		return PD_H1_DONE; /* RFC 9110, 10.1.1: ignored in 1.0 */
	if (!pd_str_caseeq(f->value, PD_STR("100-continue")))
		return pd_section_bad(
		    err, 417, "an expectation that is not known here");
	r->expect_continue =
	    r->body == PD_BODY_CHUNKED ||
	    (r->body == PD_BODY_LENGTH && r->content_length > 0);
	return PD_H1_DONE;
}

static void
read_connection(struct pd_request *r)
{
	r->close = r->minor == 0 || pd_fields_have_token(&r->fields,
					PD_FIELD_CONNECTION, PD_STR("close"));
	r->upgrade = r->minor > 0 &&
		     pd_fields_find(&r->fields, PD_FIELD_UPGRADE) != NULL &&
		     pd_fields_have_token(
			 &r->fields, PD_FIELD_CONNECTION, PD_STR("upgrade"));
}

static enum pd_h1_result
parse_request(struct pd_str section, const struct pd_h1_limits *limits,
    struct pd_arena *arena, struct pd_request *r, struct pd_fault *err)
{
	struct pd_section c = { section, true };
	struct pd_str line;
	enum pd_h1_result result;

	*r = (struct pd_request){ 0 };
	if (!pd_section_line(&c, &line))
		return pd_section_bad(
		    err, 400, "a line end or NUL out of place");
	if (line.n > limits->line_max)
		return pd_section_bad(err, 414, "the request line is too long");
	result = read_request_line(line, r, err);
	if (result == PD_H1_DONE)
		result = pd_section_fields(
		    &c, limits->fields_max, arena, &r->fields, err);
	if (result == PD_H1_DONE)
		result = read_request_framing(r, err);
	if (result == PD_H1_DONE)
		result = read_target(r, arena, err);
	if (result == PD_H1_DONE)
		result = read_expect(r, err);
	if (result == PD_H1_DONE)
		read_connection(r);
	return result;
}

/* An unfinished section: is it worth waiting for the rest? */
static enum pd_h1_result
judge_early(const char *p, size_t n, struct pd_h1_scan *scan,
    const struct pd_h1_limits *limits, struct pd_fault *err)
{
	const char *lf = memchr(p, '\n', n);

	if (lf == NULL && n > limits->line_max + 2)
		return pd_section_bad(err, 414, "the request line is too long");
	if (n >= limits->header_max)
		return pd_section_bad(
		    err, 431, "the header section is too long");
	if (pd_section_hopeless(p, n, scan->seen))
		return pd_section_bad(err, 400, "a control byte out of place");
	if (lf != NULL && !scan->line_seen) {
		struct pd_request r;
		size_t len = (size_t)(lf - p);
		enum pd_h1_result result;

		if (len > limits->line_max + 1)
			return pd_section_bad(
			    err, 414, "the request line is too long");
		/* The LF has its CR, or it would be hopeless. */
		result = read_request_line(pd_str_of(p, len - 1), &r, err);
		if (result != PD_H1_DONE)
			return result;
		scan->line_seen = true;
	}
	scan->seen = n;
	return PD_H1_MORE;
}

static void
skip_blank_lines(struct evbuffer *in, struct pd_h1_scan *scan)
{
	for (; scan->blank < BLANK_LINES_MAX; scan->blank++) {
		char two[2];

		if (evbuffer_copyout(in, two, 2) < 2 || two[0] != '\r' ||
		    two[1] != '\n')
			return;
		evbuffer_drain(in, 2);
	}
}

enum pd_h1_result
pd_h1_read_request(struct evbuffer *in, struct pd_h1_scan *scan,
    const struct pd_h1_limits *limits, struct pd_arena *arena,
    struct pd_request *out, struct pd_fault *err)
{
	size_t n, end;
	const char *p;
	struct pd_str section;
	enum pd_h1_result result;

	if (scan->seen == 0)
		skip_blank_lines(in, scan);
	n = pd_section_window(in, limits);
	if (n == 0 || (n == 1 && *pd_section_look(in, 1) == '\r'))
		return PD_H1_MORE;
	p = pd_section_look(in, n);
	end = pd_section_end(p, n, scan->seen);
	if (end == 0)
		return judge_early(p, n, scan, limits, err);
	section = pd_arena_str(arena, pd_str_of(p, end));
	*scan = (struct pd_h1_scan){ 0 };
	result = parse_request(section, limits, arena, out, err);
	if (result == PD_H1_DONE)
		evbuffer_drain(in, end);
	return result;
}

/* ---- responses --------------------------------------------------------- */

/* "HTTP/1.x NNN reason"; the reason and the space before it may be missing. */
static enum pd_h1_result
read_status_line(
    struct pd_str line, struct pd_response *r, struct pd_fault *err)
{
	struct pd_str rest = line, version = pd_str_split(&rest, ' '), code;
	int64_t status;

	if (pd_str_eq(version, PD_STR("ICY"))) {
		r->minor = 0; /* what radio servers call HTTP/1.0 */
	} else if (version.n != 8 ||
		   !pd_str_starts(version, PD_STR("HTTP/1.")) ||
		   version.p[7] < '0' || version.p[7] > '9') {
		return pd_section_bad(err, 502, "no HTTP/1 status line");
	} else {
		r->minor = version.p[7] != '0';
	}
	code = pd_str_split(&rest, ' ');
	if (code.n != 3 || pd_str_u63(code, &status) < 0 || status < 100 ||
	    status > 599)
		return pd_section_bad(err, 502, "a malformed status code");
	r->status = (int)status;
	/* Text of a stranger's, for people only: left out unless it is plain.
	 */
	r->reason = pd_is_field_value(rest) ? rest : PD_STR("");
	return PD_H1_DONE;
}

static bool
announces_content(const struct pd_fields *fs)
{
	int64_t length;

	return pd_fields_find(fs, PD_FIELD_TRANSFER_ENCODING) != NULL ||
	       read_length(fs, false, &length) < 0 || length > 0;
}

static enum pd_h1_result
read_response_framing(
    struct pd_response *r, enum pd_method method, struct pd_fault *err)
{
	enum transfer t;
	int64_t length;

	if (r->status < 200 || r->status == 204 ||
	    (method == PD_METHOD_CONNECT && r->status < 300)) {
		r->body = PD_BODY_NONE;
		/* What announces content all the same may send some, later,
		 * into the next exchange. */
		if (r->status >= 200 && method != PD_METHOD_CONNECT)
			r->close = announces_content(&r->fields);
		return PD_H1_DONE;
	}
	if (read_length(&r->fields, false, &length) < 0)
		return pd_section_bad(
		    err, 502, "contradicting or malformed Content-Length");
	t = read_transfer(&r->fields);
	if (t == TRANSFER_BAD || t == TRANSFER_OTHER)
		return pd_section_bad(
		    err, 502, "a transfer coding that is not known here");
	/* The chunks count, whatever is said beside them (RFC 9112, 6.3). */
	r->content_length = t == TRANSFER_CHUNKED ? -1 : length;
	if (method == PD_METHOD_HEAD || r->status == 304) {
		r->body = PD_BODY_NONE;
	} else if (t == TRANSFER_CHUNKED) {
		r->body = PD_BODY_CHUNKED;
		/* With a length as well it is suspect: the connection is not
		 * used again. */
		if (length >= 0 || r->minor == 0)
			r->close = true;
	} else if (length >= 0) {
		r->body = PD_BODY_LENGTH;
	} else {
		r->body = PD_BODY_CLOSE;
		r->close = true;
	}
	return PD_H1_DONE;
}

static enum pd_h1_result
parse_response(struct pd_str section, const struct pd_h1_limits *limits,
    enum pd_method method, struct pd_arena *arena, struct pd_response *r,
    struct pd_fault *err)
{
	struct pd_section c = { section, false };
	struct pd_str line;
	enum pd_h1_result result;

	*r = (struct pd_response){ .content_length = -1 };
	if (!pd_section_line(&c, &line))
		return pd_section_bad(
		    err, 502, "a line end or NUL out of place");
	result = read_status_line(line, r, err);
	if (result == PD_H1_DONE)
		result = pd_section_fields(
		    &c, limits->fields_max, arena, &r->fields, err);
	if (result == PD_H1_DONE)
		result = read_response_framing(r, method, err);
	if (result != PD_H1_DONE)
		return result;
	if (r->minor == 0) {
		r->close |= !pd_fields_have_token(
		    &r->fields, PD_FIELD_CONNECTION, PD_STR("keep-alive"));
	} else {
		r->close |= pd_fields_have_token(
		    &r->fields, PD_FIELD_CONNECTION, PD_STR("close"));
	}
	return PD_H1_DONE;
}

enum pd_h1_result
pd_h1_read_response(struct evbuffer *in, struct pd_h1_scan *scan,
    const struct pd_h1_limits *limits, enum pd_method request_method,
    struct pd_arena *arena, struct pd_response *out, struct pd_fault *err)
{
	size_t n = pd_section_window(in, limits), end;
	const char *p;
	enum pd_h1_result result;

	if (n == 0)
		return PD_H1_MORE;
	p = pd_section_look(in, n);
	end = pd_section_end(p, n, scan->seen);
	if (end == 0) {
		/* Not HTTP at all is told at once, not at the limit. */
		if (memcmp(p, "HTTP", n < 4 ? n : 4) != 0 &&
		    memcmp(p, "ICY ", n < 4 ? n : 4) != 0)
			return pd_section_bad(
			    err, 502, "no HTTP/1 status line");
		if (n >= limits->header_max)
			return pd_section_bad(
			    err, 502, "the header section is too long");
		scan->seen = n;
		return PD_H1_MORE;
	}
	*scan = (struct pd_h1_scan){ 0 };
	result = parse_response(pd_arena_str(arena, pd_str_of(p, end)), limits,
	    request_method, arena, out, err);
	if (result == PD_H1_DONE)
		evbuffer_drain(in, end);
	else if (result == PD_H1_BAD)
		err->status = 502;
	return result;
}
