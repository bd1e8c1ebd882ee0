/*
 * The verdict: Ziproxy's lists of URL patterns first, in Ziproxy's order, then
 * the hosts. `check` in exchange.c asks before any connection is made.
 */
#include "filters/block/block.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "filters/block/parse.h"

/* More than these and each request costs a microsecond or so for them. */
#define SLOW_WARN 64

struct pd_block_set {
	_Atomic unsigned refs;
	struct pd_set *hosts;
	struct pd_urls *urls;
	struct pd_strings names; /* of lists, by an entry's number */
};

static const char *const urls_names[PD_URLS_LISTS] = {
	[PD_URLS_NO_PROCESSING] = "URLNoProcessing",
	[PD_URLS_DENY] = "URLDeny",
	[PD_URLS_REPLACE] = "URLReplaceData",
	[PD_URLS_REPLACE_CT] = "URLReplaceDataCT",
};

static void
destroy(struct pd_block_set *s)
{
	pd_set_destroy(s->hosts);
	pd_urls_destroy(s->urls);
	for (size_t i = 0; i < s->names.n; i++)
		free(s->names.v[i]);
	free(s->names.v);
	free(s);
}

/* By the format its contents show. -1 after an error was reported. */
static int
read_source(struct pd_block_set *s, struct pd_lines *l, uint8_t list)
{
	bool whole;
	struct pd_str head = pd_lines_head(l, &whole);
	enum pd_parse_format format = pd_parse_format(head, whole);
	const char *refusal = pd_parse_refusal(format);
	int full = 0;

	if (refusal != NULL) {
		pd_lines_tell(l->report, true, "%s: %s", l->name, refusal);
		return -1;
	}
	if (format == PD_PARSE_EMPTY)
		pd_lines_tell(
		    l->report, false, "%s: the list is empty", l->name);
	else if (format == PD_PARSE_HOSTS)
		full = pd_parse_hosts(l, s->hosts, list);
	else
		full = pd_parse_domains(l, s->hosts, list);
	if (full < 0)
		pd_lines_tell(l->report, true,
		    "%s:%u: more than %u hosts in all lists", l->name, l->line,
		    PD_SET_HOSTS_MAX);
	return full;
}

static int
load_source(struct pd_block_set *s, const struct pd_conf_source *source,
    const struct pd_conf_report *report)
{
	const char *path = source->url != NULL ? source->url : "";
	uint8_t list = (uint8_t)s->names.n;
	struct pd_lines l;
	int result;

	if (s->names.n == PD_SET_LISTS_MAX) {
		pd_lines_tell(report, true, "lists: more than %d sources",
		    PD_SET_LISTS_MAX);
		return -1;
	}
	s->names.v[s->names.n++] =
	    pd_xstrdup(source->name != NULL ? source->name : path);
	if (strncmp(path, "file:", 5) == 0)
		path += strncmp(path + 5, "///", 3) == 0 ? 7 : 5;
	if (pd_lines_open(&l, path, report) < 0)
		return -1;
	result = read_source(s, &l, list);
	if (pd_lines_finish(&l) < 0)
		result = -1;
	return result;
}

static int
load_urls(struct pd_block_set *s, const char *path, enum pd_urls_list list,
    const struct pd_conf_report *report)
{
	struct pd_lines l;
	int result;

	if (path == NULL)
		return 0;
	if (pd_lines_open(&l, path, report) < 0)
		return -1;
	result = pd_parse_ziproxy(&l, s->urls, list);
	if (result < 0)
		pd_lines_tell(
		    report, true, "%s:%u: too many patterns", path, l.line);
	if (pd_lines_finish(&l) < 0)
		result = -1;
	return result;
}

/* All lists, even after one failed: everything wrong is told at once. */
static int
load_all(struct pd_block_set *s, const struct pd_conf *conf,
    const struct pd_conf_report *report)
{
	const char *const paths[PD_URLS_LISTS] = {
		[PD_URLS_NO_PROCESSING] = conf->url_no_processing,
		[PD_URLS_DENY] = conf->url_deny,
		[PD_URLS_REPLACE] = conf->url_replace_data,
		[PD_URLS_REPLACE_CT] = conf->url_replace_data_ct,
	};
	int result = 0;

	for (int i = 0; i < PD_URLS_LISTS; i++) {
		if (load_urls(s, paths[i], (enum pd_urls_list)i, report) < 0)
			result = -1;
	}
	for (size_t i = 0; i < conf->nsources; i++) {
		if (!conf->sources[i].off &&
		    load_source(s, &conf->sources[i], report) < 0)
			result = -1;
	}
	return result;
}

struct pd_block_set *
pd_block_load(const struct pd_conf *conf, const struct pd_conf_report *report)
{
	struct pd_block_set *s = pd_xalloc(sizeof(*s));
	struct pd_host_key key = pd_host_key_random();
	int result;

	s->refs = 1;
	s->hosts = pd_set_create(&key);
	s->urls = pd_urls_create(&key);
	s->names.v = pd_xalloc((conf->nsources + 1) * sizeof(*s->names.v));
	result = load_all(s, conf, report);
	pd_set_freeze(s->hosts);
	pd_urls_freeze(s->urls);
	/*
	 * Building takes about as much again as the set; after the first time
	 * malloc keeps pieces of that size unless told not to.
	 */
	malloc_trim(0);
	if (result < 0) {
		destroy(s);
		return NULL;
	}
	if (pd_urls_slow(s->urls) > SLOW_WARN)
		pd_lines_tell(report, false,
		    "lists: %zu URL patterns have a '*' in the host other than "
		    "\"*.name\"; each is tried at every request",
		    pd_urls_slow(s->urls));
	return s;
}

struct pd_block_set *
pd_block_ref(struct pd_block_set *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
pd_block_unref(struct pd_block_set *s)
{
	if (s != NULL &&
	    atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
		destroy(s);
}

static void
give(struct pd_verdict *out, enum pd_verdict_kind kind, enum pd_urls_list list,
    const struct pd_urls_hit *hit)
{
	out->kind = kind;
	out->list = pd_str_z(urls_names[list]);
	out->rule = hit->text;
	out->line = hit->line;
}

/* Whether one of Ziproxy's lists decides; its replace by type may be undone. */
static bool
judge_urls(const struct pd_urls_hit hits[PD_URLS_LISTS], struct pd_verdict *out)
{
	if (hits[PD_URLS_NO_PROCESSING].found) {
		give(out, PD_VERDICT_PASS, PD_URLS_NO_PROCESSING,
		    &hits[PD_URLS_NO_PROCESSING]);
		out->untouched = true;
		return true;
	}
	if (hits[PD_URLS_DENY].found) {
		give(out, PD_VERDICT_DENY, PD_URLS_DENY, &hits[PD_URLS_DENY]);
		return true;
	}
	if (hits[PD_URLS_REPLACE].found) {
		give(out, PD_VERDICT_REPLACE, PD_URLS_REPLACE,
		    &hits[PD_URLS_REPLACE]);
		return true;
	}
	return false;
}

void
pd_block_judge(const struct pd_block_set *s, const struct pd_block_query *q,
    struct pd_verdict *out)
{
	const struct pd_authority *authority = &q->url->authority;
	struct pd_str host = authority->host;
	struct pd_urls_hit hits[PD_URLS_LISTS];
	struct pd_set_hit hit;
	char text[PD_ADDR_TEXT];

	*out = (struct pd_verdict){ .kind = PD_VERDICT_PASS };
	if (s == NULL)
		return;
	/* One spelling for an address, as the lists' parsers make it. */
	if (authority->kind != PD_HOST_NAME)
		host = pd_str_z(pd_addr_text(&authority->addr, text));
	pd_urls_match(s->urls, q, host, hits);
	if (judge_urls(hits, out))
		return;
	if (pd_set_find(
		s->hosts, host, authority->kind != PD_HOST_NAME, &hit)) {
		out->kind = PD_VERDICT_BLOCK;
		out->list = pd_str_z(s->names.v[hit.list]);
		/* Of the query's own bytes, not of text. */
		out->rule = authority->kind != PD_HOST_NAME ? authority->host
							    : hit.suffix;
		out->line = hit.line;
		return;
	}
	if (hits[PD_URLS_REPLACE_CT].found && q->method != PD_METHOD_CONNECT) {
		give(out, PD_VERDICT_PASS, PD_URLS_REPLACE_CT,
		    &hits[PD_URLS_REPLACE_CT]);
		out->replace_by_type = true;
	}
}

size_t
pd_block_rules(const struct pd_block_set *s)
{
	return s != NULL ? pd_set_count(s->hosts) + pd_urls_count(s->urls) : 0;
}

/* "image/x-gif" for a listed "image/gif". */
static bool
is_experimental_of(struct pd_str type, struct pd_str listed)
{
	struct pd_str type_sub = type, listed_sub = listed;
	struct pd_str type_main = pd_str_split(&type_sub, '/');
	struct pd_str listed_main = pd_str_split(&listed_sub, '/');

	return pd_str_casestarts(type_sub, PD_STR("x-")) &&
	       pd_str_glob(listed_main, type_main) &&
	       pd_str_glob(
		   listed_sub, pd_str_of(type_sub.p + 2, type_sub.n - 2));
}

bool
pd_block_replace_type(const struct pd_conf *conf, struct pd_str type)
{
	for (size_t i = 0; i < conf->replace_ct_types.n; i++) {
		struct pd_str listed = pd_str_z(conf->replace_ct_types.v[i]);

		if (pd_str_glob(listed, type) ||
		    (conf->replace_ct_types_xst &&
			is_experimental_of(type, listed)))
			return true;
	}
	return false;
}
