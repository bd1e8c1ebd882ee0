/*
 * Conditions that are judged once the upstream's address or the response's
 * header is there: ipaddress= and header=.
 */
#include "filters/block/match_ask.h"

static bool
header_fits(struct pd_ask *a, const struct pd_file_extra *e)
{
	struct pd_str value = pd_set_text(a->set, e->header, e->header_n), name;
	bool any;

	if (a->later->fields == NULL)
		return false;
	name = pd_str_split(&value, ':');
	any = value.n == 0;
	PD_FIELDS_EACH (f, a->later->fields) {
		if (!pd_str_caseeq(f->name, name))
			continue;
		if (any ||
		    (e->header_regex > 0
			    ? pd_ask_regex(a, e->header_regex - 1, f->value)
			    : pd_str_eq(f->value, value)))
			return true;
	}
	return false;
}

static bool
address_fits(struct pd_ask *a, const struct pd_file_extra *e)
{
	struct pd_str want = pd_set_text(a->set, e->address, e->address_n),
		      have;
	enum pd_addr_kind kind;
	char text[PD_ADDR_TEXT];
	struct pd_addr addr;

	if (a->later->address == NULL || a->later->address->family == 0)
		return false;
	/* uBlock's words for what a page on the network outside must not
	 * reach. */
	kind = pd_addr_kind(a->later->address);
	if (pd_str_eq(want, PD_STR("lan")))
		return kind == PD_ADDR_PRIVATE || kind == PD_ADDR_LINK_LOCAL;
	if (pd_str_eq(want, PD_STR("loopback")))
		return kind == PD_ADDR_LOOPBACK || kind == PD_ADDR_UNSPECIFIED;
	have = pd_str_z(pd_addr_text(a->later->address, text));
	if (e->address_regex > 0)
		return pd_ask_regex(a, e->address_regex - 1, have);
	if (want.n > 0 && want.p[want.n - 1] == '*') {
		want.n--;
		return pd_str_starts(have, want);
	}
	/* As the list writes it, or another spelling of the same. */
	if (pd_str_eq(have, want))
		return true;
	if (pd_addr_parse(want, &addr) < 0)
		return false;
	addr.port = a->later->address->port;
	addr.scope = a->later->address->scope;
	return pd_addr_equal(&addr, a->later->address);
}

bool
pd_ask_later(struct pd_ask *a, const struct pd_file_extra *e)
{
	if (a->later == NULL)
		return false;
	return (e->header_n == 0 || header_fits(a, e)) &&
	       (e->address_n == 0 || address_fits(a, e));
}
