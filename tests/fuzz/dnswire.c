/*
 * Answers of name servers: first byte the family, then the packet. What is
 * said to be found must be.
 */
#include <stdlib.h>

#include "net/dnswire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_addr out[PD_RESOLVE_MAX];
	uint8_t name[PD_DNSWIRE_NAME_MAX];
	enum pd_resolve_status status;
	size_t n, name_len;
	int family;

	if (size == 0)
		return 0;
	family = data[0] % 2 == 0 ? AF_INET : AF_INET6;
	name_len = pd_dnswire_name(PD_STR("www.example.org"), name);
	status = pd_dnswire_read(pd_str_of((const char *)data + 1, size - 1),
	    pd_str_of((const char *)name, name_len), family, out, &n);
	if ((status == PD_RESOLVE_OK) != (n > 0) || n > PD_RESOLVE_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (out[i].family != family || out[i].port != 0)
			abort();
	}
	name_len =
	    pd_dnswire_name(pd_str_of((const char *)data + 1, size - 1), name);
	if (name_len > sizeof(name) ||
	    (name_len > 0 && name[name_len - 1] != 0))
		abort();
	return 0;
}
