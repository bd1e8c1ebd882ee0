/* What a filter may call; the chain that calls it is chain.c. */
#include "filters/filter.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/stats.h"
#include "filters/stage.h"

void *
pd_filter_state(struct pd_filter *f)
{
	return f->state;
}

struct pd_message *
pd_filter_message(struct pd_filter *f)
{
	return f->chain->params.msg;
}

void
pd_filter_wake(struct pd_filter *f)
{
	f->woken = true;
	pd_chain_wake(f->chain);
}

static void
timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct pd_filter *f = arg;

	(void)fd;
	(void)what;
	pd_filter_wake(f);
}

void
pd_filter_wake_after(struct pd_filter *f, unsigned ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	if (f->timer == NULL)
		f->timer =
		    event_new(f->chain->params.base, -1, 0, timer_fired, f);
	if (f->timer == NULL || event_add(f->timer, &tv) != 0)
		abort();
}

bool
pd_filter_hold(struct pd_filter *f, size_t n)
{
	const struct pd_message *msg = f->chain->params.msg;

	f->held = n;
	pd_chain_count_held(f->chain);
	return msg->stats == NULL || msg->conf->filter_held_max == 0 ||
	       pd_stats_get(msg->stats, PD_STAT_FILTER_HELD) <=
		   msg->conf->filter_held_max;
}

static struct pd_str
weaken(struct pd_message *msg, struct pd_str etag)
{
	/* What has no quote is no validator to anybody; it stays. */
	if (!pd_str_starts(etag, PD_STR("\"")))
		return etag;
	return pd_arena_printf(msg->arena, "W/%.*s", PD_STR_ARG(etag));
}

void
pd_filter_body_changed(struct pd_message *msg, int64_t length)
{
	static const enum pd_field_id stale[] = { PD_FIELD_CONTENT_MD5,
		PD_FIELD_DIGEST, PD_FIELD_CONTENT_DIGEST, PD_FIELD_REPR_DIGEST,
		PD_FIELD_ACCEPT_RANGES, PD_FIELD_CONTENT_LENGTH };
	struct pd_response *res = msg->response;

	assert(!msg->header_sent);
	for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++)
		pd_fields_remove(&res->fields, stale[i]);
	PD_FIELDS_EACH (f, &res->fields) {
		if (f->id == PD_FIELD_ETAG)
			f->value = weaken(msg, f->value);
	}
	if (length < 0) {
		res->body = PD_BODY_CHUNKED;
		res->content_length = -1;
		return;
	}
	res->body = PD_BODY_LENGTH;
	res->content_length = length;
	pd_fields_set(&res->fields, msg->arena, PD_FIELD_CONTENT_LENGTH,
	    pd_arena_printf(msg->arena, "%lld", (long long)length));
}

void
pd_filter_vary(struct pd_message *msg, struct pd_str name)
{
	struct pd_fields *fields = &msg->response->fields;
	struct pd_field *first = NULL;

	assert(!msg->header_sent);
	if (pd_fields_have_token(fields, PD_FIELD_VARY, name) ||
	    pd_fields_have_token(fields, PD_FIELD_VARY, PD_STR("*")))
		return;
	PD_FIELDS_EACH (f, fields) {
		if (f->id == PD_FIELD_VARY && f->value.n > 0 && first == NULL)
			first = f;
	}
	/* One line where there is one: some clients read only the first. */
	if (first != NULL)
		first->value = pd_arena_printf(msg->arena, "%.*s, %.*s",
		    PD_STR_ARG(first->value), PD_STR_ARG(name));
	else
		pd_fields_set(fields, msg->arena, PD_FIELD_VARY, name);
}
