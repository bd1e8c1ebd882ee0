#include "config.h"

#include "tests/support/gateway_conf.h"

static struct gw_config *
expect(const char *text)
{
	struct gw_config *c = parse(text);

	if (c == NULL)
		fail_msg("refused: %s", told);
	return c;
}

/* Where IPv6 has a port, it has brackets. */
static void
test_bare(void **state)
{
	(void)state;
	gw_config_free(expect(
	    GW "forward a { port = \"tcp 8080\" to = \"fd00::2:80\" }\n"));
	assert_string_equal(told,
	    "note: x.conf:2: forward a: to: fd00::2:80 is taken for an "
	    "address without a port; write [fd00::2]:80 if that is meant, "
	    "else [fd00::2:80]:8080\n");
	gw_config_free(expect(
	    GW "forward a { port = \"tcp 81\" to = \"[fd00::2:80]:80\" }\n"
	       "forward b { port = \"tcp 82\" to = \"fd00::2\" }\n"
	       "forward c { port = \"tcp 83\" to = \"fd00::2:beef\" }\n"
	       "forward d { port = \"tcp 84-85\" to = \"fd00::2:80\" }\n"));
	assert_string_equal(told, "");
}

/* Notes alone refuse nothing. */
static void
test_notes(void **state)
{
	(void)state;
	gw_config_free(expect("gateway g {\n proxy = 1\n proxy = 2\n}\n"));
	assert_string_equal(told,
	    "note: x.conf:3: gateway g: proxy stands in line 2 already; keep "
	    "one of them\n");
	gw_config_free(
	    expect(GW "tunnel phones { type = \"wireguard\" address = "
		      "{\"10.77.0.1/24\"} }\n"
		      "limit a { match = {\"udp\"} over = \"1/second\" link = "
		      "\"phone\" }\n"
		      "limit b { match = {\"udp\"} over = \"1/second\" link = "
		      "\"wg-phones\" }\n"));
	assert_string_equal(told,
	    "note: x.conf:3: limit a: link: phone is taken for a link, there "
	    "is no such tunnel; did you mean phones?\n");
}

static void
test_defaults(void **state)
{
	struct gw_config *c = expect(GW);

	(void)state;
	assert_string_equal(told, "");
	assert_string_equal(c->path, "x.conf");
	assert_string_equal(c->name, "g");
	assert_int_equal(c->line, 1);
	assert_null(c->uplink);
	assert_null(c->endpoint);
	assert_int_equal(c->proxy, 8080);
	assert_int_equal(c->intercept, GW_INTERCEPT_NO);
	assert_int_equal(c->intercept_port, 3129);
	assert_int_equal(c->intercept_ports.n, 2);
	assert_int_equal(c->intercept_ports.v[0].lo, 80);
	assert_int_equal(c->intercept_ports.v[1].hi, 443);
	assert_int_equal(c->ipv4, GW_LEAVE_NAT);
	assert_int_equal(c->ipv6, GW_LEAVE_NAT);
	assert_true(c->block_quic);
	assert_false(c->foreign_open);
	assert_false(c->wpad);
	assert_string_equal(c->state_dir, "/var/lib/pared-gateway");
	assert_string_equal(c->run_dir, "/run/pared-gateway");
	assert_false(c->nat64.present);
	assert_false(c->resolver.present);
	gw_config_free(c);
}

static void
test_gateway(void **state)
{
	struct gw_config *c =
	    expect("gateway home-1.x {\n"
		   " uplink = \"eth0.7\" endpoint = \"2001:db8::1\"\n"
		   " intercept = \"tproxy\" intercept-port = 1 proxy = 0\n"
		   " intercept-ports = {80, \"8000-8080\"}\n"
		   " ipv4 = \"refuse\" ipv6 = \"ndp-proxy\" block-quic = no\n"
		   " foreign-drop = \"open\" wpad = yes\n"
		   " state-dir = \"/s\" run-dir = \"/r\"\n"
		   "}\n"
		   "resolver { }\n"
		   "tunnel wg { type = wireguard address = 10.77.0.1/24 }\n");

	(void)state;
	assert_string_equal(c->name, "home-1.x");
	assert_string_equal(c->uplink, "eth0.7");
	assert_string_equal(c->endpoint, "2001:db8::1");
	assert_int_equal(c->intercept, GW_INTERCEPT_TPROXY);
	assert_int_equal(c->intercept_ports.v[1].lo, 8000);
	assert_int_equal(c->intercept_ports.v[1].hi, 8080);
	assert_int_equal(c->ipv4, GW_LEAVE_REFUSE);
	assert_int_equal(c->ipv6, GW_LEAVE_NDP_PROXY);
	assert_false(c->block_quic);
	assert_true(c->foreign_open);
	assert_true(c->wpad);
	assert_true(c->resolver.present);
	assert_int_equal(c->resolver.line, 9);
	gw_config_free(c);
}

#define KEY "mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA="

static void
test_tunnels(void **state)
{
	struct gw_config *c = expect(
	    "gateway g { ipv6 = \"ndp-proxy\" }\n"
	    "resolver { }\n"
	    "tunnel a-rather-long-name {\n type = \"wireguard\"\n"
	    " address = {\"10.77.0.1/24\", \"fd77::1/64\"}\n"
	    " dns = {\"self\", \"9.9.9.9\"} mtu = 1420 }\n"
	    "tunnel shop { type = \"wireguard\" listen = 1\n"
	    " address = {\"10.99.0.2/32\"} peer = \"" KEY "\"\n"
	    " endpoint = \"[2001:db8::1]:51820\" keepalive = 25\n"
	    " allowed = {\"0.0.0.0/0\"} default-route = true }\n"
	    "tunnel ike { type = \"ikev2\" name = \"v.example\"\n"
	    " address = {\"10.78.0.1/32\"} auth = \"certificate\"\n"
	    " pool = {\"10.78.0.0/24\", \"fd78::/64\"} }\n"
	    "tunnel isle { type = \"sit\" local = \"198.51.100.1\"\n"
	    " remote = \"198.51.100.2\" address = {\"2001:db8:1::2/127\"}\n"
	    " ndp-proxy = {\"2001:db8:1::3\"} }\n"
	    "tunnel old { type = \"pptp\" i-know-it-is-broken = true\n"
	    " address = {\"192.168.77.1/32\"}\n"
	    " pool = {\"192.168.77.234-192.168.77.238\"} }\n");
	const struct gw_tunnel *t = c->tunnels;

	(void)state;
	assert_int_equal(c->ntunnels, 5);
	assert_string_equal(t[0].link, "wg-a-rather-lon");
	assert_int_equal(t[0].address.n, 2);
	assert_int_equal(t[0].address.v[1].len, 64);
	assert_true(t[0].dns_self);
	assert_int_equal(t[0].dns.n, 1);
	assert_string_equal(t[0].dns.v[0], "9.9.9.9");
	assert_int_equal(t[0].mtu, 1420);
	assert_int_equal(t[0].listen, 51820);
	assert_int_equal(t[0].keepalive, 0);
	assert_string_equal(t[1].link, "wg-shop");
	assert_true(t[1].default_route);
	assert_int_equal(t[1].allowed.v[0].len, 0);
	assert_int_equal(t[1].keepalive, 25);
	assert_null(t[2].link);
	assert_int_equal(t[2].auth, GW_AUTH_CERTIFICATE);
	assert_int_equal(t[2].pool.n, 2);
	assert_string_equal(t[3].link, "six-isle");
	assert_int_equal(t[3].local.family, AF_INET);
	assert_int_equal(t[3].ndp_proxy.n, 1);
	assert_string_equal(t[4].link, "ppp*");
	assert_int_equal(t[4].pool_range.first.ip[3], 234);
	assert_int_equal(t[4].pool_range.last.ip[3], 238);
	assert_ptr_equal(gw_config_tunnel(c, "IKE"), &t[2]);
	assert_null(gw_config_tunnel(c, "other"));
	assert_string_equal(gw_config_link(c, "shop"), "wg-shop");
	assert_string_equal(gw_config_link(c, "eth0"), "eth0");
	assert_null(gw_config_link(c, "ike"));
	gw_config_free(c);
}

/* Sections may stand before those that they name. */
static void
test_plumbing(void **state)
{
	struct gw_config *c =
	    expect("edge web { via = \"shop\" to = \"10.99.0.2\"\n"
		   " ports = {\"tcp 80\", \"udp 5000-5010\"} }\n"
		   "return web { address = \"10.99.0.1\" via = \"SHOP\" }\n"
		   "class a { shaper = \"down\" rate = \"1mbit\"\n"
		   " match = {\"ip6 udp saddr fd77::1/64 dport 53\"} }\n"
		   "shaper down { link = \"shop\" rate = \"20mbit\" }\n"
		   "limit a { match = {\"udp dport 123\"} over = \"7/hour\" }\n"
		   "forward f { port = \"tcp 81\" to = \"[fd00::2]:80\"\n"
		   " hairpin = true hairpin-net = \"fd00::/48\" }\n"
		   "uplink u { prefix = \"2001:db8:b::/64\" link = \"shop\"\n"
		   " via = \"fe80::1\" }\n"
		   "nat64 { prefix = \"2001:db8:64::/96\" link = \"lan6\"\n"
		   " lan = \"2001:db8:77::1/64\" advertise = no }\n"
		   "tunnel shop { type = \"wireguard\" peer = \"" KEY "\"\n"
		   " address = {\"10.99.0.1/24\"} allowed = {\"10.99.0.2/32\"} "
		   "}\n" GW);

	(void)state;
	assert_ptr_equal(c->edges[0].tunnel, &c->tunnels[0]);
	assert_int_equal(c->edges[0].ports.n, 2);
	assert_int_equal(c->edges[0].ports.v[1].hi, 5010);
	assert_ptr_equal(c->returns[0].tunnel, &c->tunnels[0]);
	assert_ptr_equal(c->classes[0].shaper, &c->shapers[0]);
	assert_int_equal(c->classes[0].ceil, 20000000);
	assert_int_equal(c->classes[0].priority, 3);
	assert_int_equal(c->classes[0].match.v[0].source.addr.ip[15], 0);
	assert_int_equal(c->limits[0].over, 7);
	assert_string_equal(c->limits[0].over_per, "hour");
	assert_int_equal(c->limits[0].burst, 7);
	assert_int_equal(c->limits[0].hold_ms, 60000);
	assert_int_equal(c->forwards[0].to.port, 80);
	assert_int_equal(c->forwards[0].hairpin_net.len, 48);
	assert_int_equal(c->uplinks[0].gateway.family, AF_INET6);
	assert_int_equal(c->nat64.pool.len, 24);
	assert_int_equal(c->nat64.lan.addr.ip[15], 1);
	assert_false(c->nat64.advertise);
	assert_true(c->nat64.resolve);
	gw_config_free(c);
}

/* Every kind has a limit, so that comparing each with each stays cheap. */
static void
test_limits(void **state)
{
	char text[16 * 1024] = GW;
	size_t n = strlen(text);

	(void)state;
	for (int i = 0; i < 65; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "tunnel t%d { type = wireguard address = 10.%d.0.1/24 "
		    "listen = %d }\n",
		    i, i, 2000 + i);
	assert_null(parse(text));
	assert_string_equal(
	    told, "x.conf:66: there are more than 64 of tunnel; remove some\n");
	strcpy(text, GW "limit a { over = \"1/hour\" match = {");
	n = strlen(text);
	for (int i = 0; i < 65; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "\"udp dport %d\", ", i + 1);
	strcpy(text + n - 2, "} }\n");
	assert_null(parse(text));
	assert_string_equal(told,
	    "x.conf:2: limit a: match: 65 values; 64 are the most, write "
	    "networks or ranges\n");
}

static void
test_load(void **state)
{
	(void)state;
	told[0] = '\0';
	assert_null(gw_config_load("/nonexistent/x.conf", &report));
	assert_string_equal(told,
	    "/nonexistent/x.conf: cannot be read: there is no such file; name "
	    "it with -c\n");
	assert_null(gw_config_load("/nonexistent/x.conf", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_plumbing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
