/*
 * Lookups a second and bytes a host of the block set, beside bsearch(3) over
 * sorted strings.
 *
 *     bench_block [HOSTS-FILE]
 *
 * Without a file, a million made-up names. Half of the questions are listed
 * hosts, half are not; the baseline asks for each suffix as well, as it must.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "filters/block/parse.h"

#define MADE_UP   1000000
#define QUESTIONS 2000000

struct names {
	char **v;
	size_t n, cap;
	size_t bytes;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Resident kilobytes, "VmRSS" or "VmHWM". */
static long
resident_kb(const char *what)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, what, strlen(what)) == 0)
			kb = strtol(line + strlen(what) + 1, NULL, 10);
	}
	if (f != NULL)
		fclose(f);
	return kb;
}

static void
names_add(struct names *names, struct pd_str s)
{
	if (names->n == names->cap) {
		names->cap = names->cap > 0 ? names->cap * 2 : 1024;
		names->v = pd_xrealloc(names->v, names->cap * sizeof(char *));
	}
	names->v[names->n] = pd_xalloc(s.n + 1);
	memcpy(names->v[names->n++], s.p, s.n);
	names->bytes += s.n + 1 + sizeof(char *);
}

static void
read_names(const char *path, struct names *names)
{
	struct pd_lines l;
	struct pd_str line;

	if (pd_lines_open(&l, path, NULL) < 0) {
		perror(path);
		exit(1);
	}
	while (pd_lines_next(&l, &line)) {
		struct pd_str address;

		line = pd_str_trim(pd_str_split(&line, '#'));
		address = pd_lines_word(&line);
		line = pd_lines_word(&line);
		if (pd_str_eq(address, PD_STR("0.0.0.0")) && line.n > 0)
			names_add(names, line);
	}
	pd_lines_finish(&l);
}

static void
make_names(struct names *names)
{
	char name[64];

	for (unsigned i = 0; i < MADE_UP; i++) {
		int n = snprintf(name, sizeof(name), "t%x.ads%u.example%u.com",
		    i * 2654435761u, i % 977, i % 7919);

		names_add(names, pd_str_of(name, (size_t)n));
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
sorted_has(const struct names *sorted, const char *host)
{
	for (const char *s = host; s != NULL;) {
		const char *dot;

		if (bsearch(&s, sorted->v, sorted->n, sizeof(char *), compare))
			return true;
		dot = strchr(s, '.');
		s = dot != NULL ? dot + 1 : NULL;
	}
	return false;
}

static struct pd_set *
build(const struct names *names)
{
	struct pd_host_key key = pd_host_key_random();
	struct pd_set *set = pd_set_create(&key);
	double start = now();
	long before = resident_kb("VmRSS");

	for (size_t i = 0; i < names->n; i++) {
		struct pd_set_entry e = {
			.host = pd_str_z(names->v[i]),
			.subdomains = true,
			.line = (uint32_t)i + 1,
		};

		if (pd_set_add(set, &e) < 0)
			exit(1);
	}
	pd_set_freeze(set);
	malloc_trim(0);
	printf("set: %zu hosts, built in %.0f ms, %.2f bytes a host, "
	       "%.2f MB, resident +%ld kB\n",
	    pd_set_count(set), (now() - start) * 1e3,
	    (double)pd_set_size(set) / (double)pd_set_count(set),
	    (double)pd_set_size(set) / 1e6, resident_kb("VmRSS") - before);
	return set;
}

/* Every second question is a listed host, in no order; the rest are not. */
static char **
make_questions(const struct names *names)
{
	char **questions = pd_xalloc(QUESTIONS * sizeof(char *));
	uint64_t x = 88172645463325252u;
	char name[512];

	for (size_t i = 0; i < QUESTIONS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		snprintf(name, sizeof(name), "%s%s", names->v[x % names->n],
		    i % 2 ? "" : "x");
		questions[i] = pd_xstrdup(name);
	}
	return questions;
}

static void
ask(const struct pd_set *set, const struct names *sorted,
    char *const *questions)
{
	size_t found = 0;
	struct pd_set_hit hit;
	double start = now(), took;

	for (size_t i = 0; i < QUESTIONS; i++)
		found += pd_set_find(set, pd_str_z(questions[i]), false, &hit);
	took = now() - start;
	printf("set: %.0f ns a host, %.1f million/s, %zu of %d found\n",
	    took / QUESTIONS * 1e9, QUESTIONS / took / 1e6, found, QUESTIONS);

	found = 0;
	start = now();
	for (size_t i = 0; i < QUESTIONS; i++)
		found += sorted_has(sorted, questions[i]);
	took = now() - start;
	printf("sorted strings: %.0f ns a host, %.1f million/s, %zu found, "
	       "%.1f bytes a host and malloc's own\n",
	    took / QUESTIONS * 1e9, QUESTIONS / took / 1e6, found,
	    (double)sorted->bytes / (double)sorted->n);
}

int
main(int argc, char **argv)
{
	struct names names = { .n = 0 };
	struct pd_set *set;
	char **questions;

	if (argc > 1)
		read_names(argv[1], &names);
	else
		make_names(&names);
	if (names.n == 0)
		return 1;
	set = build(&names);
	questions = make_questions(&names);
	qsort(names.v, names.n, sizeof(char *), compare);
	ask(set, &names, questions);
	for (size_t i = 0; i < QUESTIONS; i++)
		free(questions[i]);
	free(questions);
	for (size_t i = 0; i < names.n; i++)
		free(names.v[i]);
	free(names.v);
	pd_set_destroy(set);
	return 0;
}
