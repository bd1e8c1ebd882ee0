#include "net/reach.h"

#include "base/conf.h"
#include "net/self.h"

bool
pd_reach_allowed(const struct pd_conf *conf, const struct pd_addr *a)
{
	struct pd_addr inner;

	if (pd_addr_kind(a) == PD_ADDR_PUBLIC ||
	    pd_prefixes_hold(&conf->allow_private, a))
		return true;
	inner = pd_addr_unwrap(a);
	return pd_prefixes_hold(&conf->allow_private, &inner);
}

bool
pd_reach_by_parent(const struct pd_conf *conf, const struct pd_authority *where)
{
	struct pd_addr loopback;

	if (where->kind != PD_HOST_NAME)
		return pd_reach_allowed(conf, &where->addr);
	if (!pd_str_eq(where->host, PD_STR("localhost")) &&
	    !pd_str_caseends(where->host, PD_STR(".localhost")))
		return true;
	pd_addr_parse(PD_STR("127.0.0.1"), &loopback);
	return pd_reach_allowed(conf, &loopback);
}

static bool
leads_to(const struct pd_addr *listener, const struct pd_addr *a)
{
	enum pd_addr_kind kind = pd_addr_kind(a);

	if (listener->port != a->port)
		return false;
	/* Dialling 0.0.0.0 reaches this machine on Linux. */
	if (kind == PD_ADDR_UNSPECIFIED)
		return true;
	if (pd_addr_kind(listener) == PD_ADDR_UNSPECIFIED)
		return kind == PD_ADDR_LOOPBACK || pd_self_has(a);
	return listener->family == a->family &&
	       memcmp(listener->ip, a->ip, sizeof(a->ip)) == 0;
}

/* Dialling ourselves would loop until the descriptors are gone. */
bool
pd_reach_is_own(const struct pd_addr *own, size_t n, const struct pd_addr *a)
{
	for (size_t i = 0; i < n; i++) {
		if (leads_to(&own[i], a))
			return true;
	}
	return false;
}
