/*
 * What a response gets: csp=, permissions= and removeheader=, less what
 * exceptions take off.
 */
#include "filters/block/match_ask.h"

/* The same value a second time adds nothing. */
static bool
is_repeated(const struct pd_ask_fits_list *f, size_t i)
{
	const struct pd_file_rule *r = &f->set->rules[f->rules[i]];

	for (size_t k = 0; k < i; k++) {
		const struct pd_file_rule *before = &f->set->rules[f->rules[k]];

		if (pd_ask_action(before) == pd_ask_action(r) &&
		    pd_str_eq(
			pd_ask_value(f->set, before), pd_ask_value(f->set, r)))
			return true;
	}
	return false;
}

bool
pd_match_has_answer(const struct pd_set *set, uint16_t types)
{
	return (set->classes[PD_CLASS_ANSWER].types & types) != 0;
}

void
pd_match_answer(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q,
    bool (*each)(void *arg, enum pd_rule_action action, struct pd_str value,
	const struct pd_match_rule *rule),
    void *arg)
{
	struct pd_ask_fits_list f = pd_ask_fits_begin(set, scratch);
	struct pd_match_rule rule;
	struct pd_ask a;

	if (!pd_match_has_answer(set, q->types) || q->host_only)
		return;
	pd_ask_begin(&a, set, scratch, q);
	pd_ask_each(&a, PD_CLASS_ANSWER, pd_ask_take, &f);
	for (size_t i = 0; i < f.nrules; i++) {
		const struct pd_file_rule *r = &set->rules[f.rules[i]];

		if (pd_ask_excepted(&f, f.rules[i]) || is_repeated(&f, i))
			continue;
		pd_ask_show_rule(&a, f.rules[i], &rule);
		if (!each(arg, pd_ask_action(r), pd_ask_value(set, r), &rule))
			return;
	}
}
