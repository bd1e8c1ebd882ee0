/* An address that a test names. After cmocka.h. */
#ifndef PD_TEST_ADDR_HELP_H
#define PD_TEST_ADDR_HELP_H

#include "base/addr.h"

static inline struct pd_addr
addr_of(const char *text)
{
	struct pd_addr a;

	assert_int_equal(pd_addr_parse(pd_str_z(text), &a), 0);
	return a;
}

#endif
