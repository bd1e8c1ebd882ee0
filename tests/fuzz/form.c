/*
 * Forms that the portal is sent: fields are found or not, and a value that is
 * escaped reads as it was.
 */
#include <stdlib.h>

#include "portal/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str s = pd_str_of((const char *)data, size), form, value;

	if (pd_form_get(s, PD_STR("host"), arena, &value) && value.n > size)
		abort();
	pd_form_get(s, PD_STR(""), arena, &value);
	form = pd_form_escape(s, arena);
	form = pd_arena_printf(arena, "a=1&v=%.*s&b=", PD_STR_ARG(form));
	if (!pd_form_get(form, PD_STR("v"), arena, &value) ||
	    !pd_str_eq(value, s))
		abort();
	pd_arena_destroy(arena);
	return 0;
}
