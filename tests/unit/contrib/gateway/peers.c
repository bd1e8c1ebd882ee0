/* A WireGuard device: its peers as text, what wireguard-go says and is told,
 * and what is sent to turn one into another. */
#include "tunnel/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "plan.h"
#include "tunnel/wireguard.h"

#define A "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define B "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define C "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define NOW 1000000

static struct gw_device
device(const char *text)
{
	struct gw_device d = { .set = 0 };
	unsigned line;

	assert_int_equal(gw_device_read(&d, text, &line), 0);
	return d;
}

static char *
text_of(const struct gw_device *d)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < d->n; i++)
		gw_peer_write(&d->v[i], f);
	fclose(f);
	return text;
}

static void
test_key(void **state)
{
	/* RFC 7748, 6.1: Alice's. */
	static const char private[] =
	    "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
	static const char public[] =
	    "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
	uint8_t key[GW_KEY_LEN], pub[GW_KEY_LEN];
	char text[GW_KEY_TEXT];

	(void)state;
	assert_int_equal(gw_key_parse(private, key), 0);
	assert_int_equal(gw_key_public(key, pub), 0);
	assert_string_equal(gw_key_text(pub, text), public);
	assert_int_equal(gw_key_generate(key), 0);
	assert_int_equal(key[0] & 7, 0);
	assert_int_equal(key[31] & 0xc0, 0x40);
	assert_int_equal(gw_key_parse(gw_key_text(key, text), pub), 0);
	assert_memory_equal(key, pub, sizeof(key));
}

static void
test_no_key(void **state)
{
	static const char *const wrong[] = { "",
		"AA==", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
		"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA===",
		" QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A=",
		"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=A" };
	uint8_t key[GW_KEY_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(gw_key_parse(wrong[i], key), -1);
}

static void
test_text(void **state)
{
	static const char text[] =
	    "peer " A " name kim allowed 10.77.0.2/32,fd77::2/128 psk " B "\n"
	    "peer " B " allowed 0.0.0.0/0 endpoint host.example:51820 "
	    "keepalive 25 psk-file /etc/a b.psk\n"
	    "peer " C " endpoint [2001:db8::1]:1\n";
	struct gw_device d = device(text);
	char *again = text_of(&d);

	(void)state;
	assert_int_equal(d.n, 3);
	assert_string_equal(again, text);
	assert_string_equal(d.v[1].preshared_file, "/etc/a b.psk");
	assert_int_equal(d.v[1].endpoint.family, 0);
	assert_int_equal(d.v[1].endpoint.port, 51820);
	assert_int_equal(d.v[2].endpoint.family, AF_INET6);
	free(again);
	gw_device_finish(&d);
}

static void
test_text_wrong(void **state)
{
	static const char *const wrong[] = {
		"\n",
		"peer\n",
		"peer x\n",
		"pear " A "\n",
		"peer " A "\npeer " A "\n",
		"peer " A " allowed\n",
		"peer " A " allowed 10.0.0.0/33\n",
		"peer " A " allowed 10.0.0.1,\n",
		"peer " A " endpoint host\n",
		"peer " A " endpoint host:0\n",
		"peer " A " endpoint host:65536\n",
		"peer " A " endpoint -x:1\n",
		"peer " A " endpoint 2001:db8::1:1\n",
		"peer " A " keepalive 65536\n",
		"peer " A " keepalive -1\n",
		"peer " A " name ../x\n",
		"peer " A " psk " A "x\n",
		"peer " A " psk-file x\n",
		"peer " A " colour red\n",
		"peer " A "  keepalive 1\n",
	};
	unsigned line;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct gw_device d = { .set = 0 };

		assert_int_equal(gw_device_read(&d, wrong[i], &line), -1);
		assert_int_equal(line, i == 4 ? 2 : 1);
		gw_device_finish(&d);
	}
}

/* What is sent from have to want, as wireguard-go is told. */
static void
expect(const char *want, const char *have, const char *sent)
{
	struct gw_device w = device(want), h = device(have), change;
	bool any;
	char *text;

	w.listen = h.listen = 51820;
	for (size_t i = 0; i < h.n; i++)
		h.v[i].handshake = NOW - 10;
	any = gw_device_difference(&w, &h, NOW, &change);
	text = gw_device_socket_text(&change);
	assert_string_equal(text, sent);
	assert_int_equal(any, strcmp(sent, "set=1\n\n") != 0);
	free(text);
	gw_device_finish(&w);
	gw_device_finish(&h);
	gw_device_finish(&change);
}

#define HEX(d) \
	d "00000000000000000000000000000000000000000000000000000000000000\n"

static void
test_difference(void **state)
{
	(void)state;
	expect("peer " A " allowed 10.0.0.2/32,10.0.0.3/32\n",
	    "peer " A " allowed 10.0.0.3/32,10.0.0.2/32\n", "set=1\n\n");
	expect("peer " A " allowed 10.0.0.2/32\npeer " B
	       " allowed 10.0.0.3/32 psk " C " keepalive 5\n",
	    "peer " A " allowed 10.0.0.2/32\n",
	    "set=1\npublic_key=" HEX("02") "preshared_key=" HEX(
		"03") "persistent_keepalive_interval=5\n"
		      "replace_allowed_ips=true\nallowed_ip=10.0.0.3/32\n\n");
	expect("", "peer " A " allowed 10.0.0.2/32\n",
	    "set=1\npublic_key=" HEX("01") "remove=true\n\n");
	expect("peer " A "\n", "peer " A " psk " B " keepalive 9\n",
	    "set=1\npublic_key=" HEX("01") "preshared_key=" HEX(
		"00") "persistent_keepalive_interval=0\n\n");
	expect("peer " A " allowed fd00::/64\n",
	    "peer " A " allowed fd00::/64,10.0.0.0/8\n",
	    "set=1\npublic_key=" HEX("01") "replace_allowed_ips=true\n"
					   "allowed_ip=fd00::/64\n\n");
}

/* A peer that moves about is followed, and called back only when it was not
 * heard for three minutes. */
static void
test_endpoint(void **state)
{
	struct gw_device want = device("peer " A " endpoint 192.0.2.1:5\n");
	struct gw_device have = device("peer " A " endpoint 192.0.2.9:7\n");
	struct gw_device change;

	(void)state;
	have.v[0].handshake = NOW - 180;
	assert_false(gw_device_difference(&want, &have, NOW, &change));
	gw_device_finish(&change);
	have.v[0].handshake = NOW - 181;
	assert_true(gw_peer_is_lost(&want.v[0], &have.v[0], NOW));
	assert_true(gw_device_difference(&want, &have, NOW, &change));
	assert_int_equal(change.v[0].set, GW_PEER_ENDPOINT);
	gw_device_finish(&change);
	/* A client has none of its own: wherever it is, is right. */
	want.v[0].endpoint.family = 0;
	assert_false(gw_peer_is_lost(&want.v[0], &have.v[0], NOW));
	assert_false(gw_device_difference(&want, &have, NOW, &change));
	gw_device_finish(&change);
	gw_device_finish(&want);
	gw_device_finish(&have);
}

static void
test_device_settings(void **state)
{
	struct gw_device want = { .listen = 5, .mark = 7, .key = { 8 } };
	struct gw_device have = { .listen = 6 }, change;
	char *text;

	(void)state;
	assert_true(gw_device_difference(&want, &have, NOW, &change));
	text = gw_device_socket_text(&change);
	assert_string_equal(text,
	    "set=1\nprivate_key=" HEX("08") "listen_port=5\nfwmark=7\n\n");
	free(text);
	gw_device_finish(&change);
}

static void
test_answer(void **state)
{
	static const char text[] = "private_key=" HEX(
	    "08") "listen_port=51820\nfwmark=7\n"
		  "public_key=" HEX("01") "preshared_key=" HEX(
		      "03") "protocol_version=1\n"
			    "endpoint=[fe80::1%eth0]:9\n"
			    "last_handshake_time_sec=12\n"
			    "last_handshake_time_nsec=34\ntx_bytes=56\nrx_"
			    "bytes=78\n"
			    "persistent_keepalive_interval=25\n"
			    "allowed_ip=10.0.0.0/8\nallowed_ip=::/0\n"
			    "public_key=" HEX("02") "errno=0\n\n";
	struct gw_device d;

	(void)state;
	assert_int_equal(gw_device_socket_read(&d, pd_str_z(text)), 0);
	assert_int_equal(d.listen, 51820);
	assert_int_equal(d.mark, 7);
	assert_int_equal(d.key[0], 8);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.v[0].endpoint.port, 9);
	assert_int_equal(d.v[0].handshake, 12);
	assert_int_equal(d.v[0].sent, 56);
	assert_int_equal(d.v[0].received, 78);
	assert_int_equal(d.v[0].keepalive, 25);
	assert_int_equal(d.v[0].allowed.n, 2);
	assert_int_equal(d.v[1].allowed.n, 0);
	gw_device_finish(&d);
}

static void
test_answer_wrong(void **state)
{
	static const struct {
		const char *text;
		int err;
	} wrong[] = {
		{ "", EPROTO },
		{ "\n", EPROTO },
		{ "listen_port=1\n\n", EPROTO },
		{ "errno=98\n\n", EADDRINUSE },
		{ "errno=-98\n\n", EADDRINUSE },
		{ "errno=x\n\n", EPROTO },
		{ "listen_port=65536\nerrno=0\n\n", EPROTO },
		{ "private_key=00\nerrno=0\n\n", EPROTO },
		{ "public_key=" HEX("0x") "errno=0\n\n", EPROTO },
		{ "public_key=" HEX("01") "endpoint=x:1\nerrno=0\n\n", EPROTO },
		{ "public_key=" HEX("01") "public_key=" HEX("01") "errno=0\n\n",
		    EPROTO },
		{ "public_key=" HEX("01") "allowed_ip=x\nerrno=0\n\n", EPROTO },
	};
	struct gw_device d;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		errno = 0;
		assert_int_equal(
		    gw_device_socket_read(&d, pd_str_z(wrong[i].text)), -1);
		assert_int_equal(errno, wrong[i].err);
	}
}

static void
test_mtu(void **state)
{
	struct gw_tunnel t = { .mtu = 0 };

	(void)state;
	assert_int_equal(gw_wireguard_mtu(&t, 0), 1420);
	assert_int_equal(gw_wireguard_mtu(&t, 1500), 1420);
	assert_int_equal(gw_wireguard_mtu(&t, 9000), 1420);
	assert_int_equal(gw_wireguard_mtu(&t, 1492), 1412);
	assert_int_equal(gw_wireguard_mtu(&t, 1300), 1280);
	t.mtu = 1380;
	assert_int_equal(gw_wireguard_mtu(&t, 9000), 1380);
}

/* ---- the plan ---- */

static struct gw_client
client(const char *name, const char *key, const char *address)
{
	struct gw_client cl = { .name = pd_xstrdup(name),
		.tunnel = pd_xstrdup("phones"),
		.public_key = pd_xstrdup(key) };
	struct pd_addr a;

	assert_int_equal(gw_addr_parse(pd_str_z(address), &a), 0);
	gw_client_add_address(&cl, &a);
	return cl;
}

static struct gw_plan *
plan(struct gw_config **c, const char *text, const struct gw_clients *clients)
{
	static const struct gw_facts facts = {
		.uplink = "eth0", .ipv6_default = true, .uplink_mtu = 1492
	};

	*c = gw_config_parse("test.conf", text, NULL);
	assert_non_null(*c);
	return gw_plan_create(*c, clients, &facts);
}

/* The only step of a kind, or its i-th. */
static const struct gw_step *
step(const struct gw_plan *p, const struct gw_kind *kind, size_t i)
{
	for (size_t j = 0; j < p->n; j++) {
		if (p->v[j]->kind == kind && i-- == 0)
			return p->v[j];
	}
	return NULL;
}

/* Clients whose files say the same key or address: the first stands, and the
 * others are told of. Secrets are in no argument. */
static void
test_plan_clients(void **state)
{
	struct gw_client v[] = { client("a", A, "10.77.0.2"),
		client("b", B, "10.77.0.2"), client("c", A, "10.77.0.3"),
		client("d", C, "10.77.0.4") };
	struct gw_clients clients = { .v = v, .n = 4 };
	const struct gw_step *s;
	struct gw_config *c;
	struct gw_plan *p;

	(void)state;
	v[3].preshared_key = pd_xstrdup(B);
	p = plan(&c,
	    "gateway home {\n}\ntunnel phones {\n type = \"wireguard\"\n"
	    " address = {\"10.77.0.1/24\"}\n}\n",
	    &clients);
	s = step(p, &gw_kind_peers, 0);
	assert_non_null(s);
	assert_string_equal(s->text,
	    "peer " A " name a allowed 10.77.0.2/32\n"
	    "peer " C " name d allowed 10.77.0.4/32 psk " B "\n");
	assert_true(s->secret);
	assert_string_equal(gw_step_need(s, "peers"), "2");
	assert_int_equal(strlen(gw_step_need(s, "hash")), 16);
	for (size_t i = 0; i < s->nargs; i++)
		assert_null(strstr(s->args[i].value, B));
	assert_true(p->notes.n >= 2);
	assert_non_null(strstr(p->notes.v[0], "client b is left out"));
	assert_non_null(strstr(p->notes.v[1], "client c is left out"));
	assert_string_equal(
	    gw_step_need(step(p, &gw_kind_link, 0), "mtu"), "1412");
	assert_non_null(step(p, &gw_kind_key, 0));
	assert_null(step(p, &gw_kind_route, 0));
	gw_plan_destroy(p);
	gw_config_free(c);
	for (size_t i = 0; i < 4; i++)
		gw_client_free(&v[i]);
}

static void
test_plan_peer(void **state)
{
	static const struct gw_clients none = { .n = 0 };
	const struct gw_step *s;
	struct gw_config *c;
	struct gw_plan *p;

	(void)state;
	p = plan(&c,
	    "gateway home {\n}\ntunnel far {\n type = \"wireguard\"\n"
	    " address = {\"10.99.0.1/24\"}\n key = \"/etc/far.key\"\n"
	    " peer = \"" A "\"\n preshared = \"/etc/far.psk\"\n"
	    " endpoint = \"host.example:51820\"\n keepalive = 25\n"
	    " allowed = {\"10.99.0.2/32\", \"10.1.0.0/16\", "
	    "\"0.0.0.0/0\"}\n}\n",
	    &none);
	s = step(p, &gw_kind_peers, 0);
	assert_string_equal(s->text,
	    "peer " A " allowed 10.99.0.2/32,10.1.0.0/16,0.0.0.0/0 endpoint "
	    "host.example:51820 keepalive 25 psk-file /etc/far.psk\n");
	assert_string_equal(gw_step_need(s, "key"), "/etc/far.key");
	assert_null(gw_step_get(s, "fwmark"));
	assert_null(step(p, &gw_kind_key, 0));
	/* Of the three, one is neither ours nor everything. */
	assert_string_equal(
	    gw_step_need(step(p, &gw_kind_route, 0), "dst"), "10.1.0.0/16");
	assert_null(step(p, &gw_kind_route, 1));
	gw_plan_destroy(p);
	gw_config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_wrong),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_endpoint),
		cmocka_unit_test(test_device_settings),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_wrong),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_plan_clients),
		cmocka_unit_test(test_plan_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
