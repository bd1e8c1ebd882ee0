#include "http/h1_help.h"

struct reader {
	const struct h1_role *role;
	struct evbuffer *in, *content, *text;
	struct pd_arena *arena;
	struct pd_h1_scan scan;
	struct pd_h1_body body;
	bool header; /* it is whole */
	size_t room;
};

static void
tell_fields(struct evbuffer *text, const struct pd_fields *fs)
{
	PD_FIELDS_EACH (f, fs) {
		/* Both are compared with the bytes that they stand for. */
		assert_int_equal(f->id, pd_field_id(f->name));
		assert_true(pd_is_token(f->name));
		assert_true(pd_is_field_value(f->value));
		evbuffer_add(text, f->name.p, f->name.n);
		evbuffer_add(text, "=", 1);
		if (f->value.n > 0)
			evbuffer_add(text, f->value.p, f->value.n);
		evbuffer_add(text, "|", 1);
	}
}

static const char *const bodies[] = {
	[PD_BODY_NONE] = "none",
	[PD_BODY_LENGTH] = "length",
	[PD_BODY_CHUNKED] = "chunked",
	[PD_BODY_CLOSE] = "close",
};

static enum pd_h1_result
read_request(struct reader *r, struct pd_fault *fault)
{
	struct pd_request req;
	enum pd_h1_result result = pd_h1_read_request(
	    r->in, &r->scan, &r->role->limits, r->arena, &req, fault);

	if (result != PD_H1_DONE)
		return result;
	evbuffer_add_printf(r->text, "%.*s %.*s %d %s %lld%s%s%s|",
	    PD_STR_ARG(req.method_name), PD_STR_ARG(req.target), req.minor,
	    bodies[req.body], (long long)req.content_length,
	    req.close ? " close" : "", req.expect_continue ? " expect" : "",
	    req.upgrade ? " upgrade" : "");
	tell_fields(r->text, &req.fields);
	pd_h1_body_init(&r->body, req.body, req.content_length, true);
	return result;
}

static enum pd_h1_result
read_response(struct reader *r, struct pd_fault *fault)
{
	struct pd_response res;
	enum pd_h1_result result = pd_h1_read_response(r->in, &r->scan,
	    &r->role->limits, r->role->method, r->arena, &res, fault);

	if (result != PD_H1_DONE)
		return result;
	evbuffer_add_printf(r->text, "%d %.*s %d %s %lld%s|", res.status,
	    PD_STR_ARG(res.reason), res.minor, bodies[res.body],
	    (long long)res.content_length, res.close ? " close" : "");
	tell_fields(r->text, &res.fields);
	pd_h1_body_init(&r->body, res.body, res.content_length, false);
	return result;
}

static enum pd_h1_result
step_once(struct reader *r, struct pd_fault *fault)
{
	size_t before = evbuffer_get_length(r->content), got, held;
	enum pd_h1_result result;

	if (!r->header) {
		result = r->role->response ? read_response(r, fault)
					   : read_request(r, fault);
		if (result != PD_H1_DONE)
			return result;
		r->header = true;
	}
	do {
		before = evbuffer_get_length(r->content);
		held = evbuffer_get_length(r->in);
		result = pd_h1_body_read(&r->body, r->in, r->content, r->room,
		    &r->role->limits, r->arena, fault);
		got = evbuffer_get_length(r->content) - before;
		assert_true(got <= r->room && got <= held);
	} while (result == PD_H1_MORE && got == r->room);
	return result;
}

static char *
finish_text(struct reader *r)
{
	size_t n;
	char *text;

	evbuffer_add(r->text, ">", 1);
	evbuffer_add_buffer(r->text, r->content);
	evbuffer_add(r->text, ">", 1);
	tell_fields(r->text, &r->body.trailers);
	n = evbuffer_get_length(r->text);
	text = calloc(1, n + 1);
	evbuffer_remove(r->text, text, n);
	return text;
}

struct h1_outcome
h1_feed(const struct h1_role *role, const char *p, size_t n, size_t step,
    unsigned seed, size_t room)
{
	struct reader r = {
		.role = role,
		.in = evbuffer_new(),
		.content = evbuffer_new(),
		.text = evbuffer_new(),
		.arena = pd_arena_create(),
		.room = room,
	};
	struct h1_outcome out = { .result = PD_H1_MORE };
	size_t at = 0;

	while (at < n && out.result == PD_H1_MORE) {
		size_t some =
		    step > 0 ? step : 1 + (size_t)(rand_r(&seed) % 16);

		some = some < n - at ? some : n - at;
		evbuffer_add(r.in, p + at, some);
		at += some;
		out.result = step_once(&r, &out.fault);
	}
	out.taken = at - evbuffer_get_length(r.in);
	if (out.result == PD_H1_MORE && r.header &&
	    pd_h1_body_whole_at_eof(&r.body) && r.body.kind == PD_BODY_CLOSE)
		out.result = PD_H1_DONE;
	out.text = finish_text(&r);
	evbuffer_free(r.in);
	evbuffer_free(r.content);
	evbuffer_free(r.text);
	pd_arena_destroy(r.arena);
	return out;
}

struct h1_outcome
h1_all_ways(const struct h1_role *role, const char *p, size_t n)
{
	struct h1_outcome whole = h1_feed(role, p, n, n > 0 ? n : 1, 0, 65536);

	for (unsigned way = 0; way < 12; way++) {
		struct h1_outcome other = h1_feed(role, p, n,
		    way < 4 ? way + 1 : 0, way, way % 2 == 0 ? 65536 : 1);

		if (other.result != whole.result ||
		    (whole.result == PD_H1_DONE &&
			(strcmp(other.text, whole.text) != 0 ||
			    other.taken != whole.taken)))
			fail_msg("way %u differs: %d \"%s\" %zu, not %d "
				 "\"%s\" %zu, of: %.*s",
			    way, (int)other.result, other.text, other.taken,
			    (int)whole.result, whole.text, whole.taken, (int)n,
			    p);
		free(other.text);
	}
	return whole;
}

void
h1_check(const struct h1_role *role, const struct h1_row *row)
{
	struct h1_outcome out = h1_all_ways(role, row->bytes, row->n);
	bool right;

	if (row->status < 0)
		right = out.result == PD_H1_MORE;
	else if (row->status > 0)
		right = out.result == PD_H1_BAD &&
			out.fault.status == row->status &&
			out.fault.what != NULL;
	else
		right = out.result == PD_H1_DONE;
	if (!right || (row->text != NULL && row->status == 0 &&
			  strcmp(out.text, row->text) != 0))
		fail_msg("result %d, status %d (%s), text \"%s\"; wanted %d "
			 "\"%s\" of:\n%.*s",
		    (int)out.result,
		    out.result == PD_H1_BAD ? out.fault.status : 0,
		    out.result == PD_H1_BAD ? out.fault.what : "", out.text,
		    row->status, row->text ? row->text : "", (int)row->n,
		    row->bytes);
	free(out.text);
}

char *
h1_written(struct evbuffer *b)
{
	size_t n = evbuffer_get_length(b);
	char *text = calloc(1, n + 1);

	evbuffer_remove(b, text, n);
	return text;
}
