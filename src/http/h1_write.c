/*
 * Messages written afresh from their parts.
 */
#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

#include "base/buf.h"
#include "http/h1.h"

/* One reserved piece of memory that is filled from the left. */
struct writer {
	char *at;
	char *end;
};

static void
put(struct writer *w, struct pd_str s)
{
	assert((size_t)(w->end - w->at) >= s.n);
	if (s.n > 0)
		memcpy(w->at, s.p, s.n);
	w->at += s.n;
}

static void
put_field(struct writer *w, struct pd_str name, struct pd_str value)
{
	put(w, name);
	put(w, PD_STR(": "));
	put(w, value);
	put(w, PD_STR("\r\n"));
}

/* Fields whose value this module decides. */
static bool
is_framing(enum pd_field_id id)
{
	return id == PD_FIELD_CONTENT_LENGTH ||
	       id == PD_FIELD_TRANSFER_ENCODING || id == PD_FIELD_CONNECTION;
}

static void
put_fields(struct writer *w, const struct pd_fields *fs, bool host)
{
	PD_FIELDS_EACH (f, fs) {
		if (!is_framing(f->id) && (host || f->id != PD_FIELD_HOST))
			put_field(w, f->name, f->value);
	}
}

static size_t
fields_room(const struct pd_fields *fs)
{
	size_t n = 0;

	PD_FIELDS_EACH (f, fs)
		n += f->name.n + f->value.n + 4;
	return n;
}

/* By hand: snprintf() cost as much as all fields together. */
static void
put_number(struct writer *w, int64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	assert(n >= 0);
	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	put(w, pd_str_of(digits + i, sizeof(digits) - i));
}

static void
put_framing(struct writer *w, enum pd_body body, int64_t length)
{
	if (body == PD_BODY_CHUNKED) {
		put(w, PD_STR("Transfer-Encoding: chunked\r\n"));
	} else if (body == PD_BODY_LENGTH) {
		put(w, PD_STR("Content-Length: "));
		put_number(w, length);
		put(w, PD_STR("\r\n"));
	}
}

static void
put_end(struct writer *w, const char *connection)
{
	if (connection != NULL)
		put_field(w, PD_STR("Connection"), pd_str_z(connection));
	put(w, PD_STR("\r\n"));
}

/* Room beside fields: start line, framing, Connection, Host, line ends. */
#define SECTION_ROOM 256

static struct evbuffer_iovec
open_writer(struct evbuffer *out, size_t room, struct writer *w)
{
	struct evbuffer_iovec v;

	if (evbuffer_reserve_space(out, (ev_ssize_t)room, &v, 1) != 1)
		abort();
	*w = (struct writer){ v.iov_base, (char *)v.iov_base + v.iov_len };
	return v;
}

static void
close_writer(
    struct evbuffer *out, struct evbuffer_iovec *v, const struct writer *w)
{
	v->iov_len = (size_t)(w->at - (char *)v->iov_base);
	evbuffer_commit_space(out, v, 1);
}

void
pd_h1_write_request(struct evbuffer *out, const struct pd_request *req,
    struct pd_str target, const char *connection)
{
	struct pd_str host = req->url.authority.text;
	struct writer w;
	struct evbuffer_iovec v = open_writer(out,
	    SECTION_ROOM + req->method_name.n + target.n + host.n +
		fields_room(&req->fields) +
		(connection ? strlen(connection) : 0),
	    &w);

	put(&w, req->method_name);
	put(&w, PD_STR(" "));
	put(&w, target);
	put(&w, PD_STR(" HTTP/1.1\r\n"));
	put_field(&w, PD_STR("Host"), host);
	put_fields(&w, &req->fields, false);
	put_framing(&w, req->body, req->content_length);
	put_end(&w, connection);
	close_writer(out, &v, &w);
}

void
pd_h1_write_response(
    struct evbuffer *out, const struct pd_response *res, const char *connection)
{
	struct pd_str reason = res->reason;
	enum pd_body body = res->body;
	struct writer w;
	struct evbuffer_iovec v;

	if (reason.n == 0)
		reason = pd_str_z(pd_status_reason(res->status));
	v = open_writer(out,
	    SECTION_ROOM + reason.n + fields_room(&res->fields) +
		(connection ? strlen(connection) : 0),
	    &w);
	put(&w, PD_STR("HTTP/1.1 "));
	put_number(&w, res->status);
	put(&w, PD_STR(" "));
	put(&w, reason);
	put(&w, PD_STR("\r\n"));
	put_fields(&w, &res->fields, true);
	if (res->status < 200 || res->status == 204)
		body = PD_BODY_NONE; /* and no length: RFC 9110, 8.6 */
	else if (body == PD_BODY_NONE && res->content_length >= 0)
		body = PD_BODY_LENGTH; /* what GET would bring */
	put_framing(&w, body, res->content_length);
	put_end(&w, connection);
	close_writer(out, &v, &w);
}

void
pd_h1_write_chunk(struct evbuffer *out, struct evbuffer *content)
{
	size_t n = evbuffer_get_length(content);

	if (n == 0)
		return; /* an empty chunk would be the last */
	evbuffer_add_printf(out, "%zx\r\n", n);
	pd_buf_move(content, out, n);
	evbuffer_add(out, "\r\n", 2);
}

void
pd_h1_write_last(struct evbuffer *out, const struct pd_fields *trailers)
{
	struct writer w;
	struct evbuffer_iovec v;

	if (trailers == NULL || trailers->n == 0) {
		evbuffer_add(out, "0\r\n\r\n", 5);
		return;
	}
	v = open_writer(out, SECTION_ROOM + fields_room(trailers), &w);
	put(&w, PD_STR("0\r\n"));
	put_fields(&w, trailers, false);
	put(&w, PD_STR("\r\n"));
	close_writer(out, &v, &w);
}
