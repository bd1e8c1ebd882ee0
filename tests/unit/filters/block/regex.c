#include "filters/block/regex.h"

#include <pthread.h>

#include "base/clock.h"
#include "fixture.h"

static const char *
check(const char *pattern)
{
	static char buf[128];

	return pd_regex_check(pd_str_z(pattern), PD_REGEX_NOCASE, buf);
}

static bool
match_flags(const char *pattern, unsigned flags, const char *subject)
{
	struct pd_regexes *r = pd_regexes_create(1);
	struct pd_regex_thread *t = pd_regex_thread_create();
	bool result = pd_regexes_match(
	    r, t, 0, pd_str_z(pattern), flags, pd_str_z(subject));

	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
	return result;
}

static bool
match(const char *pattern, const char *subject)
{
	return match_flags(pattern, 0, subject);
}

/* JavaScript's, which lists are written for. */
static void
dialect(void **state)
{
	(void)state;
	assert_true(match("^https?:\\/\\/a\\.b\\/\\d+$", "http://a.b/12"));
	assert_true(match("a(?!b)", "ac"));
	assert_false(match("a(?!b)", "ab"));
	assert_true(match("(?<=x)a", "xa"));
	assert_true(match("(?<word>a+)\\k<word>$", "aa"));
	assert_true(match("\\u0061\\x62", "ab"));
	assert_true(match("a[^]b", "a\nb"));
	assert_false(match("a[]", "a]"));
	assert_true(match("\\j\\-\\_\\/", "j-_/"));
	/* A group that took no part is empty. */
	assert_true(match("^(a)?b\\1c$", "bc"));
	/* '$' is the end, not before a last line end. */
	assert_false(match("a$", "a\n"));
	assert_true(match("", "a"));
	assert_true(match("\xc3.", "\xc3\xa9"));
}

static void
flags(void **state)
{
	(void)state;
	assert_false(match_flags("ABC", 0, "xabc"));
	assert_true(match_flags("ABC", PD_REGEX_NOCASE, "xabc"));
	assert_false(match_flags("abc|bcd", PD_REGEX_ANCHORED, "xabcd"));
	assert_true(match_flags("abc|xab", PD_REGEX_ANCHORED, "xabcd"));
	assert_false(match_flags("(?-i)ABC", PD_REGEX_NOCASE, "abc"));
}

static void
what_a_list_must_not_say(void **state)
{
	static const char *const bad[] = { "(*LIMIT_MATCH=4000000000)a",
		"(*NO_JIT)a", "a(*SKIP)b", "(*pla:a)", "a(?C1)b", "a\\Cb",
		"(?C'text')", "\\Qa", "(", "[a", "a{2,1}", "(?<n>a)(?<n>b)",
		"*a", "(?<=a+)b" };
	char *nested = malloc(1001);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (check(bad[i]) == NULL)
			fail_msg("%s", bad[i]);
		/* Nor does it match, when it was not asked for before. */
		assert_false(match(bad[i], "aab"));
	}
	memset(nested, '(', 500);
	memset(nested + 500, ')', 500);
	nested[1000] = '\0';
	assert_non_null(check(nested));
	free(nested);
	/* In a class and behind a backslash they are nothing of the kind. */
	assert_null(check("[(*]a\\(*(?:C)"));
	assert_null(check("[\\](*]"));
	assert_non_null(strstr(check("a("), "at byte 2"));
}

static void
too_long_an_expression(void **state)
{
	char *text = malloc(PD_REGEX_LEN_MAX + 2);

	(void)state;
	memset(text, 'a', PD_REGEX_LEN_MAX + 1);
	text[PD_REGEX_LEN_MAX + 1] = '\0';
	assert_non_null(check(text));
	text[PD_REGEX_LEN_MAX] = '\0';
	assert_null(check(text));
	free(text);
}

static int64_t
now_us(void)
{
	return (int64_t)(pd_clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1000);
}

/* What is built to explode costs its limit a few times, then nothing. */
static void
the_leash(void **state)
{
	static const char *const bombs[] = { "(a+)+$", "(a|a)*$", "(.*)*\\d",
		"(a*)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:a?){200}a{200}\\d",
		"(.*)(.*)(.*)(.*)(.*)\\d", "(a(?1)?a)+\\d" };
	enum { N = sizeof(bombs) / sizeof(bombs[0]) };
	struct pd_regexes *r = pd_regexes_create(N + 1);
	struct pd_regex_thread *t = pd_regex_thread_create();
	char *text = malloc(PD_REGEX_SUBJECT_MAX);
	struct pd_str subject = pd_str_of(text, PD_REGEX_SUBJECT_MAX);
	int64_t began;

	(void)state;
	memset(text, 'a', PD_REGEX_SUBJECT_MAX);
	text[PD_REGEX_SUBJECT_MAX - 1] = '!';
	for (size_t i = 0; i < N; i++) {
		assert_null(check(bombs[i]));
		for (int n = 0; n < PD_REGEX_STRIKES; n++) {
			assert_int_equal(pd_regexes_off(r), i);
			assert_false(pd_regexes_match(
			    r, t, i, pd_str_z(bombs[i]), 0, subject));
		}
		if (pd_regexes_off(r) != i + 1)
			fail_msg("%s", bombs[i]);
		/* Off: also where it would match, and at no cost. */
		began = now_us();
		for (int n = 0; n < 1000; n++)
			assert_false(pd_regexes_match(
			    r, t, i, pd_str_z(bombs[i]), 0, PD_STR("aaab")));
		assert_true(now_us() - began < 100000);
	}
	/* Others go on. */
	assert_true(pd_regexes_match(r, t, N, PD_STR("^a+!$"), 0, subject));
	assert_int_equal(pd_regexes_off(r), N);
	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
	free(text);
}

/*
 * Each step and each place below its limit, and still tens of milliseconds: the
 * first shows, the next are measured.
 */
static void
slow_without_a_limit(void **state)
{
	struct pd_str slow =
	    PD_STR("(?=(a+))(?=(a+))(?=(a+))(?=(a+))(?=(a+))(?=(a+))(?=(a+))"
		   "(?=(a+))(?=(a+))(?=(a+))a{60}(?=a*[bd])");
	struct pd_regexes *r = pd_regexes_create(1);
	struct pd_regex_thread *t = pd_regex_thread_create();
	char *text = malloc(PD_REGEX_SUBJECT_MAX);
	unsigned n = 0;

	(void)state;
	memset(text, 'a', PD_REGEX_SUBJECT_MAX);
	text[PD_REGEX_SUBJECT_MAX - 1] = 'c';
	while (pd_regexes_off(r) == 0 && n++ < 100) {
		pd_regex_thread_begin(t);
		assert_false(pd_regexes_match(
		    r, t, 0, slow, 0, pd_str_of(text, PD_REGEX_SUBJECT_MAX)));
	}
	assert_int_equal(pd_regexes_off(r), 1);
	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
	free(text);
}

/* Each slow, none asked often enough to be switched off: together they may not
 * take longer than the budget, and the next question has its own. */
static void
many_share_a_budget(void **state)
{
	enum { N = 200 };
	struct pd_str slow = PD_STR("(?=(a+))(?=(a+))(?=(a+))a{60}(?=a*[bd])");
	struct pd_regexes *r = pd_regexes_create(N + 1);
	struct pd_regex_thread *t = pd_regex_thread_create();
	char *p = malloc(PD_REGEX_SUBJECT_MAX);
	struct pd_str text = pd_str_of(p, PD_REGEX_SUBJECT_MAX);
	uint64_t began, took;

	(void)state;
	memset(p, 'a', PD_REGEX_SUBJECT_MAX);
	p[PD_REGEX_SUBJECT_MAX - 1] = 'c';
	for (size_t i = 0; i < N; i++) /* they compile */
		pd_regexes_match(r, t, i, slow, 0, PD_STR("x"));
	pd_regex_thread_begin(t);
	began = pd_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t i = 0; i < N; i++)
		assert_false(pd_regexes_match(r, t, i, slow, 0, text));
	took = pd_clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	/* The coarse clock, and the last one, come on top. */
	assert_true(took < 3 * (uint64_t)PD_REGEX_BUDGET_US * 1000);
	assert_false(pd_regexes_match(r, t, N, PD_STR("c$"), 0, PD_STR("abc")));
	pd_regex_thread_begin(t);
	assert_true(pd_regexes_match(r, t, N, PD_STR("c$"), 0, PD_STR("abc")));
	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
	free(p);
}

/* Of a longer subject the rest is not looked at, and is not its end. */
static void
a_long_subject(void **state)
{
	struct pd_regexes *r = pd_regexes_create(3);
	struct pd_regex_thread *t = pd_regex_thread_create();
	char *text = malloc(PD_REGEX_SUBJECT_MAX + 10);
	struct pd_str subject = pd_str_of(text, PD_REGEX_SUBJECT_MAX + 10);

	(void)state;
	memset(text, 'a', subject.n);
	text[PD_REGEX_SUBJECT_MAX] = 'b';
	assert_false(pd_regexes_match(r, t, 0, PD_STR("b"), 0, subject));
	assert_false(pd_regexes_match(r, t, 1, PD_STR("a$"), 0, subject));
	assert_true(pd_regexes_match(r, t, 2, PD_STR("aa"), 0, subject));
	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
	free(text);
}

/* Of a list in use: two to the twentieth steps as it stands. */
static void
a_run_of_what_may_be_there(void **state)
{
	struct pd_str pattern = PD_STR(
	    "^https:\\/\\/www\\.[a-z][a-z][a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?"
	    "\\.com\\/[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?"
	    "[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?\\.js$");
	struct pd_regexes *r = pd_regexes_create(1);
	struct pd_regex_thread *t = pd_regex_thread_create();

	(void)state;
	for (int i = 0; i < 2 * PD_REGEX_STRIKES; i++) {
		assert_false(pd_regexes_match(r, t, 0, pattern, 0,
		    PD_STR("https://www.example.com/abcdefghijklmnopqrstu/")));
		assert_true(pd_regexes_match(r, t, 0, pattern, 0,
		    PD_STR("https://www.example.com/abcdefghijk.js")));
	}
	assert_int_equal(pd_regexes_off(r), 0);
	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
}

struct replace {
	const char *pattern, *subject, *replacement;
	bool all;
	const char *want; /* NULL: -1 */
};

static void
replacing(void **state)
{
	static const struct replace cases[] = {
		{ "b", "abcb", "x", false, "axcb" },
		{ "b", "abcb", "x", true, "axcx" },
		{ "(a)(b)?", "ac", "[$1$2$&]", false, "[aa]c" },
		{ "a", "a", "$$1$", false, "$1$" },
		{ "a", "a", "$1$x$<no>$", false, "$1$x$<no>$" },
		{ "(?<n>\\d+)", "v=12&", "<$<n>>", false, "v=<12>&" },
		{ "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "abcdefghij", "$10$1$11",
		    false, "jaa1" },
		{ "x*", "ab", "-", true, "-a-b-" },
		{ "^", "ab", "-", true, "-ab" },
		{ "$", "ab", "-", true, "ab-" },
		{ "no", "ab", "-", true, NULL },
		{ "(?<=a)b", "abab", "", true, "aa" },
		{ "a", "a", "12345678901234567890", false, NULL },
		{ "(", "a", "", false, NULL },
	};
	char out[20];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_regexes *r = pd_regexes_create(1);
		struct pd_regex_thread *t = pd_regex_thread_create();
		size_t n = sizeof(out) - 1;
		int result = pd_regexes_replace(r, t, 0,
		    pd_str_z(cases[i].pattern), 0, pd_str_z(cases[i].subject),
		    pd_str_z(cases[i].replacement), cases[i].all, out, &n);

		if (result == 0)
			out[n] = '\0';
		if ((result == 0) != (cases[i].want != NULL) ||
		    (result == 0 && strcmp(out, cases[i].want) != 0))
			fail_msg("%s: %s", cases[i].pattern,
			    result == 0 ? out : "none");
		pd_regex_thread_destroy(t);
		pd_regexes_destroy(r);
	}
}

static void
numbers_out_of_range(void **state)
{
	struct pd_regexes *r = pd_regexes_create(0);
	struct pd_regex_thread *t = pd_regex_thread_create();
	size_t n = 0;

	(void)state;
	assert_false(pd_regexes_match(r, t, 0, PD_STR("a"), 0, PD_STR("a")));
	assert_int_equal(pd_regexes_replace(r, t, 0, PD_STR("a"), 0,
			     PD_STR("a"), PD_STR(""), false, NULL, &n),
	    -1);
	pd_regex_thread_destroy(t);
	pd_regexes_destroy(r);
	pd_regex_thread_destroy(NULL);
	pd_regexes_destroy(NULL);
}

#define SHARED  64
#define THREADS 4

static struct pd_regexes *shared;

static void *
match_all(void *arg)
{
	struct pd_regex_thread *t = pd_regex_thread_create();
	char pattern[32], subject[128];
	uintptr_t wrong = 0;

	(void)arg;
	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '!';
	for (size_t i = 0; i < SHARED; i++) {
		snprintf(pattern, sizeof(pattern), "^a{%zu}", i + 1);
		wrong += !pd_regexes_match(shared, t, i, pd_str_z(pattern), 0,
		    pd_str_of(subject, sizeof(subject)));
	}
	/* One that each of them strikes at. */
	for (int i = 0; i < 3; i++)
		wrong += pd_regexes_match(shared, t, SHARED, PD_STR("(a+)+$"),
		    0, pd_str_of(subject, sizeof(subject)));
	pd_regex_thread_destroy(t);
	return (void *)wrong;
}

static void
threads_share_what_is_compiled(void **state)
{
	pthread_t threads[THREADS];
	void *wrong;

	(void)state;
	shared = pd_regexes_create(SHARED + 1);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, match_all, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(pd_regexes_off(shared), 1);
	pd_regexes_destroy(shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialect),
		cmocka_unit_test(flags),
		cmocka_unit_test(what_a_list_must_not_say),
		cmocka_unit_test(too_long_an_expression),
		cmocka_unit_test(the_leash),
		cmocka_unit_test(slow_without_a_limit),
		cmocka_unit_test(many_share_a_budget),
		cmocka_unit_test(a_long_subject),
		cmocka_unit_test(a_run_of_what_may_be_there),
		cmocka_unit_test(replacing),
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(threads_share_what_is_compiled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
