/*
 * The fields of a form as a query or a content brings them
 * (application/x-www-form-urlencoded; URL Standard, 5).
 * Thread: any.
 */
#ifndef PD_PORTAL_FORM_H
#define PD_PORTAL_FORM_H

#include "base/arena.h"

/* The first value of that name, in the arena; false when there is none. A '%'
 * that begins no byte stands for itself. */
bool pd_form_get(struct pd_str form, struct pd_str name, struct pd_arena *arena,
    struct pd_str *value);

/* As a value in a query: all but unreserved bytes escaped (RFC 3986, 2.3). */
struct pd_str pd_form_escape(struct pd_str s, struct pd_arena *arena);

#endif
