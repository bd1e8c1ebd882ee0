/* The chain alone: the table here holds filters made for these tests. */
#include "filters/chain.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/stats.h"
#include "chain_help.h"
#include "filters/coding/coding.h"
#include "filters/coding/decode.h"
#include "filters/coding/encode.h"

/* What the fake between decode and encode does. */
enum act {
	ACT_STAY_OUT, /* wants(), but begin() fails */
	ACT_UPPER,    /* streams, capitals */
	ACT_PASS_AT,  /* streams, capitals up to `at`, then passes */
	ACT_END_AT,   /* streams; ends early */
	ACT_FAIL_AT,
	ACT_COLLECT,      /* whole: makes "<body>", waits before it does */
	ACT_COLLECT_PASS, /* whole: puts all back, waits before it does */
	ACT_FAIL_WHOLE,
};

static struct {
	enum act act;
	size_t at;
	bool wants;
	const char *type; /* COLLECT: the Content-Type it sets */
	unsigned began, finished, wants_calls;
} fake;

struct fake {
	struct evbuffer *held;
	size_t seen;
	bool waited;
};

static bool
fake_wants(const struct pd_message *msg)
{
	(void)msg;
	fake.wants_calls++;
	return fake.wants && fake.act < ACT_COLLECT;
}

static bool
fake_whole_wants(const struct pd_message *msg)
{
	(void)msg;
	return fake.wants && fake.act >= ACT_COLLECT;
}

static int
fake_begin(struct pd_filter *f)
{
	struct fake *s = pd_filter_state(f);

	/* Behind decode: no coding may be left. */
	assert_int_equal(
	    pd_coding_read(&pd_filter_message(f)->response->fields).n, 0);
	if (fake.act == ACT_STAY_OUT)
		return -1;
	s->held = evbuffer_new();
	fake.began++;
	return 0;
}

static void
fake_finish(struct pd_filter *f)
{
	struct fake *s = pd_filter_state(f);

	evbuffer_free(s->held);
	s->held = NULL;
	fake.finished++;
}

static enum pd_flow
fake_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct fake *s = pd_filter_state(f);
	unsigned char c;

	while (room > 0 && evbuffer_get_length(in) > 0) {
		if (fake.act == ACT_PASS_AT && s->seen == fake.at)
			return PD_FLOW_PASS;
		if (fake.act == ACT_END_AT && s->seen == fake.at)
			return PD_FLOW_END;
		if (fake.act == ACT_FAIL_AT && s->seen == fake.at)
			return PD_FLOW_FAIL;
		evbuffer_remove(in, &c, 1);
		if (c >= 'a' && c <= 'z')
			c = (unsigned char)(c - 32);
		evbuffer_add(out, &c, 1);
		s->seen++;
		room--;
	}
	return last && evbuffer_get_length(in) == 0 ? PD_FLOW_END
						    : PD_FLOW_MORE;
}

static enum pd_flow
fake_whole_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct fake *s = pd_filter_state(f);

	(void)room;
	if (fake.act == ACT_FAIL_WHOLE)
		return PD_FLOW_FAIL;
	evbuffer_add_buffer(s->held, in);
	if (!last)
		return PD_FLOW_MORE;
	if (!s->waited) {
		s->waited = true;
		if (fake.at > 0)
			pd_filter_wake_after(f, (unsigned)fake.at);
		else
			pd_filter_wake(f);
		return PD_FLOW_WAIT;
	}
	if (fake.act == ACT_COLLECT_PASS) {
		evbuffer_prepend_buffer(in, s->held);
		return PD_FLOW_PASS;
	}
	evbuffer_add(out, "<", 1);
	evbuffer_add_buffer(out, s->held);
	evbuffer_add(out, ">", 1);
	if (fake.type != NULL)
		pd_fields_set(&pd_filter_message(f)->response->fields,
		    pd_filter_message(f)->arena, PD_FIELD_CONTENT_TYPE,
		    pd_str_z(fake.type));
	pd_filter_body_changed(
	    pd_filter_message(f), (int64_t)evbuffer_get_length(out));
	return PD_FLOW_END;
}

static const struct pd_filter_type fake_filter = {
	.name = "fake",
	.state_size = sizeof(struct fake),
	.wants = fake_wants,
	.begin = fake_begin,
	.run = fake_run,
	.finish = fake_finish,
};

static const struct pd_filter_type fake_whole_filter = {
	.name = "whole",
	.state_size = sizeof(struct fake),
	.whole = true,
	.wants = fake_whole_wants,
	.begin = fake_begin,
	.run = fake_whole_run,
	.finish = fake_finish,
};

const struct pd_filter_type *const pd_filter_table[] = {
	&pd_decode_filter,
	&fake_filter,
	&fake_whole_filter,
	&pd_encode_whole_filter,
	&pd_encode_filter,
	NULL,
};

/* "Hello, body!" as gzip -9n makes it. */
static const unsigned char hello_gz[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3,
	0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0x48, 0xca, 0x4f, 0xa9, 0x54,
	0x04, 0x00, 0xf9, 0x3d, 0x32, 0x66, 0x0c, 0x00, 0x00, 0x00 };
#define HELLO      "Hello, body!"
#define HELLO_CAPS "HELLO, BODY!"

static int
reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.wants = true;
	return 0;
}

static int
all_finished(void **state)
{
	(void)state;
	assert_int_equal(fake.began, fake.finished);
	return 0;
}

static void
setup_plain(struct chain_help *h, void *arg)
{
	(void)arg;
	chain_help_answer(h, "Content-Type", "image/png");
}

static void
setup_gzip(struct chain_help *h, void *arg)
{
	(void)arg;
	chain_help_answer(h, "Content-Type", "image/png");
	chain_help_answer(h, "Content-Encoding", "gzip");
	chain_help_answer(h, "ETag", "\"e\"");
	chain_help_length(h, sizeof(hello_gz));
	chain_help_ask(h, "Accept-Encoding", "gzip, br");
}

static const struct chain_body plain = { setup_plain, NULL, HELLO, 12 };
static const struct chain_body gzipped = { setup_gzip, NULL, hello_gz,
	sizeof(hello_gz) };

struct expect {
	const char *body, *names;
};

static void
check(struct chain_help *h, void *arg)
{
	const struct expect *e = arg;

	assert_int_equal(h->flow, PD_FLOW_END);
	chain_help_same(h, e->body, strlen(e->body));
	if (e->names == NULL)
		assert_null(h->names);
	else
		assert_string_equal(h->names, e->names);
}

static void
streams(void **state)
{
	struct expect e = { HELLO_CAPS, "fake" };

	(void)state;
	fake.act = ACT_UPPER;
	chain_help_ways(&plain, check, &e);
}

static void
passes_late(void **state)
{
	struct expect e = { "HELLO, body!", "fake" };

	(void)state;
	fake.act = ACT_PASS_AT;
	fake.at = 7;
	chain_help_ways(&plain, check, &e);
	e = (struct expect){ HELLO, NULL };
	fake.at = 0;
	chain_help_ways(&plain, check, &e);
}

static void
collects_and_waits(void **state)
{
	struct expect e = { "<" HELLO ">", "whole" };
	struct chain_way way = { .name = "bytes", .piece = 1 };
	struct chain_help h;

	(void)state;
	fake.act = ACT_COLLECT;
	chain_help_ways(&plain, check, &e);
	fake.at = 20;
	chain_help_ways(&plain, check, &e);
	chain_help_run(&h, &plain, &way);
	assert_true(h.waits > 0);
	/* The header waited for the whole body. */
	assert_int_equal(h.header_at, 12);
	assert_string_equal(chain_help_field(&h, "content-length"), "14");
	chain_help_finish(&h);
}

static void
puts_back(void **state)
{
	struct expect e = { HELLO, NULL };

	(void)state;
	fake.act = ACT_COLLECT_PASS;
	chain_help_ways(&plain, check, &e);
}

/* A byte of room at a time while a large body was put back. */
static void
puts_back_much(void **state)
{
	struct chain_way way = { .name = "room", .room = 1000 };
	struct chain_body body = { setup_plain, NULL, NULL, 300000 };
	struct chain_help h;
	char *p = malloc(body.n);

	(void)state;
	for (size_t i = 0; i < body.n; i++)
		p[i] = (char)(i * 7 >> 3);
	body.p = p;
	fake.act = ACT_COLLECT_PASS;
	chain_help_run(&h, &body, &way);
	chain_help_same(&h, p, body.n);
	chain_help_finish(&h);
	free(p);
}

static void
decodes_for_it(void **state)
{
	struct expect e = { HELLO_CAPS, "decode,fake" };
	struct chain_help h;

	(void)state;
	fake.act = ACT_UPPER;
	chain_help_ways(&gzipped, check, &e);
	/* It passes, but the coding is off already: so says the header. */
	fake.act = ACT_COLLECT_PASS;
	e = (struct expect){ HELLO, "decode" };
	chain_help_ways(&gzipped, check, &e);
	chain_help_run(&h, &gzipped, &(struct chain_way){ .name = "x" });
	assert_null(chain_help_field(&h, "content-encoding"));
	assert_null(chain_help_field(&h, "content-length"));
	assert_string_equal(chain_help_field(&h, "etag"), "W/\"e\"");
	assert_string_equal(chain_help_field(&h, "vary"), "Accept-Encoding");
	chain_help_finish(&h);
}

/* decode leaves again where what it joined for stays out. */
static void
stays_out(void **state)
{
	struct expect e = { HELLO, NULL };
	struct chain_help h;

	(void)state;
	fake.act = ACT_STAY_OUT;
	chain_help_ways(&plain, check, &e);
	chain_help_run(&h, &gzipped, &(struct chain_way){ .name = "x" });
	assert_null(h.chain);
	assert_string_equal(chain_help_field(&h, "content-encoding"), "gzip");
	assert_string_equal(chain_help_field(&h, "content-length"), "32");
	assert_string_equal(chain_help_field(&h, "etag"), "\"e\"");
	assert_null(chain_help_field(&h, "vary"));
	assert_int_equal(h.response.body, PD_BODY_LENGTH);
	chain_help_finish(&h);
}

static void
setup_bitmap(struct chain_help *h, void *arg)
{
	(void)arg;
	chain_help_answer(h, "Content-Type", "image/bmp");
	chain_help_ask(h, "Accept-Encoding", "gzip");
}

/* The place of encode stays open until the type is known. */
static void
encodes_what_came_out(void **state)
{
	char p[2000];
	struct chain_body body = { setup_bitmap, NULL, p, sizeof(p) };
	struct chain_way way = { .name = "x", .piece = 100 };
	struct chain_help h;

	(void)state;
	memset(p, 'b', sizeof(p));
	fake.act = ACT_COLLECT_PASS;
	chain_help_run(&h, &body, &way);
	assert_string_equal(h.names, "encode");
	assert_string_equal(chain_help_field(&h, "content-encoding"), "gzip");
	assert_true(evbuffer_get_length(h.out) < 100);
	assert_int_equal(h.header_at, sizeof(p));
	chain_help_finish(&h);

	fake.act = ACT_COLLECT;
	fake.type = "image/webp";
	chain_help_run(&h, &body, &way);
	assert_string_equal(h.names, "whole");
	assert_null(chain_help_field(&h, "content-encoding"));
	assert_int_equal(evbuffer_get_length(h.out), sizeof(p) + 2);
	chain_help_finish(&h);
}

static void
ends_early(void **state)
{
	struct expect e = { "HELLO", "fake" };
	struct expect coded = { "HELLO", "decode,fake" };

	(void)state;
	fake.act = ACT_END_AT;
	fake.at = 5;
	chain_help_ways(&plain, check, &e);
	chain_help_ways(&gzipped, check, &coded);
}

static void
check_failed(struct chain_help *h, void *arg)
{
	const char *sent = arg;

	assert_int_equal(h->flow, PD_FLOW_FAIL);
	chain_help_same(h, sent, strlen(sent));
	assert_int_equal(h->msg.header_sent, sent[0] != '\0');
	/* It stays failed. */
	assert_int_equal(
	    pd_chain_run(h->chain, h->out, h->out, 1, true), PD_FLOW_FAIL);
}

static void
fails(void **state)
{
	char sent[] = "HELL", none[] = "";

	(void)state;
	fake.act = ACT_FAIL_AT;
	fake.at = 4;
	chain_help_ways(&plain, check_failed, sent);
	fake.act = ACT_FAIL_WHOLE;
	chain_help_ways(&plain, check_failed, none);
}

/* A chain may go at any moment: waiting, woken, half through. */
static void
dropped_any_time(void **state)
{
	struct chain_help h;
	struct evbuffer *in;

	(void)state;
	for (unsigned n = 0; n < 6; n++) {
		fake.act = n < 4 ? ACT_COLLECT : ACT_UPPER;
		fake.at = n == 2 ? 1000 : 0;
		chain_help_begin(&h, n % 2 ? &gzipped : &plain);
		assert_non_null(h.chain);
		in = evbuffer_new();
		evbuffer_add(in, n % 2 ? (const void *)hello_gz : HELLO,
		    n % 2 ? 20 : 12);
		if (n > 0)
			pd_chain_run(h.chain, in, h.out, 3, n < 4);
		evbuffer_free(in);
		chain_help_finish(&h);
	}
}

/* The wake comes from the loop, not from inside, and not after the end. */
static void
wakes_from_the_loop(void **state)
{
	struct chain_help h;
	struct evbuffer *in = evbuffer_new();

	(void)state;
	fake.act = ACT_COLLECT;
	fake.at = 1;
	chain_help_begin(&h, &plain);
	evbuffer_add(in, HELLO, 12);
	assert_int_equal(
	    pd_chain_run(h.chain, in, h.out, 100, true), PD_FLOW_WAIT);
	assert_false(h.woken);
	assert_false(pd_chain_header_ready(h.chain));
	assert_true(chain_help_wait(&h, 1000));
	assert_int_equal(
	    pd_chain_run(h.chain, in, h.out, 100, true), PD_FLOW_END);
	assert_false(chain_help_wait(&h, 20));
	chain_help_finish(&h);
	evbuffer_free(in);
}

/* Without room, what is held grows to the mark and no further. */
static void
holds_back(void **state)
{
	struct chain_help h;
	struct evbuffer *in = evbuffer_new();
	char p[10000] = { 0 };

	(void)state;
	fake.act = ACT_UPPER;
	chain_help_begin(&h, &plain);
	for (int i = 0; i < 100; i++) {
		evbuffer_add(in, p, sizeof(p));
		pd_chain_run(h.chain, in, h.out, 0, false);
	}
	assert_int_equal(evbuffer_get_length(h.out), 0);
	assert_true(pd_chain_held(h.chain) >= 65536);
	assert_true(pd_chain_held(h.chain) < 65536 + sizeof(p));
	assert_int_equal(
	    pd_chain_held(h.chain) + evbuffer_get_length(in), 100 * sizeof(p));
	while (evbuffer_get_length(h.out) < 100 * sizeof(p))
		pd_chain_run(h.chain, in, h.out, 5000, true);
	assert_int_equal(
	    pd_chain_run(h.chain, in, h.out, 5000, true), PD_FLOW_END);
	chain_help_finish(&h);
	evbuffer_free(in);
}

static void
setup_arg(struct chain_help *h, void *arg)
{
	const char **fields = arg;

	setup_plain(h, NULL);
	for (; *fields != NULL; fields += 2) {
		if (strcmp(fields[0], "?method") == 0)
			h->request.method = PD_METHOD_HEAD;
		else if (strcmp(fields[0], "?status") == 0)
			h->response.status = atoi(fields[1]);
		else if (strcmp(fields[0], "?length") == 0)
			chain_help_length(h, (size_t)atoi(fields[1]));
		else if (strcmp(fields[0], "?none") == 0)
			h->response.body = PD_BODY_NONE;
		else if (fields[0][0] == '>')
			chain_help_ask(h, fields[0] + 1, fields[1]);
		else
			chain_help_answer(h, fields[0], fields[1]);
	}
}

/* Messages that no filter may be asked about. */
static void
untouchable(void **state)
{
	static const char *cases[][5] = {
		{ "?method", "HEAD" },
		{ "?status", "206" },
		{ "?status", "204" },
		{ "?status", "205" },
		{ "?status", "304" },
		{ "?length", "0" },
		{ "?none", "" },
		{ "Content-Range", "bytes 0-9/10" },
		{ "Cache-Control", "no-transform" },
		{ "Cache-Control", "max-age=1 , No-Transform,private" },
		{ "Cache-Control", "max-age=1", "Cache-Control",
		    "no-transform" },
		{ ">Cache-Control", "no-transform" },
		{ "Content-Encoding", "compress" },
		{ "Content-Encoding", "gzip, aes128gcm" },
	};

	(void)state;
	fake.act = ACT_UPPER;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chain_body body = { setup_arg, cases[i], HELLO, 12 };
		struct chain_help h;

		chain_help_begin(&h, &body);
		if (h.chain != NULL)
			fail_msg("%s: %s", cases[i][0], cases[i][1]);
		assert_int_equal(fake.began, 0);
		chain_help_finish(&h);
	}
}

static void
touchable(void **state)
{
	static const char *cases[][5] = {
		{ "?status", "404" },
		{ "Cache-Control", "x=\"no-transform\"" },
		{ "Content-Encoding", "identity" },
		{ ">Range", "bytes=0-" },
	};

	(void)state;
	fake.act = ACT_UPPER;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chain_body body = { setup_arg, cases[i], HELLO, 12 };
		struct chain_help h;

		chain_help_begin(&h, &body);
		if (h.chain == NULL)
			fail_msg("%s: %s", cases[i][0], cases[i][1]);
		chain_help_finish(&h);
	}
}

static void
counts(void **state)
{
	struct chain_help h;
	struct pd_stats stats = { 0 };
	struct evbuffer *in = evbuffer_new();

	(void)state;
	fake.act = ACT_END_AT;
	fake.at = 5;
	chain_help_begin(&h, &plain);
	h.msg.stats = &stats;
	evbuffer_add(in, HELLO, 12);
	pd_chain_run(h.chain, in, h.out, 100, true);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_BODY_IN), 12);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_BODY_OUT), 5);
	chain_help_finish(&h);
	evbuffer_free(in);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, reset, all_finished)
		T(streams),
		T(passes_late),
		T(collects_and_waits),
		T(puts_back),
		T(puts_back_much),
		T(decodes_for_it),
		T(stays_out),
		T(encodes_what_came_out),
		T(ends_early),
		T(fails),
		T(dropped_any_time),
		T(wakes_from_the_loop),
		T(holds_back),
		T(untouchable),
		T(touchable),
		T(counts),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
