/*
 * A tunnel's section by itself: what its type needs, what it has no use for,
 * and its words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config_draft.h"

#define BIT(type) (1u << (type))

#define LEN_LEAST 8 /* of a network: 10.0.0.0/8, fd00::/8 */

/* Options that only some types have, and those that need them. */
static const struct {
	const char *option;
	unsigned types, needed;
} options[] = {
	{ "address", ~0u, ~0u },
	{ "link", BIT(GW_WIREGUARD) | BIT(GW_SIT), 0 },
	{ "dns", BIT(GW_WIREGUARD) | BIT(GW_IKEV2) | BIT(GW_PPTP), 0 },
	{ "listen", BIT(GW_WIREGUARD), 0 },
	{ "key", BIT(GW_WIREGUARD), 0 },
	{ "peer", BIT(GW_WIREGUARD), 0 },
	{ "endpoint", BIT(GW_WIREGUARD), 0 },
	{ "preshared", BIT(GW_WIREGUARD), 0 },
	{ "allowed", BIT(GW_WIREGUARD), 0 },
	{ "keepalive", BIT(GW_WIREGUARD), 0 },
	{ "default-route", BIT(GW_WIREGUARD) | BIT(GW_SIT), 0 },
	{ "name", BIT(GW_IKEV2), BIT(GW_IKEV2) },
	{ "pool", BIT(GW_IKEV2) | BIT(GW_PPTP), BIT(GW_IKEV2) | BIT(GW_PPTP) },
	{ "auth", BIT(GW_IKEV2), 0 },
	{ "certificate", BIT(GW_IKEV2), 0 },
	{ "certificate-key", BIT(GW_IKEV2), 0 },
	{ "pac", BIT(GW_IKEV2), 0 },
	{ "i-know-it-is-broken", BIT(GW_PPTP), 0 },
	{ "local", BIT(GW_SIT) | BIT(GW_PPTP), BIT(GW_SIT) },
	{ "remote", BIT(GW_SIT), BIT(GW_SIT) },
	{ "relay", BIT(GW_SIT), 0 },
	{ "ndp-proxy", BIT(GW_SIT), 0 },
};

/* An example of a value for the option, of a type. */
static const char *
example_of(const char *option, int type)
{
	if (strcmp(option, "address") == 0 && type == GW_SIT)
		return "{\"2001:db8:1::2/127\"}";
	if (strcmp(option, "address") == 0 && type == GW_IKEV2)
		return "{\"10.78.0.1/32\", \"fd78::1/128\"}";
	if (strcmp(option, "address") == 0 && type == GW_PPTP)
		return "{\"192.168.77.1/32\"}";
	if (strcmp(option, "pool") == 0 && type == GW_PPTP)
		return "{\"192.168.77.234-192.168.77.238\"}";
	return pd_conf_section_find(&gw_sections[GW_SECTION_TUNNEL], option)
	    ->example;
}

/* "wireguard, ikev2": the types of a mask. */
static void
types_text(unsigned mask, char *buf, size_t len)
{
	buf[0] = '\0';
	for (int i = 0; gw_tunnel_types[i] != NULL; i++) {
		if ((mask & BIT(i)) == 0)
			continue;
		if (buf[0] != '\0')
			strncat(buf, ", ", len - strlen(buf) - 1);
		strncat(buf, gw_tunnel_types[i], len - strlen(buf) - 1);
	}
}

static void
check_options(
    struct gw_draft *d, const struct gw_part *part, const struct gw_tunnel *t)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *option = options[i].option;
		bool has = gw_part_has(part, option);
		const char *example;
		char types[64];

		if (has && (options[i].types & BIT(t->type)) == 0) {
			types_text(options[i].types, types, sizeof(types));
			gw_draft_say(d, part, option,
			    "a tunnel of type %s has none; it belongs to %s, "
			    "so remove it, or change type",
			    gw_tunnel_types[t->type], types);
		}
		if (has || (options[i].needed & BIT(t->type)) == 0 ||
		    (t->six_to_four && strcmp(option, "address") == 0))
			continue;
		example = example_of(option, t->type);
		gw_draft_say(d, part, NULL, "%s is missing; write %s = %s%s%s",
		    option, option, example[0] == '{' ? "" : "\"", example,
		    example[0] == '{' ? "" : "\"");
	}
}

/* All bits behind the network's length are bit. */
static bool
host_bits_are(const struct gw_net *net, bool bit)
{
	unsigned bits = net->addr.family == AF_INET ? 32 : 128;

	for (unsigned i = net->len; i < bits; i++) {
		if (((net->addr.ip[i / 8] >> (7 - i % 8)) & 1) != bit)
			return false;
	}
	return true;
}

/* An address that is ours must not be everybody's, and clients of WireGuard
 * need others beside it. */
static bool
check_own(struct gw_draft *d, const struct gw_part *part,
    const struct gw_tunnel *t, const char *text, const struct gw_net *net)
{
	unsigned bits = net->addr.family == AF_INET ? 32 : 128;

	if (net->len < LEN_LEAST) {
		gw_draft_say(d, part, "address",
		    "%s: no network is that large; write a /%d or smaller",
		    text, net->addr.family == AF_INET ? 24 : 64);
		return false;
	}
	if (t->type == GW_WIREGUARD && t->peer == NULL && net->len > bits - 2) {
		gw_draft_say(d, part, "address",
		    "%s has no room for clients beside us; write a /%u or "
		    "larger",
		    text, bits - 2);
		return false;
	}
	/* Point to point, both ends of a /31 and /127 are hosts (RFC 3021,
	 * 6164). */
	if (net->len >= bits - 1)
		return true;
	if (host_bits_are(net, false) ||
	    (net->addr.family == AF_INET && host_bits_are(net, true))) {
		gw_draft_say(d, part, "address",
		    "%s is the network's own address, or for all in it; write "
		    "the one that is ours there",
		    text);
		return false;
	}
	return true;
}

/* Our addresses: each with the length of its network, of each family few. */
static void
check_addresses(
    struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	struct gw_net net;

	if (!gw_draft_few(d, part, "address", &t->address_text))
		return;
	if (gw_part_has(part, "address") && t->address_text.n == 0 &&
	    !part->g.told)
		gw_draft_say(d, part, "address", "there is none; write %s",
		    example_of("address", t->type));
	for (size_t i = 0; i < t->address_text.n; i++) {
		const char *text = t->address_text.v[i];
		int family = t->type == GW_PPTP  ? AF_INET
			     : t->type == GW_SIT ? AF_INET6
						 : 0;

		if (!gw_draft_net(d,
			&(struct gw_word){ part, "address", text, family },
			&net))
			continue;
		if (strchr(text, '/') == NULL)
			gw_draft_say(d, part, "address",
			    "%.64s has no length of its network; write %.64s%s",
			    text, text,
			    net.addr.family == AF_INET ? "/24" : "/64");
		else if (!gw_is_host_address(&net.addr) ||
			 pd_addr_kind(&net.addr) == PD_ADDR_LINK_LOCAL)
			gw_draft_say(d, part, "address",
			    "%.64s is a %s address, which no tunnel can have",
			    text, pd_addr_kind_name(pd_addr_kind(&net.addr)));
		else if (check_own(d, part, t, text, &net))
			gw_nets_add(&t->address, &net);
	}
}

static void
check_dns(struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	struct pd_addr a;

	if (!gw_draft_few(d, part, "dns", &t->dns_text))
		return;
	for (size_t i = 0; i < t->dns_text.n; i++) {
		const char *text = t->dns_text.v[i];

		if (strcmp(text, "self") == 0)
			t->dns_self = true;
		else if (gw_addr_parse(pd_str_z(text), &a) < 0)
			gw_draft_say(d, part, "dns",
			    "\"%.64s\" is neither an address nor self; write "
			    "self for the resolver here, or one like %s",
			    text,
			    t->type == GW_PPTP ? "198.51.100.1"
					       : "198.51.100.1 or "
						 "2001:db8::1");
		else if (gw_draft_address(d,
			     &(struct gw_word){ part, "dns", text,
				 t->type == GW_PPTP ? AF_INET : 0 },
			     &a))
			pd_strings_add(&t->dns, pd_xstrdup(text));
	}
}

static void
check_mtu(
    struct gw_draft *d, const struct gw_part *part, const struct gw_tunnel *t)
{
	int64_t least = t->type == GW_SIT ? 1280 : 576;

	for (size_t i = 0; i < t->address.n; i++) {
		if (t->address.v[i].addr.family == AF_INET6)
			least = 1280;
	}
	if (t->mtu > 0 && t->mtu < least)
		gw_draft_say(d, part, "mtu",
		    "%d is too small; %s asks for %d at least, and 0 means "
		    "that it is found out",
		    (int)t->mtu, least == 1280 ? "IPv6" : "IPv4", (int)least);
}

/* The one far end of WireGuard that is no client. */
static void
check_peer(struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	static const char *const of_peer[] = { "endpoint", "preshared",
		"allowed", "keepalive", "default-route" };
	struct gw_net net;

	if (t->peer != NULL && !gw_is_key(t->peer))
		gw_draft_say(d, part, "peer",
		    "\"%.64s\" is no key; write the 44 letters that wg pubkey "
		    "prints",
		    t->peer);
	for (size_t i = 0; i < sizeof(of_peer) / sizeof(of_peer[0]); i++) {
		if (t->peer == NULL && gw_part_has(part, of_peer[i]))
			gw_draft_say(d, part, of_peer[i],
			    "there is no peer that it is for; write peer = "
			    "\"KEY\", or remove it");
	}
	if (t->endpoint != NULL && !gw_is_endpoint(t->endpoint))
		gw_draft_say(d, part, "endpoint",
		    "\"%.64s\" is no host with a port; write one like "
		    "203.0.113.1:51820, [2001:db8::1]:51820 or "
		    "vpn.example.org:51820",
		    t->endpoint);
	if (t->peer != NULL && t->allowed_text.n == 0 && !part->g.told)
		gw_draft_say(d, part, NULL,
		    "allowed is missing; write what the peer may send from, "
		    "allowed = {\"10.99.0.2/32\"}, or {\"0.0.0.0/0\", "
		    "\"::/0\"} for all");
	if (!gw_draft_few(d, part, "allowed", &t->allowed_text))
		return;
	for (size_t i = 0; i < t->allowed_text.n; i++) {
		if (gw_draft_base(d,
			&(struct gw_word){
			    part, "allowed", t->allowed_text.v[i], 0 },
			&net))
			gw_nets_add(&t->allowed, &net);
	}
}

/* How many addresses of clients there have to be at least. */
#define POOL_LEAST 4

static void
check_pool_net(struct gw_draft *d, const struct gw_part *part,
    struct gw_tunnel *t, const char *text)
{
	unsigned most, bits;
	struct gw_net net;

	if (!gw_draft_base(d, &(struct gw_word){ part, "pool", text, 0 }, &net))
		return;
	bits = net.addr.family == AF_INET ? 32 : 128;
	most = bits - 2;
	if (net.len > most)
		gw_draft_say(d, part, "pool",
		    "%s has room for %u addresses, and %d are the least; "
		    "write a /%u or larger",
		    text, 1u << (bits - net.len), POOL_LEAST, most);
	for (size_t i = 0; i < t->pool.n; i++) {
		if (t->pool.v[i].addr.family == net.addr.family)
			gw_draft_say(d, part, "pool",
			    "%s is the second of its family; write one large "
			    "enough",
			    text);
	}
	gw_nets_add(&t->pool, &net);
}

static uint32_t
number_of(const struct pd_addr *a)
{
	return (uint32_t)a->ip[0] << 24 | (uint32_t)a->ip[1] << 16 |
	       (uint32_t)a->ip[2] << 8 | a->ip[3];
}

static void
check_pool_range(
    struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	const char *text = t->pool_text.v[0];
	struct pd_prefix range;

	if (t->pool_text.n > 1 || pd_prefix_parse(pd_str_z(text), &range) < 0 ||
	    range.first.family != AF_INET || strchr(text, '/') != NULL) {
		gw_draft_say(d, part, "pool",
		    "\"%.64s\": pptp takes one range of IPv4 addresses; write "
		    "it like {\"192.168.77.234-192.168.77.238\"}",
		    text);
		return;
	}
	/* pptpd writes the last part of a range alone: 192.168.77.234-238. */
	if (number_of(&range.first) >> 8 != number_of(&range.last) >> 8) {
		gw_draft_say(d, part, "pool",
		    "%.64s: only the last of the four numbers may differ; "
		    "write a range within one /24",
		    text);
		return;
	}
	if (!gw_is_host_address(&range.first))
		gw_draft_say(d, part, "pool",
		    "%.64s: clients cannot have such addresses; write a range "
		    "like {\"192.168.77.234-192.168.77.238\"}",
		    text);
	for (size_t i = 0; i < t->address.n; i++) {
		const struct pd_prefixes set = { &range, 1 };

		if (pd_prefixes_hold(&set, &t->address.v[i].addr))
			gw_draft_say(d, part, "pool",
			    "%.64s holds address, which is ours; write a range "
			    "without it",
			    text);
	}
	t->pool_range = range;
}

static void
check_pool(struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	if (!gw_part_has(part, "pool") || part->g.told ||
	    !gw_draft_few(d, part, "pool", &t->pool_text))
		return;
	if (t->pool_text.n == 0)
		gw_draft_say(d, part, "pool", "there is none; write %s",
		    example_of("pool", t->type));
	else if (t->type == GW_PPTP)
		check_pool_range(d, part, t);
	else if (t->type == GW_IKEV2)
		for (size_t i = 0; i < t->pool_text.n; i++)
			check_pool_net(d, part, t, t->pool_text.v[i]);
}

/* Into profiles that are XML, JSON and PowerShell: what every one of them
 * takes as it is. */
static bool
is_pac_url(const char *url)
{
	const char *rest = strncmp(url, "https://", 8) == 0  ? url + 8
			   : strncmp(url, "http://", 7) == 0 ? url + 7
							     : "";
	size_t n = strlen(rest);

	for (size_t i = 0; i < n; i++) {
		char c = pd_lower(rest[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    strchr("-._~/:?=%[]", rest[i]) == NULL)
			return false;
	}
	return n > 0 && n <= 256;
}

static void
check_ikev2(
    struct gw_draft *d, const struct gw_part *part, const struct gw_tunnel *t)
{
	if (t->name != NULL && !gw_is_host(t->name))
		gw_draft_say(d, part, "name",
		    "\"%.64s\" is no host name and no address; write what "
		    "clients dial, like vpn.example.org",
		    t->name);
	if ((t->certificate != NULL) != (t->certificate_key != NULL))
		gw_draft_say(d, part,
		    t->certificate != NULL ? "certificate" : "certificate-key",
		    "%s goes with it; write both, or none",
		    t->certificate != NULL ? "certificate-key" : "certificate");
	if (t->pac != NULL && !is_pac_url(t->pac))
		gw_draft_say(d, part, "pac",
		    "\"%.64s\" is no URL that every profile takes; write one "
		    "like http://10.78.0.1:8080/proxy.pac",
		    t->pac);
	gw_draft_path(d, part, "certificate", t->certificate);
	gw_draft_path(d, part, "certificate-key", t->certificate_key);
}

struct gw_net
gw_net_6to4(const struct pd_addr *v4)
{
	struct gw_net net = { .addr.family = AF_INET6, .len = 48 };

	net.addr.ip[0] = 0x20;
	net.addr.ip[1] = 0x02;
	memcpy(net.addr.ip + 2, v4->ip, 4);
	return net;
}

/* Of the whole /48, what is nowhere else would be sent into the tunnel, to
 * ourselves; so an address takes no more of it than a link does. */
#define LEN_6TO4 64

static void
check_6to4(struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	struct gw_net net = gw_net_6to4(&t->local), own = net;
	char text[GW_NET_TEXT];

	gw_draft_address(d,
	    &(struct gw_word){ part, "relay", t->relay_text, AF_INET },
	    &t->relay);
	if (t->default_route && t->relay_text == NULL)
		gw_draft_say(d, part, "default-route",
		    "6to4 by itself leads to 2002::/16 alone; write relay = "
		    "\"192.0.2.1\", the router to all else, or remove it");
	if (t->ndp_proxy_text.n > 0)
		gw_draft_say(d, part, "ndp-proxy",
		    "nobody is behind 6to4 whom the uplink's network could "
		    "ask for; remove it");
	if (t->local.family == 0)
		return; /* told */
	own.addr.ip[15] = 1;
	own.len = 128;
	if (t->address_text.n == 0)
		gw_nets_add(&t->address, &own);
	for (size_t i = 0; i < t->address.n; i++) {
		const struct gw_net *a = &t->address.v[i];

		char bad[GW_NET_TEXT];

		if (a->len < LEN_6TO4 || !gw_net_holds(&net, &a->addr))
			gw_draft_say(d, part, "address",
			    "%s is not of local's network, %s, or its length "
			    "is below %d; leave it out for the first one there",
			    gw_net_text(a, bad), gw_net_text(&net, text),
			    LEN_6TO4);
	}
}

static void
check_sit(struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	struct pd_addr a;

	if (t->six_to_four) {
		check_6to4(d, part, t);
		return;
	}
	if (t->relay_text != NULL)
		gw_draft_say(d, part, "relay",
		    "a tunnel to one far end has none; write remote = \"any\" "
		    "for 6to4, or remove it");
	if (gw_draft_address(d,
		&(struct gw_word){ part, "remote", t->remote_text, AF_INET },
		&t->remote) &&
	    t->local.family != 0 && pd_addr_equal(&t->local, &t->remote))
		gw_draft_say(d, part, "remote",
		    "%s is local, too; write the far end's address",
		    t->remote_text);
	if (!gw_draft_few(d, part, "ndp-proxy", &t->ndp_proxy_text))
		return;
	for (size_t i = 0; i < t->ndp_proxy_text.n; i++) {
		struct pd_prefixes *list = &t->ndp_proxy;

		if (!gw_draft_address(d,
			&(struct gw_word){ part, "ndp-proxy",
			    t->ndp_proxy_text.v[i], AF_INET6 },
			&a))
			continue;
		list->v =
		    pd_xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
		list->v[list->n++] = (struct pd_prefix){ a, a };
	}
}

static void
check_link(struct gw_draft *d, const struct gw_part *part, struct gw_tunnel *t)
{
	static const char *const before[] = {
		[GW_WIREGUARD] = "wg-", [GW_SIT] = "six-", [GW_PPTP] = "ppp*"
	};
	char *link;

	if (t->link != NULL && !gw_is_link(t->link))
		gw_draft_say(d, part, "link",
		    "\"%.64s\" is no link's name; use at most %d letters, "
		    "digits, '-', '_' and '.'",
		    t->link, GW_LINK_MAX);
	if (t->link != NULL || t->type == GW_IKEV2)
		return;
	link = pd_xalloc(GW_LINK_MAX + 1);
	snprintf(link, GW_LINK_MAX + 1, "%s%s", before[t->type],
	    t->type == GW_PPTP ? "" : t->title);
	t->link = link;
}

void
gw_config_check_tunnel(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_tunnel *t = &d->c->tunnels[part->i];

	check_link(d, part, t);
	/* Of which type it is has to be known before any more is said. */
	if (!gw_part_has(part, "type") || part->g.told)
		return;
	t->six_to_four = t->type == GW_SIT && t->remote_text != NULL &&
			 strcmp(t->remote_text, "any") == 0;
	check_options(d, part, t);
	check_addresses(d, part, t);
	check_dns(d, part, t);
	check_mtu(d, part, t);
	check_pool(d, part, t);
	if (t->type == GW_SIT || t->type == GW_PPTP)
		gw_draft_address(d,
		    &(struct gw_word){ part, "local", t->local_text, AF_INET },
		    &t->local);
	if (t->type == GW_WIREGUARD)
		check_peer(d, part, t);
	if (t->type == GW_IKEV2)
		check_ikev2(d, part, t);
	if (t->type == GW_SIT)
		check_sit(d, part, t);
	if (t->type == GW_PPTP && !t->broken)
		gw_draft_say(d, part, NULL,
		    "PPTP's encryption has been broken since 2012: who records "
		    "the traffic reads it; use type = \"wireguard\" or "
		    "\"ikev2\", or write i-know-it-is-broken = true");
	gw_draft_path(d, part, "key", t->key);
	gw_draft_path(d, part, "preshared", t->preshared);
}
