/*
 * Every rule that fits, for people who ask why: what decides, what loses, what
 * was folded into another, and what is switched off.
 */
#include "filters/block/match_ask.h"

#define SEEN_MAX 1024

struct explain {
	struct pd_ask *a;
	void (*each)(void *arg, const struct pd_match_found *found);
	void *arg;
	struct pd_match decision;
	struct pd_ask_changes changes;
	/* Ids of what answers get. */
	uint64_t answers[PD_ASK_CHANGES_MAX];
	size_t nanswers;
	bool folded; /* what is found now is */
	uint32_t seen[SEEN_MAX];
	size_t nseen;
};

const char *
pd_match_role_name(enum pd_match_role role)
{
	static const char *const names[] = {
		[PD_ROLE_WINNER] = "winner",
		[PD_ROLE_LOSES] = "loses",
		[PD_ROLE_CHANGES] = "changes",
		[PD_ROLE_FOLDED] = "folded",
		[PD_ROLE_OFF] = "off",
	};

	return names[role];
}

static bool
same_rule(const struct pd_match_rule *a, const struct pd_match_rule *b)
{
	return a->id == b->id && a->line == b->line &&
	       a->list_number == b->list_number && pd_str_eq(a->file, b->file);
}

static enum pd_match_role
role_of(const struct explain *e, const struct pd_match_rule *rule)
{
	const struct pd_match *d = &e->decision;

	if ((e->a->q->lists >> rule->list_number & 1) == 0)
		return PD_ROLE_OFF;
	if (e->folded)
		return PD_ROLE_FOLDED;
	if ((d->kind != PD_MATCH_NONE || d->untouched) &&
	    same_rule(&d->rule, rule))
		return PD_ROLE_WINNER;
	if (d->redirect.n > 0 && same_rule(&d->redirect_rule, rule))
		return PD_ROLE_CHANGES;
	return PD_ROLE_LOSES;
}

static bool
changes(const struct explain *e, uint32_t rule, uint64_t id)
{
	if (e->decision.kind == PD_MATCH_BLOCK)
		return false;
	for (size_t i = 0; i < e->changes.n; i++) {
		if (e->changes.rules[i] == rule)
			return true;
	}
	for (size_t i = 0; i < e->nanswers; i++) {
		if (e->answers[i] == id)
			return true;
	}
	return false;
}

/* The first of the folded ones of a rule; they stand together. */
static uint32_t
first_fold(const struct pd_set *set, uint32_t rule)
{
	uint32_t low = 0, high = set->nfolds;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->folds[middle].rule < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
tell_folds(struct explain *e, uint32_t rule, struct pd_match_found *found)
{
	const struct pd_set *set = e->a->set;

	for (uint32_t i = first_fold(set, rule);
	     i < set->nfolds && set->folds[i].rule == rule; i++) {
		const struct pd_file_fold *f = &set->folds[i];
		const struct pd_file_rule *r = &set->rules[rule];

		found->rule.text = f->text_n > 0
				       ? pd_set_text(set, f->text, f->text_n)
				       : pd_set_text(set, r->text, r->text_n);
		pd_ask_show_at(set, f->pos, &found->rule);
		e->folded = true;
		found->role = role_of(e, &found->rule);
		e->folded = false;
		e->each(e->arg, found);
	}
}

static bool
tell_rule(void *arg, uint32_t rule)
{
	struct explain *e = arg;
	const struct pd_file_rule *r = &e->a->set->rules[rule];
	struct pd_match_found found = {
		.action = pd_ask_action(r),
		.exception = (r->flags & PD_RF_EXCEPTION) != 0,
		.important = (r->flags & PD_RF_IMPORTANT) != 0,
	};

	for (size_t i = 0; i < e->nseen; i++) {
		if (e->seen[i] == rule)
			return false;
	}
	if (e->nseen == SEEN_MAX)
		return true;
	e->seen[e->nseen++] = rule;
	pd_ask_show_rule(e->a, rule, &found.rule);
	found.role = role_of(e, &found.rule);
	if (found.role == PD_ROLE_LOSES && changes(e, rule, found.rule.id))
		found.role = PD_ROLE_CHANGES;
	e->each(e->arg, &found);
	if (!e->folded)
		tell_folds(e, rule, &found);
	return false;
}

static void
tell_plains(struct explain *e, const struct pd_ask_hit *hits, uint32_t n)
{
	struct pd_match_found found = { .action = PD_RULE_BLOCK };

	for (uint32_t i = 0; i < n; i++) {
		if (!pd_ask_plain_fits(e->a, &hits[i], false))
			continue;
		pd_ask_show_plain(e->a, &hits[i], &found.rule);
		found.role = role_of(e, &found.rule);
		e->each(e->arg, &found);
	}
}

static bool
take_answer(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	struct explain *e = arg;

	(void)action;
	(void)value;
	if (e->nanswers < PD_ASK_CHANGES_MAX)
		e->answers[e->nanswers++] = rule->id;
	return true;
}

void
pd_match_explain(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q,
    void (*each)(void *arg, const struct pd_match_found *found), void *arg)
{
	struct pd_ask_hit cold[PD_ASK_HITS];
	char shown[sizeof(scratch->shown)];
	struct pd_str url;
	struct pd_ask a;
	struct explain e = { .a = &a, .each = each, .arg = arg };
	uint32_t ncold;

	pd_match_request(set, scratch, q, &e.decision);
	/* The text of a plain rule is in the scratch; the next one goes there,
	 * too. What tells it apart is its id. */
	memcpy(shown, scratch->shown, sizeof(shown));
	if (e.decision.rule.text.p == scratch->shown)
		e.decision.rule.text.p = shown;
	pd_ask_begin(&a, set, scratch, q);
	pd_ask_rewrite(&a, &url, &e.changes);
	pd_match_answer(set, scratch, q, take_answer, &e);
	pd_ask_begin(&a, set, scratch, q);
	a.all_lists = true;
	tell_plains(&e, scratch->hits, scratch->nhits);
	for (unsigned i = 0; i < PD_CLASSES; i++) {
		a.left = PD_MATCH_SEARCHES_MAX;
		a.only_hosts = q->host_only && i != PD_CLASS_ZIPROXY;
		pd_ask_each(&a, (enum pd_file_class)i, tell_rule, &e);
	}
	e.folded = true;
	ncold = pd_ask_hits(&set->cold, scratch, cold);
	tell_plains(&e, cold, ncold);
	a.left = PD_MATCH_SEARCHES_MAX;
	a.only_hosts = q->host_only;
	pd_ask_groups(&a, PD_CLASS_BLOCK, cold, ncold, tell_rule, &e);
}
