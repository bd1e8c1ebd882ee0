/*
 * From a request to the rules that may fit: by its host and what is above it,
 * by its tokens, by the page's host, and those few that nothing points to.
 */
#include "filters/block/match_ask.h"

static bool
same_site(const struct pd_ask *a)
{
	struct pd_scratch *s = a->s;
	const struct pd_ask_source *source = a->source;
	uint32_t labels = source->site_labels;

	if (labels == 0)
		return pd_str_eq(
		    pd_ask_host(a), pd_str_of(source->host, source->host_n));
	/* Only a host that ends in the page's site can be of it; whether its
	 * own site is no smaller is then worth a look. */
	if (labels > s->nsuffixes ||
	    s->suffixes[labels - 1].hash != source->site)
		return false;
	if (s->site_labels < 0)
		s->site_labels = (int32_t)pd_ask_site_labels(a->set,
		    s->suffixes, s->nsuffixes, s->address,
		    s->suffixes[s->nsuffixes - 1].at == 0 ? s->nsuffixes
							  : SIZE_MAX);
	return (uint32_t)s->site_labels == labels;
}

static void
begin_source(struct pd_ask *a)
{
	const struct pd_match_query *q = a->q;

	a->party = PD_POST_ANY;
	a->reject = PD_POST_SOURCE;
	a->source = NULL;
	if (q->party == PD_SOURCE_THIRD) {
		a->party = PD_POST_THIRD;
	} else if (q->party == PD_SOURCE_KNOWN) {
		a->source = pd_ask_source(a->set, a->s, q->source);
		if (a->source == NULL)
			return;
		a->party = same_site(a) ? PD_POST_FIRST : PD_POST_THIRD;
	}
}

void
pd_ask_begin(struct pd_ask *a, const struct pd_set *set, struct pd_scratch *s,
    const struct pd_match_query *q)
{
	a->set = set;
	a->s = s;
	a->q = q;
	a->later = NULL;
	a->types = q->types & PD_TYPE_ALL;
	a->left = PD_MATCH_SEARCHES_MAX;
	a->visits = PD_ASK_VISITS_MAX;
	a->all_lists = q->lists == PD_MATCH_LISTS_ALL;
	a->only_hosts = q->host_only;
	pd_regex_thread_begin(s->regexes);
	pd_ask_url(set, s, q);
	a->host_end = (uint32_t)(s->host_at + s->host_n);
	begin_source(a);
	if (a->source != NULL && a->source->nids > 0)
		a->reject = 0;
	if (q->host_only) {
		a->types = PD_TYPE_ALL;
		a->party = PD_POST_ANY;
	}
}

/* What a posting itself says; most candidates end here. */
static inline bool
post_fits(const struct pd_ask *a, const struct pd_file_post *p)
{
	return (p->what & a->types) != 0 && (p->what & a->party) != 0 &&
	       (p->rule & a->reject) == 0;
}

static inline const struct pd_file_rule *
rule_of(const struct pd_ask *a, const struct pd_file_post *p)
{
	return &a->set->rules[p->rule & PD_POST_RULE_MASK];
}

static inline uint32_t
class_of(const struct pd_file_post *p)
{
	return p->rule >> PD_POST_CLASS_SHIFT & PD_POST_CLASS_MASK;
}

/* The first posting of the class; they stand in the order of their classes. */
static inline const struct pd_file_post *
first_of(enum pd_file_class class_, const struct pd_file_post *p,
    const struct pd_file_post *end)
{
	if (class_ == 0)
		return p;
	while (end - p > 4) {
		const struct pd_file_post *middle = p + (end - p) / 2;

		if (class_of(middle) < (uint32_t)class_)
			p = middle + 1;
		else
			end = middle + 1;
	}
	while (p < end && class_of(p) < (uint32_t)class_)
		p++;
	return p;
}

/* Postings of one host or page: of the class, searched for or at `at`. */
static bool
each_of(struct pd_ask *a, enum pd_file_class class_,
    const struct pd_file_post *p, const struct pd_file_post *end, uint32_t at,
    bool whole, pd_ask_fit *fit, void *arg)
{
	for (p = first_of(class_, p, end); p < end; p++) {
		const struct pd_file_rule *r;
		uint32_t from = at;

		if (class_of(p) != (uint32_t)class_)
			break;
		if (!post_fits(a, p))
			continue;
		r = rule_of(a, p);
		if (!whole && (r->flags & PD_RF_EXACT) != 0)
			continue;
		if ((p->rule & PD_POST_SEARCH) != 0)
			from = PD_ASK_SEARCH;
		else if (!pd_ask_may_begin(a, r, at))
			continue;
		if (pd_ask_fits(a, r, from) &&
		    fit(arg, p->rule & PD_POST_RULE_MASK))
			return true;
	}
	return false;
}

bool
pd_ask_groups(struct pd_ask *a, enum pd_file_class class_,
    const struct pd_ask_hit *hits, size_t nhits, pd_ask_fit *fit, void *arg)
{
	const struct pd_set *set = a->set;

	for (size_t i = 0; i < nhits; i++) {
		uint32_t info = hits[i].info, group = info & PD_HOST_LINE_MASK;

		if ((info >> PD_HOST_FILE_SHIFT & PD_HOST_FILE_MASK) !=
			PD_HOST_FILE_GROUP ||
		    (set->group_classes[group] >> class_ & 1) == 0)
			continue;
		if (each_of(a, class_, set->group_posts + set->groups[group],
			set->group_posts + set->groups[group + 1], a->host_end,
			hits[i].at == 0, fit, arg))
			return true;
	}
	return false;
}

/* 0 in a posting: any byte. */
static inline bool
sides_fit(const struct pd_file_post *p, uint32_t before, uint32_t behind)
{
	uint32_t b = p->rule >> PD_POST_BEFORE_SHIFT & PD_POST_SIDE_MASK,
		 e = p->rule >> PD_POST_BEHIND_SHIFT & PD_POST_SIDE_MASK;

	return (b == 0 || b == before) && (e == 0 || e == behind);
}

/* Whether this walk looked for the rule already; it has now. */
static inline bool
was_searched(struct pd_ask *a, const struct pd_file_post *p)
{
	uint32_t rule = p->rule & PD_POST_RULE_MASK;
	uint64_t mark = (uint64_t)a->s->walk << 32 | rule;
	uint64_t *slot = &a->s->searched[rule % PD_ASK_SEARCHED];

	if (*slot == mark)
		return true;
	*slot = mark;
	return false;
}

static bool
each_in_bucket(struct pd_ask *a, const struct pd_view_tokens *t,
    const struct pd_ask_token *token, uint32_t bucket, pd_ask_fit *fit,
    void *arg)
{
	const char *url = a->s->lower;
	const struct pd_file_post *p = t->posts + t->first[bucket],
				  *end = t->posts + t->first[bucket + 1];
	uint32_t before, behind;

	if (p == end)
		return false;
	if ((size_t)(end - p) > a->visits) {
		a->s->overflows++;
		return false;
	}
	a->visits -= (uint32_t)(end - p);
	before = token->at > 0
		     ? pd_byte_class[(unsigned char)url[token->at - 1]]
		     : 0;
	behind = pd_byte_class[(unsigned char)url[token->at + token->n]];
	for (; p < end; p++) {
		uint32_t place = p->what >> PD_POST_PLACE_SHIFT, at;

		if (!post_fits(a, p) || !sides_fit(p, before, behind))
			continue;
		if (place == PD_POST_FLOATS) {
			if (was_searched(a, p))
				continue;
			at = PD_ASK_SEARCH;
		} else {
			at = token->at - place;
			if (place > token->at ||
			    !pd_ask_may_begin(a, rule_of(a, p), at))
				continue;
		}
		if (pd_ask_fits(a, rule_of(a, p), at) &&
		    fit(arg, p->rule & PD_POST_RULE_MASK))
			return true;
	}
	return false;
}

static bool
each_by_token(struct pd_ask *a, enum pd_file_class class_,
    const struct pd_view_tokens *t, pd_ask_fit *fit, void *arg)
{
	const struct pd_ask_token *token = a->s->tokens,
				  *end = token + a->s->ntokens;
	const uint8_t bit = pd_class_bit(class_);

	if (t->n == 0)
		return false;
	for (; token < end; token++) {
		if ((token->classes & bit) != 0 &&
		    each_in_bucket(
			a, t, token, token->hash >> t->shift, fit, arg))
			return true;
	}
	return false;
}

static bool
each_by_source(
    struct pd_ask *a, enum pd_file_class class_, pd_ask_fit *fit, void *arg)
{
	const struct pd_set *set = a->set;

	for (uint32_t i = 0; i < a->source->nids; i++) {
		uint32_t id = a->source->ids[i];

		if ((set->source_classes[id] >> class_ & 1) == 0)
			continue;
		if (each_of(a, class_, set->source_posts + set->sources[id],
			set->source_posts + set->sources[id + 1], PD_ASK_SEARCH,
			true, fit, arg))
			return true;
	}
	return false;
}

static bool
each_always(struct pd_ask *a, const struct pd_view_tokens *t, pd_ask_fit *fit,
    void *arg)
{
	for (uint32_t i = 0; i < t->nalways; i++) {
		const struct pd_file_post *p = &t->always[i];

		if (post_fits(a, p) &&
		    pd_ask_fits(a, rule_of(a, p), PD_ASK_SEARCH) &&
		    fit(arg, p->rule & PD_POST_RULE_MASK))
			return true;
	}
	return false;
}

bool
pd_ask_each(
    struct pd_ask *a, enum pd_file_class class_, pd_ask_fit *fit, void *arg)
{
	const struct pd_view_tokens *t = &a->set->classes[class_];

	if (t->rules == 0 || (t->types & a->types) == 0)
		return false;
	a->s->walk++;
	if ((a->s->classes >> class_ & 1) != 0 &&
	    pd_ask_groups(a, class_, a->s->hits, a->s->nhits, fit, arg))
		return true;
	if ((a->s->token_classes & pd_class_bit(class_)) != 0 &&
	    each_by_token(a, class_, t, fit, arg))
		return true;
	if (a->source != NULL && (a->source->classes >> class_ & 1) != 0 &&
	    each_by_source(a, class_, fit, arg))
		return true;
	return each_always(a, t, fit, arg);
}

bool
pd_ask_plain_fits(
    const struct pd_ask *a, const struct pd_ask_hit *hit, bool lists)
{
	uint32_t number = hit->info >> PD_HOST_FILE_SHIFT & PD_HOST_FILE_MASK;
	const struct pd_file_file *file;

	if (number == PD_HOST_FILE_GROUP ||
	    (hit->at != 0 && (hit->info & PD_HOST_SUBDOMAINS) == 0))
		return false;
	file = &a->set->files[number];
	return (file->types & a->types) != 0 &&
	       (!lists || (a->q->lists >> file->list & 1) != 0);
}

const struct pd_ask_hit *
pd_ask_plain(const struct pd_ask *a)
{
	for (uint32_t i = 0; i < a->s->nhits; i++) {
		if (pd_ask_plain_fits(a, &a->s->hits[i], true))
			return &a->s->hits[i];
	}
	return NULL;
}
