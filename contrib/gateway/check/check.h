/*
 * What `check` finds: each with its remedy. A file of this folder looks at one
 * side of the machine; nothing is changed.
 *
 * Thread: main.
 */
#ifndef GW_CHECK_H
#define GW_CHECK_H

#include "plan.h"
#include "system.h"

enum gw_level {
	GW_NOTE,  /* worth knowing */
	GW_WARN,  /* works, but not as one may think */
	GW_ERROR, /* will not work */
	GW_NLEVELS,
};

struct gw_finding {
	enum gw_level level;
	char *what, *remedy; /* remedy: NULL: none needed */
};

struct gw_check {
	const struct gw_plan *plan;
	struct gw_system *sys;
	bool root; /* may look at everything */
	struct gw_finding *v;
	size_t n;
};

void gw_find(struct gw_check *c, enum gw_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What to do about the last one found. */
void gw_remedy(struct gw_check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Programs and kernel features that the plan's steps ask for. */
void gw_check_programs(struct gw_check *c);
/* The packet filter: ours tried, others that drop. */
void gw_check_filter(struct gw_check *c);
/* Keys and lists that others wrote; /proc/sys. */
void gw_check_files(struct gw_check *c);
/* Links, addresses, ports. */
void gw_check_net(struct gw_check *c);
void gw_check_ports(struct gw_check *c);

#endif
