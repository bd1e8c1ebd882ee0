/*
 * A response, by whatever bytes come: the first three say what it answers and
 * where it is cut in two. What is accepted is written without a doubt left.
 */
#include "h1_check.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_written(const struct h1_message *m)
{
	const struct pd_response *res = &m->res;
	struct evbuffer *out = evbuffer_new();
	struct pd_str reason = res->reason;
	enum pd_body body = res->body;
	struct pd_str start;
	size_t hosts = 0;

	if (reason.n == 0)
		reason = pd_str_z(pd_status_reason(res->status));
	start = pd_arena_printf(
	    m->arena, "HTTP/1.1 %d %.*s", res->status, PD_STR_ARG(reason));
	if (res->status < 200 || res->status == 204)
		CHECK(body == PD_BODY_NONE && res->content_length < 0);
	if (body == PD_BODY_CHUNKED || body == PD_BODY_CLOSE)
		CHECK(res->content_length < 0);
	if (body == PD_BODY_NONE && res->content_length >= 0)
		body = PD_BODY_LENGTH;
	if (body == PD_BODY_CLOSE)
		CHECK(res->close);
	PD_FIELDS_EACH (f, &res->fields)
		hosts += f->id == PD_FIELD_HOST;
	pd_h1_write_response(out, res, res->close ? "close" : NULL);
	h1_check_written(
	    out, start, &res->fields, body, res->content_length, hosts);
	evbuffer_free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum pd_method methods[] = { PD_METHOD_GET, PD_METHOD_HEAD,
		PD_METHOD_CONNECT, PD_METHOD_POST };
	struct h1_message whole, cut;
	enum pd_method method;
	const char *p;
	size_t at;

	if (size < 3)
		return 0;
	method = methods[data[2] % 4];
	p = (const char *)data + 3;
	size -= 3;
	at = size > 0 ? (data[0] | (size_t)data[1] << 8) % (size + 1) : 0;
	h1_read(&whole, true, method, p, size, size, SIZE_MAX);
	h1_read(&cut, true, method, p, size, at, 1 + data[0] % 7);
	h1_check_same(&whole, &cut);
	if (whole.header)
		check_written(&whole);
	h1_finish(&whole);
	h1_finish(&cut);
	return 0;
}
