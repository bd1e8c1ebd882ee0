/*
 * ClientHellos made from parts, cut into records everywhere, cut short
 * everywhere, and with each of their lengths made wrong.
 */
#include "net/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct bytes {
	size_t n;
	char p[2 * PD_HELLO_MAX];
};

static void
put(struct bytes *b, const void *p, size_t n)
{
	assert_true(b->n + n <= sizeof(b->p));
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void
put_number(struct bytes *b, size_t size, size_t v)
{
	while (size-- > 0) {
		char c = (char)(v >> (8 * size));

		put(b, &c, 1);
	}
}

/* A vector with a length of size bytes. */
static void
put_vector(struct bytes *b, size_t size, const void *p, size_t n)
{
	put_number(b, size, n);
	put(b, p, n);
}

static void
put_extension(struct bytes *b, unsigned type, const struct bytes *content)
{
	put_number(b, 2, type);
	put_vector(b, 2, content->p, content->n);
}

static void
put_name(struct bytes *b, const char *name)
{
	struct bytes entry = { 0 }, list = { 0 };

	put_number(&entry, 1, 0);
	put_vector(&entry, 2, name, strlen(name));
	put_vector(&list, 2, entry.p, entry.n);
	put_extension(b, 0, &list);
}

/* "\2h2\10http/1.1" */
static void
put_alpn(struct bytes *b, const char *list)
{
	struct bytes ext = { 0 };

	put_vector(&ext, 2, list, strlen(list));
	put_extension(b, 16, &ext);
}

static void
put_versions(struct bytes *b, const char *list, size_t n)
{
	struct bytes ext = { 0 };

	put_vector(&ext, 1, list, n);
	put_extension(b, 43, &ext);
}

/* The message around extensions (NULL: none at all). */
static void
put_message(struct bytes *b, const struct bytes *extensions)
{
	static const char zero[32];
	struct bytes body = { 0 };

	put_number(&body, 2, 0x0303);
	put(&body, zero, 32);
	put_vector(&body, 1, zero, 32);
	put_vector(&body, 2, "\x13\x01\x13\x02", 4);
	put_vector(&body, 1, zero, 1);
	if (extensions != NULL)
		put_vector(&body, 2, extensions->p, extensions->n);
	put_number(b, 1, 1);
	put_vector(b, 3, body.p, body.n);
}

/* The message in records of at most `most` bytes. */
static void
put_records(struct bytes *b, const struct bytes *message, size_t most)
{
	for (size_t at = 0; at < message->n;) {
		size_t n = message->n - at < most ? message->n - at : most;

		put_number(b, 3, 0x160301);
		put_vector(b, 2, message->p + at, n);
		at += n;
	}
}

static enum pd_hello_result
read_n(const struct bytes *b, size_t n, struct pd_hello *h)
{
	/* A copy of its own, so that a byte too far is seen. */
	char *copy = malloc(n > 0 ? n : 1);
	enum pd_hello_result r;

	assert_non_null(copy);
	memcpy(copy, b->p, n);
	r = pd_hello_read(pd_str_of(copy, n), h);
	free(copy);
	return r;
}

static void
expect_name(const struct pd_hello *h, const char *name)
{
	assert_int_equal(h->name_len, strlen(name));
	assert_memory_equal(h->name, name, strlen(name));
}

/* What a browser sends, a key share included. */
static void
make_usual(struct bytes *message)
{
	struct bytes extensions = { 0 }, share = { 0 };

	put_extension(&extensions, 0x0a0a, &share);
	put_name(&extensions, "www.example.org");
	put_alpn(&extensions, "\2h2\10http/1.1");
	put_versions(&extensions, "\x1a\x1a\x03\x04\x03\x03", 6);
	share.n = 1216; /* X25519MLKEM768 */
	put_extension(&extensions, 51, &share);
	put_message(message, &extensions);
}

static void
test_usual(void **state)
{
	struct bytes message = { 0 }, all = { 0 };
	struct pd_hello h;

	(void)state;
	make_usual(&message);
	put_records(&all, &message, 16384);
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_DONE);
	expect_name(&h, "www.example.org");
	assert_int_equal(h.version, 0x0304);
	assert_true(h.h2);
	assert_true(h.http1);
	/* What comes after it is of no matter. */
	put(&all, "\x17\x03\x03", 3);
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_DONE);
	/* Nor is what it does not have. */
	message.n = all.n = 0;
	put_message(&message, NULL);
	put_records(&all, &message, 16384);
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_DONE);
	expect_name(&h, "");
	assert_int_equal(h.version, 0x0303);
	assert_false(h.h2 || h.http1);
}

static void
test_pieces(void **state)
{
	struct bytes message = { 0 };
	struct pd_hello h;

	(void)state;
	make_usual(&message);
	for (size_t most = 1; most <= message.n; most++) {
		struct bytes all = { 0 };

		put_records(&all, &message, most);
		assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_DONE);
		expect_name(&h, "www.example.org");
		assert_true(h.h2);
	}
	for (size_t most = 1; most < 2000; most += 400) {
		struct bytes all = { 0 };

		put_records(&all, &message, most);
		for (size_t n = 0; n < all.n; n++)
			assert_int_equal(read_n(&all, n, &h), PD_HELLO_MORE);
	}
}

static void
expect_bad(const struct bytes *extensions)
{
	struct bytes message = { 0 }, all = { 0 };
	struct pd_hello h;

	put_message(&message, extensions);
	put_records(&all, &message, 16384);
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_BAD);
}

static void
test_bad_names(void **state)
{
	struct bytes ext, all = { 0 };
	char longest[257];

	(void)state;
	put_name(&all, "a.test");
	put_name(&all, "b.test");
	expect_bad(&all);

	/* Two of one type in one list; none; an empty one. */
	all.n = 0;
	ext = (struct bytes){ 0 };
	put(&ext, "\0\x08\0\0\1a\0\0\1b", 10);
	put_extension(&all, 0, &ext);
	expect_bad(&all);
	all.n = ext.n = 0;
	put(&ext, "\0\0", 2);
	put_extension(&all, 0, &ext);
	expect_bad(&all);
	all.n = 0;
	put_name(&all, "");
	expect_bad(&all);

	/* The list ends before the extension; or after it. */
	all.n = ext.n = 0;
	put(&ext, "\0\4\0\0\1ax", 7);
	put_extension(&all, 0, &ext);
	expect_bad(&all);
	all.n = ext.n = 0;
	put(&ext, "\0\5\0\0\1a", 6);
	put_extension(&all, 0, &ext);
	expect_bad(&all);

	memset(longest, 'a', 256);
	longest[256] = '\0';
	all.n = 0;
	put_name(&all, longest);
	expect_bad(&all);
}

static void
test_longest_name(void **state)
{
	struct bytes extensions = { 0 }, message = { 0 }, all = { 0 };
	struct pd_hello h;
	char name[256];

	(void)state;
	memset(name, 'a', 255);
	name[255] = '\0';
	put_name(&extensions, name);
	put_message(&message, &extensions);
	put_records(&all, &message, 16384);
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_DONE);
	expect_name(&h, name);
}

/* Whatever one byte becomes, nothing is read outside, and the name is the old
 * one or another that stands there. */
static void
test_every_byte(void **state)
{
	static const unsigned char values[] = { 0, 1, 3, 0x7f, 0x80, 0xff };
	struct bytes extensions = { 0 }, message = { 0 }, all = { 0 };
	struct pd_hello h;

	(void)state;
	put_name(&extensions, "a.test");
	put_alpn(&extensions, "\2h2");
	put_versions(&extensions, "\3\4", 2);
	put_message(&message, &extensions);
	put_records(&all, &message, 50);
	for (size_t i = 0; i < all.n; i++) {
		char was = all.p[i];

		for (size_t k = 0; k < sizeof(values); k++) {
			all.p[i] = (char)values[k];
			if (read_n(&all, all.n, &h) == PD_HELLO_DONE)
				assert_true(h.name_len <= sizeof(h.name));
		}
		all.p[i] = was;
	}
}

static void
test_not_tls(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} bad[] = {
		{ "\x17", 1 },
		{ "\x16\x02", 2 },
		{ "\x16\x03\x01\0\0", 5 },         /* an empty record */
		{ "\x16\x03\x01\x40\x01", 5 },     /* one too long */
		{ "\x16\x03\x01\0\1\x02", 6 },     /* a ServerHello */
		{ "\x16\x03\x01\0\1\x01\x17", 7 }, /* then another type */
		{ "\x16\x03\x01\0\4\x01\0\0\0", 9 },
	};
	struct bytes all = { 0 };
	struct pd_hello h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		all.n = 0;
		put(&all, bad[i].p, bad[i].n);
		assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_BAD);
	}
	/* A message that would not end. */
	all.n = 0;
	put(&all, "\x16\x03\x01\x40\0\x01\xff\xff\xff", 9);
	all.n = PD_HELLO_MAX - 1;
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_MORE);
	all.n = PD_HELLO_MAX;
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_BAD);
	all.n = PD_HELLO_MAX + 1;
	assert_int_equal(read_n(&all, all.n, &h), PD_HELLO_BAD);
}

static void
test_kind(void **state)
{
	static const struct {
		const char *first;
		size_t n;
		enum pd_hello_kind kind;
	} cases[] = {
		{ "", 0, PD_HELLO_UNSURE },
		{ "\x16", 1, PD_HELLO_UNSURE },
		{ "\x16\x03", 2, PD_HELLO_TLS },
		{ "\x16\x02", 2, PD_HELLO_UNSURE },
		{ "\x16\x10", 2, PD_HELLO_OTHER },
		{ "\x16\x02\0\0\x10\x01", 6, PD_HELLO_TLS },
		{ "\x16\x02\0\0\x10\x02", 6, PD_HELLO_OTHER },
		{ "\x16\x02\0\0\0\x01", 6, PD_HELLO_OTHER },
		{ "\x15\x03\x01\0", 4, PD_HELLO_UNSURE },
		{ "\x15\x03\x01\0\x02", 5, PD_HELLO_TLS },
		{ "\x15\x03\x01\0\x03", 5, PD_HELLO_OTHER },
		{ "G", 1, PD_HELLO_UNSURE },
		{ "GET", 3, PD_HELLO_UNSURE },
		{ "GET ", 4, PD_HELLO_HTTP },
		{ "GETX", 4, PD_HELLO_UNSURE },
		{ "CONNECT a", 9, PD_HELLO_HTTP },
		{ "get /", 5, PD_HELLO_OTHER },
		{ "PROPFIND ", 9, PD_HELLO_UNSURE },
		{ "PROPFIND /", 10, PD_HELLO_HTTP },
		{ "M-SEARCH /", 10, PD_HELLO_HTTP },
		{ "EHLO me", 7, PD_HELLO_OTHER },
		{ "USER ann", 8, PD_HELLO_OTHER },
		{ "QUIT\r", 5, PD_HELLO_OTHER },
		{ " GET /", 6, PD_HELLO_OTHER },
		{ "\r\n", 2, PD_HELLO_UNSURE },
		{ "\r\nGET /", 7, PD_HELLO_HTTP },
		{ "\n\r\n\nGET /", 9, PD_HELLO_HTTP },
		{ "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r", 17, PD_HELLO_HTTP },
		{ "\r\n\x16\x03", 4, PD_HELLO_OTHER },
		{ "AAAAAAAAAAAAAAAAAAAAAAAA", 24, PD_HELLO_UNSURE },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAA", 25, PD_HELLO_OTHER },
		{ "\0", 1, PD_HELLO_OTHER },
		{ "\x80", 1, PD_HELLO_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    pd_hello_kind(pd_str_of(cases[i].first, cases[i].n)),
		    cases[i].kind);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
