#include "mend.h"

#include <stdlib.h>

#include "base/arena.h"

static struct gw_mend *
find(const struct gw_mends *m, uint64_t what)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].what == what)
			return &m->v[i];
	}
	return NULL;
}

bool
gw_mends_hold(const struct gw_mends *m, uint64_t what, int64_t now)
{
	const struct gw_mend *one = find(m, what);

	return one != NULL && now < one->until;
}

bool
gw_mends_note(struct gw_mends *m, uint64_t what, int64_t now)
{
	struct gw_mend *one = find(m, what);

	if (one == NULL) {
		m->v = pd_xrealloc(m->v, (m->n + 1) * sizeof(*m->v));
		one = &m->v[m->n++];
		*one = (struct gw_mend){ .what = what };
	}
	/* A quiet minute: whatever it was is over. */
	if (one->n > 0 && now - one->until > GW_MEND_SPAN)
		*one = (struct gw_mend){ .what = what };
	one->wait = one->n == 0 ? GW_MEND_FIRST : one->wait * 2;
	if (one->wait > GW_MEND_MOST)
		one->wait = GW_MEND_MOST;
	one->until = now + one->wait;
	one->at[one->n++ % GW_MEND_FIGHT] = now;
	if (one->told || one->n < GW_MEND_FIGHT ||
	    now - one->at[one->n % GW_MEND_FIGHT] > GW_MEND_SPAN)
		return false;
	one->told = true;
	return true;
}

int64_t
gw_mends_next(const struct gw_mends *m, int64_t now)
{
	int64_t first = -1;

	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].until > now && (first < 0 || m->v[i].until < first))
			first = m->v[i].until;
	}
	return first;
}

void
gw_mends_finish(struct gw_mends *m)
{
	free(m->v);
	*m = (struct gw_mends){ 0 };
}
