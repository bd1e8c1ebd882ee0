#include "filters/block/set.h"

#include "filters/block/file.h"
#include "rules_help.h"

static const char lists[] = "||ads.example^\n"
			    "||b.example^$third-party,domain=a.org|~b.org\n"
			    "/banner/*.gif$image\n"
			    "/^https?:\\/\\/[a-z]{8}\\.example\\//$script\n"
			    "@@||c.example^$script\n"
			    "$removeparam=utm_source\n"
			    "||d.example^$csp=script-src 'none'\n"
			    "example.org##.ad\n";

static const char *
refused(const unsigned char *bytes, size_t n)
{
	const char *why = NULL;
	struct pd_set *s = pd_set_copy(bytes, n, &why);

	assert_null(s);
	assert_non_null(why);
	return why;
}

/* The head is changed and the checksum set anew. */
static void
mend(unsigned char *bytes, size_t n)
{
	uint64_t sum = pd_file_checksum(bytes, n);

	memcpy(
	    bytes + offsetof(struct pd_file_head, checksum), &sum, sizeof(sum));
}

static void
a_file_is_mapped(void **state)
{
	struct rules r;
	struct pd_set *s;
	const char *why = NULL;
	char *path;

	(void)state;
	rules_begin(&r);
	r.options.key = 42;
	rules_list(&r, "list", lists);
	rules_end(&r);
	path = file_of(pd_str_of((char *)r.out.bytes, r.out.n));
	s = pd_set_open(path, &why);
	assert_non_null(s);
	assert_int_equal(pd_set_key(s), 42);
	assert_int_equal(pd_set_bytes(s), r.out.n);
	assert_true(pd_set_built(s) > 1700000000);
	assert_int_equal(pd_set_rules(s), 7);
	assert_ptr_equal(pd_set_ref(s), s);
	pd_set_unref(s);
	pd_set_unref(s);
	pd_set_unref(NULL);
	file_end(path);
	rules_free(&r);
}

static void
what_is_no_rule_file_is_refused(void **state)
{
	const char *why = NULL;
	char *path = file_of(PD_STR(""));
	struct rules r;

	(void)state;
	assert_null(pd_set_open("/nonexistent", &why));
	assert_string_equal(why, "the rule file cannot be opened");
	assert_null(pd_set_open("/tmp", &why));
	assert_string_equal(why, "the rule file is no regular file");
	assert_null(pd_set_open("/dev/zero", &why));
	assert_string_equal(why, "the rule file is no regular file");
	assert_null(pd_set_open(path, &why));
	assert_string_equal(why, "it is no rule file");
	file_end(path);
	rules_of(&r, lists);
	assert_string_equal(
	    refused(r.out.cosmetic, r.out.ncosmetic), "it is no rule file");
	assert_non_null(pd_set_verify_cosmetic(r.out.bytes, r.out.n));
	r.out.bytes[0] ^= 1;
	assert_string_equal(
	    refused(r.out.bytes, r.out.n), "it is no rule file");
	rules_free(&r);
}

static void
other_versions_and_machines_are_told(void **state)
{
	struct pd_file_head *head;
	struct rules r;

	(void)state;
	rules_of(&r, lists);
	head = (void *)r.out.bytes;
	head->version++;
	assert_string_equal(refused(r.out.bytes, r.out.n),
	    "the rule file was made by another version");
	head->version--;
	head->order = __builtin_bswap32(head->order);
	assert_string_equal(refused(r.out.bytes, r.out.n),
	    "the rule file was made on another kind of machine");
	rules_free(&r);
}

static void
every_length_but_its_own_is_refused(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, lists);
	for (size_t n = 0; n < r.out.n; n += n < 1000 ? 1 : 97)
		refused(r.out.bytes, n);
	rules_free(&r);
}

static void
every_flipped_bit_is_refused(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, lists);
	for (size_t i = 0; i < r.out.n; i += i < 1024 ? 1 : 61) {
		r.out.bytes[i] ^= 1u << i % 8;
		refused(r.out.bytes, r.out.n);
		r.out.bytes[i] ^= 1u << i % 8;
	}
	rules_free(&r);
}

/*
 * With a right checksum: each word of the file set to numbers that lead
 * elsewhere. It is refused, or asked without harm; the sanitizers watch.
 */
static void
no_number_leads_outside(void **state)
{
	static const uint32_t values[] = { 0xffffffffu, 0x7fffffffu,
		0x00ffffffu, 1, 0 };
	struct rules r;
	struct pd_set *honest;
	unsigned refusals = 0, taken = 0;

	(void)state;
	rules_of(&r, lists);
	honest = r.set;
	for (size_t i = 24; i + 4 <= r.out.n; i += 4) {
		uint32_t kept, value = values[i / 4 % 5];
		const char *why = NULL;

		memcpy(&kept, r.out.bytes + i, 4);
		if (kept == value)
			continue;
		memcpy(r.out.bytes + i, &value, 4);
		mend(r.out.bytes, r.out.n);
		r.set = pd_set_copy(r.out.bytes, r.out.n, &why);
		if (r.set == NULL) {
			refusals++;
		} else {
			struct pd_compile_list l;

			taken++;
			ask(&r, "script|image", "https://a.org/",
			    "https://x.b.example/banner/a.gif?utm_source=1");
			rewrite(&r, "script", "https://a.org/",
			    "https://abcdefgh.example/?utm_source=1&b=2");
			pd_set_list(r.set, 0, &l);
			pd_set_unref(r.set);
		}
		memcpy(r.out.bytes + i, &kept, 4);
	}
	assert_true(refusals > 100);
	assert_true(taken > 100);
	mend(r.out.bytes, r.out.n);
	r.set = honest;
	rules_free(&r);
}

static void
add_section(void *arg, const char *name, size_t n)
{
	size_t *sum = arg;

	assert_true(strlen(name) > 0);
	*sum += n;
}

static void
sections_make_the_file(void **state)
{
	struct rules r;
	size_t sum = 0;

	(void)state;
	rules_of(&r, lists);
	pd_set_sections(r.set, add_section, &sum);
	assert_true(sum <= r.out.n);
	assert_true(
	    sum + sizeof(struct pd_file_head) + PD_SECTIONS * (size_t)16 >=
	    r.out.n);
	rules_free(&r);
}

static void
the_cosmetic_file_is_verified(void **state)
{
	struct pd_file_head *head;
	struct rules r;

	(void)state;
	rules_of(&r, lists);
	assert_null(pd_set_verify_cosmetic(r.out.cosmetic, r.out.ncosmetic));
	assert_non_null(
	    pd_set_verify_cosmetic(r.out.cosmetic, r.out.ncosmetic - 1));
	assert_non_null(pd_set_verify_cosmetic(r.out.cosmetic, 3));
	head = (void *)r.out.cosmetic;
	assert_true(head->sections[PD_SECTION_COSMETICS].n > 0);
	r.out.cosmetic[head->sections[PD_SECTION_COSMETICS].at] = 0xff;
	assert_non_null(
	    pd_set_verify_cosmetic(r.out.cosmetic, r.out.ncosmetic));
	r.out.cosmetic[head->sections[PD_SECTION_COSMETICS].at + 3] = 0xff;
	mend(r.out.cosmetic, r.out.ncosmetic);
	assert_non_null(
	    pd_set_verify_cosmetic(r.out.cosmetic, r.out.ncosmetic));
	rules_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_mapped),
		cmocka_unit_test(what_is_no_rule_file_is_refused),
		cmocka_unit_test(other_versions_and_machines_are_told),
		cmocka_unit_test(every_length_but_its_own_is_refused),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(no_number_leads_outside),
		cmocka_unit_test(sections_make_the_file),
		cmocka_unit_test(the_cosmetic_file_is_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
