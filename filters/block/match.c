#include "filters/block/match.h"

#include <stdlib.h>

#include <xxhash.h>

#include "base/arena.h"
#include "filters/block/match_ask.h"
#include "filters/block/value.h"

struct pd_scratch *
pd_scratch_create(void)
{
	struct pd_scratch *s = pd_xalloc(sizeof(*s));

	s->regexes = pd_regex_thread_create();
	return s;
}

void
pd_scratch_destroy(struct pd_scratch *s)
{
	if (s == NULL)
		return;
	pd_regex_thread_destroy(s->regexes);
	free(s);
}

uint64_t
pd_scratch_overflows(const struct pd_scratch *s)
{
	return s->overflows;
}

static bool
is_scheme_byte(char c)
{
	return (pd_lower(c) >= 'a' && pd_lower(c) <= 'z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* Where the authority of a URL begins, behind "://"; 0: it has none. */
static size_t
authority_at(struct pd_str url)
{
	size_t colon = 0,
	       most = url.n < PD_MATCH_SCHEME_MAX ? url.n : PD_MATCH_SCHEME_MAX;

	if (url.n >= 8 && memcmp(url.p, "https://", 8) == 0)
		return 8;
	/* RFC 3986, 3.1: nothing else stands in a scheme. */
	while (colon < most && is_scheme_byte(url.p[colon]))
		colon++;
	if (colon == 0 || url.n - colon < 4 || url.p[colon] != ':' ||
	    url.p[colon + 1] != '/' || url.p[colon + 2] != '/')
		return 0;
	return colon + 3;
}

/* 1: ends an authority; 2: means something in one. */
static const uint8_t authority_signs[256] = {
	['/'] = 1,
	['?'] = 1,
	['#'] = 1,
	['\\'] = 1,
	['@'] = 2,
	[':'] = 2,
	['['] = 2,
};

/* An authority with userinfo, a port or an address in brackets. */
static struct pd_str
host_in_long(struct pd_str url, size_t at)
{
	size_t end = at, start = at;
	const char *close;

	for (; end < url.n; end++) {
		char c = url.p[end];

		if (authority_signs[(unsigned char)c] == 1)
			break;
		if (c == '@')
			start = end + 1;
	}
	if (start < end && url.p[start] == '[') {
		close = memchr(url.p + start, ']', end - start);
		if (close == NULL)
			return PD_STR("");
		start++;
	} else {
		close = memchr(url.p + start, ':', end - start);
	}
	if (close != NULL)
		end = (size_t)(close - url.p);
	return pd_str_of(url.p + start, end - start);
}

/* The host in the authority that begins at `at`: without userinfo, brackets,
 * port and last dot. */
static struct pd_str
host_in(struct pd_str url, size_t at)
{
	const unsigned char *p = (const unsigned char *)url.p + at,
			    *end = (const unsigned char *)url.p + url.n;
	struct pd_str host;

	p += pd_ask_name_span((const char *)p, (size_t)(end - p));
	while (p < end && authority_signs[*p] == 0)
		p++;
	if (p < end && authority_signs[*p] == 2)
		host = host_in_long(url, at);
	else
		host = pd_str_of(
		    url.p + at, (size_t)((const char *)p - url.p) - at);
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

struct pd_str
pd_match_host(struct pd_str url)
{
	size_t at = url.n > 0 ? authority_at(url) : 0;

	return at > 0 ? host_in(url, at) : PD_STR("");
}

int
pd_match_split(struct pd_match_query *q, struct pd_str url)
{
	struct pd_str host = pd_match_host(url);

	if (host.n == 0)
		return -1;
	q->url = url;
	q->host_at = (size_t)(host.p - url.p);
	q->host_n = host.n;
	return 0;
}

/* ---- what is shown of a rule ------------------------------------------- */

void
pd_ask_show_at(
    const struct pd_set *set, uint32_t pos, struct pd_match_rule *out)
{
	const struct pd_file_file *file = &set->files[pos >> PD_POS_FILE_SHIFT];
	const struct pd_file_list *list = &set->lists[file->list];

	out->list = pd_set_text(set, list->name, list->name_n);
	out->file = pd_set_text(set, file->name, file->name_n);
	out->line = pos & PD_SET_LINE_MAX;
	out->list_number = (uint8_t)file->list;
	out->id = pd_rule_id(out->text);
}

void
pd_ask_show_rule(
    const struct pd_ask *a, uint32_t rule, struct pd_match_rule *out)
{
	const struct pd_file_rule *r = &a->set->rules[rule];

	out->text = pd_set_text(a->set, r->text, r->text_n);
	pd_ask_show_at(a->set, r->pos, out);
}

void
pd_ask_show_plain(const struct pd_ask *a, const struct pd_ask_hit *hit,
    struct pd_match_rule *out)
{
	uint32_t pos = (hit->info & ~PD_HOST_SUBDOMAINS);
	const struct pd_file_file *file =
	    &a->set->files[pos >> PD_HOST_FILE_SHIFT];
	struct pd_str host = pd_ask_host(a);
	char *p = a->s->shown;

	host = pd_str_of(host.p + hit->at, host.n - hit->at);
	out->text = pd_str_of(p, host.n);
	if (file->adblock != 0) {
		*p++ = '|';
		*p++ = '|';
		out->text.n += 3;
	}
	memcpy(p, host.p, host.n);
	p[host.n] = '^';
	pd_ask_show_at(a->set, pos, out);
}

/* ---- the decision ------------------------------------------------------ */

#define NO_RULE UINT32_MAX

static bool
take_first(void *arg, uint32_t rule)
{
	*(uint32_t *)arg = rule;
	return true;
}

struct important {
	const struct pd_set *set;
	uint32_t rule;
};

static bool
take_important(void *arg, uint32_t rule)
{
	struct important *i = arg;

	if ((i->set->rules[rule].flags & PD_RF_IMPORTANT) == 0)
		return false;
	i->rule = rule;
	return true;
}

/* Ziproxy's lists are asked in a set order; of one, the first rule counts. */
struct ziproxy {
	const struct pd_set *set;
	uint32_t rules[PD_RULE_ACTIONS];
};

static bool
take_ziproxy(void *arg, uint32_t rule)
{
	struct ziproxy *z = arg;
	enum pd_rule_action action = pd_ask_action(&z->set->rules[rule]);

	if (z->rules[action] == NO_RULE || rule < z->rules[action])
		z->rules[action] = rule;
	return false;
}

/* Of Privoxy's, the last of each list that fits. Numbers rise with lines. */
struct ordered {
	const struct pd_set *set;
	uint32_t last[PD_COMPILE_LISTS_MAX];
};

static bool
take_ordered(void *arg, uint32_t rule)
{
	struct ordered *o = arg;
	const struct pd_file_rule *r = &o->set->rules[rule];
	uint32_t *last =
	    &o->last[o->set->files[r->pos >> PD_POS_FILE_SHIFT].list];

	if (*last == NO_RULE || rule > *last)
		*last = rule;
	return false;
}

/* The rule of some list whose last word is to block, or to pass. */
static uint32_t
find_ordered(struct pd_ask *a, bool exception)
{
	struct ordered o = { .set = a->set };

	memset(o.last, 0xff, sizeof(o.last));
	pd_ask_each(a, PD_CLASS_ORDERED, take_ordered, &o);
	for (size_t i = 0; i < a->set->nlists; i++) {
		if (o.last[i] != NO_RULE &&
		    ((a->set->rules[o.last[i]].flags & PD_RF_EXCEPTION) != 0) ==
			exception)
			return o.last[i];
	}
	return NO_RULE;
}

/* True: Ziproxy's lists decided. */
static bool
judge_ziproxy(struct pd_ask *a, struct pd_match *out)
{
	static const struct {
		enum pd_rule_action action;
		enum pd_match_kind kind;
	} order[] = {
		{ PD_RULE_UNTOUCHED, PD_MATCH_NONE },
		{ PD_RULE_DENY, PD_MATCH_DENY },
		{ PD_RULE_REPLACE, PD_MATCH_REPLACE },
	};
	struct ziproxy z = { .set = a->set };

	memset(z.rules, 0xff, sizeof(z.rules));
	/* Their patterns are of whole URLs, and judge "https://host/" too. */
	a->only_hosts = false;
	pd_ask_each(a, PD_CLASS_ZIPROXY, take_ziproxy, &z);
	a->only_hosts = a->q->host_only;
	out->replace_by_type = z.rules[PD_RULE_REPLACE_TYPE] != NO_RULE;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		uint32_t rule = z.rules[order[i].action];

		if (rule == NO_RULE)
			continue;
		out->kind = order[i].kind;
		out->untouched = order[i].action == PD_RULE_UNTOUCHED;
		out->replace_by_type = false;
		pd_ask_show_rule(a, rule, &out->rule);
		return true;
	}
	return false;
}

/* Whether an exception beats what blocks; out becomes ALLOW then, unless an
 * important rule blocks. */
static void
judge_exceptions(struct pd_ask *a, enum pd_file_class blocks, bool is_important,
    struct pd_match *out)
{
	struct important important = { a->set, NO_RULE };
	uint32_t rule = NO_RULE;

	if (is_important)
		return;
	pd_ask_each(a, PD_CLASS_ALLOW, take_first, &rule);
	if (rule == NO_RULE && a->set->classes[PD_CLASS_ORDERED].rules > 0)
		rule = find_ordered(a, true);
	if (rule == NO_RULE)
		return;
	if ((a->set->head->flags & PD_HEAD_IMPORTANT) != 0 ||
	    blocks == PD_CLASS_LATER)
		pd_ask_each(a, blocks, take_important, &important);
	if (important.rule != NO_RULE) {
		pd_ask_show_rule(a, important.rule, &out->rule);
		return;
	}
	out->kind = PD_MATCH_ALLOW;
	pd_ask_show_rule(a, rule, &out->rule);
}

/* ---- redirects --------------------------------------------------------- */

#define REDIRECTS_MAX 16

struct redirects {
	const struct pd_set *set;
	uint32_t rules[REDIRECTS_MAX], exceptions[REDIRECTS_MAX];
	size_t nrules, nexceptions;
};

static bool
take_redirect(void *arg, uint32_t rule)
{
	struct redirects *r = arg;

	if ((r->set->rules[rule].flags & PD_RF_EXCEPTION) != 0) {
		if (r->nexceptions < REDIRECTS_MAX)
			r->exceptions[r->nexceptions++] = rule;
	} else if (r->nrules < REDIRECTS_MAX) {
		r->rules[r->nrules++] = rule;
	}
	return false;
}

/* An exception without a value is for all, else for that resource. */
static bool
is_excepted(const struct redirects *r, uint32_t rule)
{
	struct pd_str name, except;
	long priority;

	if ((r->set->rules[rule].flags & PD_RF_IMPORTANT) != 0)
		return false;
	name = pd_value_redirect(
	    pd_ask_value(r->set, &r->set->rules[rule]), &priority);
	for (size_t i = 0; i < r->nexceptions; i++) {
		except = pd_value_redirect(
		    pd_ask_value(r->set, &r->set->rules[r->exceptions[i]]),
		    &priority);
		if (except.n == 0 || pd_str_eq(except, name))
			return true;
	}
	return false;
}

static bool
has_redirects(const struct pd_ask *a)
{
	return a->set->classes[PD_CLASS_REDIRECT].rules > 0 && !a->q->host_only;
}

static void
find_redirect(struct pd_ask *a, struct pd_match *out)
{
	struct redirects r = { .set = a->set };
	uint32_t best = NO_RULE;
	long best_priority = 0, priority;
	struct pd_str name;

	pd_ask_each(a, PD_CLASS_REDIRECT, take_redirect, &r);
	for (size_t i = 0; i < r.nrules; i++) {
		if (is_excepted(&r, r.rules[i]))
			continue;
		name = pd_value_redirect(
		    pd_ask_value(a->set, &a->set->rules[r.rules[i]]),
		    &priority);
		if (best != NO_RULE &&
		    (priority < best_priority ||
			(priority == best_priority && r.rules[i] > best)))
			continue;
		best = r.rules[i];
		best_priority = priority;
		out->redirect = name;
	}
	/* uBlock's word for a block that redirects nowhere. */
	if (best == NO_RULE || pd_str_eq(out->redirect, PD_STR("none"))) {
		out->redirect = PD_STR("");
		return;
	}
	pd_ask_show_rule(a, best, &out->redirect_rule);
}

void
pd_match_request(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q, struct pd_match *out)
{
	const struct pd_ask_hit *plain;
	uint32_t rule = NO_RULE;
	struct pd_ask a;

	memset(out, 0, sizeof(*out));
	pd_ask_begin(&a, set, scratch, q);
	if (set->classes[PD_CLASS_ZIPROXY].rules > 0 && judge_ziproxy(&a, out))
		return;
	plain = pd_ask_plain(&a);
	if (plain == NULL) {
		pd_ask_each(&a, PD_CLASS_BLOCK, take_first, &rule);
		if (rule == NO_RULE && set->classes[PD_CLASS_ORDERED].rules > 0)
			rule = find_ordered(&a, false);
		if (rule == NO_RULE)
			return;
		pd_ask_show_rule(&a, rule, &out->rule);
	} else {
		pd_ask_show_plain(&a, plain, &out->rule);
	}
	out->kind = PD_MATCH_BLOCK;
	judge_exceptions(&a, PD_CLASS_BLOCK,
	    rule != NO_RULE && (set->rules[rule].flags & PD_RF_IMPORTANT) != 0,
	    out);
	if (out->kind == PD_MATCH_BLOCK) {
		out->replace_by_type = false;
		if (has_redirects(&a))
			find_redirect(&a, out);
	}
}

bool
pd_match_has_later(
    const struct pd_set *set, uint16_t types, bool fields, bool address)
{
	uint32_t wanted = (fields ? PD_HEAD_HEADERS : 0u) |
			  (address ? PD_HEAD_ADDRESSES : 0u);

	return (set->head->flags & wanted) != 0 &&
	       (set->classes[PD_CLASS_LATER].types & types) != 0;
}

void
pd_match_later(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q, const struct pd_match_later *later,
    struct pd_match *out)
{
	uint32_t rule = NO_RULE;
	struct pd_ask a;

	*out = (struct pd_match){ .kind = PD_MATCH_NONE };
	if (set->classes[PD_CLASS_LATER].rules == 0)
		return;
	pd_ask_begin(&a, set, scratch, q);
	a.later = later;
	pd_ask_each(&a, PD_CLASS_LATER, take_first, &rule);
	if (rule == NO_RULE)
		return;
	out->kind = PD_MATCH_BLOCK;
	pd_ask_show_rule(&a, rule, &out->rule);
	judge_exceptions(&a, PD_CLASS_LATER,
	    (set->rules[rule].flags & PD_RF_IMPORTANT) != 0, out);
	if (out->kind == PD_MATCH_BLOCK && has_redirects(&a))
		find_redirect(&a, out);
}
