/*
 * What the checks of every section use: reports that name the line, and words
 * that many options have.
 */
#include "config_draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define PATH_LEN_MAX 512

void
gw_draft_say(struct gw_draft *d, const struct gw_part *part, const char *option,
    const char *fmt, ...)
{
	struct pd_conf_place at = part->at;
	char text[PD_CONF_LINE];
	va_list ap;

	if (option != NULL && gw_part_has(part, option))
		at = pd_conf_group_place(&part->g, option);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pd_conf_say(&d->l, at, true, "%s%s%s%s", part->g.what,
	    option != NULL ? option : "", option != NULL ? ": " : "", text);
}

bool
gw_part_has(const struct gw_part *part, const char *option)
{
	return pd_conf_group_place(&part->g, option).line > 0;
}

const struct gw_part *
gw_draft_part(const struct gw_draft *d, enum gw_section kind, size_t i)
{
	for (size_t j = 0; j < d->nparts; j++) {
		if (d->parts[j].kind == kind && d->parts[j].i == i)
			return d->parts[j].bad ? NULL : &d->parts[j];
	}
	return NULL;
}

static const char *
family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

bool
gw_is_host_address(const struct pd_addr *a)
{
	enum pd_addr_kind kind = pd_addr_kind(a);

	return kind != PD_ADDR_UNSPECIFIED && kind != PD_ADDR_LOOPBACK &&
	       kind != PD_ADDR_MULTICAST;
}

/* "10.77.0.1", "2001:db8::1": what a reader would write there. */
static const char *
example_of(int family)
{
	return family == AF_INET    ? "198.51.100.1"
	       : family == AF_INET6 ? "2001:db8::1"
				    : "198.51.100.1 or 2001:db8::1";
}

bool
gw_draft_address(
    struct gw_draft *d, const struct gw_word *w, struct pd_addr *out)
{
	struct pd_addr a;

	if (w->text == NULL)
		return false;
	if (gw_addr_parse(pd_str_z(w->text), &a) < 0) {
		gw_draft_say(d, w->part, w->option,
		    "\"%.64s\" is no address; write one like %s", w->text,
		    example_of(w->family));
		return false;
	}
	if (w->family != 0 && a.family != w->family) {
		gw_draft_say(d, w->part, w->option,
		    "%.64s is %s, and only %s can stand here; write one like "
		    "%s",
		    w->text, family_name(a.family), family_name(w->family),
		    example_of(w->family));
		return false;
	}
	if (!gw_is_host_address(&a)) {
		gw_draft_say(d, w->part, w->option,
		    "%.64s is a %s address, which no packet that is forwarded "
		    "has; write one like %s",
		    w->text, pd_addr_kind_name(pd_addr_kind(&a)),
		    example_of(w->family));
		return false;
	}
	*out = a;
	return true;
}

/* own: whether it is an address of a host in the network that is asked for. */
static bool
read_net(
    struct gw_draft *d, const struct gw_word *w, bool own, struct gw_net *out)
{
	static const char *const examples[2][3] = {
		{ "10.77.0.0/24", "2001:db8:1::/64",
		    "10.77.0.0/24 or fd77::/64" },
		{ "10.77.0.1/24", "2001:db8:1::1/64",
		    "10.77.0.1/24 or fd77::1/64" },
	};
	struct gw_net net;

	if (w->text == NULL)
		return false;
	if (gw_net_parse(pd_str_z(w->text), &net) < 0) {
		gw_draft_say(d, w->part, w->option,
		    "\"%.64s\" is no %s; write one like %s", w->text,
		    own ? "address with the length of its network" : "network",
		    examples[own][w->family == AF_INET    ? 0
				  : w->family == AF_INET6 ? 1
							  : 2]);
		return false;
	}
	if (w->family != 0 && net.addr.family != w->family) {
		gw_draft_say(d, w->part, w->option,
		    "%.64s is %s, and only %s can stand here", w->text,
		    family_name(net.addr.family), family_name(w->family));
		return false;
	}
	*out = net;
	return true;
}

bool
gw_draft_net(struct gw_draft *d, const struct gw_word *w, struct gw_net *out)
{
	return read_net(d, w, true, out);
}

bool
gw_draft_base(struct gw_draft *d, const struct gw_word *w, struct gw_net *out)
{
	char meant[GW_NET_TEXT], network[GW_NET_TEXT];
	struct gw_net base, wider;

	if (!read_net(d, w, false, out))
		return false;
	base = gw_net_base(out);
	/* "2001:db8:b::" is hardly meant to be one address. */
	if (strchr(w->text, '/') == NULL) {
		wider = *out;
		wider.len = out->addr.family == AF_INET ? 24 : 64;
		wider = gw_net_base(&wider);
		gw_draft_say(d, w->part, w->option,
		    "%.64s has no length; write %s for a network, or %s for "
		    "one address",
		    w->text, gw_net_text(&wider, network),
		    gw_net_text(out, meant));
		return false;
	}
	if (pd_addr_equal(&base.addr, &out->addr))
		return true;
	gw_draft_say(d, w->part, w->option,
	    "%.64s has bits behind its length; write %s", w->text,
	    gw_net_text(&base, meant));
	return false;
}

void
gw_nets_add(struct gw_nets *nets, const struct gw_net *net)
{
	nets->v = pd_xrealloc(nets->v, (nets->n + 1) * sizeof(*nets->v));
	nets->v[nets->n++] = *net;
}

bool
gw_draft_few(struct gw_draft *d, const struct gw_part *part, const char *option,
    const struct pd_strings *list)
{
	if (list->n <= GW_LISTED_MAX)
		return true;
	gw_draft_say(d, part, option,
	    "%zu values; %d are the most, write networks or ranges", list->n,
	    GW_LISTED_MAX);
	return false;
}

void
gw_draft_link(struct gw_draft *d, const struct gw_part *part, const char *link)
{
	/* A tunnel's title may be longer than a link's name. */
	if (link != NULL && !gw_is_link(link) &&
	    gw_config_tunnel(d->c, link) == NULL)
		gw_draft_say(d, part, "link",
		    "\"%.64s\" is no link's name; use at most %d letters, "
		    "digits, '-', '_' and '.', or a tunnel's name",
		    link, GW_LINK_MAX);
}

void
gw_draft_rate(struct gw_draft *d, const struct gw_part *part,
    const char *option, const char *text, uint64_t *out)
{
	if (text != NULL && gw_rate_parse(pd_str_z(text), out) < 0)
		gw_draft_say(d, part, option,
		    "\"%.64s\" is no rate; write a number and bit, kbit, mbit "
		    "or gbit, like 20mbit, from 8kbit to 1000gbit",
		    text);
}

void
gw_draft_path(struct gw_draft *d, const struct gw_part *part,
    const char *option, const char *path)
{
	if (path == NULL)
		return;
	if (path[0] != '/')
		gw_draft_say(d, part, option,
		    "\"%.200s\" does not begin at /; write the whole path",
		    path);
	else if (strlen(path) > PATH_LEN_MAX)
		gw_draft_say(d, part, option,
		    "the path is too long; %d letters are enough",
		    PATH_LEN_MAX);
	else if (strpbrk(path, "\"'\\ ;{}#$`") != NULL)
		gw_draft_say(d, part, option,
		    "\"%.200s\" has blanks or signs that other programs' files "
		    "do not take in a path; use letters, digits, '/', '-', "
		    "'_' and '.'",
		    path);
}
