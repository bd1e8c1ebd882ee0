#include "cmd/lists_replay.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "why.h"

#define BUCKETS (2 * PD_REPLAY_GROUPS)

struct groups {
	struct pd_replay_group v[PD_REPLAY_GROUPS];
	size_t n;
	size_t buckets[BUCKETS]; /* index + 1; 0: free */
};

struct pd_replay {
	const struct pd_block_set *set;
	struct pd_scratch *scratch;
	struct pd_arena *arena; /* of what is kept */
	int64_t now_s;
	struct pd_replay_sums sums;
	struct groups groups[PD_REPLAY_CHANGES];
	uint64_t blocks[PD_COMPILE_LISTS_MAX];
};

/* What a line says. */
struct entry {
	struct pd_str client, method, url, type, verdict, list, rule, types,
	    page;
};

struct pd_replay *
pd_replay_create(const struct pd_block_set *set, int64_t now_s)
{
	struct pd_replay *r = pd_xalloc(sizeof(*r));

	r->set = set;
	r->now_s = now_s;
	r->scratch = pd_scratch_create();
	r->arena = pd_arena_create();
	return r;
}

void
pd_replay_destroy(struct pd_replay *r)
{
	if (r == NULL)
		return;
	pd_scratch_destroy(r->scratch);
	pd_arena_destroy(r->arena);
	free(r);
}

static int
on_member(
    void *arg, struct pd_str name, enum pd_json_kind kind, struct pd_str value)
{
	struct entry *e = arg;
	const struct {
		struct pd_str name;
		struct pd_str *to;
	} rows[] = {
		{ PD_STR("client"), &e->client },
		{ PD_STR("method"), &e->method },
		{ PD_STR("url"), &e->url },
		{ PD_STR("type"), &e->type },
		{ PD_STR("verdict"), &e->verdict },
		{ PD_STR("list"), &e->list },
		{ PD_STR("rule"), &e->rule },
		{ PD_STR("for"), &e->types },
		{ PD_STR("page"), &e->page },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (kind == PD_JSON_STRING && pd_str_eq(name, rows[i].name))
			*rows[i].to = value;
	}
	return 0;
}

static bool
is_one_of(struct pd_str s, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (pd_str_eq(s, pd_str_z(*words)))
			return true;
	}
	return false;
}

static bool
was_blocked(const struct entry *e)
{
	static const char *const words[] = { "block", "deny", "replace", NULL };

	return is_one_of(e->verdict, words);
}

/* Requests that the lists were asked about. */
static bool
was_judged(const struct entry *e)
{
	static const char *const words[] = { "pass", "allow", "redirect",
		"rewrite", NULL };

	return was_blocked(e) || is_one_of(e->verdict, words);
}

/* "script|other": its bits. */
static uint16_t
types_of(struct pd_str s)
{
	uint16_t types = 0;

	if (pd_str_eq(s, PD_STR("any")))
		return PD_TYPE_ALL;
	while (s.n > 0)
		types |= pd_type_bit(pd_str_split(&s, '|'));
	return types;
}

/* Logs of before have no types: what came tells as much. */
static uint16_t
types_of_answer(struct pd_str type)
{
	static const struct {
		const char *prefix;
		uint16_t types;
	} rows[] = {
		{ "image/", PD_TYPE_IMAGE },
		{ "text/html", PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT },
		{ "text/css", PD_TYPE_STYLESHEET },
		{ "text/javascript", PD_TYPE_SCRIPT },
		{ "application/javascript", PD_TYPE_SCRIPT },
		{ "application/x-javascript", PD_TYPE_SCRIPT },
		{ "font/", PD_TYPE_FONT },
		{ "audio/", PD_TYPE_MEDIA },
		{ "video/", PD_TYPE_MEDIA },
		{ "application/json", PD_TYPE_XHR },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (pd_str_casestarts(type, pd_str_z(rows[i].prefix)))
			return rows[i].types;
	}
	return 0;
}

/* As infer.c did then; for logs that do not tell, as it would now. */
static void
infer(const struct entry *e, struct pd_request *req, struct pd_arena *arena,
    struct pd_inferred *in)
{
	uint16_t types = types_of(e->types);
	bool other_site = pd_str_eq(e->page, PD_STR("*"));

	pd_fields_add(&req->fields, arena, PD_STR("Accept"), PD_STR("*/*"));
	if (e->page.n > 0 && !other_site)
		pd_fields_add(&req->fields, arena, PD_STR("Referer"),
		    pd_arena_printf(
			arena, "http://%.*s/", PD_STR_ARG(e->page)));
	pd_infer(req, in);
	if (types != 0 && e->page.n == 0)
		in->party = PD_SOURCE_UNKNOWN;
	if (types == 0)
		types = types_of_answer(e->type);
	if (types != 0)
		in->types = types;
}

static bool
read_request(
    const struct entry *e, struct pd_arena *arena, struct pd_request *req)
{
	*req = (struct pd_request){
		.method = pd_method_of(e->method),
		.method_name = e->method,
		.target = e->url,
		.minor = 1,
	};
	if (req->method != PD_METHOD_CONNECT) {
		req->form = PD_FORM_ABSOLUTE;
		return pd_url_parse(e->url, arena, &req->url) == PD_URL_OK;
	}
	req->form = PD_FORM_AUTHORITY;
	req->url.scheme = PD_SCHEME_HTTPS;
	return pd_authority_parse(e->url, 0, arena, &req->url.authority) ==
	       PD_URL_OK;
}

/* ---- what differs ------------------------------------------------------ */

/* Its bucket, or the free one where it would stand. */
static size_t *
find_bucket(struct groups *g, struct pd_str rule)
{
	size_t i = (size_t)pd_rule_id(rule) % BUCKETS;

	while (g->buckets[i] != 0 &&
	       !pd_str_eq(g->v[g->buckets[i] - 1].rule, rule))
		i = (i + 1) % BUCKETS;
	return &g->buckets[i];
}

static struct pd_replay_group *
find_group(struct pd_replay *r, struct groups *g, struct pd_str rule)
{
	size_t *bucket = find_bucket(g, rule);

	/* The last place is for all that have none. */
	if (*bucket == 0 && g->n >= PD_REPLAY_GROUPS - 1) {
		rule = PD_STR("...");
		bucket = find_bucket(g, rule);
	}
	if (*bucket == 0) {
		g->v[g->n].rule = pd_arena_str(r->arena, rule);
		*bucket = ++g->n;
	}
	return &g->v[*bucket - 1];
}

static void
note_change(struct pd_replay *r, enum pd_replay_change change,
    struct pd_str rule, struct pd_str url)
{
	struct pd_replay_group *g = find_group(r, &r->groups[change], rule);

	if (g->n++ == 0)
		g->url = pd_arena_str(r->arena, url);
	r->sums.changed[change]++;
}

static void
compare(struct pd_replay *r, const struct entry *e, const struct pd_verdict *v,
    struct pd_arena *arena)
{
	bool then = was_blocked(e);
	bool now = v->kind == PD_VERDICT_BLOCK || v->kind == PD_VERDICT_DENY ||
		   v->kind == PD_VERDICT_REPLACE;

	r->sums.requests++;
	r->sums.was_blocked += then;
	r->sums.now_blocked += now;
	if (now && v->rule.list_number < PD_COMPILE_LISTS_MAX)
		r->blocks[v->rule.list_number]++;
	if (now && !then)
		note_change(r, PD_REPLAY_BLOCKED,
		    pd_arena_printf(arena, "%.*s  %.*s",
			PD_STR_ARG(pd_block_place(&v->rule, arena)),
			PD_STR_ARG(v->rule.text)),
		    e->url);
	else if (then && !now)
		note_change(r, PD_REPLAY_PASSED,
		    pd_arena_printf(arena, "%.*s  %.*s", PD_STR_ARG(e->list),
			PD_STR_ARG(e->rule)),
		    e->url);
}

static void
replay(struct pd_replay *r, struct pd_str line, struct pd_arena *arena)
{
	struct pd_inferred inferred;
	struct pd_verdict verdict;
	struct pd_request req;
	struct pd_addr client;
	struct entry e = { 0 };
	struct pd_block_query q = {
		.request = &req,
		.inferred = &inferred,
		.scratch = r->scratch,
		.arena = arena,
		.now_s = r->now_s,
		.uncounted = true,
	};

	if (pd_json_read(line, arena, on_member, &e) < 0 || e.url.n == 0) {
		r->sums.malformed++;
		return;
	}
	if (!was_judged(&e) || !read_request(&e, arena, &req)) {
		r->sums.other++;
		return;
	}
	if (pd_addr_parse(e.client, &client) == 0)
		q.client = &client;
	infer(&e, &req, arena, &inferred);
	pd_block_judge(r->set, &q, &verdict);
	compare(r, &e, &verdict, arena);
}

void
pd_replay_line(struct pd_replay *r, struct pd_str line)
{
	struct pd_arena *arena;

	if (pd_str_trim(line).n == 0)
		return;
	arena = pd_arena_create();
	replay(r, line, arena);
	pd_arena_destroy(arena);
}

const struct pd_replay_sums *
pd_replay_sums(const struct pd_replay *r)
{
	return &r->sums;
}

static int
by_number(const void *left, const void *right)
{
	const struct pd_replay_group *a = left, *b = right;

	return (a->n < b->n) - (a->n > b->n);
}

const struct pd_replay_group *
pd_replay_groups(struct pd_replay *r, enum pd_replay_change change, size_t *n)
{
	struct groups *g = &r->groups[change];

	qsort(g->v, g->n, sizeof(*g->v), by_number);
	/* Their places are others now. */
	memset(g->buckets, 0, sizeof(g->buckets));
	for (size_t i = 0; i < g->n; i++)
		*find_bucket(g, g->v[i].rule) = i + 1;
	*n = g->n;
	return g->v;
}

size_t
pd_replay_lists(const struct pd_replay *r)
{
	const struct pd_set *set = pd_block_compiled(r->set);

	return set != NULL ? pd_set_lists(set) : 0;
}

uint64_t
pd_replay_list(const struct pd_replay *r, size_t list, struct pd_str *name)
{
	struct pd_compile_list l;

	pd_set_list(pd_block_compiled(r->set), list, &l);
	*name = l.name;
	return r->blocks[list];
}
