/*
 * What $redirect names: small neutral answers in place of what was blocked.
 *
 * Names are uBlock's, AdGuard's and Adblock Plus's, with or without
 * their endings ("noopjs", "noop.js"). Content is built in.
 * Thread: any.
 */
#ifndef PD_BLOCK_RESOURCE_H
#define PD_BLOCK_RESOURCE_H

#include "base/str.h"

struct pd_resource {
	const char *name; /* the usual one: "noop.js" */
	const char *type; /* media type */
	struct pd_str content;
};

/* NULL: not known here; then a stand-in of the request's kind does. Without a
 * priority: "noopjs", not "noopjs:10". "abp-resource:blank-js" is fine. */
const struct pd_resource *pd_resource_find(struct pd_str name);
/* The known ones in order; NULL after the last. */
const struct pd_resource *pd_resource_at(size_t i);

#endif
