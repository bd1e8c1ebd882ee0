#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "onboard/onboard.h"

char *
gw_pac_url(const struct gw_config *c, const struct gw_tunnel *t)
{
	char text[PD_ADDR_TEXT], *url;
	const char *host = gw_onboard_address(t, text);
	bool v6;

	if (t->pac != NULL)
		return pd_xstrdup(t->pac);
	if (c->proxy == 0 || host == NULL)
		return NULL;
	v6 = strchr(host, ':') != NULL;
	if (asprintf(&url, "http://%s%s%s:%u/proxy.pac", v6 ? "[" : "", host,
		v6 ? "]" : "", (unsigned)c->proxy) < 0)
		abort();
	return url;
}
