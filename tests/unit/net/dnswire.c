/*
 * Answers of name servers, whole and broken.
 */
#include "net/dnswire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A packet under construction. */
struct packet {
	char v[4096];
	size_t n;
};

static struct pd_str
name_of(const char *host, uint8_t buf[PD_DNSWIRE_NAME_MAX])
{
	size_t n = pd_dnswire_name(pd_str_z(host), buf);

	assert_true(n > 0);
	return pd_str_of((const char *)buf, n);
}

static void
put(struct packet *p, const char *bytes, size_t n)
{
	assert_true(sizeof(p->v) - p->n >= n);
	memcpy(p->v + p->n, bytes, n);
	p->n += n;
}

#define PUT(p, lit) put((p), (lit), sizeof(lit) - 1)

static void
put_name(struct packet *p, const char *host)
{
	uint8_t buf[PD_DNSWIRE_NAME_MAX];
	struct pd_str name = name_of(host, buf);

	put(p, name.p, name.n);
}

/* Header and question for host, with the flags and count of answers given. */
static void
begin(struct packet *p, const char *host, char type, const char flags[2],
    char nanswers)
{
	p->n = 0;
	PUT(p, "\x12\x34");
	put(p, flags, 2);
	PUT(p, "\0\1\0");
	put(p, &nanswers, 1);
	PUT(p, "\0\0\0\0");
	put_name(p, host);
	PUT(p, "\0");
	put(p, &type, 1);
	PUT(p, "\0\1");
}

static void
put_head(struct packet *p, const char *owner, char type, char len)
{
	put_name(p, owner);
	PUT(p, "\0");
	put(p, &type, 1);
	PUT(p, "\0\1\0\0\0\x3c\0");
	put(p, &len, 1);
}

static enum pd_resolve_status
read_it(const struct packet *p, const char *host, int family,
    struct pd_addr out[PD_RESOLVE_MAX], size_t *n)
{
	uint8_t buf[PD_DNSWIRE_NAME_MAX];

	return pd_dnswire_read(
	    pd_str_of(p->v, p->n), name_of(host, buf), family, out, n);
}

static void
expect(
    const struct packet *p, int family, enum pd_resolve_status status, size_t n)
{
	struct pd_addr out[PD_RESOLVE_MAX];
	size_t got = 99;

	assert_int_equal(
	    read_it(p, "www.example.org", family, out, &got), status);
	assert_int_equal(got, n);
}

static void
names_become_labels(void **state)
{
	uint8_t buf[PD_DNSWIRE_NAME_MAX];
	char label64[65], long254[255];

	(void)state;
	assert_int_equal(pd_dnswire_name(PD_STR("WWW.ex-a_mple.Org"), buf), 19);
	assert_memory_equal(buf, "\3www\11ex-a_mple\3org", 19);
	assert_int_equal(pd_dnswire_name(PD_STR("a."), buf), 3);
	assert_memory_equal(buf, "\1a\0", 3);
	assert_int_equal(pd_dnswire_name(PD_STR(""), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR("."), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR("a..b"), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR(".a"), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR("a.."), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR("a\\046b"), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR("a b"), buf), 0);
	assert_int_equal(pd_dnswire_name(pd_str_of("a\0b", 3), buf), 0);
	assert_int_equal(pd_dnswire_name(PD_STR("b\xc3\xbc"), buf), 0);

	memset(label64, 'a', 64);
	assert_int_equal(pd_dnswire_name(pd_str_of(label64, 64), buf), 0);
	assert_int_equal(pd_dnswire_name(pd_str_of(label64, 63), buf), 65);
	for (size_t i = 0; i < 254; i++)
		long254[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(pd_dnswire_name(pd_str_of(long254, 253), buf), 255);
	assert_int_equal(pd_dnswire_name(pd_str_of(long254, 255), buf), 0);
}

static void
addresses_are_taken(void **state)
{
	struct packet p;
	struct pd_addr out[PD_RESOLVE_MAX];
	size_t n;

	(void)state;
	begin(&p, "www.EXAMPLE.org", 1, "\x81\x80", 2);
	put_head(&p, "WWW.example.org", 1, 4);
	PUT(&p, "\xc0\0\2\1");
	PUT(&p, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\2"); /* compressed */
	assert_int_equal(
	    read_it(&p, "www.example.org", AF_INET, out, &n), PD_RESOLVE_OK);
	assert_int_equal(n, 2);
	assert_int_equal(out[1].family, AF_INET);
	assert_int_equal(out[1].port, 0);
	assert_memory_equal(out[0].ip, "\xc0\0\2\1", 4);
	assert_memory_equal(out[1].ip, "\xc0\0\2\2", 4);
	/* The question was for A. */
	expect(&p, AF_INET6, PD_RESOLVE_FAILED, 0);

	begin(&p, "www.example.org", 28, "\x81\x80", 1);
	put_head(&p, "www.example.org", 28, 16);
	PUT(&p, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	expect(&p, AF_INET6, PD_RESOLVE_OK, 1);
	/* Each cut of it is malformed, and no byte is read behind the end. */
	while (p.n-- > 0)
		expect(&p, AF_INET6, PD_RESOLVE_FAILED, 0);
}

static void
no_more_than_room(void **state)
{
	struct packet p;

	(void)state;
	begin(&p, "www.example.org", 1, "\x81\x80", 40);
	for (int i = 0; i < 40; i++)
		PUT(&p, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\2");
	expect(&p, AF_INET, PD_RESOLVE_OK, PD_RESOLVE_MAX);
}

static void
codes_of_the_server(void **state)
{
	struct packet p;

	(void)state;
	begin(&p, "www.example.org", 1, "\x81\x83", 0);
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);
	begin(&p, "www.example.org", 1, "\x81\x80", 0);
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);
	begin(&p, "www.example.org", 1, "\x81\x82", 0);
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	begin(&p, "www.example.org", 1, "\x81\x85", 0);
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	/* A question; another opcode; another name; two questions. */
	begin(&p, "www.example.org", 1, "\x01\x80", 0);
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	begin(&p, "www.example.org", 1, "\xa1\x80", 0);
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	begin(&p, "www.example.net", 1, "\x81\x80", 0);
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	begin(&p, "www.example.org", 1, "\x81\x80", 0);
	p.v[5] = 2;
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
}

static void
aliases_are_followed_in_any_order(void **state)
{
	struct packet p;

	(void)state;
	begin(&p, "www.example.org", 1, "\x81\x80", 3);
	put_head(&p, "c.net", 1, 4);
	PUT(&p, "\xc0\0\2\7");
	put_head(&p, "b.net", 5, 7);
	put_name(&p, "c.net");
	put_head(&p, "www.example.org", 5, 7);
	put_name(&p, "b.net");
	expect(&p, AF_INET, PD_RESOLVE_OK, 1);
	p.v[7] = 2; /* without the first alias */
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);

	/* An alias with nothing behind it. */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	put_head(&p, "www.example.org", 5, 7);
	put_name(&p, "b.net");
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);
	/* Its length is not that of the name in it. */
	p.v[p.n - 8]++;
	PUT(&p, "\0");
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
}

static void
records_of_others_are_not_taken(void **state)
{
	struct packet p;

	(void)state;
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	put_head(&p, "ww.example.org", 1, 4);
	PUT(&p, "\x7f\0\0\1");
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);
	/* A label that ends in NUL is not the root. */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	PUT(&p, "\3www\7example\4org\0\0\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1");
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);
	/* Another class (CHAOS). */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	PUT(&p, "\xc0\x0c\0\1\0\3\0\0\0\1\0\4\x7f\0\0\1");
	expect(&p, AF_INET, PD_RESOLVE_NONE, 0);
	/* An A of five bytes. */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	put_head(&p, "www.example.org", 1, 5);
	PUT(&p, "\x7f\0\0\1\1");
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
}

static void
loops_end(void **state)
{
	struct packet p;

	(void)state;
	/* An alias of itself. */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	PUT(&p, "\xc0\x0c\0\5\0\1\0\0\0\1\0\2\xc0\x0c");
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	/* A pointer to itself, and one forward. */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	put(&p, "\xc0", 1);
	put(&p, (char[]){ (char)(p.n - 1) }, 1);
	PUT(&p, "\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1");
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	p.v[34] = (char)(p.n - 5);
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	/* Reserved label types. */
	begin(&p, "www.example.org", 1, "\x81\x80", 1);
	PUT(&p, "\x40\0\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1");
	expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	/* Sixteen aliases are followed, seventeen are not. */
	for (int naliases = 16; naliases <= 17; naliases++) {
		char from[] = "www.example.org", to[] = "a.org";

		begin(
		    &p, "www.example.org", 1, "\x81\x80", (char)(naliases + 1));
		for (int i = 0; i < naliases; i++) {
			put_head(&p, i == 0 ? from : to, 5, 7);
			to[0] = (char)('a' + i);
			put_name(&p, to);
		}
		put_head(&p, to, 1, 4);
		PUT(&p, "\xc0\0\2\7");
		if (naliases == 16)
			expect(&p, AF_INET, PD_RESOLVE_OK, 1);
		else
			expect(&p, AF_INET, PD_RESOLVE_FAILED, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_labels),
		cmocka_unit_test(addresses_are_taken),
		cmocka_unit_test(no_more_than_room),
		cmocka_unit_test(codes_of_the_server),
		cmocka_unit_test(aliases_are_followed_in_any_order),
		cmocka_unit_test(records_of_others_are_not_taken),
		cmocka_unit_test(loops_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
