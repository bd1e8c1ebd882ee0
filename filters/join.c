/*
 * Who stands in a chain: the rows of table.c are asked in their order, decode
 * first, encode once the others are decided.
 */
#include "filters/join.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

#include "filters/coding/coding.h"
#include "filters/coding/decode.h"
#include "filters/coding/encode.h"

/* RFC 9110, 7.7; and nothing is known of the whole that a part belongs to. */
bool
pd_join_may(const struct pd_message *msg)
{
	const struct pd_response *res = msg->response;
	const struct pd_fields *fields = &res->fields;
	struct pd_str keep_out = PD_STR("no-transform");

	if (msg->request->method == PD_METHOD_HEAD ||
	    msg->request->method == PD_METHOD_CONNECT ||
	    res->body == PD_BODY_NONE || res->status < 200 ||
	    (res->body == PD_BODY_LENGTH && res->content_length == 0))
		return false;
	switch (res->status) {
	case 204:
	case 205:
	case 206:
	case 304:
		return false;
	default:
		break;
	}
	return pd_fields_find(fields, PD_FIELD_CONTENT_RANGE) == NULL &&
	       !pd_cache_control_has(fields, keep_out) &&
	       !pd_cache_control_has(&msg->request->fields, keep_out);
}

static bool
is_decode(const struct pd_filter_type *type)
{
	return type == &pd_decode_filter;
}

static bool
is_encode(const struct pd_filter_type *type)
{
	return type == &pd_encode_filter || type == &pd_encode_whole_filter;
}

static bool
is_between(const struct pd_filter_type *type)
{
	return !is_decode(type) && !is_encode(type);
}

/* Puts type into a stage. Whether it joined. */
static bool
join(struct pd_filter *f, const struct pd_filter_type *type)
{
	struct pd_arena *arena = f->chain->params.msg->arena;

	f->type = type;
	f->state = type->state_size > 0
		       ? pd_arena_zalloc(arena, type->state_size)
		       : NULL;
	if (type->begin(f) != 0) {
		f->type = NULL;
		return false;
	}
	f->began = true;
	f->stage = PD_STAGE_RUNNING;
	f->decided = !type->whole;
	return true;
}

static struct pd_filter *
add_stage(struct pd_chain *c)
{
	struct pd_filter *f = &c->v[c->n];

	assert(c->n < PD_STAGES);
	*f = (struct pd_filter){ .chain = c, .in = evbuffer_new() };
	if (f->in == NULL)
		abort();
	c->n++;
	return f;
}

void
pd_join_leave(struct pd_filter *f)
{
	if (f->timer != NULL)
		event_free(f->timer);
	f->timer = NULL;
	if (f->began)
		f->type->finish(f);
	f->began = false;
	f->held = 0;
}

void
pd_join_drop(struct pd_chain *c)
{
	struct pd_filter *f = &c->v[--c->n];

	pd_join_leave(f);
	evbuffer_free(f->in);
	f->in = NULL;
}

static bool
join_new(struct pd_chain *c, const struct pd_filter_type *type)
{
	if (join(add_stage(c), type))
		return true;
	pd_join_drop(c);
	return false;
}

/* Any of the filters between; the header is as the origin sent it. */
static bool
between_wants(const struct pd_message *msg)
{
	for (size_t i = 0; pd_filter_table[i] != NULL; i++) {
		if (is_between(pd_filter_table[i]) &&
		    pd_filter_table[i]->wants(msg))
			return true;
	}
	return false;
}

/* The first row between that wants it and begins. */
static bool
join_between(struct pd_chain *c)
{
	const struct pd_message *msg = c->params.msg;
	const struct pd_filter_type *type;

	if (pd_coding_is_coded(&msg->response->fields))
		return false;
	for (size_t i = 0; (type = pd_filter_table[i]) != NULL; i++) {
		if (is_between(type) && type->wants(msg) && join_new(c, type))
			return true;
	}
	return false;
}

static struct pd_response
copy_response(const struct pd_message *msg)
{
	struct pd_response copy = *msg->response;
	size_t size = copy.fields.n * sizeof(copy.fields.v[0]);

	copy.fields.v = pd_arena_alloc(msg->arena, size);
	if (size > 0)
		memcpy(copy.fields.v, msg->response->fields.v, size);
	copy.fields.cap = copy.fields.n;
	return copy;
}

/*
 * decode and what stands behind it. Where decode joined for the sake of a
 * filter that then stayed out, it leaves again and the header is as it was.
 */
static void
join_front(struct pd_chain *c)
{
	struct pd_message *msg = c->params.msg;
	bool between = between_wants(msg);
	const struct pd_filter_type *decode = NULL;
	struct pd_response before;
	bool own;

	for (size_t i = 0; pd_filter_table[i] != NULL; i++) {
		if (is_decode(pd_filter_table[i]))
			decode = pd_filter_table[i];
	}
	own = decode != NULL && decode->wants(msg);
	if (decode == NULL ||
	    (!own &&
		!(between && pd_coding_is_coded(&msg->response->fields)))) {
		if (between)
			join_between(c);
		return;
	}
	before = copy_response(msg);
	if (!join_new(c, decode))
		return;
	if (!(between && join_between(c)) && !own) {
		pd_join_drop(c);
		*msg->response = before;
	}
}

bool
pd_join_undecided(const struct pd_chain *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (c->v[i].type != NULL && !c->v[i].decided)
			return true;
	}
	return false;
}

static bool
join_encode(struct pd_filter *f)
{
	const struct pd_message *msg = f->chain->params.msg;
	const struct pd_filter_type *type;

	for (size_t i = 0; (type = pd_filter_table[i]) != NULL; i++) {
		if (is_encode(type) && type->wants(msg) && join(f, type))
			return true;
	}
	return false;
}

bool
pd_join_settle(struct pd_chain *c)
{
	struct pd_filter *f = &c->v[c->n - 1];

	if (f->stage != PD_STAGE_OPEN || pd_join_undecided(c))
		return false;
	if (!join_encode(f)) {
		f->stage = PD_STAGE_PASSING;
		f->decided = true;
	}
	return true;
}

void
pd_join(struct pd_chain *c)
{
	join_front(c);
	add_stage(c);
	pd_join_settle(c);
	if (c->v[c->n - 1].stage == PD_STAGE_PASSING)
		pd_join_drop(c);
}
