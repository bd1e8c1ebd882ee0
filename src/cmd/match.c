/*
 * pared match: requests on stdin, verdicts on stdout, for comparing the engine
 * with others and for measuring it. A line is
 *
 *     TYPE TAB SOURCE-URL TAB REQUEST-URL
 *
 * and its answer VERDICT, RULE, FILE:LINE, REDIRECT, REWRITE, CSP.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "filters/block/match.h"

#define SUFFIXES   "/usr/share/publicsuffix/public_suffix_list.dat"
#define INPUT_MAX  ((size_t)1 << 30)
#define PASSES_MAX 1000
#define TIMES      65536u /* ns that are counted one by one */

static const char usage[] =
    "usage: pared match --list FILE... [OPTION...] < REQUESTS\n"
    "\n"
    "  printf 'image\\thttps://a.org/\\thttps://b.net/ad.gif\\n' |\n"
    "    pared match --list easylist.txt\n"
    "\n"
    "  --list FILE      a list, in any syntax; may be given again\n"
    "  --define SYM     true in \"!#if\" (without: ext_ublock, env_firefox,\n"
    "                   cap_html_filtering)\n"
    "  --suffixes FILE  the public suffix list (" SUFFIXES ")\n"
    "  --stats FILE     counters as JSON there; without, the last line of "
    "stderr\n"
    "  --bench N        also N passes timed one by one, and N as a batch\n"
    "  --speed          texts of rules may be left out\n";

/* A whole file in memory. */
struct input {
	const char *path;
	char *text;
	size_t n;
};

struct row {
	struct pd_str type, source, url;
};

struct job {
	struct input *lists;
	size_t nlists, list_bytes;
	struct pd_cmd_values symbols;
	const char *suffixes, *stats;
	unsigned passes;
	bool speed;
	struct input requests;
	struct row *rows;
	size_t nrows;
	struct pd_set *set;
	struct pd_scratch *scratch;
	size_t bytes, always;
	double build_ms;
	long rss_before_kb, rss_built_kb;
	/* Of the passes, in nanoseconds. */
	double cpu_mean, batch_mean;
	uint32_t *times; /* how many requests took so many ns */
	uint64_t ntimes, slowest;
};

/* What is asked for one row, and all that is printed of the answer. */
struct answer {
	struct pd_match match;
	bool wrong, rewritten;
	struct pd_str rewrite;
	struct pd_match_rule rewrite_rule;
	char csp[4096];
	size_t ncsp;
};

static int
complain(const char *what, const char *path)
{
	fprintf(stderr, "pared match: %s: %s\n", path, what);
	return -1;
}

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	fprintf(stderr, "pared match: %s%s\n", error ? "" : "note: ", text);
}

static int
read_all(FILE *f, struct input *in)
{
	size_t cap = 1 << 16, got;

	in->text = pd_xrealloc(NULL, cap);
	in->n = 0;
	while ((got = fread(in->text + in->n, 1, cap - in->n, f)) > 0) {
		in->n += got;
		if (in->n == cap) {
			if (cap >= INPUT_MAX)
				return complain("too large", in->path);
			cap *= 2;
			in->text = pd_xrealloc(in->text, cap);
		}
	}
	return ferror(f) ? complain(strerror(errno), in->path) : 0;
}

static int
read_file(struct input *in)
{
	FILE *f = fopen(in->path, "re");
	int result;

	if (f == NULL)
		return complain(strerror(errno), in->path);
	result = read_all(f, in);
	fclose(f);
	return result;
}

static long
rss_kb(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	}
	if (f != NULL)
		fclose(f);
	return kb;
}

/* ---- lists ------------------------------------------------------------- */

static int
compile(struct job *j, struct pd_compiled *out)
{
	const struct pd_conf_report report = { .line = on_line };
	/* The same tables each time, so that instructions can be counted. */
	struct pd_compile_options options = {
		.suffixes = j->suffixes,
		.seed = 1,
	};
	struct pd_compiler *c = pd_compiler_create(&options);
	const char *why = "a list could not be read";
	int result = 0;

	for (size_t i = 0; i < j->nlists && result == 0; i++) {
		struct pd_str path = pd_str_z(j->lists[i].path), name = path;
		struct pd_source_params p = {
			.path = j->lists[i].path,
			.action = PD_RULE_BLOCK,
			.symbols = (char *const *)j->symbols.v,
			.nsymbols = j->symbols.n,
		};

		for (size_t k = 0; k < path.n; k++) {
			if (path.p[k] == '/')
				name =
				    pd_str_of(path.p + k + 1, path.n - k - 1);
		}
		p.name = p.file_name = name;
		result = pd_source_read_text(
		    c, &p, pd_str_of(j->lists[i].text, j->lists[i].n), &report);
	}
	if (result == 0)
		result = pd_compiler_finish(c, out, &why);
	pd_compiler_destroy(c);
	return result < 0 ? complain(why, "lists") : 0;
}

static int
build(struct job *j)
{
	struct pd_compiled out;
	const char *why;
	uint64_t start;

	for (size_t i = 0; i < j->nlists; i++) {
		if (read_file(&j->lists[i]) < 0)
			return -1;
		j->list_bytes += j->lists[i].n;
	}
	j->rss_before_kb = rss_kb();
	start = pd_clock_ns(CLOCK_MONOTONIC);
	if (compile(j, &out) < 0)
		return -1;
	j->set = pd_set_copy(out.bytes, out.n, &why);
	j->scratch = pd_scratch_create();
	j->build_ms = (double)(pd_clock_ns(CLOCK_MONOTONIC) - start) / 1e6;
	j->bytes = out.n;
	j->always = out.always;
	free(out.bytes);
	free(out.cosmetic);
	j->rss_built_kb = rss_kb();
	return j->set != NULL ? 0 : complain(why, "lists");
}

/* ---- requests ---------------------------------------------------------- */

static bool
add_csp(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	struct answer *a = arg;

	(void)rule;
	if (action != PD_RULE_CSP || value.n + 2 > sizeof(a->csp) - a->ncsp)
		return true;
	if (a->ncsp > 0) {
		memcpy(a->csp + a->ncsp, "; ", 2);
		a->ncsp += 2;
	}
	memcpy(a->csp + a->ncsp, value.p, value.n);
	a->ncsp += value.n;
	return true;
}

static void
judge(const struct job *j, const struct row *r, struct answer *out)
{
	struct pd_match_query q = {
		.types = pd_type_bit(r->type),
		.method = PD_METHOD_GET,
		.lists = PD_MATCH_LISTS_ALL,
	};

	out->rewritten = false;
	out->ncsp = 0;
	out->wrong = q.types == 0 || pd_match_split(&q, r->url) < 0;
	if (out->wrong)
		return;
	q.source = pd_match_host(r->source);
	q.party = q.source.n > 0 ? PD_SOURCE_KNOWN : PD_SOURCE_UNKNOWN;
	pd_match_request(j->set, j->scratch, &q, &out->match);
	if (out->match.kind != PD_MATCH_NONE &&
	    out->match.kind != PD_MATCH_ALLOW)
		return;
	out->rewritten = pd_match_rewrite(
	    j->set, j->scratch, &q, &out->rewrite, &out->rewrite_rule);
	if ((q.types & (PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT)) != 0)
		pd_match_answer(j->set, j->scratch, &q, add_csp, out);
}

static void
print_answer(const struct job *j, const struct answer *a)
{
	const struct pd_match *m = &a->match;
	const char *verdict = "none";

	if (a->wrong) {
		puts("error\t\t\t\t\t");
		return;
	}
	if (m->kind == PD_MATCH_ALLOW)
		verdict = "allow";
	else if (m->kind != PD_MATCH_NONE)
		verdict = m->redirect.n > 0 ? "redirect" : "block";
	printf("%s\t", verdict);
	if (m->kind != PD_MATCH_NONE && !j->speed)
		printf("%.*s\t%.*s:%u\t", PD_STR_ARG(m->rule.text),
		    PD_STR_ARG(m->rule.file), m->rule.line);
	else
		fputs("\t\t", stdout);
	printf("%.*s\t", m->kind == PD_MATCH_BLOCK ? (int)m->redirect.n : 0,
	    m->redirect.n > 0 ? m->redirect.p : "");
	if (a->rewritten)
		printf("%.*s", PD_STR_ARG(a->rewrite));
	printf("\t%.*s\n", (int)a->ncsp, a->csp);
}

static void
split_rows(struct job *j)
{
	struct pd_str rest = pd_str_of(j->requests.text, j->requests.n);
	size_t cap = 0;

	while (rest.n > 0) {
		struct pd_str line = pd_str_split(&rest, '\n');
		struct row r;

		if (j->nrows == cap) {
			cap = cap > 0 ? cap * 2 : 4096;
			j->rows = pd_xrealloc(j->rows, cap * sizeof(*j->rows));
		}
		r.type = pd_str_split(&line, '\t');
		r.source = pd_str_split(&line, '\t');
		r.url = pd_str_split(&line, '\t');
		if (r.url.p == NULL)
			r.url = PD_STR("");
		if (r.source.p == NULL)
			r.source = PD_STR("");
		j->rows[j->nrows++] = r;
	}
}

static void
run(const struct job *j)
{
	struct answer a;

	for (size_t i = 0; i < j->nrows; i++) {
		judge(j, &j->rows[i], &a);
		print_answer(j, &a);
	}
}

/* ---- measuring --------------------------------------------------------- */

static void
pass(const struct job *j)
{
	struct answer a;

	for (size_t i = 0; i < j->nrows; i++)
		judge(j, &j->rows[i], &a);
}

/* Counted, not kept and sorted: that would be a good part of what is measured
 * where instructions are. */
static void
count(struct job *j, uint64_t ns)
{
	j->times[ns < TIMES ? ns : TIMES - 1]++;
	j->ntimes++;
	if (ns > j->slowest)
		j->slowest = ns;
}

static void
measure(struct job *j)
{
	uint64_t start, cpu;
	struct answer a;
	double n = (double)j->nrows * j->passes;

	pass(j);
	j->times = pd_xalloc(TIMES * sizeof(*j->times));
	for (size_t p = 0; p < j->passes; p++) {
		for (size_t i = 0; i < j->nrows; i++) {
			start = pd_clock_ns(CLOCK_MONOTONIC);
			judge(j, &j->rows[i], &a);
			count(j, pd_clock_ns(CLOCK_MONOTONIC) - start);
		}
	}
	start = pd_clock_ns(CLOCK_MONOTONIC);
	cpu = pd_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t p = 0; p < j->passes; p++)
		pass(j);
	j->cpu_mean = (double)(pd_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n;
	j->batch_mean = (double)(pd_clock_ns(CLOCK_MONOTONIC) - start) / n;
}

static unsigned long
part(const struct job *j, double share)
{
	uint64_t left = (uint64_t)(share * (double)j->ntimes);

	for (unsigned long ns = 0; ns < TIMES - 1; ns++) {
		if (j->times[ns] > left)
			return ns;
		left -= j->times[ns];
	}
	return (unsigned long)j->slowest;
}

static void
print_section(void *arg, const char *name, size_t n)
{
	FILE *f = arg;

	fputs(", ", f);
	pd_json_write(f, pd_str_z(name));
	fprintf(f, ": %zu", n);
}

static int
print_stats(const struct job *j)
{
	FILE *f = j->stats != NULL ? fopen(j->stats, "we") : stderr;

	if (f == NULL)
		return complain(strerror(errno), j->stats);
	fprintf(f,
	    "{\"engine\": \"pared\", \"version\": \"" PARED_VERSION
	    "\", \"mode\": \"%s\", \"lists\": %zu, \"list_bytes\": %zu, "
	    "\"build_ms\": %.2f, \"rss_delta_kb\": %ld, "
	    "\"serialized_bytes\": %zu, \"requests\": %zu, \"rules\": %zu, "
	    "\"always\": %zu, \"overflows\": %lu, \"sections\": {\"file\": %zu",
	    j->speed ? "speed" : "full", j->nlists, j->list_bytes, j->build_ms,
	    j->rss_built_kb - j->rss_before_kb, j->bytes, j->nrows,
	    pd_set_rules(j->set), j->always,
	    (unsigned long)pd_scratch_overflows(j->scratch), j->bytes);
	pd_set_sections(j->set, print_section, f);
	putc('}', f);
	if (j->ntimes > 0)
		fprintf(f,
		    ", \"passes\": %u, \"cpu_ns_mean\": %.1f, "
		    "\"ns_mean_batch\": %.1f, \"ns_median\": %lu, "
		    "\"ns_p95\": %lu, \"ns_p99\": %lu, \"ns_max\": %lu, "
		    "\"rss_end_kb\": %ld",
		    j->passes, j->cpu_mean, j->batch_mean, part(j, 0.5),
		    part(j, 0.95), part(j, 0.99), part(j, 1), rss_kb());
	fputs("}\n", f);
	if (f != stderr && fclose(f) != 0)
		return complain(strerror(errno), j->stats);
	return 0;
}

/* ------------------------------------------------------------------------ */

/* PD_CMD_GO, or the exit status. */
static int
read_options(struct job *j, int argc, char **argv)
{
	struct pd_cmd_values lists = { 0 };
	const char *passes = NULL;
	const struct pd_cmd_option options[] = {
		{ "bench", .value = &passes },
		{ "define", .values = &j->symbols },
		{ "list", .values = &lists },
		{ "speed", .flag = &j->speed },
		{ "stats", .value = &j->stats },
		{ "suffixes", .value = &j->suffixes },
		{ 0 },
	};
	struct pd_cmd_line line = { "match", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	int64_t n = 0;

	if (rc == PD_CMD_GO && lists.n == 0)
		rc = pd_cmd_wrong(&line, "which list? --list FILE");
	if (rc == PD_CMD_GO && passes != NULL &&
	    (pd_str_u63(pd_str_z(passes), &n) < 0 || n > PASSES_MAX))
		rc = pd_cmd_wrong(
		    &line, "--bench takes a number up to %d", PASSES_MAX);
	if (rc == PD_CMD_GO) {
		j->passes = (unsigned)n;
		j->nlists = lists.n;
		j->lists = pd_xalloc(lists.n * sizeof(*j->lists));
		for (size_t i = 0; i < lists.n; i++)
			j->lists[i].path = lists.v[i];
	}
	pd_cmd_values_free(&lists);
	return rc;
}

static void
finish(struct job *j)
{
	for (size_t i = 0; i < j->nlists; i++)
		free(j->lists[i].text);
	free(j->lists);
	pd_cmd_values_free(&j->symbols);
	free(j->requests.text);
	free(j->rows);
	free(j->times);
	pd_scratch_destroy(j->scratch);
	pd_set_unref(j->set);
}

int
pd_cmd_match(int argc, char **argv)
{
	struct job j = {
		.suffixes = SUFFIXES,
		.requests = { .path = "stdin" },
	};
	int result = read_options(&j, argc, argv);

	if (result != PD_CMD_GO) {
		finish(&j);
		return result;
	}
	if (build(&j) < 0 || read_all(stdin, &j.requests) < 0) {
		finish(&j);
		return PD_CMD_FAIL;
	}
	split_rows(&j);
	run(&j);
	if (j.passes > 0 && j.nrows > 0)
		measure(&j);
	result = fflush(stdout) == 0 ? 0 : complain(strerror(errno), "stdout");
	if (result == 0)
		result = print_stats(&j);
	finish(&j);
	return result == 0 ? PD_CMD_OK : PD_CMD_FAIL;
}
