/* What tests of replies share: what is in one. After cmocka.h. */
#ifndef PD_TEST_REPLY_HELP_H
#define PD_TEST_REPLY_HELP_H

#include "reply.h"

/* The value of the first field of that name; p NULL: there is none. */
static inline struct pd_str
field(const struct pd_reply *r, const char *name)
{
	PD_FIELDS_EACH (f, &r->response.fields) {
		if (pd_str_caseeq(f->name, pd_str_z(name)))
			return f->value;
	}
	return (struct pd_str){ NULL, 0 };
}

static inline void
assert_str(struct pd_str s, const char *z)
{
	assert_int_equal(s.n, strlen(z));
	assert_memory_equal(s.p, z, s.n);
}

static inline bool
says(const struct pd_reply *r, const char *z)
{
	return memmem(r->content.p, r->content.n, z, strlen(z)) != NULL;
}

#endif
