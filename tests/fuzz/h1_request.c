/*
 * A request, by whatever bytes come: the first two say where it is cut in two.
 * What is accepted is written, and must read as the same again.
 */
#include "h1_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_ours(const struct pd_field *f)
{
	return f->id == PD_FIELD_CONTENT_LENGTH ||
	       f->id == PD_FIELD_TRANSFER_ENCODING ||
	       f->id == PD_FIELD_CONNECTION || f->id == PD_FIELD_HOST;
}

static const struct pd_field *
next_other(const struct pd_fields *fs, uint32_t *at)
{
	while (*at < fs->n && is_ours(&fs->v[*at]))
		++*at;
	return *at < fs->n ? &fs->v[(*at)++] : NULL;
}

static void
check_fields(const struct pd_fields *a, const struct pd_fields *b)
{
	const struct pd_field *fa, *fb;
	uint32_t i = 0, j = 0;

	do {
		fa = next_other(a, &i);
		fb = next_other(b, &j);
		CHECK((fa == NULL) == (fb == NULL));
		if (fa != NULL) {
			CHECK(pd_str_eq(fa->name, fb->name));
			CHECK(pd_str_eq(fa->value, fb->value));
		}
	} while (fa != NULL);
}

static void
check_again(struct h1_message *m)
{
	/* Wider than what was read: what is written may be longer. */
	static const struct pd_h1_limits wide = { 2048, 8192, 40 };
	struct pd_request *req = &m->req;
	struct evbuffer *out = evbuffer_new();
	struct pd_h1_scan scan = { 0 };
	struct pd_request again;
	struct pd_fault fault;
	struct pd_str start = pd_arena_printf(m->arena, "%.*s %.*s HTTP/1.1",
	    PD_STR_ARG(req->method_name), PD_STR_ARG(req->target));

	/* Ignored in HTTP/1.0, and so not passed on. */
	if (!req->expect_continue)
		pd_fields_remove(&req->fields, PD_FIELD_EXPECT);
	pd_h1_write_request(out, req, req->target, req->close ? "close" : NULL);
	h1_check_written(
	    out, start, &req->fields, req->body, req->content_length, 1);
	CHECK(pd_h1_read_request(out, &scan, &wide, m->arena, &again, &fault) ==
	      PD_H1_DONE);
	CHECK(evbuffer_get_length(out) == 0);
	CHECK(again.method == req->method && again.form == req->form);
	CHECK(pd_str_eq(again.method_name, req->method_name));
	CHECK(pd_str_eq(again.target, req->target));
	CHECK(again.body == req->body);
	CHECK(again.content_length == req->content_length);
	CHECK(again.close == req->close);
	check_fields(&req->fields, &again.fields);
	evbuffer_free(out);
}

/* What the content is must not depend on how it is framed. */
static void
check_content(const struct h1_message *m)
{
	struct evbuffer *out = evbuffer_new(), *content = evbuffer_new();
	size_t n = evbuffer_get_length(m->content);
	static const struct pd_h1_limits wide = { 2048, 8192, 40 };
	struct pd_h1_body body;
	struct pd_fault fault;

	evbuffer_add(content, evbuffer_pullup(m->content, -1), n);
	pd_h1_write_chunk(out, content);
	pd_h1_write_last(out, &m->body.trailers);
	pd_h1_body_init(&body, PD_BODY_CHUNKED, 0, true);
	CHECK(pd_h1_body_read(&body, out, content, SIZE_MAX, &wide, m->arena,
		  &fault) == PD_H1_DONE);
	CHECK(evbuffer_get_length(out) == 0);
	CHECK(evbuffer_get_length(content) == n);
	CHECK(n == 0 || memcmp(evbuffer_pullup(content, -1),
			    evbuffer_pullup(m->content, -1), n) == 0);
	CHECK(body.trailers.n == m->body.trailers.n);
	evbuffer_free(out);
	evbuffer_free(content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h1_message whole, cut;
	const char *p;
	size_t at;

	if (size < 2)
		return 0;
	p = (const char *)data + 2;
	size -= 2;
	at = size > 0 ? (data[0] | (size_t)data[1] << 8) % (size + 1) : 0;
	h1_read(&whole, false, PD_METHOD_GET, p, size, size, SIZE_MAX);
	h1_read(&cut, false, PD_METHOD_GET, p, size, at, 1 + data[0] % 7);
	h1_check_same(&whole, &cut);
	if (whole.header)
		check_again(&whole);
	if (whole.header && whole.result == PD_H1_DONE)
		check_content(&whole);
	h1_finish(&whole);
	h1_finish(&cut);
	return 0;
}
