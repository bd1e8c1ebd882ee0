/*
 * Connectivity checks: which requests pass untouched. Asked at every request,
 * before the block set.
 */
#include "base/embed.h"
#include "filters/block/block.h"
#include "filters/block/host.h"
#include "filters/block/lines.h"

#include <stdlib.h>

#define PROBES_MAX 10000

PD_EMBED(probe_builtin, "conf/probes.list");

struct probe {
	char *host; /* host and path in one piece */
	struct pd_str host_name, path;
	bool shared; /* the host serves other things too */
};

struct pd_probe_set {
	struct probe *v; /* by host */
	size_t n, cap;
};

static int
compare_hosts(struct pd_str a, struct pd_str b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int
compare_probes(const void *a, const void *b)
{
	const struct probe *x = a, *y = b;
	int order = compare_hosts(x->host_name, y->host_name);

	return order != 0 ? order : compare_hosts(x->path, y->path);
}

static void
add(struct pd_probe_set *s, struct pd_str host, struct pd_str path, bool shared)
{
	struct probe *p;

	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 64;
		s->v = pd_xrealloc(s->v, s->cap * sizeof(*s->v));
	}
	p = &s->v[s->n++];
	p->host = pd_xalloc(host.n + path.n);
	memcpy(p->host, host.p, host.n);
	memcpy(p->host + host.n, path.p, path.n);
	p->host_name = pd_str_of(p->host, host.n);
	p->path = pd_str_of(p->host + host.n, path.n);
	p->shared = shared;
}

/* What is wrong with the line, or NULL. */
static const char *
read_probe(struct pd_str line, struct pd_probe_set *s)
{
	char buf[PD_HOST_TEXT];
	struct pd_str entry = pd_lines_word(&line), path, host, normal;
	struct pd_str mark = pd_lines_word(&line);

	if (pd_str_casestarts(entry, PD_STR("http://")))
		entry = pd_str_of(entry.p + 7, entry.n - 7);
	path = entry;
	host = pd_str_split(&path, '/');
	path = path.p == NULL ? PD_STR("/") : pd_str_of(path.p - 1, path.n + 1);
	if (pd_host_normal(host, buf, &normal) < PD_HOST_FORM_NAME)
		return "no host; a line is \"host/path\"";
	if (mark.n > 0 && !pd_str_eq(mark, PD_STR("shared")))
		return "after the path only \"shared\" may stand";
	if (pd_lines_word(&line).n > 0)
		return "more than two words";
	if (memchr(path.p, '?', path.n) != NULL)
		return "a query, which is left aside";
	add(s, normal, path, mark.n > 0);
	return NULL;
}

static int
read_all(struct pd_lines *l, struct pd_probe_set *s)
{
	char shown[PD_LINES_SHOWN];
	struct pd_str line;
	const char *wrong;

	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(pd_str_split(&line, '#'));
		if (line.n == 0)
			continue;
		wrong =
		    s->n < PROBES_MAX ? read_probe(line, s) : "too many lines";
		if (wrong != NULL)
			pd_lines_wrong(l, "\"%s\": %s; left out",
			    pd_lines_show(line, shown), wrong);
	}
	return pd_lines_finish(l);
}

struct pd_probe_set *
pd_probe_load(const struct pd_conf *conf, const struct pd_conf_report *report)
{
	struct pd_probe_set *s;
	struct pd_lines l;

	if (conf->probes == NULL)
		pd_lines_memory(
		    &l, PD_EMBEDDED(probe_builtin), "conf/probes.list", report);
	else if (pd_lines_open(&l, conf->probes, report) < 0)
		return NULL;
	s = pd_xalloc(sizeof(*s));
	if (read_all(&l, s) < 0) {
		pd_probe_destroy(s);
		return NULL;
	}
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), compare_probes);
	return s;
}

void
pd_probe_destroy(struct pd_probe_set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].host);
	free(s->v);
	free(s);
}

/* The first of the host's lines; s->n when it has none. */
static size_t
find_host(const struct pd_probe_set *s, struct pd_str host)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare_hosts(s->v[middle].host_name, host) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from < s->n && !pd_str_eq(s->v[from].host_name, host))
		return s->n;
	return from;
}

bool
pd_probe_match(
    const struct pd_probe_set *s, struct pd_str host, struct pd_str path)
{
	size_t i = find_host(s, host);
	struct pd_str query = path, bare = pd_str_split(&query, '?');

	if (i == s->n)
		return false;
	if (pd_str_eq(bare, PD_STR("/generate_204")))
		return true;
	/* With a query it is how Google's own pages report to Google. */
	if (pd_str_eq(bare, PD_STR("/gen_204")))
		return query.p == NULL;
	for (; i < s->n && pd_str_eq(s->v[i].host_name, host); i++) {
		if (pd_str_glob(s->v[i].path, bare))
			return true;
	}
	return false;
}

/* Whether a line of the host, the first of which is at i, says so. */
static bool
is_shared(const struct pd_probe_set *s, size_t i)
{
	struct pd_str host = s->v[i].host_name;

	for (; i < s->n && pd_str_eq(s->v[i].host_name, host); i++) {
		if (s->v[i].shared)
			return true;
	}
	return false;
}

void
pd_probe_hosts(const struct pd_probe_set *s,
    void (*each)(void *arg, struct pd_str host), void *arg)
{
	for (size_t i = 0; i < s->n; i++) {
		struct pd_str host = s->v[i].host_name;

		if ((i == 0 || !pd_str_eq(s->v[i - 1].host_name, host)) &&
		    !is_shared(s, i))
			each(arg, host);
	}
}
