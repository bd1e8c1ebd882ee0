/*
 * What the rule file costs: time to make it, its bytes by section, time to open
 * it, nanoseconds a request.
 *
 *     bench_block [-r REQUESTS] [LIST...]
 *
 * Without a list, a million made-up hosts. REQUESTS is as for `pared match`;
 * without it, hosts that are listed and hosts that are not in turn. For
 * instructions: valgrind --tool=callgrind with 1 and with 3 passes (-p).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "filters/block/match.h"
#include "filters/block/source.h"

#define MADE_UP  1000000u
#define ASKED    200000u
#define SUFFIXES "/usr/share/publicsuffix/public_suffix_list.dat"

struct request {
	uint16_t types;
	char *source, *url;
};

struct requests {
	struct request *v;
	size_t n, cap;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s%s\n", error ? "" : "note: ", text);
}

static void
made_up_host(char name[64], unsigned i)
{
	snprintf(name, 64, "t%x.ads%u.example%u.com", i * 2654435761u, i % 977,
	    i % 7919);
}

static void
make_hosts(struct pd_compiler *c)
{
	const struct pd_rule_sink *sink;
	char name[64];

	pd_compiler_begin_list(c, PD_STR("made up"), PD_STR(""));
	pd_compiler_begin_file(c, PD_STR("made up"));
	sink = pd_compiler_sink(c);
	for (unsigned i = 0; i < MADE_UP; i++) {
		struct pd_rule r = {
			.shape = PD_RULE_HOST,
			.types = PD_TYPE_ALL,
			.party = PD_PARTY_BOTH,
			.line = i + 1,
		};

		made_up_host(name, i);
		r.text = r.pattern = pd_str_z(name);
		if (sink->rule(sink->arg, &r) < 0)
			exit(1);
	}
}

static void
read_lists(struct pd_compiler *c, char **paths, int n)
{
	const struct pd_conf_report report = { .line = on_line };

	for (int i = 0; i < n; i++) {
		struct pd_source_params p = {
			.name = pd_str_z(paths[i]),
			.path = paths[i],
			.action = PD_RULE_BLOCK,
		};

		if (pd_source_read(c, &p, &report) < 0)
			exit(1);
	}
}

static void
print_section(void *arg, const char *name, size_t n)
{
	(void)arg;
	if (n > 0)
		printf("  %-18s %10zu\n", name, n);
}

static struct pd_set *
build(char **paths, int n)
{
	struct pd_compile_options options = { .suffixes = SUFFIXES, .seed = 1 };
	struct pd_compiler *c = pd_compiler_create(&options);
	struct pd_compiled out;
	struct pd_set *set;
	const char *why;
	double start = now(), read, made, opened;

	if (n > 0)
		read_lists(c, paths, n);
	else
		make_hosts(c);
	read = now();
	if (pd_compiler_finish(c, &out, &why) < 0) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	made = now();
	set = pd_set_copy(out.bytes, out.n, &why);
	opened = now();
	if (set == NULL) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	printf("%zu rules: read %.0f ms, compiled %.0f ms, opened %.2f ms, "
	       "%zu bytes, %zu rules tried always\n",
	    pd_set_rules(set), (read - start) * 1e3, (made - read) * 1e3,
	    (opened - made) * 1e3, out.n, out.always);
	pd_set_sections(set, print_section, NULL);
	pd_compiler_destroy(c);
	free(out.bytes);
	free(out.cosmetic);
	return set;
}

static void
add_request(
    struct requests *r, uint16_t types, const char *source, const char *url)
{
	if (r->n == r->cap) {
		r->cap = r->cap > 0 ? r->cap * 2 : 1024;
		r->v = pd_xrealloc(r->v, r->cap * sizeof(*r->v));
	}
	r->v[r->n++] = (struct request){
		types,
		pd_xstrdup(source),
		pd_xstrdup(url),
	};
}

static void
read_requests(struct requests *r, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *rest, *type, *source, *url;
	size_t cap = 0;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while (getline(&line, &cap, f) > 0) {
		rest = line;
		type = strsep(&rest, "\t\n");
		source = strsep(&rest, "\t\n");
		url = strsep(&rest, "\t\n");
		if (url != NULL)
			add_request(
			    r, pd_type_bit(pd_str_z(type)), source, url);
	}
	free(line);
	fclose(f);
}

static void
make_requests(struct requests *r)
{
	char name[64], url[128];

	for (unsigned i = 0; i < ASKED; i++) {
		made_up_host(name, i * 7919u % MADE_UP);
		snprintf(url, sizeof(url), "https://%s%s/path/to?x=1", name,
		    i % 2 == 0 ? "" : ".x");
		add_request(r, PD_TYPE_IMAGE, "https://www.example.org/", url);
	}
}

static void
ask(const struct pd_set *set, const struct requests *r, unsigned passes)
{
	struct pd_scratch *scratch = pd_scratch_create();
	size_t kinds[PD_MATCH_REPLACE + 1] = { 0 };
	double start = now();

	for (unsigned p = 0; p < passes; p++) {
		for (size_t i = 0; i < r->n; i++) {
			struct pd_match_query q = {
				.types = r->v[i].types,
				.method = PD_METHOD_GET,
				.lists = PD_MATCH_LISTS_ALL,
			};
			struct pd_match m;

			if (pd_match_split(&q, pd_str_z(r->v[i].url)) < 0)
				continue;
			q.source = pd_match_host(pd_str_z(r->v[i].source));
			if (q.source.n == 0)
				q.party = PD_SOURCE_UNKNOWN;
			pd_match_request(set, scratch, &q, &m);
			kinds[m.kind]++;
		}
	}
	printf("%zu requests: %.0f ns each; %zu none, %zu allow, %zu block\n",
	    r->n, (now() - start) * 1e9 / ((double)r->n * passes),
	    kinds[PD_MATCH_NONE] / passes, kinds[PD_MATCH_ALLOW] / passes,
	    kinds[PD_MATCH_BLOCK] / passes);
	pd_scratch_destroy(scratch);
}

int
main(int argc, char **argv)
{
	struct requests requests = { .n = 0 };
	struct pd_set *set;
	unsigned passes = 3;
	int c;

	while ((c = getopt(argc, argv, "r:p:")) != -1) {
		if (c == 'r')
			read_requests(&requests, optarg);
		else if (c == 'p')
			passes = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (requests.n == 0)
		make_requests(&requests);
	set = build(argv + optind, argc - optind);
	ask(set, &requests, passes > 0 ? passes : 1);
	for (size_t i = 0; i < requests.n; i++) {
		free(requests.v[i].source);
		free(requests.v[i].url);
	}
	free(requests.v);
	pd_set_unref(set);
	return 0;
}
