#include "setup.h"

#include <stdlib.h>

#include "base/arena.h"

struct pd_setup *
pd_setup_create(struct pd_conf *conf, enum pd_setup_use use,
    const struct pd_setup *before, const struct pd_conf_report *report)
{
	const struct pd_block_set *running =
	    before != NULL ? before->rules : NULL;
	struct pd_setup *s = pd_xalloc(sizeof(*s));

	s->refs = 1;
	s->conf = conf;
	s->rules = use == PD_SETUP_RUN ? pd_block_load(conf, running, report)
				       : pd_block_look(conf, report);
	if (s->rules == NULL)
		goto fail;
	s->probes = pd_probe_load(conf, report);
	if (s->probes == NULL)
		goto fail;
	s->users = pd_users_load(conf, report);
	if (s->users == NULL)
		goto fail;
	return s;
fail:
	pd_setup_unref(s);
	return NULL;
}

struct pd_setup *
pd_setup_ref(struct pd_setup *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
pd_setup_unref(struct pd_setup *s)
{
	if (s == NULL ||
	    atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pd_users_unref(s->users);
	pd_probe_destroy(s->probes);
	pd_block_unref(s->rules);
	pd_conf_unref(s->conf);
	free(s);
}
