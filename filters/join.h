/*
 * Which filters join a chain, and their coming and going. Private to chain.c.
 * Thread: worker.
 */
#ifndef PD_JOIN_H
#define PD_JOIN_H

#include "filters/stage.h"

/* Whether filters may be asked about the message at all. */
bool pd_join_may(const struct pd_message *msg);
/* Asks the rows of the table; the place of encode may stay open. */
void pd_join(struct pd_chain *c);
/*
 * Once the filters before an open place are decided, the header is what the
 * client would see, and encode is asked. Whether the place was closed.
 */
bool pd_join_settle(struct pd_chain *c);
/* Whether any filter has yet to decide whether the content changes. */
bool pd_join_undecided(const struct pd_chain *c);

/* Its work is over: finishes the filter. */
void pd_join_leave(struct pd_filter *f);
/* Takes the last stage away. */
void pd_join_drop(struct pd_chain *c);

#endif
