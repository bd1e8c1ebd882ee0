/* What tests share: an arena for each, that goes when it ends. */
#ifndef PD_TEST_ARENA_HELP_H
#define PD_TEST_ARENA_HELP_H

#include "base/arena.h"

static struct pd_arena *arena;

static inline int
begin_arena(void **state)
{
	(void)state;
	arena = pd_arena_create();
	return 0;
}

static inline int
end_arena(void **state)
{
	(void)state;
	pd_arena_destroy(arena);
	return 0;
}

#endif
