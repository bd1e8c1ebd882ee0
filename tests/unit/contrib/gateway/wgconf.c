/* WireGuard's .conf to the letter, and the PAC's URL. */
#include "onboard/onboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "onboard_help.h"

static void
test_whole(void **state)
{
	struct gw_config *c = onboard_config(
	    "gateway home {\n endpoint = \"vpn.example.org\"\n}\n"
	    "tunnel phones {\n type = \"wireguard\"\n listen = 5000\n"
	    " address = {\"10.77.0.1/24\", \"fd77::1/64\"}\n"
	    " dns = {\"self\", \"9.9.9.9\"}\n}\n"
	    "resolver {\n}\n");
	struct gw_client cl = { 0 };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.private_key = ONBOARD_KEY,
		.server_key = ONBOARD_SERVER,
		.mtu = 1412 };
	char *text;

	(void)state;
	cl.name = pd_xstrdup("kim");
	cl.preshared_key = pd_xstrdup(ONBOARD_KEY);
	onboard_address(&cl, "10.77.0.2");
	onboard_address(&cl, "fd77::2");
	text = onboard_text(&o, gw_wgconf_write);
	assert_string_equal(text, "# home: kim\n"
				  "[Interface]\n"
				  "PrivateKey = " ONBOARD_KEY "\n"
				  "Address = 10.77.0.2/32, fd77::2/128\n"
				  "DNS = 10.77.0.1, fd77::1, 9.9.9.9\n"
				  "MTU = 1412\n"
				  "\n"
				  "[Peer]\n"
				  "PublicKey = " ONBOARD_SERVER "\n"
				  "PresharedKey = " ONBOARD_KEY "\n"
				  "Endpoint = vpn.example.org:5000\n"
				  "AllowedIPs = 0.0.0.0/0, ::/0\n"
				  "PersistentKeepalive = 25\n");
	free(text);
	gw_client_free(&cl);
	gw_config_free(c);
}

/* Both families go into the tunnel, whatever it has. */
static void
test_sparse(void **state)
{
	struct gw_config *c =
	    onboard_config("gateway home {\n endpoint = \"2001:db8::1\"\n}\n"
			   "tunnel phones {\n type = \"wireguard\"\n"
			   " address = {\"10.77.0.1/24\"}\n}\n");
	struct gw_client cl = { 0 };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.server_key = ONBOARD_SERVER };
	char *text;

	(void)state;
	cl.name = pd_xstrdup("kim");
	onboard_address(&cl, "10.77.0.2");
	text = onboard_text(&o, gw_wgconf_write);
	assert_string_equal(text, "# home: kim\n"
				  "[Interface]\n"
				  "# PrivateKey = the device has it\n"
				  "Address = 10.77.0.2/32\n"
				  "\n"
				  "[Peer]\n"
				  "PublicKey = " ONBOARD_SERVER "\n"
				  "Endpoint = [2001:db8::1]:51820\n"
				  "AllowedIPs = 0.0.0.0/0, ::/0\n"
				  "PersistentKeepalive = 25\n");
	free(text);
	gw_client_free(&cl);
	gw_config_free(c);
}

static void
expect_pac(const char *proxy, const char *tunnel, const char *want)
{
	struct gw_config *c;
	char *text, *url;

	assert_true(asprintf(&text,
			"gateway home {\n proxy = %s\n}\n"
			"tunnel a {\n type = \"wireguard\"\n %s\n}\n",
			proxy, tunnel) > 0);
	c = onboard_config(text);
	url = gw_pac_url(c, &c->tunnels[0]);
	if (want == NULL)
		assert_null(url);
	else
		assert_string_equal(url, want);
	free(url);
	free(text);
	gw_config_free(c);
}

static void
test_pac(void **state)
{
	(void)state;
	expect_pac("8080", "address = {\"fd77::1/64\", \"10.77.0.1/24\"}",
	    "http://10.77.0.1:8080/proxy.pac");
	expect_pac("3128", "address = {\"fd77::1/64\"}",
	    "http://[fd77::1]:3128/proxy.pac");
	expect_pac("0", "address = {\"10.77.0.1/24\"}", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_pac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
