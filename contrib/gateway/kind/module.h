/* What kind/module.c asks before it unloads one. Thread: main. */
#ifndef GW_KIND_MODULE_H
#define GW_KIND_MODULE_H

#include <stdbool.h>

struct gw_system;

/* Whether links of the module's kind are there, in any network namespace that
 * can be found; also when it cannot be known. */
bool gw_module_in_use(struct gw_system *sys, const char *name);

#endif
