#include "filters/image/budget.h"

#include <assert.h>

#include <stddef.h>

#define PACE_USUAL 100

/*
 * How much one job moves the pace: by its predicted time beside this. A small
 * icon's time is the messages', and says little of the machine (1 ms: 0.3 %); a
 * photograph of a megapixel (60 ms: 17 %) is worth six of its kind.
 */
#define WEIGHT_US 300000.0

void
pd_budget_init(struct pd_budget *b, unsigned processes)
{
	TAILQ_INIT(&b->items);
	b->processes = processes > 0 ? processes : 1;
	b->pace = PACE_USUAL;
}

/* The first ones are under way: as many as there are processes. */
static void
begin_first(struct pd_budget *b, uint64_t now_us)
{
	struct pd_budget_item *item;
	unsigned n = 0;

	TAILQ_FOREACH (item, &b->items, link) {
		if (n++ == b->processes)
			break;
		if (item->began)
			continue;
		item->began = true;
		item->began_us = now_us;
	}
}

void
pd_budget_add(struct pd_budget *b, struct pd_budget_item *item,
    uint32_t cost_ms, uint64_t now_us)
{
	*item = (struct pd_budget_item){
		.cost_ms = cost_ms,
		.table_us = cost_ms * 1000.0 * PACE_USUAL / b->pace,
	};
	TAILQ_INSERT_TAIL(&b->items, item, link);
	begin_first(b, now_us);
}

/*
 * The time that passed, not the CPU's: it is what a client waits, and what
 * others leave of the CPU to a process of low priority is part of the pace.
 */
static void
learn(struct pd_budget *b, const struct pd_budget_item *item,
    enum pd_budget_end end, uint64_t now_us)
{
	double took = (double)(now_us - item->began_us), pace;

	if (end == PD_BUDGET_OTHER || !item->began || item->table_us <= 0)
		return;
	pace = took * PACE_USUAL / item->table_us;
	/* What was cut off would have taken longer than that. */
	if (end == PD_BUDGET_LATE && pace < b->pace)
		return;
	if (pace > PD_BUDGET_PACE_MAX)
		pace = PD_BUDGET_PACE_MAX;
	if (pace < PD_BUDGET_PACE_MIN)
		pace = PD_BUDGET_PACE_MIN;
	b->pace +=
	    (pace - b->pace) * item->table_us / (item->table_us + WEIGHT_US);
}

void
pd_budget_remove(struct pd_budget *b, struct pd_budget_item *item,
    enum pd_budget_end end, uint64_t now_us)
{
	learn(b, item, end, now_us);
	TAILQ_REMOVE(&b->items, item, link);
	begin_first(b, now_us);
}

uint32_t
pd_budget_wait_ms(const struct pd_budget *b, uint64_t now_us)
{
	const struct pd_budget_item *item;
	uint64_t sum = 0;
	unsigned n = 0;

	TAILQ_FOREACH (item, &b->items, link) {
		uint64_t gone =
		    item->began ? (now_us - item->began_us) / 1000 : 0;

		if (gone < item->cost_ms)
			sum += item->cost_ms - gone;
		n++;
	}
	assert(b->processes > 0);
	if (n < b->processes)
		return 0;
	sum /= b->processes;
	return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

uint32_t
pd_budget_pace(const struct pd_budget *b)
{
	return (uint32_t)(b->pace + 0.5);
}
