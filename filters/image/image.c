/*
 * A photograph on its way to a telephone. The header says image/jpeg, so the
 * filter joins and the header waits. The first bytes say JPEG as well; a few
 * kilobytes later it is clear that the picture is one of those that can be
 * changed, and the body is collected. At its end the structure is read whole,
 * and wish.c has read in the request that the telephone takes AVIF, by Accept,
 * and wants to save, by Save-Data: plan.c decides on AVIF of quantizer 30, 1440
 * pixels wide. Nobody else is being sent the same picture at this moment
 * (flight.c), so the bytes go to a pared-codec (ask.c): WAIT. Its answer wakes
 * the filter: a fifth of the size, so the fields that describe the content
 * change, and the new bytes go out. Had the answer been late, or larger, or
 * nonsense, the photograph would have gone out as it came: in this file nothing
 * costs an answer, only a saving.
 */
#include "filters/image/image.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/access_log.h"
#include "base/arena.h"
#include "base/conf.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/stats.h"
#include "filters/image/ask.h"
#include "filters/image/flight.h"
#include "filters/image/job.h"
#include "filters/image/plan.h"
#include "filters/image/sniff.h"
#include "filters/image/wish.h"

/* From so many bytes on, a beginning is looked at: what tells of animation or
 * a gain map stands there. */
#define BEGINNING 4096

enum step {
	STEP_SNIFF, /* the format is not known yet */
	STEP_BEGIN, /* nor whether it is hopeless */
	STEP_COLLECT,
	STEP_ASKED,
	STEP_ANSWERED, /* end is set */
	STEP_SEND,     /* the result goes out */
};

struct image {
	struct pd_filter *filter;
	enum step step;
	struct evbuffer *held; /* the original, as far as it has come */
	size_t len_max;
	struct pd_plan_wish wish;
	struct pd_image_info info;
	struct pd_plan plan;
	struct pd_flight *flight; /* NULL when none is under way */
	struct pd_flight_end end; /* of it; bytes NULL: there is no result */
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
buffer_left(const void *data, size_t len, void *arg)
{
	(void)data;
	(void)len;
	pd_flight_bytes_unref(arg);
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
	if (!conf->process_jpg && !conf->process_png && !conf->process_gif &&
	    !conf->process_webp && !conf->process_avif)
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
	struct pd_plan_wish wish;

	return msg->codecs != NULL && res->status == 200 &&
	       msg->request->method == PD_METHOD_GET &&
	       res->body != PD_BODY_NONE && is_image(res) &&
	       !is_download(res) && switched_on(msg->conf) &&
	       pd_fields_find(&res->fields, PD_FIELD_CONTENT_RANGE) == NULL &&
	       !pd_cache_control_has(&res->fields, keep_out) &&
	       !pd_cache_control_has(asked, keep_out) && pd_wish(msg, &wish);
}

static int
begin(struct pd_filter *f)
{
	struct image *im = pd_filter_state(f);
	struct pd_message *msg = pd_filter_message(f);
	const struct pd_response *res = msg->response;

	im->filter = f;
	im->len_max = len_max(msg->conf);
	if (!pd_wish(msg, &im->wish))
		return -1;
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
	evbuffer_prepend_buffer(in, im->held);
	return PD_FLOW_PASS;
}

static bool
format_is_ours(const struct image *im)
{
	uint8_t head[PD_SNIFF_MIN];
	ev_ssize_t n = evbuffer_copyout(im->held, head, sizeof(head));

	return pd_sniff_format(head, n > 0 ? (size_t)n : 0) != PD_IMAGE_NONE;
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
	verdict = pd_plan_beginning(&info, &im->wish, msg->conf);
	if (verdict == PD_PLAN_TRY)
		return false;
	if (verdict == PD_PLAN_BOMB)
		msg->access_flags |= PD_ACCESS_IMAGE_BOMB;
	pd_wish_vary_beginning(msg, &info);
	return true;
}

/* Whether what is held may still become an image for the codec. */
static bool
may_go_on(struct image *im, bool last)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	size_t len = evbuffer_get_length(im->held);

	if (len > im->len_max) {
		msg->access_flags |= PD_ACCESS_TOO_BIG;
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
	if (!pd_filter_hold(im->filter, len)) {
		if (im->step == STEP_COLLECT)
			pd_wish_vary_all(msg);
		return false;
	}
	return true;
}

/* The original in memory that can be sent; -1 with errno. */
static int
share_original(const struct image *im)
{
	size_t len = evbuffer_get_length(im->held);
	int fd = pd_ipc_memory("pared-image", len), saved;
	void *p;

	if (fd < 0)
		return -1;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	evbuffer_copyout(im->held, p, len);
	munmap(p, len);
	if (pd_ipc_seal(fd) == 0)
		return fd;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* What would be done with it on an idle machine: whether there is anything. */
static bool
decide(struct image *im, const struct pd_flight_bytes *body)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	enum pd_plan_verdict verdict = PD_PLAN_PASS;

	im->plan.why = "broken or cut short";
	if (pd_sniff(body->p, body->n, &im->info) == 0) {
		verdict = pd_plan_image(
		    &im->info, body->n, &im->wish, msg->conf, &im->plan);
		pd_wish_vary(msg, &im->info, body->n, &im->plan);
	}
	if (verdict == PD_PLAN_BOMB)
		msg->access_flags |= PD_ACCESS_IMAGE_BOMB;
	if (verdict != PD_PLAN_TRY)
		pd_log(
		    PD_LOG_DEBUG, msg->id, "image: passes: %s", im->plan.why);
	return verdict == PD_PLAN_TRY;
}

/* --- The codec -------------------------------------------------------------
 */

static void
on_answer(void *arg, const struct pd_flight_end *end)
{
	struct image *im = arg;

	im->flight = NULL;
	im->step = STEP_ANSWERED;
	im->end = *end;
	pd_filter_wake(im->filter);
}

/* Plans anew for the machine as it is: whether anything is left to try. */
static bool
fit_load(struct image *im)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	struct pd_plan_wish wish = im->wish;
	enum pd_plan_step best = im->plan.step;
	enum pd_plan_verdict verdict;

	wish.wait_ms = pd_ask_pool_wait_ms(msg->codecs);
	wish.pace = pd_ask_pool_pace(msg->codecs);
	wish.deadline_ms = (uint32_t)msg->conf->image_deadline_ms;
	verdict = pd_plan_image(&im->info, evbuffer_get_length(im->held), &wish,
	    msg->conf, &im->plan);
	/* The image's own size may have made it step down before. */
	if (im->plan.step == best)
		return verdict == PD_PLAN_TRY;
	count(im->filter, PD_STAT_IMAGES_STEPPED);
	pd_log(PD_LOG_DEBUG, msg->id,
	    "image: steps down: %s (%u ms ahead, pace %u %%)",
	    im->plan.stepped != NULL ? im->plan.stepped : im->plan.why,
	    wish.wait_ms, wish.pace);
	return verdict == PD_PLAN_TRY;
}

/* Takes fd. NULL: it is to pass. */
static struct pd_flight *
begin_flight(struct image *im, struct pd_flight_bytes *body, int fd)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	struct pd_flight_key key =
	    pd_flight_key(body, &im->info, &im->plan.set);
	const struct pd_ask_params params = {
		.pool = msg->codecs,
		.fd = fd,
		.len = body->n,
		.info = &im->info,
		.plan = &im->plan,
		.timeout_ms = (uint32_t)msg->conf->image_deadline_ms,
		.id = msg->id,
	};
	struct pd_flight *w =
	    pd_flight_join(msg->codecs, &key, params.timeout_ms, on_answer, im);

	if (w == NULL && fit_load(im))
		w = pd_flight_lead(&params, &key, on_answer, im);
	else
		close(fd);
	if (w != NULL)
		count(im->filter, pd_flight_leads(w) ? PD_STAT_IMAGES
						     : PD_STAT_IMAGES_SHARED);
	return w;
}

static enum pd_flow
ask(struct image *im, struct evbuffer *in)
{
	struct pd_message *msg = pd_filter_message(im->filter);
	struct pd_flight_bytes *body = NULL;
	int fd;

	if (evbuffer_get_length(im->held) < PD_PLAN_LEN_MIN)
		return pass(im, in);
	fd = share_original(im);
	if (fd >= 0)
		body = pd_flight_bytes_map(fd, evbuffer_get_length(im->held));
	if (body == NULL) {
		pd_log_peer(PD_LOG_WARN, msg->id,
		    "image: no memory to share: %s", strerror(errno));
		pd_wish_vary_all(msg);
	}
	if (body != NULL && decide(im, body))
		im->flight = begin_flight(im, body, fd);
	else if (fd >= 0)
		close(fd);
	pd_flight_bytes_unref(body);
	if (im->flight == NULL)
		return pass(im, in);
	im->step = STEP_ASKED;
	return PD_FLOW_WAIT;
}

static void
change_header(struct image *im)
{
	struct pd_message *msg = pd_filter_message(im->filter);

	pd_fields_set(&msg->response->fields, msg->arena, PD_FIELD_CONTENT_TYPE,
	    pd_str_z(pd_image_type(im->end.format)));
	pd_filter_body_changed(msg, (int64_t)im->end.bytes->n);
}

static void
count_end(struct image *im)
{
	switch (im->end.end) {
	case PD_ASK_SMALLER:
		count(im->filter, PD_STAT_IMAGES_SMALLER);
		break;
	case PD_ASK_LATE:
		count(im->filter, PD_STAT_IMAGES_LATE);
		break;
	case PD_ASK_FAILED:
		count(im->filter, PD_STAT_IMAGES_FAILED);
		break;
	case PD_ASK_BUSY:
		count(im->filter, PD_STAT_IMAGES_STEPPED);
		break;
	case PD_ASK_NOTHING:
		break;
	}
}

static void
log_end(struct image *im)
{
	static const char *const ends[] = {
		[PD_ASK_NOTHING] = "nothing smaller came out",
		[PD_ASK_BUSY] = "the codecs are busy",
		[PD_ASK_LATE] = "late",
		[PD_ASK_FAILED] = "the codec failed",
	};
	uint64_t id = pd_filter_message(im->filter)->id;

	if (im->end.bytes == NULL)
		pd_log(PD_LOG_DEBUG, id, "image: %s: stays as it is: %s",
		    im->plan.why, ends[im->end.end]);
	else
		pd_log(PD_LOG_DEBUG, id,
		    "image: %s: %zu to %zu bytes of %s, %u ms", im->plan.why,
		    evbuffer_get_length(im->held), im->end.bytes->n,
		    pd_image_type(im->end.format), im->end.cpu_us / 1000);
}

static enum pd_flow
judge(struct image *im, struct evbuffer *in)
{
	count_end(im);
	log_end(im);
	if (im->end.bytes == NULL)
		return pass(im, in);
	evbuffer_drain(im->held, evbuffer_get_length(im->held));
	pd_filter_hold(im->filter, im->end.bytes->n);
	change_header(im);
	im->step = STEP_SEND;
	return PD_FLOW_MORE;
}

static enum pd_flow
send_result(struct image *im, struct evbuffer *out, size_t room)
{
	struct pd_flight_bytes *b = im->end.bytes;
	size_t n = b->n - im->sent;

	if (n > room)
		n = room;
	if (n > 0) {
		if (evbuffer_add_reference(
			out, b->p + im->sent, n, buffer_left, b) != 0)
			return PD_FLOW_FAIL;
		pd_flight_bytes_ref(b);
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
		if (!may_go_on(im, last))
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

	if (im->flight != NULL)
		pd_flight_cancel(im->flight);
	im->flight = NULL;
	pd_flight_bytes_unref(im->end.bytes);
	im->end.bytes = NULL;
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
