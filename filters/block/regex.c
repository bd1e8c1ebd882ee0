#include "filters/block/regex.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "filters/block/lines.h"
#include "filters/block/regex_text.h"

/*
 * The dialect is JavaScript's, which lists are written for: "[]" and "[^]",
 * \uXXXX, a reference to a group that took no part, letters that are escaped
 * for no reason. Not UTF: URLs are ASCII, and any other byte is one character.
 */
#define DIALECT                                                            \
	(PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_DOLLAR_ENDONLY | \
	    PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C |          \
	    PCRE2_NEVER_UTF | PCRE2_NEVER_UCP)

#define NESTING_MAX 64          /* groups in one another */
#define HEAP_LIMIT  512         /* KiB, when there is no JIT */
#define STACK_START (16 * 1024) /* of JIT, a thread */
#define STACK_MAX   (128 * 1024)
#define GROUPS_MAX  32  /* that $n can name, with $0 */
#define AT_LINES    2   /* ".*" at the start: once a line, and URLs are one */
#define STEPS_LEAST 400 /* from one place, in the longest subject */
/*
 * One step may look at all of the subject, and PCRE2 does not count that. The
 * coarse clock costs a few nanoseconds, but also shows that the thread had to
 * wait; so it only begins a watch with the precise one.
 */
#define SUSPECT_NS 8000000
#define WATCH      100
/* Of one question, from where on its matches are timed precisely. */
#define PRECISE_NS 4000000

struct regex {
	pcre2_code *code; /* NULL: does not compile */
	bool anchored;    /* is tried at one place only */
	_Atomic unsigned strikes;
	/* Matches whose CPU time is still to be looked at. */
	_Atomic unsigned watched;
};

struct pd_regexes {
	size_t n;
	_Atomic size_t off;
	_Atomic(struct regex *) v[];
};

struct pd_regex_thread {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	/* Since pd_regex_thread_begin(): by the coarse clock up to PRECISE_NS,
	 * and from there of the thread's CPU. */
	uint64_t coarse_ns, spent_ns;
	bool told;
};

/* ---- compiling --------------------------------------------------------- */

static pcre2_code *
compile_code(struct pd_str pattern, unsigned flags, int *error, size_t *at)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t options = DIALECT;
	char folded[PD_REGEX_LEN_MAX + 1];
	pcre2_code *code;

	if (context == NULL)
		abort();
	pattern = pd_regex_fold(pattern, folded);
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	pcre2_set_compile_extra_options(
	    context, PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL);
	if ((flags & PD_REGEX_NOCASE) != 0)
		options |= PCRE2_CASELESS;
	if ((flags & PD_REGEX_ANCHORED) != 0)
		options |= PCRE2_ANCHORED;
	code = pcre2_compile((PCRE2_SPTR)(pattern.p != NULL ? pattern.p : ""),
	    pattern.n, options, error, at, context);
	pcre2_compile_context_free(context);
	return code;
}

const char *
pd_regex_check(struct pd_str pattern, unsigned flags, char buf[128])
{
	char why[96];
	pcre2_code *code;
	size_t at;
	int error;
	const char *bad = pd_regex_forbidden(pattern);

	if (pattern.n > PD_REGEX_LEN_MAX)
		return "longer than 8 KiB";
	if (bad != NULL)
		return bad;
	code = compile_code(pattern, flags, &error, &at);
	if (code != NULL) {
		pcre2_code_free(code);
		return NULL;
	}
	if (pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof(why)) < 0)
		snprintf(why, sizeof(why), "error %d", error);
	snprintf(buf, 128, "%s, at byte %zu", why, at);
	return buf;
}

static struct regex *
compile(struct pd_str source, unsigned flags)
{
	struct regex *x = pd_xalloc(sizeof(*x));
	size_t at;
	int error;

	if (source.n <= PD_REGEX_LEN_MAX && pd_regex_forbidden(source) == NULL)
		x->code = compile_code(source, flags, &error, &at);
	if (x->code != NULL) {
		uint32_t options = 0, first = 0;

		/* Without JIT it is slower, and under the same limits. */
		pcre2_jit_compile(x->code, PCRE2_JIT_COMPLETE);
		pcre2_pattern_info(x->code, PCRE2_INFO_ALLOPTIONS, &options);
		pcre2_pattern_info(x->code, PCRE2_INFO_FIRSTCODETYPE, &first);
		x->anchored =
		    (options & PCRE2_ANCHORED) != 0 || first == AT_LINES;
	}
	return x;
}

static void
free_regex(struct regex *x)
{
	if (x == NULL)
		return;
	pcre2_code_free(x->code);
	free(x);
}

/* ---- threads ----------------------------------------------------------- */

struct pd_regex_thread *
pd_regex_thread_create(void)
{
	struct pd_regex_thread *t = pd_xalloc(sizeof(*t));

	t->context = pcre2_match_context_create(NULL);
	t->data = pcre2_match_data_create(GROUPS_MAX, NULL);
	t->stack = pcre2_jit_stack_create(STACK_START, STACK_MAX, NULL);
	if (t->context == NULL || t->data == NULL || t->stack == NULL)
		abort();
	pcre2_set_depth_limit(t->context, PD_REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(t->context, HEAP_LIMIT);
	pcre2_jit_stack_assign(t->context, NULL, t->stack);
	return t;
}

void
pd_regex_thread_destroy(struct pd_regex_thread *t)
{
	if (t == NULL)
		return;
	pcre2_match_data_free(t->data);
	pcre2_match_context_free(t->context);
	pcre2_jit_stack_free(t->stack);
	free(t);
}

void
pd_regex_thread_begin(struct pd_regex_thread *t)
{
	t->coarse_ns = t->spent_ns = 0;
	t->told = false;
}

static bool
is_spent(struct pd_regex_thread *t)
{
	if (t->spent_ns < (uint64_t)PD_REGEX_BUDGET_US * 1000)
		return false;
	if (!t->told)
		pd_log_peer(PD_LOG_WARN, 0,
		    "lists: regular expressions took more than %d ms for one "
		    "request; the rest of them were left out",
		    PD_REGEX_BUDGET_US / 1000);
	t->told = true;
	return true;
}

/* ---- the expressions of a set ------------------------------------------ */

struct pd_regexes *
pd_regexes_create(size_t n)
{
	struct pd_regexes *r = pd_xalloc(sizeof(*r) + n * sizeof(r->v[0]));

	r->n = n;
	return r;
}

void
pd_regexes_destroy(struct pd_regexes *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		free_regex(
		    atomic_load_explicit(&r->v[i], memory_order_acquire));
	free(r);
}

/* Of two threads that compile at the same time the first one's is kept. */
static struct regex *
get(struct pd_regexes *r, size_t number, struct pd_str source, unsigned flags)
{
	struct regex *x, *other = NULL;

	if (number >= r->n)
		return NULL;
	x = atomic_load_explicit(&r->v[number], memory_order_acquire);
	if (x != NULL)
		return x;
	x = compile(source, flags);
	if (atomic_compare_exchange_strong_explicit(&r->v[number], &other, x,
		memory_order_acq_rel, memory_order_acquire))
		return x;
	free_regex(x);
	return other;
}

static void
strike(struct pd_regexes *r, struct regex *x, struct pd_str source)
{
	char shown[PD_LINES_SHOWN];
	unsigned before =
	    atomic_fetch_add_explicit(&x->strikes, 1, memory_order_relaxed);

	if (before + 1 != PD_REGEX_STRIKES)
		return;
	atomic_fetch_add_explicit(&r->off, 1, memory_order_relaxed);
	pd_log_peer(PD_LOG_WARN, 0,
	    "lists: the regular expression /%s/ took too long %d times and is "
	    "switched off",
	    pd_lines_show(source, shown), PD_REGEX_STRIKES);
}

/* PCRE2's limit is for each place at which a match may begin. */
static uint32_t
steps_from_one_place(const struct regex *x, size_t n)
{
	size_t steps = PD_REGEX_STEPS_MAX / (n + 1);

	if (x->anchored || steps > PD_REGEX_MATCH_LIMIT)
		return PD_REGEX_MATCH_LIMIT;
	return steps > STEPS_LEAST ? (uint32_t)steps : STEPS_LEAST;
}

/* The match, and a strike when it went over a limit. */
static int
run_watched(struct pd_regexes *r, struct pd_regex_thread *t, struct regex *x,
    struct pd_str source, struct pd_str subject, size_t from)
{
	uint32_t options = subject.n > PD_REGEX_SUBJECT_MAX ? PCRE2_NOTEOL : 0;
	size_t n = options == 0 ? subject.n : PD_REGEX_SUBJECT_MAX;
	bool watched =
	    atomic_load_explicit(&x->watched, memory_order_relaxed) > 0;
	bool precise = watched || t->coarse_ns >= PRECISE_NS;
	clockid_t clock =
	    precise ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC_COARSE;
	uint64_t began = pd_clock_ns(clock), took;
	int groups;

	pcre2_set_match_limit(t->context, steps_from_one_place(x, n));
	groups = pcre2_match(x->code, (PCRE2_SPTR)subject.p, n, from, options,
	    t->data, t->context);
	took = pd_clock_ns(clock) - began;
	*(precise ? &t->spent_ns : &t->coarse_ns) += took;
	if (watched)
		atomic_fetch_sub_explicit(&x->watched, 1, memory_order_relaxed);
	else if (took >= (precise ? PD_REGEX_SLOW_US * 1000 : SUSPECT_NS))
		atomic_store_explicit(&x->watched, WATCH, memory_order_relaxed);
	if ((groups < 0 && groups != PCRE2_ERROR_NOMATCH) ||
	    (watched && took >= PD_REGEX_SLOW_US * 1000))
		strike(r, x, source);
	return groups;
}

/* The number of groups set, from 1; 0: no match. */
static int
run(struct pd_regexes *r, struct pd_regex_thread *t, struct regex *x,
    struct pd_str source, struct pd_str subject, size_t from)
{
	int groups;

	if (x->code == NULL || from > subject.n ||
	    from > PD_REGEX_SUBJECT_MAX ||
	    atomic_load_explicit(&x->strikes, memory_order_relaxed) >=
		PD_REGEX_STRIKES ||
	    is_spent(t))
		return 0;
	groups = run_watched(r, t, x, source, subject, from);
	/* 0: more groups than there is room for. */
	if (groups == 0)
		return GROUPS_MAX;
	return groups > 0 ? groups : 0;
}

bool
pd_regexes_match(struct pd_regexes *r, struct pd_regex_thread *t, size_t number,
    struct pd_str source, unsigned flags, struct pd_str subject)
{
	struct regex *x = get(r, number, source, flags);

	if (subject.p == NULL)
		subject.p = "";
	return x != NULL && run(r, t, x, source, subject, 0) > 0;
}

size_t
pd_regexes_off(const struct pd_regexes *r)
{
	return atomic_load_explicit(&r->off, memory_order_relaxed);
}

/* ---- replacing --------------------------------------------------------- */

struct output {
	char *p;
	size_t n, max;
	bool full;
};

static void
put(struct output *o, const char *p, size_t n)
{
	if (n > o->max - o->n) {
		o->full = true;
		return;
	}
	if (n > 0)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void
put_group(struct output *o, struct pd_regex_thread *t, struct pd_str subject,
    int groups, int group)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(t->data);

	/* A group that took no part is empty; \K may turn a match around. */
	if (group >= groups || at[2 * group] == PCRE2_UNSET ||
	    at[2 * group] > at[2 * group + 1])
		return;
	put(o, subject.p + at[2 * group], at[2 * group + 1] - at[2 * group]);
}

/* The group that "$1", "$12", "$&" or "$<name>" means, and the length of that;
 * -1: it means nothing, or "$$". */
static int
named_group(const struct regex *x, struct pd_str s, size_t *len)
{
	uint32_t count = 0;
	char name[64];
	const char *end;
	int group;

	pcre2_pattern_info(x->code, PCRE2_INFO_CAPTURECOUNT, &count);
	*len = 2;
	if (s.n < 2)
		return -1;
	if (s.p[1] == '&')
		return 0;
	if (s.p[1] >= '0' && s.p[1] <= '9') {
		group = s.p[1] - '0';
		if (s.n > 2 && s.p[2] >= '0' && s.p[2] <= '9' &&
		    (uint32_t)(group * 10 + s.p[2] - '0') <= count) {
			group = group * 10 + s.p[2] - '0';
			*len = 3;
		}
		return group > 0 && (uint32_t)group <= count ? group : -1;
	}
	end = s.p[1] == '<' ? memchr(s.p, '>', s.n) : NULL;
	if (end == NULL || (size_t)(end - s.p) - 2 >= sizeof(name))
		return -1;
	memcpy(name, s.p + 2, (size_t)(end - s.p) - 2);
	name[end - s.p - 2] = '\0';
	*len = (size_t)(end - s.p) + 1;
	group = pcre2_substring_number_from_name(x->code, (PCRE2_SPTR)name);
	return group > 0 ? group : -1;
}

/* JavaScript's String.replace(). */
static void
put_replacement(struct output *o, const struct regex *x,
    struct pd_regex_thread *t, struct pd_str subject, int groups,
    struct pd_str s)
{
	size_t len;
	int group;

	for (size_t i = 0; i < s.n; i += len) {
		struct pd_str rest = pd_str_of(s.p + i, s.n - i);

		if (s.p[i] != '$') {
			len = 1;
			put(o, s.p + i, 1);
		} else if (rest.n > 1 && rest.p[1] == '$') {
			len = 2;
			put(o, "$", 1);
		} else if ((group = named_group(x, rest, &len)) >= 0) {
			put_group(o, t, subject, groups, group);
		} else {
			len = 1;
			put(o, "$", 1);
		}
	}
}

int
pd_regexes_replace(struct pd_regexes *r, struct pd_regex_thread *t,
    size_t number, struct pd_str source, unsigned flags, struct pd_str subject,
    struct pd_str replacement, bool all, char *out, size_t *n)
{
	struct regex *x = get(r, number, source, flags);
	struct output o = { .p = out, .max = *n };
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(t->data);
	size_t from = 0, copied = 0;
	bool any = false;
	int groups;

	if (x == NULL)
		return -1;
	if (subject.p == NULL)
		subject.p = "";
	while ((groups = run(r, t, x, source, subject, from)) > 0) {
		/* A look behind may begin before what was copied; \K too. */
		if (at[0] < copied || at[1] < at[0])
			break;
		put(&o, subject.p + copied, at[0] - copied);
		put_replacement(&o, x, t, subject, groups, replacement);
		copied = at[1];
		any = true;
		/* A match of nothing steps on by one byte. */
		from = at[1] > at[0] ? at[1] : at[1] + 1;
		if (!all || o.full)
			break;
	}
	if (!any)
		return -1;
	put(&o, subject.p + copied, subject.n - copied);
	*n = o.n;
	return o.full ? -1 : 0;
}
