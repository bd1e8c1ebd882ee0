/* The profile for strongSwan's app: JSON whose members are those that its
 * importer reads, of the types that it reads. */
#include "onboard/onboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/arena.h"
#include "onboard_help.h"

/* Members of the app's documentation: their place and JSON type. */
static const struct {
	const char *place;
	json_type type;
} members[] = {
	{ "uuid", JSON_STRING },
	{ "name", JSON_STRING },
	{ "type", JSON_STRING },
	{ "remote", JSON_OBJECT },
	{ "remote.addr", JSON_STRING },
	{ "remote.id", JSON_STRING },
	{ "remote.cert", JSON_STRING },
	{ "local", JSON_OBJECT },
	{ "local.eap_id", JSON_STRING },
	{ "local.id", JSON_STRING },
	{ "local.p12", JSON_STRING },
	{ "mtu", JSON_INTEGER },
	{ "split-tunneling", JSON_OBJECT },
	{ "split-tunneling.block-ipv4", JSON_TRUE },
	{ "split-tunneling.block-ipv6", JSON_TRUE },
	{ "proxy", JSON_OBJECT },
	{ "proxy.host", JSON_STRING },
	{ "proxy.port", JSON_INTEGER },
};

static void
check(const char *before, json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		char place[128];
		size_t i = 0;

		snprintf(place, sizeof(place), "%s%s", before, name);
		while (i < sizeof(members) / sizeof(members[0]) &&
		       strcmp(members[i].place, place) != 0)
			i++;
		if (i == sizeof(members) / sizeof(members[0]))
			fail_msg("no member of the format: %s", place);
		assert_int_equal(json_typeof(value), members[i].type);
		strncat(place, ".", sizeof(place) - strlen(place) - 1);
		if (json_is_object(value))
			check(place, value);
	}
}

static json_t *
profile(const struct gw_onboard *o)
{
	char *text = onboard_text(o, gw_sswan_write);
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(j);
	free(text);
	check("", j);
	return j;
}

static const char *
string(json_t *j, const char *object, const char *name)
{
	if (object != NULL)
		j = json_object_get(j, object);
	return json_string_value(json_object_get(j, name));
}

static void
test_eap(void **state)
{
	static const unsigned char ca[] = { 1, 2, 3 };
	struct gw_config *c = onboard_config(
	    "gateway home {\n proxy = 8080\n}\n"
	    "tunnel native {\n type = \"ikev2\"\n name = \"vpn.example.org\"\n"
	    " mtu = 1400\n pool = {\"10.78.0.0/24\"}\n"
	    " address = {\"10.78.0.1/32\"}\n}\n");
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.ca = ca,
		.ca_len = sizeof(ca) };
	json_t *j = profile(&o);

	(void)state;
	assert_string_equal(string(j, NULL, "type"), "ikev2-eap");
	assert_string_equal(string(j, NULL, "name"), "home native");
	assert_string_equal(string(j, "remote", "addr"), "vpn.example.org");
	assert_string_equal(string(j, "remote", "id"), "vpn.example.org");
	assert_string_equal(string(j, "remote", "cert"), "AQID");
	assert_string_equal(string(j, "local", "eap_id"), "kim");
	assert_string_equal(string(j, "proxy", "host"), "10.78.0.1");
	assert_int_equal(json_integer_value(json_object_get(
			     json_object_get(j, "proxy"), "port")),
	    8080);
	assert_int_equal(json_integer_value(json_object_get(j, "mtu")), 1400);
	assert_int_equal(strlen(string(j, NULL, "uuid")), 36);
	json_decref(j);
	gw_config_free(c);
}

static void
test_certificate(void **state)
{
	static const unsigned char p12[] = { 0xff };
	struct gw_config *c = onboard_config(
	    "gateway home {\n proxy = 0\n}\n"
	    "tunnel native {\n type = \"ikev2\"\n name = \"vpn.example.org\"\n"
	    " auth = \"certificate\"\n pool = {\"10.78.0.0/24\"}\n"
	    " address = {\"10.78.0.1/32\"}\n}\n");
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.p12 = p12,
		.p12_len = sizeof(p12) };
	json_t *j = profile(&o);

	(void)state;
	assert_string_equal(string(j, NULL, "type"), "ikev2-cert");
	assert_string_equal(string(j, "local", "p12"), "/w==");
	assert_string_equal(string(j, "local", "id"), "kim");
	assert_null(json_object_get(json_object_get(j, "remote"), "cert"));
	assert_null(json_object_get(j, "proxy"));
	assert_null(json_object_get(j, "mtu"));
	json_decref(j);
	gw_config_free(c);
}

/* A server whose certificate others issued is not known by our authority. */
static void
test_brought(void **state)
{
	static const unsigned char bytes[] = { 0xff };
	struct gw_config *c = onboard_config(
	    "gateway home {\n proxy = 0\n}\n"
	    "tunnel native {\n type = \"ikev2\"\n name = \"vpn.example.org\"\n"
	    " auth = \"certificate\"\n pool = {\"10.78.0.0/24\"}\n"
	    " certificate = \"/s.crt\"\n certificate-key = \"/s.key\"\n"
	    " address = {\"10.78.0.1/32\"}\n}\n");
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.ca = bytes,
		.ca_len = sizeof(bytes),
		.p12 = bytes,
		.p12_len = sizeof(bytes) };
	json_t *j = profile(&o);

	(void)state;
	assert_null(json_object_get(json_object_get(j, "remote"), "cert"));
	json_decref(j);
	gw_config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eap),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_brought),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
