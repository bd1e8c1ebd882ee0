#include "base/stats.h"

#include <stddef.h>

static const struct {
	const char *name, *help;
} table[PD_STAT_COUNT] = {
#define X(id, name, help) [PD_STAT_##id] = { name, help },
	PD_STATS(X)
#undef X
};

const char *
pd_stats_name(enum pd_stat id)
{
	return table[id].name;
}

const char *
pd_stats_help(enum pd_stat id)
{
	return table[id].help;
}
