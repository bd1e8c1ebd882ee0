/*
 * The lists in force, for the start page: rules, age, rules that hit today.
 * Thread: worker.
 */
#ifndef PD_PORTAL_LIST_PAGE_H
#define PD_PORTAL_LIST_PAGE_H

#include "portal.h"

/* HTML; empty when there is no list. */
struct pd_str pd_list_page_section(
    const struct pd_portal_params *params, struct pd_arena *arena);

/* "3 hours ago". */
struct pd_str
pd_list_page_age(int64_t then_s, int64_t now_s, struct pd_arena *arena);

#endif
