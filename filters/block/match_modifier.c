#include "filters/block/match_ask.h"

bool
pd_ask_take(void *arg, uint32_t rule)
{
	struct pd_ask_fits_list *f = arg;
	bool exception = (f->set->rules[rule].flags & PD_RF_EXCEPTION) != 0;
	uint32_t *v = exception ? f->exceptions : f->rules;
	size_t *n = exception ? &f->nexceptions : &f->nrules;

	/* A token that comes twice finds its rules twice. */
	for (size_t i = 0; i < *n; i++) {
		if (v[i] == rule)
			return false;
	}
	if (*n < PD_ASK_FITS_MAX)
		v[(*n)++] = rule;
	else
		f->s->overflows++;
	return false;
}

bool
pd_ask_excepted(const struct pd_ask_fits_list *f, uint32_t rule)
{
	const struct pd_file_rule *r = &f->set->rules[rule];

	if ((r->flags & PD_RF_IMPORTANT) != 0)
		return false;
	for (size_t i = 0; i < f->nexceptions; i++) {
		const struct pd_file_rule *e = &f->set->rules[f->exceptions[i]];
		struct pd_str value = pd_ask_value(f->set, e);

		if (pd_ask_action(e) == pd_ask_action(r) &&
		    (value.n == 0 || pd_str_eq(value, pd_ask_value(f->set, r))))
			return true;
	}
	return false;
}
