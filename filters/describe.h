/*
 * The header of a response that has no content (HEAD, 304), edited to agree
 * with that of the response to GET, whose content filters would have changed.
 * Pure but for the header. Thread: worker.
 */
#ifndef PD_DESCRIBE_H
#define PD_DESCRIBE_H

#include "filters/filter.h"

/* Nothing is promised that GET might not keep: no length, no strong ETag. */
void pd_describe(struct pd_message *msg);

#endif
