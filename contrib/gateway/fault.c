#include "engine.h"

void
gw_fault(const char *where)
{
	(void)where;
}
