#include "filters/coding/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/access_log.h"
#include "chain_help.h"
#include "coding_help.h"

#define LEN 9000

struct coded {
	const char *name; /* Content-Encoding */
	char *p;
	size_t n;
	const char *want; /* what comes out, NULL: failure */
	size_t want_len;
	const char *accept;        /* Accept-Encoding, NULL: "identity" */
	int64_t ratio, free, most; /* limits, when not 0 */
	unsigned flags;
};

static void
setup(struct chain_help *h, void *arg)
{
	const struct coded *c = arg;

	chain_help_answer(h, "Content-Type", "text/html");
	chain_help_answer(h, "Content-Encoding", c->name);
	chain_help_answer(h, "ETag", "\"tag\"");
	chain_help_answer(h, "Accept-Ranges", "bytes");
	if (c->n > 0)
		chain_help_length(h, c->n);
	chain_help_ask(
	    h, "Accept-Encoding", c->accept ? c->accept : "identity");
	if (c->ratio != 0)
		h->conf.gunzip_ratio_max = c->ratio;
	if (c->free != 0)
		h->conf.gunzip_free = c->free;
	h->conf.decoded_max = c->most;
}

static void
check(struct chain_help *h, void *arg)
{
	const struct coded *c = arg;

	assert_non_null(h->chain);
	assert_null(chain_help_field(h, "content-encoding"));
	assert_null(chain_help_field(h, "content-length"));
	assert_null(chain_help_field(h, "accept-ranges"));
	assert_string_equal(chain_help_field(h, "etag"), "W/\"tag\"");
	assert_string_equal(chain_help_field(h, "vary"), "Accept-Encoding");
	assert_int_equal(h->msg.access_flags, c->flags);
	if (c->want == NULL) {
		assert_int_equal(h->flow, PD_FLOW_FAIL);
		return;
	}
	assert_int_equal(h->flow, PD_FLOW_END);
	chain_help_same(h, c->want, c->want_len);
}

static void
ways(struct coded *c)
{
	struct chain_body body = { setup, c, c->p, c->n };

	chain_help_ways(&body, check, c);
}

static void
once(struct coded *c)
{
	struct chain_body body = { setup, c, c->p, c->n };
	struct chain_help h;

	chain_help_run(&h, &body, &(struct chain_way){ .name = "once" });
	check(&h, c);
	chain_help_finish(&h);
}

static struct coded
coded(const char *name, enum pd_coding coding, bool raw, const char *text,
    size_t len)
{
	struct coded c = { .name = name,
		.p = malloc(len + 1),
		.n = len,
		.want = text,
		.want_len = len };

	memcpy(c.p, text, len);
	coding_help_pack(coding, raw, &c.p, &c.n);
	return c;
}

static void
append(struct coded *c, const void *p, size_t n)
{
	c->p = realloc(c->p, c->n + n);
	memcpy(c->p + c->n, p, n);
	c->n += n;
}

static const struct {
	const char *name;
	enum pd_coding coding;
	bool raw;
} kinds[] = {
	{ "gzip", PD_CODING_GZIP, false },
	{ "X-Gzip", PD_CODING_GZIP, false },
	{ "deflate", PD_CODING_DEFLATE, false },
	{ "deflate", PD_CODING_DEFLATE, true },
	{ "br", PD_CODING_BR, false },
	{ "zstd", PD_CODING_ZSTD, false },
};
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
each_coding(void **state)
{
	static const size_t lens[] = { 0, 1, 12, LEN };
	char *text = coding_help_text(LEN);

	(void)state;
	for (size_t i = 0; i < NKINDS * 4; i++) {
		struct coded c = coded(kinds[i / 4].name, kinds[i / 4].coding,
		    kinds[i / 4].raw, text, lens[i % 4]);

		ways(&c);
		free(c.p);
	}
	free(text);
}

/* Large enough that decoders hold back, and marks are reached. */
static void
large(void **state)
{
	size_t len = 3000000;
	char *text = coding_help_text(len);
	struct chain_way way = {
		.name = "large", .piece = 10000, .room = 3000
	};

	(void)state;
	for (size_t i = 0; i < NKINDS; i++) {
		struct coded c = coded(
		    kinds[i].name, kinds[i].coding, kinds[i].raw, text, len);
		struct chain_body body = { setup, &c, c.p, c.n };
		struct chain_help h;

		chain_help_run(&h, &body, &way);
		check(&h, &c);
		assert_true(h.held_most < 65536 + 10000);
		chain_help_finish(&h);
		free(c.p);
	}
	free(text);
}

static void
layers(void **state)
{
	char *text = coding_help_text(LEN);
	struct coded c =
	    coded("gzip, deflate,br", PD_CODING_GZIP, false, text, LEN);

	(void)state;
	coding_help_pack(PD_CODING_DEFLATE, true, &c.p, &c.n);
	coding_help_pack(PD_CODING_BR, false, &c.p, &c.n);
	ways(&c);
	/* The inner one is cut short, the outer ones are whole. */
	free(c.p);
	c = coded("gzip,identity, br", PD_CODING_GZIP, false, text, LEN);
	c.n -= 10;
	coding_help_pack(PD_CODING_BR, false, &c.p, &c.n);
	c.want = NULL;
	ways(&c);
	free(c.p);
	free(text);
}

/* Cut anywhere, no coding looks complete. */
static void
cut_short(void **state)
{
	char *text = coding_help_text(300);

	(void)state;
	for (size_t i = 0; i < NKINDS; i++) {
		struct coded c = coded(
		    kinds[i].name, kinds[i].coding, kinds[i].raw, text, 300);

		c.want = NULL;
		while (--c.n > 0)
			once(&c);
		/* Nothing at all is an empty body, as browsers have it. */
		c.want = "";
		c.want_len = 0;
		c.n = 0;
		c.accept = "identity";
		once(&c);
		free(c.p);
	}
	free(text);
}

static void
corrupt(void **state)
{
	char *text = coding_help_text(LEN);

	(void)state;
	for (size_t i = 0; i < NKINDS; i++) {
		struct coded c = coded(
		    kinds[i].name, kinds[i].coding, kinds[i].raw, text, LEN);

		if (kinds[i].raw || kinds[i].coding == PD_CODING_BR ||
		    kinds[i].coding == PD_CODING_ZSTD) {
			free(c.p); /* without a check sum */
			continue;
		}
		c.p[c.n / 2] ^= 0x10;
		c.want = NULL;
		once(&c);
		c.p[c.n / 2] ^= 0x10;
		c.p[c.n - (kinds[i].coding == PD_CODING_GZIP ? 6 : 2)] ^= 1;
		once(&c);
		free(c.p);
	}
	/* Text that only says it is coded. */
	for (size_t i = 0; i < NKINDS; i++) {
		struct coded c = {
			.name = kinds[i].name, .p = text, .n = 5000
		};

		once(&c);
	}
	free(text);
}

static void
members(void **state)
{
	char *text = coding_help_text(2 * LEN);
	struct coded second;

	(void)state;
	for (size_t i = 0; i < NKINDS; i++) {
		struct coded c = coded(
		    kinds[i].name, kinds[i].coding, kinds[i].raw, text, LEN);

		if (kinds[i].coding != PD_CODING_GZIP &&
		    kinds[i].coding != PD_CODING_ZSTD) {
			free(c.p);
			continue;
		}
		second = coded("", kinds[i].coding, false, text + LEN, LEN);
		append(&c, second.p, second.n);
		c.want_len = 2 * LEN;
		ways(&c);
		c.n -= 5;
		c.want = NULL;
		once(&c);
		free(c.p);
		free(second.p);
	}
	free(text);
}

static void
garbage_behind(void **state)
{
	static const char *tails[] = { "x", "\x1f", "\x1f\x8b",
		"\x1f\x8b nonsense behind", "\r\n", "\x28\xb5\x2f",
		"<!-- generated in 12 ms by some server's script -->" };
	char *text = coding_help_text(LEN);

	(void)state;
	for (size_t i = 0; i < NKINDS; i++) {
		for (size_t t = 0; t < 7; t++) {
			struct coded c = coded(kinds[i].name, kinds[i].coding,
			    kinds[i].raw, text, LEN);

			append(&c, tails[t], strlen(tails[t]));
			once(&c);
			if (t == 3)
				ways(&c);
			free(c.p);
		}
	}
	free(text);
}

static void
bombs(void **state)
{
	size_t len = 4000000;
	char *zeros = calloc(1, len);

	(void)state;
	for (size_t i = 0; i < NKINDS; i++) {
		struct coded c = coded(
		    kinds[i].name, kinds[i].coding, kinds[i].raw, zeros, len);
		struct chain_body body = { setup, &c, c.p, c.n };
		struct chain_help h;

		c.flags = PD_ACCESS_GZIP_BOMB;
		c.want = NULL;
		c.ratio = 2000;
		c.free = 100000;
		chain_help_run(
		    &h, &body, &(struct chain_way){ .name = "bomb" });
		check(&h, &c);
		assert_true(evbuffer_get_length(h.out) < 200000);
		chain_help_finish(&h);
		/* By size alone. */
		c.ratio = -1;
		c.most = 1000000;
		once(&c);
		/* Allowed. */
		c.flags = 0;
		c.want = zeros;
		c.most = 0;
		once(&c);
		/* Layered: the inner one is found by what it made. */
		coding_help_pack(PD_CODING_BR, false, &c.p, &c.n);
		c.name = kinds[i].coding == PD_CODING_GZIP ? "gzip, br" : "x";
		if (c.name[0] == 'g') {
			c.ratio = 2000;
			c.flags = PD_ACCESS_GZIP_BOMB;
			c.want = NULL;
			once(&c);
		}
		free(c.p);
	}
	free(zeros);
}

/* A frame that asks for a window of 2^24 bytes and of 2^23. */
static void
zstd_window(void **state)
{
	/* Magic; no single segment, no length; the window; one raw block. */
	char frame[] = "\x28\xb5\x2f\xfd"
		       "\x00"
		       "\x70"
		       "\x21\x00\x00"
		       "hell";
	struct coded c = { .name = "zstd", .p = frame, .n = sizeof(frame) - 1 };

	(void)state;
	once(&c);
	frame[5] = 0x68;
	c.want = "hell";
	c.want_len = 4;
	once(&c);
}

/* What the origin flushed is passed on without waiting for more. */
static void
streams(void **state)
{
	char *text = coding_help_text(LEN);
	struct coded c = coded("gzip", PD_CODING_GZIP, false, text, LEN);
	struct chain_body body = { setup, &c, NULL, 0 };
	struct evbuffer *in = evbuffer_new();
	struct chain_help h;

	(void)state;
	chain_help_begin(&h, &body);
	assert_true(pd_chain_header_ready(h.chain));
	evbuffer_add(in, c.p, c.n / 2);
	assert_int_equal(
	    pd_chain_run(h.chain, in, h.out, 100000, false), PD_FLOW_MORE);
	assert_true(evbuffer_get_length(h.out) > LEN / 4);
	assert_int_equal(evbuffer_get_length(in), 0);
	chain_help_finish(&h);
	evbuffer_free(in);
	free(c.p);
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_coding),
		cmocka_unit_test(large),
		cmocka_unit_test(layers),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(corrupt),
		cmocka_unit_test(members),
		cmocka_unit_test(garbage_behind),
		cmocka_unit_test(bombs),
		cmocka_unit_test(zstd_window),
		cmocka_unit_test(streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
