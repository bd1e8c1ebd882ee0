#include "access.h"

bool
pd_access_client(const struct pd_conf *conf, const struct pd_addr *client)
{
	return pd_prefixes_hold(&conf->only_from, client);
}

bool
pd_access_port(const struct pd_conf *conf, bool connect, uint16_t port)
{
	const struct pd_port_ranges *set =
	    connect ? &conf->connect_ports : &conf->http_ports;

	if (port == 0)
		return false;
	for (size_t i = 0; i < set->n; i++) {
		if (port >= set->v[i].lo && port <= set->v[i].hi)
			return true;
	}
	return set->n == 0;
}
