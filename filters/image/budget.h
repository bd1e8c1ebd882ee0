/*
 * What the codecs of one worker have ahead of them, and how long this machine
 * takes for what the plan predicts.
 *
 * Jobs begin in the order in which they came, as many at once as there are
 * processes. Times are a clock's that only goes forward, microseconds. Pure.
 * Thread: worker.
 */
#ifndef PD_BUDGET_H
#define PD_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* Percent of the table in plan_cost.c: between them the pace stays, so that
 * one odd picture does not switch the codecs off, nor the deadline. */
#define PD_BUDGET_PACE_MIN 25
#define PD_BUDGET_PACE_MAX 1000

/* One job; embedded in what has it. */
struct pd_budget_item {
	TAILQ_ENTRY(pd_budget_item) link;
	uint32_t cost_ms; /* predicted, pace included */
	double table_us;  /* predicted, without it */
	uint64_t began_us;
	bool began;
};

struct pd_budget {
	TAILQ_HEAD(, pd_budget_item) items;
	unsigned processes;
	double pace; /* percent */
};

/* How a job ended, as far as it tells of the pace. */
enum pd_budget_end {
	PD_BUDGET_DONE,  /* all was done that was predicted */
	PD_BUDGET_LATE,  /* it would have taken longer than it had */
	PD_BUDGET_OTHER, /* tells nothing: cancelled, died, not tried, broken */
};

void pd_budget_init(struct pd_budget *b, unsigned processes);
/* cost_ms: as the plan predicted with pd_budget_pace() as it is now. */
void pd_budget_add(struct pd_budget *b, struct pd_budget_item *item,
    uint32_t cost_ms, uint64_t now_us);
void pd_budget_remove(struct pd_budget *b, struct pd_budget_item *item,
    enum pd_budget_end end, uint64_t now_us);

/* Until one more job would begin, milliseconds. */
uint32_t pd_budget_wait_ms(const struct pd_budget *b, uint64_t now_us);
/* Percent. */
uint32_t pd_budget_pace(const struct pd_budget *b);

#endif
