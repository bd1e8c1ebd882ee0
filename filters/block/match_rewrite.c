/*
 * What becomes of the URL of a request that passes: where it leads (urlskip),
 * otherwise written (uritransform), without parameters (removeparam).
 */
#include "filters/block/match_skip.h"
#include "filters/block/value.h"

/* ---- removeparam ------------------------------------------------------- */

/* Whether the rule takes away a parameter, given as "name=value". */
static bool
removes(struct pd_ask *a, const struct pd_file_rule *r, struct pd_str part)
{
	struct pd_str value = pd_ask_value(a->set, r), rest = part, name;
	bool negated = value.n > 0 && value.p[0] == '~', same;

	if (value.n == 0)
		return true;
	if (negated)
		value = pd_str_of(value.p + 1, value.n - 1);
	if (a->set->extras[r->extra - 1].value_regex > 0) {
		same = pd_ask_regex(
		    a, a->set->extras[r->extra - 1].value_regex - 1, part);
	} else {
		name = pd_str_split(&rest, '=');
		same = pd_str_eq(name, value);
	}
	return same != negated;
}

/* The URL in buf without what the rule takes away; true: something went. */
static bool
remove_parameters(
    struct pd_ask *a, const struct pd_file_rule *r, struct pd_str *url)
{
	char *buf = (char *)(uintptr_t)url->p;
	struct pd_str rest = *url, query, tail;
	size_t start, out;
	bool any = false, kept = false;

	query = pd_str_split(&rest, '#');
	tail = rest.p != NULL ? pd_str_of(rest.p - 1, rest.n + 1) : PD_STR("");
	pd_str_split(&query, '?');
	if (query.p == NULL)
		return false;
	start = out = (size_t)(query.p - buf);
	while (query.p != NULL) {
		struct pd_str part = pd_str_split(&query, '&');

		if (part.n > 0 && removes(a, r, part)) {
			any = true;
			continue;
		}
		if (kept)
			buf[out++] = '&';
		kept = true;
		memmove(buf + out, part.p, part.n);
		out += part.n;
	}
	if (!any)
		return false;
	/* Nothing is left behind the '?'. */
	if (out == start)
		out--;
	if (tail.n > 0)
		memmove(buf + out, tail.p, tail.n);
	url->n = out + tail.n;
	return true;
}

/* ---- uritransform ------------------------------------------------------ */

static bool
transform(struct pd_ask *a, const struct pd_file_rule *r, char *other,
    struct pd_str *url)
{
	char *buf = (char *)(uintptr_t)url->p;
	struct pd_str value = pd_ask_value(a->set, r), re, to, flags, path;
	const struct pd_file_extra *e;
	const struct pd_file_regex *text;
	size_t at = a->host_end, n = PD_MATCH_URL_MAX;
	uint32_t number;

	if (r->extra == 0 || !pd_value_transform(value, &re, &to, &flags))
		return false;
	e = &a->set->extras[r->extra - 1];
	number = e->value_regex;
	if (number == 0)
		return false;
	to = pd_set_text(a->set, e->detail, e->detail_n);
	while (at < url->n && url->p[at] != '/' && url->p[at] != '?')
		at++;
	path = pd_str_of(url->p + at, url->n - at);
	text = &a->set->regex_texts[number - 1];
	if (path.n == 0 ||
	    pd_regexes_replace(a->set->regexes, a->s->regexes, number - 1,
		pd_set_text(a->set, text->text, text->n), text->flags, path, to,
		memchr(flags.p, 'g', flags.n) != NULL, other, &n) < 0 ||
	    n == 0 || other[0] != '/' || n > PD_MATCH_URL_MAX - at ||
	    pd_str_eq(path, pd_str_of(other, n)) ||
	    !pd_url_path_ok(pd_str_of(other, n)))
		return false;
	memcpy(buf + at, other, n);
	url->n = at + n;
	return true;
}

/* ------------------------------------------------------------------------ */

static bool
rewrite_by(struct pd_ask *a, enum pd_rule_action action,
    const struct pd_ask_fits_list *f, struct pd_str *url,
    struct pd_ask_changes *changes)
{
	bool any = false;

	for (size_t i = 0; i < f->nrules; i++) {
		const struct pd_file_rule *r = &a->set->rules[f->rules[i]];
		bool now = false;

		if (pd_ask_action(r) != action ||
		    pd_ask_excepted(f, f->rules[i]))
			continue;
		if (action == PD_RULE_REMOVEPARAM)
			now = remove_parameters(a, r, url);
		else if (action == PD_RULE_URITRANSFORM)
			now = transform(a, r, a->s->url[1], url);
		else
			now = pd_ask_skip(a, r, a->s->url[0], a->s->url[1],
			    PD_MATCH_URL_MAX, url);
		if (!now)
			continue;
		any = true;
		if (changes->n < PD_ASK_CHANGES_MAX)
			changes->rules[changes->n++] = f->rules[i];
		if (action == PD_RULE_URLSKIP)
			break;
	}
	return any;
}

bool
pd_ask_rewrite(
    struct pd_ask *a, struct pd_str *url, struct pd_ask_changes *changes)
{
	const struct pd_match_query *q = a->q;
	bool query = memchr(q->url.p, '?', q->url.n) != NULL;
	struct pd_scratch *s = a->s;
	struct pd_ask_fits_list f = pd_ask_fits_begin(a->set, s);
	bool any;

	changes->n = 0;
	if (q->host_only || s->cut)
		return false;
	pd_ask_each(a, PD_CLASS_URL, pd_ask_take, &f);
	if (query)
		pd_ask_each(a, PD_CLASS_PARAM, pd_ask_take, &f);
	if (f.nrules == 0)
		return false;
	if (rewrite_by(a, PD_RULE_URLSKIP, &f, url, changes))
		return true;
	memcpy(s->url[0], s->original, s->url_n);
	*url = pd_str_of(s->url[0], s->url_n);
	any = rewrite_by(a, PD_RULE_URITRANSFORM, &f, url, changes);
	return rewrite_by(a, PD_RULE_REMOVEPARAM, &f, url, changes) || any;
}

/* Apart, because what it needs of the stack is cleared at its begin. */
static bool
rewrite(struct pd_ask *a, struct pd_str *url, struct pd_match_rule *rule)
{
	struct pd_ask_changes changes;

	if (!pd_ask_rewrite(a, url, &changes))
		return false;
	pd_ask_show_rule(a, changes.rules[0], rule);
	return true;
}

bool
pd_match_rewrite(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q, struct pd_str *url,
    struct pd_match_rule *rule)
{
	const struct pd_view_tokens *any = &set->classes[PD_CLASS_URL],
				    *param = &set->classes[PD_CLASS_PARAM];
	struct pd_ask a;

	if ((any->types & q->types) == 0 &&
	    ((param->types & q->types) == 0 ||
		memchr(q->url.p, '?', q->url.n) == NULL))
		return false;
	pd_ask_begin(&a, set, scratch, q);
	return (pd_ask_may(&a, PD_CLASS_URL) ||
		   pd_ask_may(&a, PD_CLASS_PARAM)) &&
	       rewrite(&a, url, rule);
}
