#include "filters/image/image.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/access_log.h"
#include "base/ipc.h"
#include "base/stats.h"
#include "filters/image/ask.h"
#include "tests/support/images.h"
#include "tests/unit/filters/chain_help.h"

#define BROWSER "image/avif,image/webp,image/apng,*/*;q=0.8"
#define WEBP    "image/webp,*/*;q=0.8"

/* What is sent, by whom, and to what kind of codec. */
struct scene {
	struct image_bytes body;
	const char *type;          /* NULL: image/jpeg */
	const char *accept;        /* NULL: none */
	const char *field, *value; /* one more of the response's */
	const char *fake; /* how the codec misbehaves; NULL: the real one */
	int status;       /* 0: 200 */
	enum pd_method method;    /* 0: GET */
	enum pd_conf_level level; /* UNSET: FINE */
	const char *save_data;    /* NULL: no such field */
	int64_t max_size;
	uint32_t timeout_ms; /* 0: 10 s */
	uint32_t ahead_ms;   /* the codecs have so much to do */
	bool length_known, no_codecs;

	/* What is to come. */
	enum pd_image_format becomes; /* NONE: the body as it was */
	bool varies;
	unsigned frames; /* 0: a still */
};

static struct pd_stats stats;
static struct pd_ask_pool *pool; /* of the run under way */

static struct pd_ask_pool *
open_pool(struct event_base *base, const char *fake)
{
	const char *argv[] = { "fake", fake, NULL };

	return pd_ask_pool_create(&(struct pd_ask_pool_params){
	    .base = base,
	    .stats = &stats,
	    .path = fake != NULL ? PD_TEST_FAKE_CODEC : PD_TEST_CODEC,
	    .argv = fake != NULL ? argv : NULL,
	    .processes = 1,
	    .queue_max = 4,
	    .memory_max = (size_t)512 << 20,
	});
}

static void
on_other(void *arg, enum pd_ask_end end, const struct pd_ask_result *result)
{
	(void)arg;
	(void)end;
	(void)result;
}

/* Something that keeps the codecs busy. */
static void
ask_other(uint32_t cost_ms)
{
	struct pd_image_info info = { .format = PD_IMAGE_PNG,
		.width = 9,
		.height = 9,
		.orientation = 1,
		.frames = 1 };
	struct pd_plan plan = { .cost_ms = cost_ms,
		.set = { .outputs = PD_JOB_PNG,
		    .quality_jpeg = 1,
		    .quality_webp = 1,
		    .to_width = 9,
		    .to_height = 9,
		    .out_max = 9 } };
	const struct pd_ask_params params = {
		.pool = pool,
		.fd = pd_ipc_memory("other", 99),
		.len = 99,
		.info = &info,
		.plan = &plan,
		.timeout_ms = 60000,
	};

	assert_non_null(pd_ask_start(&params, on_other, NULL));
}

static void
setup(struct chain_help *h, void *arg)
{
	const struct scene *s = arg;

	pool = open_pool(h->base, s->fake);
	if (s->ahead_ms > 0)
		ask_other(s->ahead_ms);
	h->msg.codecs = s->no_codecs ? NULL : pool;
	h->msg.stats = &stats;
	h->conf.process_jpg = h->conf.process_png = h->conf.process_gif =
	    h->conf.process_webp = h->conf.process_avif = true;
	h->conf.image_level =
	    s->level != PD_CONF_LEVEL_UNSET ? s->level : PD_CONF_LEVEL_FINE;
	h->conf.image_pixels_max = 25000000;
	h->conf.image_ratio_max = 500;
	h->conf.image_memory_max = (int64_t)512 << 20;
	h->conf.max_size = s->max_size;
	h->conf.image_deadline_ms = s->timeout_ms > 0 ? s->timeout_ms : 10000;
	if (s->status != 0)
		h->response.status = s->status;
	if (s->method != 0)
		h->request.method = s->method;
	chain_help_answer(
	    h, "Content-Type", s->type != NULL ? s->type : "image/jpeg");
	chain_help_answer(h, "ETag", "\"abc\"");
	chain_help_answer(h, "Accept-Ranges", "bytes");
	chain_help_answer(h, "Content-MD5", "Q2hlY2sgSW50ZWdyaXR5IQ==");
	if (s->field != NULL)
		chain_help_answer(h, s->field, s->value);
	if (s->accept != NULL)
		chain_help_ask(h, "Accept", s->accept);
	if (s->save_data != NULL)
		chain_help_ask(h, "Save-Data", s->save_data);
	if (s->length_known)
		chain_help_length(h, s->body.n);
}

static void
check_unchanged(struct chain_help *h, const struct scene *s)
{
	chain_help_same(h, s->body.p, s->body.n);
	assert_string_equal(chain_help_field(h, "Content-Type"),
	    s->type != NULL ? s->type : "image/jpeg");
	assert_string_equal(chain_help_field(h, "ETag"), "\"abc\"");
	assert_non_null(chain_help_field(h, "Content-MD5"));
	assert_non_null(chain_help_field(h, "Accept-Ranges"));
}

static void
check_changed(struct chain_help *h, const struct scene *s)
{
	size_t n = evbuffer_get_length(h->out);
	const uint8_t *p = evbuffer_pullup(h->out, -1);
	struct pd_image_info info;
	char length[24];
	unsigned width, height;
	uint8_t *px;

	assert_true(n < s->body.n);
	assert_int_equal(pd_sniff_format(p, n), s->becomes);
	assert_string_equal(
	    chain_help_field(h, "Content-Type"), pd_image_type(s->becomes));
	snprintf(length, sizeof(length), "%zu", n);
	assert_string_equal(chain_help_field(h, "Content-Length"), length);
	assert_int_equal(h->response.content_length, n);
	assert_string_equal(chain_help_field(h, "ETag"), "W/\"abc\"");
	assert_null(chain_help_field(h, "Content-MD5"));
	assert_null(chain_help_field(h, "Accept-Ranges"));
	assert_non_null(strstr(h->names, "image"));
	if (s->fake != NULL)
		return;
	assert_int_equal(pd_sniff(p, n, &info), 0);
	assert_int_equal(info.frames, s->frames > 0 ? s->frames : 1);
	px = decode_image(p, n, &width, &height);
	assert_non_null(px);
	free(px);
}

static void
check(struct chain_help *h, void *arg)
{
	const struct scene *s = arg;
	const char *vary = chain_help_field(h, "Vary");

	assert_int_equal(h->flow, PD_FLOW_END);
	if (s->becomes == PD_IMAGE_NONE)
		check_unchanged(h, s);
	else
		check_changed(h, s);
	if (s->varies)
		assert_true(vary != NULL && strstr(vary, "Accept") != NULL &&
			    strstr(vary, "Save-Data") != NULL);
	else
		assert_null(vary);
}

/* The pool's events are in the run's loop: it must go before it. */
static void
check_and_end(struct chain_help *h, void *arg)
{
	check(h, arg);
	pd_chain_destroy(h->chain);
	h->chain = NULL;
	pd_ask_pool_destroy(pool);
	pool = NULL;
}

/* In every way that must come to the same. Frees the body. */
static void
plays_all_ways(struct scene s)
{
	struct chain_body body = {
		.setup = setup, .arg = &s, .p = s.body.p, .n = s.body.n
	};

	chain_help_ways(&body, check_and_end, &s);
	free(s.body.p);
}

static void
plays(struct scene s)
{
	struct chain_body body = {
		.setup = setup, .arg = &s, .p = s.body.p, .n = s.body.n
	};
	struct chain_way way = { .name = "pieces", .piece = 1000 };
	struct chain_help h;

	memset(&stats, 0, sizeof(stats));
	chain_help_run(&h, &body, &way);
	check_and_end(&h, &s);
	chain_help_finish(&h);
	free(s.body.p);
}

static struct image_bytes
jpeg(void)
{
	struct image_want w = {
		.width = 150, .height = 100, .noise = 20, .quality = 90
	};

	return make_jpeg(&w);
}

static struct image_bytes
png(void)
{
	struct image_want w = { .width = 150, .height = 100, .alpha = true };

	return make_png(&w);
}

static void
a_png_becomes_webp(void **state)
{
	(void)state;
	plays_all_ways((struct scene){ .body = png(),
	    .accept = WEBP,
	    .becomes = PD_IMAGE_WEBP,
	    .varies = true });
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES_FAILED), 0);
}

static void
a_jpeg_becomes_avif(void **state)
{
	static const char *const accepts[] = { BROWSER, "image/avif",
		"image/avif;q=0.9, image/webp;q=0.8" };

	(void)state;
	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++)
		plays((struct scene){ .body = jpeg(),
		    .accept = accepts[i],
		    .becomes = PD_IMAGE_AVIF,
		    .varies = true });
	plays((struct scene){ .body = png(),
	    .accept = "image/avif;q=0.8, image/webp;q=0.9",
	    .becomes = PD_IMAGE_WEBP,
	    .varies = true });
}

static void
what_moves_still_moves(void **state)
{
	struct image_want w = { .width = 200, .height = 100, .noise = 30 };
	struct image_bytes (*const make[])(
	    const struct image_want *, unsigned) = { make_gif, make_apng };

	(void)state;
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		plays((struct scene){ .body = make[i](&w, 4),
		    .accept = "image/avif",
		    .becomes = PD_IMAGE_AVIF,
		    .frames = 4,
		    .varies = true });
		plays((struct scene){ .body = make[i](&w, 4),
		    .accept = WEBP,
		    .becomes = PD_IMAGE_WEBP,
		    .frames = 4,
		    .varies = true });
		plays((struct scene){
		    .body = make[i](&w, 4), .accept = "*/*", .varies = true });
	}
}

static size_t
size_of(struct scene s)
{
	struct chain_body body = {
		.setup = setup, .arg = &s, .p = s.body.p, .n = s.body.n
	};
	struct chain_way way = { .name = "pieces", .piece = 1000 };
	struct chain_help h;
	size_t n;

	chain_help_run(&h, &body, &way);
	n = evbuffer_get_length(h.out);
	check_and_end(&h, &s);
	chain_help_finish(&h);
	free(s.body.p);
	return n;
}

static void
save_data_saves_more(void **state)
{
	struct scene s = {
		.accept = BROWSER, .becomes = PD_IMAGE_AVIF, .varies = true
	};
	size_t fine, thin, saving;

	(void)state;
	s.body = jpeg();
	fine = size_of(s);
	s.body = jpeg();
	s.level = PD_CONF_LEVEL_THIN;
	thin = size_of(s);
	s.body = jpeg();
	s.level = PD_CONF_LEVEL_UNSET;
	s.save_data = "on";
	saving = size_of(s);
	assert_true(thin < fine);
	assert_int_equal(thin, saving);
}

/* It would be late: no codec is asked, and a cache behind knows that another
 * answer may follow. */
static void
load_makes_it_pass(void **state)
{
	(void)state;
	plays((struct scene){ .body = png(),
	    .accept = WEBP,
	    .fake = "hang",
	    .ahead_ms = 60000,
	    .varies = true });
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES), 0);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES_STEPPED), 1);
}

static void
what_is_switched_off_is_not_even_held(void **state)
{
	(void)state;
	plays((struct scene){ .body = jpeg(),
	    .accept = BROWSER,
	    .level = PD_CONF_LEVEL_OFF,
	    .save_data = "on" });
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES), 0);
}

static void
others_get_jpeg_and_png(void **state)
{
	static const char *const accepts[] = { NULL, "*/*", "image/*",
		"image/png,image/*;q=0.8,*/*;q=0.5", "image/webp;q=0, */*" };

	(void)state;
	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++) {
		plays((struct scene){ .body = jpeg(),
		    .accept = accepts[i],
		    .becomes = PD_IMAGE_JPEG,
		    .varies = true });
		plays((struct scene){ .body = png(),
		    .type = "image/png",
		    .accept = accepts[i],
		    .becomes = PD_IMAGE_PNG,
		    .varies = true });
		assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES), 1);
		assert_int_equal(
		    pd_stats_get(&stats, PD_STAT_IMAGES_SMALLER), 1);
	}
}

static void
bytes_count_not_types(void **state)
{
	(void)state;
	plays((struct scene){ .body = png(),
	    .type = "image/jpeg",
	    .accept = WEBP,
	    .becomes = PD_IMAGE_WEBP,
	    .varies = true });
	plays((struct scene){ .body = jpeg(),
	    .type = "image/gif",
	    .becomes = PD_IMAGE_JPEG,
	    .varies = true });
	plays((struct scene){
	    .body = jpeg(), .type = "text/plain", .accept = BROWSER });
}

static void
whose_image_is_left_alone(void **state)
{
	(void)state;
	plays((struct scene){ .body = jpeg(),
	    .accept = BROWSER,
	    .field = "Cache-Control",
	    .value = "public, no-transform" });
	plays((struct scene){ .body = jpeg(),
	    .accept = BROWSER,
	    .field = "Content-Range",
	    .value = "bytes 0-9/10" });
	plays((struct scene){ .body = jpeg(),
	    .accept = BROWSER,
	    .field = "Content-Disposition",
	    .value = "attachment; filename=a.jpg" });
	plays(
	    (struct scene){ .body = jpeg(), .accept = BROWSER, .status = 404 });
	plays((struct scene){
	    .body = jpeg(), .accept = BROWSER, .method = PD_METHOD_POST });
	plays((struct scene){
	    .body = jpeg(), .accept = BROWSER, .no_codecs = true });
}

static void
what_is_too_big_streams(void **state)
{
	(void)state;
	for (unsigned known = 0; known < 2; known++)
		plays_all_ways((struct scene){ .body = jpeg(),
		    .accept = BROWSER,
		    .max_size = 3000,
		    .length_known = known });
}

static struct image_bytes
bytes(const char *text, size_t n)
{
	struct image_bytes b = { .p = malloc(n), .n = n };

	for (size_t i = 0; i < n; i++)
		b.p[i] = (uint8_t)text[i % strlen(text)];
	return b;
}

static void
what_is_no_image_passes(void **state)
{
	struct image_bytes cut = jpeg();

	(void)state;
	plays_all_ways(
	    (struct scene){ .body = bytes("<html>", 900), .accept = BROWSER });
	plays_all_ways((struct scene){
	    .body = bytes("\xff\xd8\xff", 3), .accept = BROWSER });
	plays_all_ways((struct scene){
	    .body = bytes("\xff\xd8\xff\xe0", 700), .accept = BROWSER });
	cut.n -= 100;
	plays((struct scene){ .body = cut, .accept = BROWSER });
}

/* Whatever the codec does, the answer is the original. */
static void
a_bad_codec_costs_only_the_saving(void **state)
{
	static const char *const modes[] = { "die", "abort", "stillborn",
		"short", "magic", "status", "larger", "length", "format",
		"size", "output", "frames", "lie", "keep", "fd", "file",
		"socket" };

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		print_message("%s\n", modes[i]);
		plays((struct scene){ .body = png(),
		    .accept = WEBP,
		    .fake = modes[i],
		    .varies = true });
		assert_int_equal(
		    pd_stats_get(&stats, PD_STAT_IMAGES_SMALLER), 0);
	}
	plays((struct scene){ .body = png(),
	    .accept = WEBP,
	    .fake = "hang",
	    .timeout_ms = 100,
	    .varies = true });
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES_LATE), 1);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES_FAILED), 0);
	plays((struct scene){
	    .body = png(), .accept = WEBP, .fake = "nothing", .varies = true });
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES_FAILED), 0);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_IMAGES_LATE), 0);
	/* That these tests can fail: the same, when it behaves. */
	plays((struct scene){ .body = png(),
	    .accept = WEBP,
	    .fake = "good",
	    .becomes = PD_IMAGE_WEBP,
	    .varies = true });
}

static void
a_client_that_leaves_cancels(void **state)
{
	struct scene s = { .body = png(), .accept = WEBP, .fake = "hang" };
	struct chain_body body = { .setup = setup, .arg = &s };
	struct chain_help h;
	struct evbuffer *in = evbuffer_new();

	(void)state;
	chain_help_begin(&h, &body);
	evbuffer_add(in, s.body.p, s.body.n);
	assert_int_equal(
	    pd_chain_run(h.chain, in, h.out, SIZE_MAX, true), PD_FLOW_WAIT);
	assert_false(pd_chain_header_ready(h.chain));
	assert_int_equal(pd_ask_pool_load(pool), 1);
	pd_chain_destroy(h.chain);
	h.chain = NULL;
	assert_int_equal(pd_ask_pool_load(pool), 0);
	pd_ask_pool_destroy(pool);
	evbuffer_free(in);
	chain_help_finish(&h);
	free(s.body.p);
}

static void
a_hopeless_beginning_does_not_wait(void **state)
{
	struct image_want w = {
		.width = 300, .height = 300, .noise = 60, .mpf = true
	};
	struct scene s = { .body = make_jpeg(&w), .accept = BROWSER };
	struct chain_body body = { .setup = setup, .arg = &s };
	struct chain_help h;
	struct evbuffer *in = evbuffer_new();

	(void)state;
	assert_true(s.body.n > 20000);
	chain_help_begin(&h, &body);
	evbuffer_add(in, s.body.p, 5000);
	pd_chain_run(h.chain, in, h.out, SIZE_MAX, false);
	assert_true(pd_chain_header_ready(h.chain));
	assert_int_equal(evbuffer_get_length(h.out), 5000);
	pd_chain_destroy(h.chain);
	h.chain = NULL;
	pd_ask_pool_destroy(pool);
	evbuffer_free(in);
	chain_help_finish(&h);
	free(s.body.p);
}

static void
a_bomb_is_told(void **state)
{
	struct image_want w = { .width = 64, .height = 64, .noise = 60 };
	struct scene s = { .body = make_jpeg(&w), .accept = BROWSER };
	struct chain_body body = {
		.setup = setup, .arg = &s, .n = s.body.n, .p = s.body.p
	};
	struct chain_way way = { .name = "whole" };
	struct chain_help h;
	uint8_t *sof = memmem(s.body.p, s.body.n, "\xff\xc0", 2);

	(void)state;
	memset(sof + 5, 0x7f, 4); /* 32639 x 32639 */
	chain_help_run(&h, &body, &way);
	assert_int_equal(h.msg.access_flags, PD_ACCESS_IMAGE_BOMB);
	check_and_end(&h, &s);
	chain_help_finish(&h);
	free(s.body.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_png_becomes_webp),
		cmocka_unit_test(a_jpeg_becomes_avif),
		cmocka_unit_test(others_get_jpeg_and_png),
		cmocka_unit_test(what_moves_still_moves),
		cmocka_unit_test(save_data_saves_more),
		cmocka_unit_test(load_makes_it_pass),
		cmocka_unit_test(what_is_switched_off_is_not_even_held),
		cmocka_unit_test(bytes_count_not_types),
		cmocka_unit_test(whose_image_is_left_alone),
		cmocka_unit_test(what_is_too_big_streams),
		cmocka_unit_test(what_is_no_image_passes),
		cmocka_unit_test(a_bad_codec_costs_only_the_saving),
		cmocka_unit_test(a_client_that_leaves_cancels),
		cmocka_unit_test(a_hopeless_beginning_does_not_wait),
		cmocka_unit_test(a_bomb_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
