/*
 * The profile for Apple's devices: a well-formed property list in which every
 * key is one of Apple's schema and has the type and, where the schema lists
 * them, one of the values that it says.
 */
#include "onboard/onboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority_cert.h"
#include "base/arena.h"
#include "onboard_help.h"

/* From device-management's profiles/com.apple.vpn.managed.yaml,
 * com.apple.security.root.yaml, .pkcs12.yaml, CommonPayloadKeys.yaml and
 * TopLevel.yaml: place, key, type, values. */
struct rule {
	const char *place, *key, *type, *values;
};

#define COMMON(place)                                       \
	{ place, "PayloadType", "string", NULL },           \
	    { place, "PayloadVersion", "integer", "1" },    \
	    { place, "PayloadIdentifier", "string", NULL }, \
	    { place, "PayloadUUID", "string", NULL },       \
	{                                                   \
		place, "PayloadDisplayName", "string", NULL \
	}
#define SA(place)                                                             \
	{ place, "EncryptionAlgorithm", "string",                             \
		"AES-128 AES-256 AES-128-GCM AES-256-GCM ChaCha20Poly1305" }, \
	    { place, "IntegrityAlgorithm", "string",                          \
		    "SHA2-256 SHA2-384 SHA2-512" },                           \
	    { place, "DiffieHellmanGroup", "integer",                         \
		    "14 15 16 17 18 19 20 21 31 32" },                        \
	{                                                                     \
		place, "LifeTimeInMinutes", "integer", NULL                   \
	}

static const struct rule rules[] = {
	COMMON("/"),
	{ "/", "PayloadContent", "array", NULL },
	COMMON("/PayloadContent/"),
	{ "/PayloadContent/", "PayloadCertificateFileName", "string", NULL },
	{ "/PayloadContent/", "PayloadContent", "data", NULL },
	{ "/PayloadContent/", "UserDefinedName", "string", NULL },
	{ "/PayloadContent/", "VPNType", "string", "IKEv2" },
	{ "/PayloadContent/", "IKEv2", "dict", NULL },
	{ "/PayloadContent/", "Proxies", "dict", NULL },
#define IKE "/PayloadContent/IKEv2/"
	{ IKE, "RemoteAddress", "string", NULL },
	{ IKE, "LocalIdentifier", "string", NULL },
	{ IKE, "RemoteIdentifier", "string", NULL },
	{ IKE, "AuthenticationMethod", "string",
	    "None SharedSecret Certificate" },
	{ IKE, "CertificateType", "string",
	    "RSA ECDSA256 ECDSA384 ECDSA521 RSA-PSS" },
	{ IKE, "PayloadCertificateUUID", "string", NULL },
	{ IKE, "ExtendedAuthEnabled", "integer", "0 1" },
	{ IKE, "AuthName", "string", NULL },
	{ IKE, "AuthPassword", "string", NULL },
	{ IKE, "OnDemandEnabled", "integer", "0 1" },
	{ IKE, "OnDemandRules", "array", NULL },
	{ IKE "OnDemandRules/", "Action", "string",
	    "Connect Disconnect EvaluateConnection Ignore" },
	{ IKE, "DeadPeerDetectionRate", "string", "None Low Medium High" },
	{ IKE, "ServerCertificateIssuerCommonName", "string", NULL },
	{ IKE, "DisableRedirect", "integer", "0 1" },
	{ IKE, "EnablePFS", "integer", "0 1" },
	{ IKE, "MTU", "integer", NULL },
	{ IKE, "IKESecurityAssociationParameters", "dict", NULL },
	{ IKE, "ChildSecurityAssociationParameters", "dict", NULL },
	SA(IKE "IKESecurityAssociationParameters/"),
	SA(IKE "ChildSecurityAssociationParameters/"),
#define PROXIES "/PayloadContent/Proxies/"
	{ PROXIES, "ProxyAutoConfigEnable", "integer", "0 1" },
	{ PROXIES, "ProxyAutoDiscoveryEnable", "integer", "0 1" },
	{ PROXIES, "ProxyAutoConfigURLString", "string", NULL },
};

/* ---- a reader of property lists ---- */

struct walk {
	const char *p;
	size_t nvalues;
	char found[8192]; /* "PLACE KEY=VALUE" of strings and integers */
};

static void
blanks(struct walk *w)
{
	w->p += strspn(w->p, " \t\r\n");
}

static bool
take(struct walk *w, const char *tag)
{
	size_t n = strlen(tag);

	blanks(w);
	if (strncmp(w->p, tag, n) != 0)
		return false;
	w->p += n;
	return true;
}

/* Text up to the next tag, its entities replaced; nothing bare. */
static void
text_of(struct walk *w, char *out, size_t len)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' } };
	size_t n = 0;

	while (*w->p != '<') {
		size_t i = 0;

		assert_int_not_equal(*w->p, '\0');
		assert_int_not_equal(*w->p, '>');
		assert_true(n + 1 < len);
		if (*w->p != '&') {
			out[n++] = *w->p++;
			continue;
		}
		while (i < 3 && strncmp(w->p, entities[i].entity,
				    strlen(entities[i].entity)) != 0)
			i++;
		assert_true(i < 3);
		out[n++] = entities[i].c;
		w->p += strlen(entities[i].entity);
	}
	out[n] = '\0';
}

static const struct rule *
rule_of(const char *place, const char *key, const char *type)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].place, place) == 0 &&
		    strcmp(rules[i].key, key) == 0 &&
		    strcmp(rules[i].type, type) == 0)
			return &rules[i];
	}
	fail_msg("no key of Apple's: %s%s, %s", place, key, type);
	return NULL;
}

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; (p = strstr(p, word)) != NULL; p++) {
		if ((p == words || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	}
	return false;
}

static void value(struct walk *w, const char *place, const char *key);

static void
scalar(struct walk *w, const char *place, const char *key, const char *type)
{
	char text[4096], end[32];
	const struct rule *rule = rule_of(place, key, type);
	size_t n = strlen(w->found);

	text_of(w, text, sizeof(text));
	snprintf(end, sizeof(end), "</%s>", type);
	assert_true(take(w, end));
	if (rule->values != NULL && !has_word(rule->values, text))
		fail_msg("%s%s is %s", place, key, text);
	if (strcmp(type, "integer") == 0)
		assert_int_equal(strspn(text, "0123456789"), strlen(text));
	snprintf(
	    w->found + n, sizeof(w->found) - n, "%s%s=%s\n", place, key, text);
	w->nvalues++;
}

static void
dict(struct walk *w, const char *place)
{
	char key[128];

	while (!take(w, "</dict>")) {
		assert_true(take(w, "<key>"));
		text_of(w, key, sizeof(key));
		assert_true(take(w, "</key>"));
		value(w, place, key);
	}
}

static void
value(struct walk *w, const char *place, const char *key)
{
	char below[256];

	snprintf(below, sizeof(below), "%s%s/", place, key);
	if (take(w, "<string>")) {
		scalar(w, place, key, "string");
	} else if (take(w, "<integer>")) {
		scalar(w, place, key, "integer");
	} else if (take(w, "<data>")) {
		scalar(w, place, key, "data");
	} else if (take(w, "<dict>")) {
		rule_of(place, key, "dict");
		dict(w, below);
	} else {
		assert_true(take(w, "<array>"));
		rule_of(place, key, "array");
		while (take(w, "<dict>"))
			dict(w, below);
		assert_true(take(w, "</array>"));
	}
}

static struct walk walked;

static void
walk(const char *text)
{
	struct walk *w = &walked;

	*w = (struct walk){ .p = text };
	assert_true(take(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
	assert_true(
	    take(w, "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">"));
	assert_true(take(w, "<plist version=\"1.0\">"));
	assert_true(take(w, "<dict>"));
	dict(w, "/");
	assert_true(take(w, "</plist>"));
	blanks(w);
	assert_int_equal(*w->p, '\0');
}

static void
expect(const char *line)
{
	char *whole;

	assert_true(asprintf(&whole, "%s\n", line) > 0);
	if (strstr(walked.found, whole) == NULL)
		fail_msg("not there: %s in\n%s", line, walked.found);
	free(whole);
}

/* ---- profiles ---- */

static const char eap[] =
    "gateway home {\n proxy = 8080\n}\n"
    "tunnel native {\n type = \"ikev2\"\n name = \"vpn.example.org\"\n"
    " mtu = 1360\n"
    " pool = {\"10.78.0.0/24\"}\n address = {\"10.78.0.1/32\"}\n}\n";

static void
test_eap(void **state)
{
	static const unsigned char ca[] = { 0x30, 0x03, 1, 2, 3 };
	struct gw_config *c = onboard_config(eap);
	struct gw_client cl = { 0 };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.ca = ca,
		.ca_len = sizeof(ca),
		.pac = "http://10.78.0.1:8080/proxy.pac?a=1&b=<2>" };
	char *text, *again;

	(void)state;
	cl.name = pd_xstrdup("kim");
	cl.password = pd_xstrdup("a&b<c>\"d'</string>");
	text = onboard_text(&o, gw_mobileconfig_write);
	walk(text);
	expect("/PayloadType=Configuration");
	expect("/PayloadContent/PayloadType=com.apple.security.root");
	expect("/PayloadContent/PayloadContent=MAMBAgM=");
	expect("/PayloadContent/PayloadType=com.apple.vpn.managed");
	expect("/PayloadContent/UserDefinedName=home native");
	expect("/PayloadContent/IKEv2/RemoteAddress=vpn.example.org");
	expect("/PayloadContent/IKEv2/RemoteIdentifier=vpn.example.org");
	expect("/PayloadContent/IKEv2/AuthenticationMethod=None");
	expect("/PayloadContent/IKEv2/ExtendedAuthEnabled=1");
	expect("/PayloadContent/IKEv2/AuthName=kim");
	expect("/PayloadContent/IKEv2/AuthPassword=a&b<c>\"d'</string>");
	expect("/PayloadContent/IKEv2/OnDemandEnabled=1");
	expect("/PayloadContent/IKEv2/OnDemandRules/Action=Connect");
	expect("/PayloadContent/IKEv2/MTU=1360");
	expect("/PayloadContent/Proxies/ProxyAutoConfigEnable=1");
	expect("/PayloadContent/Proxies/ProxyAutoConfigURLString="
	       "http://10.78.0.1:8080/proxy.pac?a=1&b=<2>");
	expect("/PayloadContent/Proxies/ProxyAutoDiscoveryEnable=0");
	again = onboard_text(&o, gw_mobileconfig_write);
	assert_string_equal(text, again);
	free(text);
	free(again);
	gw_client_free(&cl);
	gw_config_free(c);
}

static void
test_certificate(void **state)
{
	static const unsigned char p12[] = { 0x30, 0x01, 7 };
	struct gw_config *c = onboard_config(
	    "gateway home {\n proxy = 0\n endpoint = \"192.0.2.1\"\n}\n"
	    "tunnel native {\n type = \"ikev2\"\n name = \"vpn.example.org\"\n"
	    " auth = \"certificate\"\n pool = {\"10.78.0.0/24\"}\n"
	    " address = {\"10.78.0.1/32\"}\n}\n");
	struct gw_client cl = { 0 };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.p12 = p12,
		.p12_len = sizeof(p12),
		.p12_password = "secret-word" };
	char uuid[GW_UUID_TEXT], line[128], *text;

	(void)state;
	cl.name = pd_xstrdup("kim");
	text = onboard_text(&o, gw_mobileconfig_write);
	walk(text);
	expect("/PayloadContent/PayloadType=com.apple.security.pkcs12");
	expect("/PayloadContent/PayloadContent=MAEH");
	expect("/PayloadContent/IKEv2/RemoteAddress=192.0.2.1");
	expect("/PayloadContent/IKEv2/AuthenticationMethod=Certificate");
	expect("/PayloadContent/IKEv2/ExtendedAuthEnabled=0");
	expect("/PayloadContent/IKEv2/LocalIdentifier=kim");
	/* The VPN names the certificate's payload. */
	gw_onboard_uuid(&o, "identity", uuid);
	snprintf(line, sizeof(line), "/PayloadContent/PayloadUUID=%s", uuid);
	expect(line);
	snprintf(line, sizeof(line),
	    "/PayloadContent/IKEv2/PayloadCertificateUUID=%s", uuid);
	expect(line);
	assert_null(strstr(walked.found, "ProxyAutoConfigEnable"));
	assert_null(strstr(text, "secret-word"));
	free(text);
	gw_client_free(&cl);
	gw_config_free(c);
}

/* The issuer of the server's certificate is named when that is our authority,
 * and not when the certificate was brought. */
static void
test_issuer(void **state)
{
	static const char *const brought[] = { "",
		" certificate = \"/s.crt\"\n certificate-key = \"/s.key\"\n" };
	EVP_PKEY *k = gw_cert_key();
	X509 *ca = gw_cert_make(&(struct gw_cert_params){
	    .use = GW_CERT_AUTHORITY, .name = "ours", .key = k, .days = 9 });
	unsigned char *der = NULL;
	int len = i2d_X509(ca, &der);

	(void)state;
	for (int i = 0; i < 2; i++) {
		char conf[512], *text;
		struct gw_client cl = { .name = (char *)"kim" };
		struct gw_onboard o = { .client = &cl,
			.ca = der,
			.ca_len = (size_t)len,
			.p12 = der,
			.p12_len = 1 };
		struct gw_config *c;

		snprintf(conf, sizeof(conf),
		    "gateway home { }\ntunnel native {\n type = \"ikev2\"\n"
		    " name = \"vpn.example.org\"\n auth = \"certificate\"\n"
		    " pool = {\"10.78.0.0/24\"}\n%s"
		    " address = {\"10.78.0.1/32\"}\n}\n",
		    brought[i]);
		o.conf = c = onboard_config(conf);
		o.tunnel = &c->tunnels[0];
		text = onboard_text(&o, gw_mobileconfig_write);
		walk(text);
		if (i == 0)
			expect("/PayloadContent/IKEv2/"
			       "ServerCertificateIssuerCommonName=ours");
		else
			assert_null(
			    strstr(text, "ServerCertificateIssuerCommonName"));
		free(text);
		gw_config_free(c);
	}
	OPENSSL_free(der);
	X509_free(ca);
	EVP_PKEY_free(k);
}

/* Version 5, the variant of RFC 9562, the same again, another for another. */
static void
test_uuid(void **state)
{
	struct gw_config *c = onboard_config(eap);
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = {
		.conf = c, .tunnel = &c->tunnels[0], .client = &cl
	};
	char a[GW_UUID_TEXT], b[GW_UUID_TEXT];

	(void)state;
	gw_onboard_uuid(&o, "vpn", a);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '5');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_equal(gw_onboard_uuid(&o, "vpn", b), a);
	assert_string_not_equal(gw_onboard_uuid(&o, "root", b), a);
	cl.name = (char *)"kay";
	assert_string_not_equal(gw_onboard_uuid(&o, "vpn", b), a);
	gw_config_free(c);
}

/* A server is the same by another name, and another one is another, though all
 * is called alike on it. */
static void
test_uuid_server(void **state)
{
	static const unsigned char ca[2][3] = { { 1, 2, 3 }, { 1, 2, 4 } };
	struct gw_config *c = onboard_config(eap);
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.ca = ca[0],
		.ca_len = sizeof(ca[0]) };
	char a[GW_UUID_TEXT], b[GW_UUID_TEXT];

	(void)state;
	gw_onboard_uuid(&o, "vpn", a);
	free(c->endpoint);
	c->endpoint = strdup("new.example.org");
	assert_string_equal(gw_onboard_uuid(&o, "vpn", b), a);
	o.ca = ca[1];
	assert_string_not_equal(gw_onboard_uuid(&o, "vpn", b), a);
	o.ca = NULL;
	gw_onboard_uuid(&o, "vpn", a);
	free(c->endpoint);
	c->endpoint = strdup("other.example.org");
	assert_string_not_equal(gw_onboard_uuid(&o, "vpn", b), a);
	gw_config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eap),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_issuer),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_uuid_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
