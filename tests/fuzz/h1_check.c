#include "h1_check.h"

#include <stdlib.h>

static const struct pd_h1_limits limits = { 1024, 4096, 32 };

static enum pd_h1_result
read_header(struct h1_message *m, enum pd_method method, struct evbuffer *in,
    struct pd_h1_scan *scan)
{
	enum pd_h1_result result;

	if (m->response) {
		result = pd_h1_read_response(
		    in, scan, &limits, method, m->arena, &m->res, &m->fault);
		if (result == PD_H1_DONE)
			pd_h1_body_init(&m->body, m->res.body,
			    m->res.content_length, false);
	} else {
		result = pd_h1_read_request(
		    in, scan, &limits, m->arena, &m->req, &m->fault);
		if (result == PD_H1_DONE)
			pd_h1_body_init(
			    &m->body, m->req.body, m->req.content_length, true);
	}
	m->header = result == PD_H1_DONE;
	return result;
}

static enum pd_h1_result
read_content(struct h1_message *m, struct evbuffer *in, size_t room)
{
	enum pd_h1_result result;
	size_t before, held, got;

	do {
		before = evbuffer_get_length(m->content);
		held = evbuffer_get_length(in);
		result = pd_h1_body_read(&m->body, in, m->content, room,
		    &limits, m->arena, &m->fault);
		got = evbuffer_get_length(m->content) - before;
		CHECK(got <= room);
		CHECK(got + evbuffer_get_length(in) <= held);
	} while (result == PD_H1_MORE && got == room);
	return result;
}

void
h1_read(struct h1_message *m, bool response, enum pd_method method,
    const char *p, size_t n, size_t cut, size_t room)
{
	struct evbuffer *in = evbuffer_new();
	struct pd_h1_scan scan = { 0 };
	size_t at = 0;

	*m = (struct h1_message){ .response = response };
	m->content = evbuffer_new();
	m->arena = pd_arena_create();
	for (int piece = 0; piece < 2 && m->result == PD_H1_MORE; piece++) {
		size_t some = piece == 0 ? cut : n - cut;

		if (some == 0)
			continue;
		evbuffer_add(in, p + at, some);
		at += some;
		if (!m->header)
			m->result = read_header(m, method, in, &scan);
		if (m->header)
			m->result = read_content(m, in, room);
	}
	if (m->result == PD_H1_BAD) {
		CHECK(m->fault.status >= 400 && m->fault.status < 600);
		CHECK(m->fault.what != NULL);
	}
	m->taken = at - evbuffer_get_length(in);
	/* Framing can only make content shorter than what came. */
	CHECK(evbuffer_get_length(m->content) <= m->taken);
	evbuffer_free(in);
}

void
h1_finish(struct h1_message *m)
{
	evbuffer_free(m->content);
	pd_arena_destroy(m->arena);
}

static void
check_same_fields(const struct pd_fields *a, const struct pd_fields *b)
{
	CHECK(a->n == b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		CHECK(pd_str_eq(a->v[i].name, b->v[i].name));
		CHECK(pd_str_eq(a->v[i].value, b->v[i].value));
		CHECK(a->v[i].id == b->v[i].id);
	}
}

void
h1_check_same(const struct h1_message *a, const struct h1_message *b)
{
	size_t n = evbuffer_get_length(a->content);

	CHECK(a->result == b->result);
	if (a->result == PD_H1_BAD)
		return;
	CHECK(a->header == b->header);
	CHECK(a->taken == b->taken);
	if (!a->header)
		return;
	if (a->response) {
		CHECK(a->res.status == b->res.status);
		CHECK(a->res.body == b->res.body);
		CHECK(a->res.close == b->res.close);
		check_same_fields(&a->res.fields, &b->res.fields);
	} else {
		CHECK(pd_str_eq(a->req.method_name, b->req.method_name));
		CHECK(pd_str_eq(a->req.target, b->req.target));
		CHECK(a->req.body == b->req.body);
		CHECK(a->req.close == b->req.close);
		check_same_fields(&a->req.fields, &b->req.fields);
	}
	CHECK(n == evbuffer_get_length(b->content));
	if (n > 0)
		CHECK(memcmp(evbuffer_pullup(a->content, -1),
			  evbuffer_pullup(b->content, -1), n) == 0);
	check_same_fields(&a->body.trailers, &b->body.trailers);
}

/* The next line of s up to CRLF, which must be there. */
static struct pd_str
take_line(struct pd_str *s)
{
	const char *cr = memmem(s->p, s->n, "\r\n", 2);
	struct pd_str line;

	CHECK(cr != NULL);
	line = pd_str_of(s->p, (size_t)(cr - s->p));
	*s = pd_str_of(cr + 2, s->n - line.n - 2);
	CHECK(line.n == 0 || (memchr(line.p, '\r', line.n) == NULL &&
				 memchr(line.p, '\n', line.n) == NULL &&
				 memchr(line.p, '\0', line.n) == NULL));
	return line;
}

static bool
name_is(struct pd_str line, const char *name)
{
	size_t n = strlen(name);

	return line.n > n && strncasecmp(line.p, name, n) == 0 &&
	       line.p[n] == ':';
}

void
h1_check_written(struct evbuffer *out, struct pd_str start,
    const struct pd_fields *fs, enum pd_body body, int64_t length, size_t host)
{
	size_t lengths = 0, transfers = 0, hosts = 0, others = 0;
	struct pd_str s = pd_str_of(
	    (const char *)evbuffer_pullup(out, -1), evbuffer_get_length(out));
	struct pd_str line = take_line(&s);

	CHECK(pd_str_eq(line, start));
	while ((line = take_line(&s)).n > 0) {
		const char *colon = memchr(line.p, ':', line.n);

		CHECK(colon != NULL && colon > line.p && colon[1] == ' ');
		for (const char *p = line.p; p < colon; p++)
			CHECK(*p > ' ' && *p < 0x7f);
		if (name_is(line, "host")) {
			hosts++;
		} else if (name_is(line, "content-length")) {
			char *end;

			lengths++;
			CHECK(strtoll(colon + 2, &end, 10) == length);
			CHECK(end == line.p + line.n);
		} else if (name_is(line, "transfer-encoding")) {
			transfers++;
			CHECK(line.n == strlen("transfer-encoding: chunked"));
		} else if (!name_is(line, "connection")) {
			others++;
		}
	}
	CHECK(s.n == 0);
	CHECK(hosts == host);
	CHECK(lengths == (body == PD_BODY_LENGTH));
	CHECK(transfers == (body == PD_BODY_CHUNKED));
	PD_FIELDS_EACH (f, fs) {
		if (f->id != PD_FIELD_CONTENT_LENGTH &&
		    f->id != PD_FIELD_TRANSFER_ENCODING &&
		    f->id != PD_FIELD_CONNECTION && f->id != PD_FIELD_HOST)
			others--;
	}
	CHECK(others == 0);
}
