/*
 * A photograph on its way to a telephone. The header says image/jpeg, so the
 * filter joins and the header waits. The first bytes say JPEG as well; a few
 * kilobytes later it is clear that the picture is one of those that can be
 * changed, and the body is collected. At its end the structure is read whole,
 * plan.c decides on WebP of quality 72 because Accept names it, and the bytes
 * go to a pared-codec (ask.c): WAIT. Its answer wakes the filter: half the
 * size, so the fields that describe the content change, and the new bytes go
 * out. Had the answer been late, or larger, or nonsense, the photograph would
 * have gone out as it came: in this file nothing costs an answer, only a
 * saving.
 */
#include "filters/image/image.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/access_log.h"
#include "base/arena.h"
#include "base/conf.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/stats.h"
#include "filters/image/ask.h"
#include "filters/image/job.h"
#include "filters/image/plan.h"
#include "filters/image/sniff.h"

/* From so many bytes on, a beginning is looked at: what tells of animation or
 * a gain map stands there. */
#define BEGINNING 4096

enum step {
	STEP_SNIFF, /* the format is not known yet */
	STEP_BEGIN, /* nor whether it is hopeless */
	STEP_COLLECT,
	STEP_ASKED,
	STEP_ANSWERED, /* result and end are set */
	STEP_SEND,     /* the result goes out */
};

/* The result's bytes: shared by the buffers that they leave in. */
struct bytes {
	unsigned refs;
	uint8_t *p;
	size_t n;
};

struct image {
	struct pd_filter *filter;
	enum step step;
	struct evbuffer *held; /* the original, as far as it has come */
	size_t len_max;
	struct pd_plan plan;
	struct pd_ask *ask; /* NULL when none is under way */
	enum pd_ask_end end;
	enum pd_image_format format; /* of the result */
	struct bytes *result;        /* NULL: none */
	size_t sent;
};

static void
count(struct pd_filter *f, enum pd_stat id)
{
	struct pd_stats *stats = pd_filter_message(f)->stats;

	if (stats != NULL)
		pd_stats_add(stats, id, 1);
}

static void
unref_bytes(struct bytes *b)
{
	if (b == NULL || --b->refs > 0)
		return;
	munmap(b->p, b->n);
	free(b);
}

static void
buffer_left(const void *data, size_t len, void *arg)
{
	(void)data;
	(void)len;
	unref_bytes(arg);
}

/* --- Joining ---------------------------------------------------------------
 */

static size_t
len_max(const struct pd_conf *conf)
{
	if (conf->max_size <= 0 || conf->max_size > PD_JOB_BODY_MAX)
		return PD_JOB_BODY_MAX;
	return (size_t)conf->max_size;
}

static bool
switched_on(const struct pd_conf *conf)
{
	if (!conf->process_jpg && !conf->process_png && !conf->process_gif)
		return false;
	if (!conf->image_quality_set)
		return true;
	for (unsigned i = 0; i < PD_CONF_IMAGE_CLASSES; i++)
		if (conf->image_quality[i] > 0)
			return true;
	return false;
}

/* An image by its type: which one, its bytes tell. */
static bool
is_image(const struct pd_response *res)
{
	struct pd_str type =
	    pd_fields_value(&res->fields, PD_FIELD_CONTENT_TYPE);
	struct pd_str svg = PD_STR("image/svg");

	return pd_str_casestarts(type, PD_STR("image/")) &&
	       !pd_str_casestarts(type, svg);
}

/* A person who saves a file wants that file. */
static bool
is_download(const struct pd_response *res)
{
	return pd_str_casestarts(
	    pd_fields_value(&res->fields, PD_FIELD_CONTENT_DISPOSITION),
	    PD_STR("attachment"));
}

static bool
wants(const struct pd_message *msg)
{
	const struct pd_response *res = msg->response;
	const struct pd_fields *asked = &msg->request->fields;
	struct pd_str keep_out = PD_STR("no-transform");

	return msg->codecs != NULL && res->status == 200 &&
	       msg->request->method == PD_METHOD_GET &&
	       res->body != PD_BODY_NONE && is_image(res) &&
	       !is_download(res) && switched_on(msg->conf) &&
	       pd_fields_find(&res->fields, PD_FIELD_CONTENT_RANGE) == NULL &&
	       !pd_cache_control_has(&res->fields, keep_out) &&
	       !pd_cache_control_has(asked, keep_out);
}

static int
begin(struct pd_filter *f)
{
	struct image *im = pd_filter_state(f);
	struct pd_message *msg = pd_filter_message(f);
	const struct pd_response *res = msg->response;

	im->filter = f;
	im->len_max = len_max(msg->conf);
	if (res->body == PD_BODY_LENGTH) {
		if (res->content_length < PD_PLAN_LEN_MIN)
			return -1;
		if ((uint64_t)res->content_length > im->len_max) {
			msg->access_flags |= PD_ACCESS_TOO_BIG;
			return -1;
		}
	}
	im->held = evbuffer_new();
	if (im->held == NULL)
		return -1;
	return 0;
}

/* --- Deciding --------------------------------------------------------------
 */

static enum pd_flow
pass(struct image *im, struct evbuffer *in)
{
	/* A cache behind us must keep apart what other clients would get of
	 * the same address, also when this one got the original. */
	if (im->plan.accept_used)
		pd_filter_vary(pd_filter_message(im->filter), PD_STR("Accept"));
	evbuffer_prepend_buffer(in, im->held);
	return PD_FLOW_PASS;
}

static bool
format_is_ours(const struct image *im)
{
	uint8_t head[PD_SNIFF_MIN];
	ev_ssize_t n = evbuffer_copyout(im->held, head, sizeof(head));

	switch (pd_sniff_format(head, n > 0 ? (size_t)n : 0)) {
	case PD_IMAGE_JPEG:
	case PD_IMAGE_PNG:
	case PD_IMAGE_GIF:
		return true;
	default:
		return false;
	}
}

static bool
beginning_is_hopeless(const struct image *im)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	uint8_t head[BEGINNING];
	struct pd_image_info info;
	ev_ssize_t n = evbuffer_copyout(im->held, head, sizeof(head));
	enum pd_plan_verdict verdict;

	pd_sniff(head, n > 0 ? (size_t)n : 0, &info);
	verdict = pd_plan_beginning(&info, msg->conf);
	if (verdict == PD_PLAN_BOMB)
		msg->access_flags |= PD_ACCESS_IMAGE_BOMB;
	return verdict != PD_PLAN_TRY;
}

/* Whether what is held may still become an image for the codec. */
static bool
may_go_on(struct image *im, bool last)
{
	size_t len = evbuffer_get_length(im->held);

	if (len > im->len_max) {
		pd_filter_message(im->filter)->access_flags |=
		    PD_ACCESS_TOO_BIG;
		return false;
	}
	if (im->step == STEP_SNIFF && (len >= PD_SNIFF_MIN || last)) {
		if (!format_is_ours(im))
			return false;
		im->step = STEP_BEGIN;
	}
	if (im->step == STEP_BEGIN && (len >= BEGINNING || last)) {
		if (!last && beginning_is_hopeless(im))
			return false;
		im->step = STEP_COLLECT;
	}
	return true;
}

static bool
takes_webp(const struct pd_message *msg)
{
	bool named = false;
	int weight = pd_accept_weight(
	    &msg->request->fields, PD_STR("image/webp"), &named);

	return named && weight > 0;
}

/* The original in memory that can be sent, and what is to be done with it.
 * The descriptor, or -1: it is to pass. */
static int
prepare(struct image *im, struct pd_image_info *info)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	size_t len = evbuffer_get_length(im->held);
	enum pd_plan_verdict verdict = PD_PLAN_PASS;
	int fd;
	void *p;

	if (len < PD_PLAN_LEN_MIN)
		return -1;
	fd = pd_ipc_memory("pared-image", len);
	if (fd < 0)
		goto fail;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	evbuffer_copyout(im->held, p, len);
	if (pd_sniff(p, len, info) == 0)
		verdict = pd_plan_image(
		    info, len, takes_webp(msg), msg->conf, &im->plan);
	munmap(p, len);
	if (verdict == PD_PLAN_TRY && pd_ipc_seal(fd) == 0)
		return fd;
	if (verdict == PD_PLAN_BOMB)
		msg->access_flags |= PD_ACCESS_IMAGE_BOMB;
	pd_log(PD_LOG_DEBUG, msg->id, "image: passes: %s",
	    im->plan.why != NULL ? im->plan.why : "broken or cut short");
	close(fd);
	return -1;
fail:
	pd_log_peer(PD_LOG_WARN, msg->id, "image: no memory to share: %s",
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- The codec -------------------------------------------------------------
 */

static void
on_answer(void *arg, enum pd_ask_end end, const struct pd_ask_result *result)
{
	struct image *im = arg;

	im->ask = NULL;
	im->step = STEP_ANSWERED;
	im->end = end;
	if (result != NULL) {
		im->result = pd_xalloc(sizeof(*im->result));
		im->result->refs = 1;
		im->result->p = result->p;
		im->result->n = result->n;
		im->format = result->format;
	}
	pd_filter_wake(im->filter);
}

static enum pd_flow
ask(struct image *im, struct evbuffer *in)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	struct pd_image_info info;
	struct pd_ask_params params = {
		.pool = msg->codecs,
		.fd = prepare(im, &info),
		.len = evbuffer_get_length(im->held),
		.info = &info,
		.plan = &im->plan,
		.timeout_ms = (uint32_t)msg->conf->image_timeout_ms,
		.id = msg->id,
	};

	if (params.fd < 0)
		return pass(im, in);
	im->ask = pd_ask_start(&params, on_answer, im);
	if (im->ask == NULL)
		return pass(im, in);
	count(im->filter, PD_STAT_IMAGES);
	im->step = STEP_ASKED;
	return PD_FLOW_WAIT;
}

static void
change_header(struct image *im)
{
	struct pd_message *msg = pd_filter_message(im->filter);

	pd_fields_set(&msg->response->fields, msg->arena, PD_FIELD_CONTENT_TYPE,
	    pd_str_z(pd_image_type(im->format)));
	pd_filter_body_changed(msg, (int64_t)im->result->n);
	pd_filter_vary(msg, PD_STR("Accept"));
}

static enum pd_flow
judge(struct image *im, struct evbuffer *in)
{
	if (im->end == PD_ASK_FAILED)
		count(im->filter, PD_STAT_IMAGES_FAILED);
	if (im->result == NULL)
		return pass(im, in);
	count(im->filter, PD_STAT_IMAGES_SMALLER);
	evbuffer_drain(im->held, evbuffer_get_length(im->held));
	pd_filter_hold(im->filter, im->result->n);
	change_header(im);
	im->step = STEP_SEND;
	return PD_FLOW_MORE;
}

static enum pd_flow
send_result(struct image *im, struct evbuffer *out, size_t room)
{
	struct bytes *b = im->result;
	size_t n = b->n - im->sent;

	if (n > room)
		n = room;
	if (n > 0) {
		if (evbuffer_add_reference(
			out, b->p + im->sent, n, buffer_left, b) != 0)
			return PD_FLOW_FAIL;
		b->refs++;
		im->sent += n;
	}
	return im->sent == b->n ? PD_FLOW_END : PD_FLOW_MORE;
}

static enum pd_flow
run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out, size_t room,
    bool last)
{
	struct image *im = pd_filter_state(f);
	enum pd_flow flow;

	switch (im->step) {
	case STEP_SNIFF:
	case STEP_BEGIN:
	case STEP_COLLECT:
		evbuffer_add_buffer(im->held, in);
		if (!pd_filter_hold(f, evbuffer_get_length(im->held)) ||
		    !may_go_on(im, last))
			return pass(im, in);
		return last ? ask(im, in) : PD_FLOW_MORE;
	case STEP_ASKED:
		return PD_FLOW_WAIT;
	case STEP_ANSWERED:
		flow = judge(im, in);
		if (flow != PD_FLOW_MORE)
			return flow;
		return send_result(im, out, room);
	case STEP_SEND:
		return send_result(im, out, room);
	}
	return PD_FLOW_FAIL;
}

static void
finish(struct pd_filter *f)
{
	struct image *im = pd_filter_state(f);

	if (im->ask != NULL)
		pd_ask_cancel(im->ask);
	im->ask = NULL;
	unref_bytes(im->result);
	im->result = NULL;
	if (im->held != NULL)
		evbuffer_free(im->held);
	im->held = NULL;
}

const struct pd_filter_type pd_image_filter = {
	.name = "image",
	.state_size = sizeof(struct image),
	.whole = true,
	.wants = wants,
	.begin = begin,
	.run = run,
	.finish = finish,
};
