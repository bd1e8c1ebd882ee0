/*
 * Text to addresses and prefixes. What is read must be written the same way,
 * and the strict and the lax reading must agree where both read.
 */
#include <stdlib.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct pd_addr *a)
{
	char buf[PD_ADDR_TEXT];
	struct pd_addr again;
	struct sockaddr_storage ss;

	if (pd_addr_parse(pd_str_z(pd_addr_text(a, buf)), &again) != 0 ||
	    !pd_addr_equal(a, &again))
		abort();
	if (strlen(pd_addr_text_port(a, buf)) >= sizeof(buf))
		abort();
	pd_addr_kind_name(pd_addr_kind(a));
	again = pd_addr_unwrap(a);
	/* A public address has nothing inside that is not. */
	if (pd_addr_kind(a) == PD_ADDR_PUBLIC &&
	    pd_addr_kind(&again) != PD_ADDR_PUBLIC)
		abort();
	pd_addr_to_sockaddr(a, &ss);
	again = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	if (pd_addr_kind(a) != pd_addr_kind(&again))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str s = pd_str_of((const char *)data, size);
	struct pd_addr strict = { 0 }, lax = { 0 };
	struct pd_prefix p;
	int is_strict = pd_addr_parse(s, &strict) == 0;
	int is_lax = pd_addr_parse_lax(s, &lax) == 0;

	if (is_strict)
		check(&strict);
	if (is_lax)
		check(&lax);
	if (is_strict && strict.family == AF_INET &&
	    (!is_lax || !pd_addr_equal(&strict, &lax)))
		abort();
	if (pd_prefix_parse(s, &p) == 0) {
		struct pd_prefixes set = { &p, 1 };

		if (!pd_prefixes_hold(&set, &p.first) ||
		    !pd_prefixes_hold(&set, &p.last))
			abort();
		check(&p.first);
		check(&p.last);
	} else if (is_strict) {
		abort();
	}
	return 0;
}
