#include "filters/coding/decode.h"

#include <stdlib.h>

#include "base/access_log.h"
#include "base/conf.h"
#include "base/log.h"
#include "filters/coding/pack.h"
#include "filters/coding/unpack.h"

/* Between two layers, bytes: a decoder's piece. */
#define BETWEEN_LAYERS 16384

struct layer {
	struct pd_unpack *unpack;
	struct evbuffer *in; /* of the layers but the outermost */
	bool ended;
};

/* v[0] is the outermost coding, the one that was applied last. */
struct decode {
	struct layer v[PD_CODING_LAYERS];
	unsigned n;
};

static bool
decode_wants(const struct pd_message *msg)
{
	struct pd_codings codings = pd_coding_read(&msg->response->fields);

	return codings.known && codings.n > 0 && msg->conf->decode_incoming &&
	       pd_coding_unwanted(msg, &codings, pd_pack_big_ok());
}

static void
decode_finish(struct pd_filter *f)
{
	struct decode *d = pd_filter_state(f);

	for (unsigned i = 0; i < d->n; i++) {
		pd_unpack_destroy(d->v[i].unpack);
		if (d->v[i].in != NULL)
			evbuffer_free(d->v[i].in);
	}
	d->n = 0;
}

static int
open_layers(struct decode *d, const struct pd_codings *codings)
{
	for (unsigned i = 0; i < codings->n; i++) {
		struct layer *l = &d->v[i];

		l->unpack = pd_unpack_create(codings->v[codings->n - 1 - i]);
		l->in = i > 0 ? evbuffer_new() : NULL;
		d->n = i + 1;
		if (l->unpack == NULL || (i > 0 && l->in == NULL))
			return -1;
	}
	return 0;
}

static int
decode_begin(struct pd_filter *f)
{
	struct pd_message *msg = pd_filter_message(f);
	struct pd_codings codings = pd_coding_read(&msg->response->fields);

	if (!codings.known || codings.n == 0 || !msg->conf->decode_incoming)
		return -1;
	if (open_layers(pd_filter_state(f), &codings) != 0) {
		decode_finish(f);
		return -1;
	}
	pd_fields_remove(&msg->response->fields, PD_FIELD_CONTENT_ENCODING);
	pd_filter_body_changed(msg, -1);
	pd_filter_vary(msg, PD_STR("Accept-Encoding"));
	return 0;
}

/*
 * Whether made bytes out of taken are too many. Ziproxy's rule: the ratio
 * counts only once that much was made as is worth a look.
 */
static bool
is_bomb(const struct pd_conf *conf, int64_t taken, int64_t made)
{
	if (conf->decoded_max > 0 && made > conf->decoded_max)
		return true;
	return conf->gunzip_ratio_max > 0 && made > conf->gunzip_free &&
	       made / conf->gunzip_ratio_max > taken / 100 + 1;
}

static enum pd_flow
fail(struct pd_message *msg, const struct layer *l)
{
	int64_t made = pd_unpack_made(l->unpack);

	pd_log_peer(PD_LOG_WARN, msg->id, "decode: %s after %lld bytes",
	    pd_unpack_why(l->unpack), (long long)made);
	return PD_FLOW_FAIL;
}

static enum pd_flow
fail_bomb(struct pd_message *msg, const struct decode *d, const struct layer *l)
{
	msg->access_flags |= PD_ACCESS_GZIP_BOMB;
	pd_log_peer(PD_LOG_WARN, msg->id,
	    "decode: %lld bytes became %lld, over the limit",
	    (long long)pd_unpack_taken(d->v[0].unpack),
	    (long long)pd_unpack_made(l->unpack));
	return PD_FLOW_FAIL;
}

/*
 * One piece through the innermost layer that has something to do: so no more
 * lies between two layers than one piece.
 */
static enum pd_flow
step(struct pd_filter *f, unsigned i, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct decode *d = pd_filter_state(f);
	struct pd_message *msg = pd_filter_message(f);
	struct layer *l = &d->v[i];
	bool inner = i + 1 < d->n;

	if (i > 0) {
		in = l->in;
		last = d->v[i - 1].ended;
	}
	if (inner) {
		out = d->v[i + 1].in;
		room = BETWEEN_LAYERS - evbuffer_get_length(out);
	} else if (room > BETWEEN_LAYERS) {
		room = BETWEEN_LAYERS;
	}
	switch (pd_unpack_step(l->unpack, in, out, room, last)) {
	case PD_UNPACK_BAD:
		return fail(msg, l);
	case PD_UNPACK_END:
		l->ended = true;
		break;
	case PD_UNPACK_MORE:
		break;
	}
	if (is_bomb(msg->conf, pd_unpack_taken(d->v[0].unpack),
		pd_unpack_made(l->unpack)))
		return fail_bomb(msg, d, l);
	return l->ended && !inner ? PD_FLOW_END : PD_FLOW_MORE;
}

/* What every layer took and made so far: whether a round did anything. */
static int64_t
moved(const struct decode *d)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < d->n; i++)
		sum += pd_unpack_taken(d->v[i].unpack) +
		       pd_unpack_made(d->v[i].unpack) + d->v[i].ended;
	return sum;
}

static enum pd_flow
decode_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct decode *d = pd_filter_state(f);
	size_t until = evbuffer_get_length(out) + room, len;
	enum pd_flow flow;
	int64_t before;
	unsigned i;

	do {
		before = moved(d);
		/* From the inside out: an outer layer works once the next one
		 * has taken what was made before. */
		for (i = d->n; i-- > 0;) {
			len = evbuffer_get_length(out);
			if (len >= until)
				return PD_FLOW_MORE;
			if (d->v[i].ended ||
			    (i + 1 < d->n &&
				evbuffer_get_length(d->v[i + 1].in) >=
				    BETWEEN_LAYERS))
				break;
			flow = step(f, i, in, out, until - len, last);
			if (flow != PD_FLOW_MORE)
				return flow;
		}
	} while (moved(d) != before);
	return PD_FLOW_MORE;
}

const struct pd_filter_type pd_decode_filter = {
	.name = "decode",
	.state_size = sizeof(struct decode),
	.wants = decode_wants,
	.begin = decode_begin,
	.run = decode_run,
	.finish = decode_finish,
};
