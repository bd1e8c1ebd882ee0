#include "filters/coding/encode.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chain_help.h"
#include "coding_help.h"
#include "filters/coding/pack.h"

#define LEN 9000

struct plain {
	const char *accept;
	const char *type; /* NULL: "text/html; charset=utf-8" */
	const char *text;
	size_t n;
	bool length;          /* known */
	enum pd_coding coded; /* as it comes */
	enum pd_coding want;
	unsigned status;
};

static void
setup(struct chain_help *h, void *arg)
{
	const struct plain *c = arg;

	chain_help_answer(
	    h, "Content-Type", c->type ? c->type : "Text/HTML; charset=utf-8");
	chain_help_answer(h, "ETag", "\"tag\"");
	chain_help_answer(h, "Content-MD5", "x");
	chain_help_answer(h, "Digest", "x");
	chain_help_answer(h, "Repr-Digest", "x");
	chain_help_answer(h, "Content-Digest", "x");
	chain_help_answer(h, "Vary", "Origin");
	if (c->coded != PD_CODING_IDENTITY)
		chain_help_answer(
		    h, "Content-Encoding", pd_coding_name(c->coded));
	if (c->length)
		chain_help_length(h, c->n);
	if (c->accept != NULL)
		chain_help_ask(h, "Accept-Encoding", c->accept);
}

/* Plain, as it came. */
static void
check_untouched(struct chain_help *h, const struct plain *c)
{
	chain_help_same(h, c->text, c->n);
	assert_string_equal(chain_help_field(h, "etag"), "\"tag\"");
	assert_string_equal(chain_help_field(h, "vary"), "Origin");
	assert_string_equal(chain_help_field(h, "digest"), "x");
	assert_null(h->names);
	if (c->length)
		assert_non_null(chain_help_field(h, "content-length"));
}

static void
check(struct chain_help *h, void *arg)
{
	const struct plain *c = arg;
	size_t n = evbuffer_get_length(h->out), len;
	const char *coding = chain_help_field(h, "content-encoding"), *length;
	char *out;

	assert_int_equal(h->flow, PD_FLOW_END);
	if (c->want == PD_CODING_IDENTITY) {
		check_untouched(h, c);
		return;
	}
	assert_non_null(coding);
	assert_string_equal(coding, pd_coding_name(c->want));
	assert_string_equal(
	    chain_help_field(h, "vary"), "Origin, Accept-Encoding");
	assert_string_equal(chain_help_field(h, "etag"), "W/\"tag\"");
	assert_null(chain_help_field(h, "content-md5"));
	assert_null(chain_help_field(h, "digest"));
	assert_null(chain_help_field(h, "repr-digest"));
	assert_null(chain_help_field(h, "content-digest"));
	length = chain_help_field(h, "content-length");
	if (c->length && c->n <= PD_ENCODE_WHOLE_MAX &&
	    c->coded == PD_CODING_IDENTITY)
		assert_int_equal(atoi(length), n);
	else
		assert_null(length);
	out = coding_help_unpack(
	    c->want, evbuffer_pullup(h->out, -1), n, 4000000, &len);
	assert_non_null(out);
	if (c->coded == PD_CODING_IDENTITY) {
		assert_int_equal(len, c->n);
		assert_memory_equal(out, c->text, len);
	}
	free(out);
}

static void
once(struct plain *c)
{
	struct chain_body body = { setup, c, c->text, c->n };
	struct chain_help h;

	chain_help_run(&h, &body, &(struct chain_way){ .name = "once" });
	check(&h, c);
	chain_help_finish(&h);
}

static const struct {
	const char *accept;
	enum pd_coding want;
} clients[] = {
	{ "gzip", PD_CODING_GZIP },
	{ "br", PD_CODING_BR },
	{ "zstd", PD_CODING_ZSTD },
};

static void
each_coding(void **state)
{
	char *text = coding_help_text(LEN);

	(void)state;
	for (size_t i = 0; i < 3 * 2; i++) {
		struct plain c = { .accept = clients[i / 2].accept,
			.want = clients[i / 2].want,
			.text = text,
			.n = LEN,
			.length = i % 2 };
		struct chain_body body = { setup, &c, text, LEN };

		chain_help_ways(&body, check, &c);
		/* Empty, of unknown length. */
		c.n = body.n = 0;
		c.length = false;
		chain_help_ways(&body, check, &c);
	}
	free(text);
}

static void
large(void **state)
{
	size_t len = 3000000;
	char *text = coding_help_text(len);
	struct chain_way way = {
		.name = "large", .piece = 15000, .room = 1000
	};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct plain c = { .accept = clients[i / 2].accept,
			.want = clients[i / 2].want,
			.text = text,
			.n = len,
			.length = i % 2 };
		struct chain_body body = { setup, &c, text, len };
		struct chain_help h;

		chain_help_run(&h, &body, &way);
		check(&h, &c);
		assert_true(evbuffer_get_length(h.out) < len / 3);
		chain_help_finish(&h);
	}
	free(text);
}

static void
never_worse(void **state)
{
	char noise[4000];
	unsigned seed = 1;
	struct plain c = { .accept = "gzip, br",
		.text = noise,
		.n = sizeof(noise),
		.length = true };
	struct chain_body body = { setup, &c, noise, sizeof(noise) };

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		seed = seed * 1103515245u + 12345u;
		noise[i] = (char)(seed >> 16);
	}
	chain_help_ways(&body, check, &c);
	/* Compresses, but by less than the fields cost. */
	memset(noise, ' ', 60);
	once(&c);
	memset(noise, ' ', 1000);
	c.want = PD_CODING_BR;
	once(&c);
	/* Too small to look at. */
	c.n = PD_CODING_LENGTH_MIN - 1;
	c.want = PD_CODING_IDENTITY;
	once(&c);
}

static void
who_gets_what(void **state)
{
	static const struct {
		const char *accept, *type;
		enum pd_coding want;
	} cases[] = {
		{ NULL, NULL, PD_CODING_IDENTITY },
		{ "", NULL, PD_CODING_IDENTITY },
		{ "identity", NULL, PD_CODING_IDENTITY },
		{ "gzip;q=0", NULL, PD_CODING_IDENTITY },
		{ "gzip;q=0, *", NULL, PD_CODING_IDENTITY },
		{ "*;q=0", NULL, PD_CODING_IDENTITY },
		{ "identity, gzip;q=0.5", NULL, PD_CODING_IDENTITY },
		{ "identity;q=0.5, gzip;q=0.5", NULL, PD_CODING_GZIP },
		{ "identity;q=0, gzip;q=0.1", NULL, PD_CODING_GZIP },
		{ "deflate", NULL, PD_CODING_IDENTITY },
		{ "*", NULL, PD_CODING_GZIP },
		{ "x-gzip", NULL, PD_CODING_GZIP },
		{ "GZIP", NULL, PD_CODING_GZIP },
		{ "gzip, deflate, br, zstd", NULL, PD_CODING_BR },
		{ "gzip, zstd", NULL, PD_CODING_ZSTD },
		{ "br;q=0.5, gzip;q=0.8", NULL, PD_CODING_GZIP },
		{ "br;q=0, zstd;q=0, gzip", NULL, PD_CODING_GZIP },
		{ "gzip", "image/png", PD_CODING_IDENTITY },
		{ "gzip", "text/", PD_CODING_IDENTITY },
		{ "gzip", "", PD_CODING_IDENTITY },
		{ "gzip", "application/x-javascript", PD_CODING_GZIP },
		{ "gzip", "application/ld+json;a=b", PD_CODING_GZIP },
		{ "gzip", "image/svg+xml", PD_CODING_GZIP },
	};
	char *text = coding_help_text(LEN);

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct plain c = { .accept = cases[i / 2].accept,
			.type = cases[i / 2].type,
			.want = cases[i / 2].want,
			.text = text,
			.n = LEN,
			.length = i % 2 };

		once(&c);
	}
	free(text);
}

/* What came coded, for a client that takes better. */
static void
codes_anew(void **state)
{
	static const struct {
		enum pd_coding from;
		const char *accept;
		enum pd_coding to; /* IDENTITY: stays as it is */
	} cases[] = {
		{ PD_CODING_GZIP, "gzip, br", PD_CODING_BR },
		{ PD_CODING_GZIP, "gzip, zstd", PD_CODING_IDENTITY },
		{ PD_CODING_DEFLATE, "gzip, deflate, br", PD_CODING_BR },
		{ PD_CODING_GZIP, "gzip", PD_CODING_IDENTITY },
		{ PD_CODING_GZIP, "gzip, br;q=0.5", PD_CODING_IDENTITY },
		{ PD_CODING_BR, "gzip, br, zstd", PD_CODING_IDENTITY },
		{ PD_CODING_BR, "gzip", PD_CODING_GZIP },
		{ PD_CODING_ZSTD, "gzip, br", PD_CODING_BR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *p = coding_help_text(LEN);
		struct plain c = { .accept = cases[i].accept,
			.length = true,
			.coded = cases[i].from,
			.want = cases[i].to,
			.n = LEN };
		struct chain_body body = { setup, &c, NULL, 0 };
		struct chain_help h;

		coding_help_pack(cases[i].from, false, &p, &c.n);
		c.text = body.p = p;
		body.n = c.n;
		chain_help_run(
		    &h, &body, &(struct chain_way){ .name = "anew" });
		check(&h, &c);
		if (c.want != PD_CODING_IDENTITY)
			assert_string_equal(h.names, "decode,encode");
		chain_help_finish(&h);
		chain_help_ways(&body, check, &c);
		free(p);
	}
}

/* Bytes that a client can read of what left so far. */
static size_t
readable(struct chain_help *h, enum pd_coding c)
{
	char out[LEN];
	size_t n = evbuffer_get_length(h->out);

	if (n == 0)
		return 0;
	return coding_help_peek(
	    c, evbuffer_pullup(h->out, -1), n, out, sizeof(out));
}

/* The content runs dry: after a moment the client has all of it. */
static void
flushes(void **state)
{
	char *text = coding_help_text(LEN);
	struct evbuffer *in = evbuffer_new();

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct plain c = { .accept = clients[i].accept };
		struct chain_body body = { setup, &c, NULL, 0 };
		struct chain_help h;

		chain_help_begin(&h, &body);
		assert_true(pd_chain_header_ready(h.chain));
		for (size_t at = 0; at < LEN; at += LEN / 3) {
			evbuffer_add(in, text + at, 100);
			pd_chain_run(h.chain, in, h.out, 1000, false);
			evbuffer_add(in, text + at + 100, LEN / 3 - 100);
			/* More of it came at once: no flush between. */
			assert_int_equal(readable(&h, clients[i].want), at);
			pd_chain_run(h.chain, in, h.out, 100000, false);
			assert_true(chain_help_wait(&h, 2000));
			pd_chain_run(h.chain, in, h.out, 100000, false);
			assert_int_equal(
			    readable(&h, clients[i].want), at + LEN / 3);
		}
		/* Nothing is held: no more wakes, no more bytes. */
		assert_false(chain_help_wait(&h, 100));
		assert_int_equal(
		    pd_chain_run(h.chain, in, h.out, 9, false), PD_FLOW_MORE);
		chain_help_finish(&h);
	}
	evbuffer_free(in);
	free(text);
}

/* Events leave at once, also through little room. */
static void
flushes_events(void **state)
{
	struct plain c = { .type = "text/event-stream", .want = 0 };
	struct chain_body body = { setup, &c, NULL, 0 };
	struct evbuffer *in = evbuffer_new();
	struct chain_help h;
	char text[4096];
	size_t len, had;

	(void)state;
	for (size_t i = 0; i < 3 * 2; i++) {
		c.accept = clients[i / 2].accept;
		chain_help_begin(&h, &body);
		for (int n = 1; n <= 4; n++) {
			len = (size_t)snprintf(text, sizeof(text),
			    "id: %d\ndata: {\"x\": %d}\n\n", n, n * 7919);
			evbuffer_add(in, text, len);
			do {
				had = evbuffer_get_length(h.out);
				pd_chain_run(h.chain, in, h.out,
				    i % 2 ? 1 : 1000, false);
			} while (evbuffer_get_length(h.out) > had);
			len = readable(&h, clients[i / 2].want);
			assert_true(len > (size_t)n * 20);
		}
		chain_help_finish(&h);
	}
	evbuffer_free(in);
}

/* One stream too many for br gets gzip. */
static void
memory_is_kept(void **state)
{
	struct plain c = { .accept = "br, gzip" };
	struct chain_body body = { setup, &c, NULL, 0 };
	struct chain_help h[PD_PACK_BIG_MAX + 1];

	(void)state;
	for (size_t i = 0; i <= PD_PACK_BIG_MAX; i++) {
		chain_help_begin(&h[i], &body);
		assert_string_equal(chain_help_field(&h[i], "content-encoding"),
		    i < PD_PACK_BIG_MAX ? "br" : "gzip");
	}
	for (size_t i = 0; i <= PD_PACK_BIG_MAX; i++)
		chain_help_finish(&h[i]);
	assert_true(pd_pack_big_ok());
}

static void
setup_off(struct chain_help *h, void *arg)
{
	setup(h, arg);
	h->conf.encode_text = false;
}

static void
can_be_off(void **state)
{
	char *text = coding_help_text(LEN);
	struct plain c = { .accept = "gzip", .text = text, .n = LEN };
	struct chain_body body = { setup_off, &c, text, LEN };
	struct chain_help h;

	(void)state;
	chain_help_begin(&h, &body);
	assert_null(h.chain);
	chain_help_finish(&h);
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_coding),
		cmocka_unit_test(large),
		cmocka_unit_test(never_worse),
		cmocka_unit_test(who_gets_what),
		cmocka_unit_test(codes_anew),
		cmocka_unit_test(flushes),
		cmocka_unit_test(flushes_events),
		cmocka_unit_test(memory_is_kept),
		cmocka_unit_test(can_be_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
