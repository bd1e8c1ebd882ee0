/* The authority: what it issues verifies, is for whom it says, and what was
 * revoked stands in the list; nothing is replaced that clients know. */
#include "authority.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "authority_cert.h"
#include "system.h"

static struct gw_system sys;
static char root[64], dir[128];

static int
setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/authority.XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(dir, sizeof(dir), "%s/state/authority", root);
	gw_system_init(&sys, "home", root, root);
	return 0;
}

static int
teardown(void **state)
{
	char *argv[] = { "rm", "-rf", root, NULL };
	struct gw_run r = { .argv = (const char *const *)argv };

	(void)state;
	gw_run(&r);
	free(r.output);
	free(r.complaints);
	gw_system_finish(&sys);
	return 0;
}

static const char *
at(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static char *
text_of(const char *name)
{
	char *text = gw_read_file(at(name));

	assert_non_null(text);
	return text;
}

static X509 *
cert_of(const char *name, size_t i)
{
	char *pem = text_of(name);
	X509 *cert = gw_cert_read(pem, i);

	free(pem);
	return cert;
}

static X509_CRL *
list_of(void)
{
	FILE *in = fopen(at("ca.crl"), "r");
	X509_CRL *list;

	assert_non_null(in);
	list = PEM_read_X509_CRL(in, NULL, NULL, NULL);
	fclose(in);
	assert_non_null(list);
	return list;
}

static bool
is_revoked(X509_CRL *list, X509 *cert)
{
	X509_REVOKED *entry;

	return X509_CRL_get0_by_cert(list, &entry, cert) == 1;
}

/* As a device would: chain, purpose, and the list. */
static int
verify(X509 *cert, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *ca = cert_of("ca.crt", 0);
	X509_CRL *list = list_of();
	int error;

	X509_STORE_add_cert(store, ca);
	X509_STORE_add_crl(store, list);
	X509_STORE_set_flags(
	    store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_init(ctx, store, cert, NULL);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	(void)X509_verify_cert(ctx);
	error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_CRL_free(list);
	X509_free(ca);
	return error;
}

static void
makes_what_is_missing(void **state)
{
	struct stat st;
	X509 *cert;

	(void)state;
	assert_int_equal(
	    gw_authority_state(dir, "vpn.example.org"), GW_MISSING);
	assert_int_equal(gw_authority_prepare(&sys, dir, "vpn.example.org"), 0);
	assert_int_equal(
	    gw_authority_state(dir, "vpn.example.org"), GW_AS_PLANNED);
	assert_int_equal(stat(at("ca.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(at("vpn.example.org.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);

	cert = cert_of("vpn.example.org.crt", 0);
	assert_int_equal(verify(cert, X509_PURPOSE_SSL_SERVER), X509_V_OK);
	assert_int_not_equal(verify(cert, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	assert_true(gw_cert_is_for(cert, "vpn.example.org"));
	assert_false(gw_cert_is_for(cert, "example.org"));
	assert_in_range(gw_cert_days_left(cert), 824, 825);
	X509_free(cert);
	cert = cert_of("ca.crt", 0);
	assert_in_range(gw_cert_days_left(cert), 3651, 3652);
	X509_free(cert);
}

/* A second run changes nothing; another name gets a certificate beside. */
static void
keeps_what_is_there(void **state)
{
	char *ca, *server, *again;

	(void)state;
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	ca = text_of("ca.crt");
	server = text_of("a.test.crt");
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	assert_int_equal(gw_authority_state(dir, "198.51.100.1"), GW_MISSING);
	assert_int_equal(gw_authority_prepare(&sys, dir, "198.51.100.1"), 0);
	again = text_of("ca.crt");
	assert_string_equal(ca, again);
	free(again);
	again = text_of("a.test.crt");
	assert_string_equal(server, again);
	free(again);
	free(server);
	free(ca);
}

static void
address_is_an_address(void **state)
{
	X509 *cert;

	(void)state;
	assert_int_equal(gw_authority_prepare(&sys, dir, "2001:db8::1"), 0);
	cert = cert_of("2001:db8::1.crt", 0);
	assert_true(gw_cert_is_for(cert, "2001:db8::1"));
	assert_false(gw_cert_is_for(cert, "2001:db8::2"));
	X509_free(cert);
}

/* The same pair under another name: drifted, and made anew for that name. */
static void
other_name_drifts(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	text = text_of("a.test.crt");
	assert_int_equal(gw_write_file(at("b.test.crt"), text, 0644), 0);
	free(text);
	text = text_of("a.test.key");
	assert_int_equal(gw_write_file(at("b.test.key"), text, 0600), 0);
	free(text);
	assert_int_equal(gw_authority_state(dir, "b.test"), GW_DRIFTED);
	assert_int_equal(gw_authority_prepare(&sys, dir, "b.test"), 0);
	assert_int_equal(gw_authority_state(dir, "b.test"), GW_AS_PLANNED);
}

/* With less than 30 days it is made anew; the key it had is not needed. */
static void
renews_in_time(void **state)
{
	char *pem = NULL;
	EVP_PKEY *key, *ca_key;
	X509 *ca, *cert;

	(void)state;
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	ca = cert_of("ca.crt", 0);
	pem = text_of("ca.key");
	ca_key = gw_cert_read_key(pem);
	free(pem);
	pem = text_of("a.test.key");
	key = gw_cert_read_key(pem);
	free(pem);
	for (int days = 29; days <= 31; days++) {
		cert = gw_cert_make(&(struct gw_cert_params){
		    .use = GW_CERT_SERVER,
		    .name = "a.test",
		    .key = key,
		    .issuer = ca,
		    .issuer_key = ca_key,
		    .days = days,
		});
		pem = gw_cert_pem(cert);
		assert_int_equal(gw_write_file(at("a.test.crt"), pem, 0644), 0);
		free(pem);
		X509_free(cert);
		/* 30 days less the hour by which it is dated back. */
		assert_int_equal(gw_authority_state(dir, "a.test"),
		    days > 30 ? GW_AS_PLANNED : GW_DRIFTED);
	}
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

/* An authority of so many days, in place of what is there. */
static void
put_authority(int days)
{
	EVP_PKEY *key = gw_cert_key();
	X509 *ca = gw_cert_make(&(struct gw_cert_params){
	    .use = GW_CERT_AUTHORITY,
	    .name = "pared gateway home",
	    .key = key,
	    .days = days,
	});
	char *cert = gw_cert_pem(ca), *secret = gw_cert_key_pem(key);

	gw_mkdirs(at("ca.key"), 0700);
	assert_int_equal(gw_write_file(at("ca.key"), secret, 0600), 0);
	assert_int_equal(gw_write_file(at("ca.crt"), cert, 0644), 0);
	free(cert);
	free(secret);
	X509_free(ca);
	EVP_PKEY_free(key);
}

/* Its last weeks are no reason to stay down, nor to make its server's
 * certificate, which cannot last longer, again and again. */
static void
ends(void **state)
{
	unsigned char *p12 = NULL;
	size_t len;
	X509 *cert, *again;

	(void)state;
	assert_int_equal(gw_authority_days_left(at("ca.crt")), INT_MAX);
	put_authority(20);
	assert_in_range(gw_authority_days_left(at("ca.crt")), 19, 20);
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	assert_int_equal(gw_authority_state(dir, "a.test"), GW_AS_PLANNED);
	cert = cert_of("a.test.crt", 0);
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	again = cert_of("a.test.crt", 0);
	assert_int_equal(X509_cmp(cert, again), 0);
	X509_free(cert);
	X509_free(again);
	assert_int_equal(
	    gw_authority_issue(&sys, dir, "kim", "p", &p12, &len), 0);
	free(p12);
	put_authority(-1);
	assert_in_range(-gw_authority_days_left(at("ca.crt")), 1, 2);
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	assert_int_equal(
	    gw_authority_issue(&sys, dir, "kim", "p", &p12, &len), -1);
	assert_non_null(strstr(sys.why, "has ended"));
}

/* Never made anew: clients know it. */
static void
damaged_authority_is_told(void **state)
{
	char *before, *after;

	(void)state;
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), 0);
	before = text_of("ca.crt");
	assert_int_equal(gw_write_file(at("ca.key"), "no key\n", 0600), 0);
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), -1);
	assert_non_null(strstr(sys.why, "cannot be read"));
	after = text_of("ca.crt");
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(unlink(at("ca.crt")), 0);
	assert_int_equal(gw_authority_prepare(&sys, dir, "a.test"), -1);
}

static void
refuses_hostile_names(void **state)
{
	static const char *const servers[] = { "a,DNS:b", "../x", "a b", "a\nb",
		"", "*.test", "a/b" };
	unsigned char *p12;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		assert_int_equal(
		    gw_authority_prepare(&sys, dir, servers[i]), -1);
		assert_int_equal(
		    gw_authority_issue(&sys, dir, servers[i], "p", &p12, &len),
		    -1);
		assert_int_equal(
		    gw_authority_revoke(&sys, dir, servers[i]), -1);
	}
	/* A client may be called so, as its files are in a folder of theirs; a
	 * server's would be the authority's. */
	assert_int_equal(gw_authority_prepare(&sys, dir, "ca"), -1);
	assert_int_equal(access(at("ca.key"), F_OK), -1);
}

/* Bytes of a dotted object identifier, as it stands in DER. */
static bool
holds(const unsigned char *p, size_t n, const char *what, size_t len)
{
	return memmem(p, n, what, len) != NULL;
}

static void
issues_what_apple_takes(void **state)
{
	/* 1.2.840.113549.1.12.1.3, pbeWithSHAAnd3-KeyTripleDES-CBC, and
	 * 1.2.840.113549.1.5.13, PBES2, which they refuse. */
	static const char tdes[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
	static const char pbes2[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
	static const char sha256[] = "\x60\x86\x48\x01\x65\x03\x04\x02\x01";
	STACK_OF(X509) *chain = NULL;
	unsigned char *bytes;
	const unsigned char *p;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL, *kept;
	PKCS12 *p12;
	size_t len;

	(void)state;
	assert_int_equal(
	    gw_authority_issue(&sys, dir, "phone", "pass word", &bytes, &len),
	    0);
	assert_true(holds(bytes, len, tdes, sizeof(tdes) - 1));
	assert_false(holds(bytes, len, pbes2, sizeof(pbes2) - 1));
	assert_false(holds(bytes, len, sha256, sizeof(sha256) - 1));
	p = bytes;
	p12 = d2i_PKCS12(NULL, &p, (long)len);
	assert_int_equal(PKCS12_parse(p12, "wrong", &key, &cert, NULL), 0);
	assert_int_equal(
	    PKCS12_parse(p12, "pass word", &key, &cert, &chain), 1);
	assert_int_equal(sk_X509_num(chain), 1);
	assert_int_equal(X509_check_private_key(cert, key), 1);
	assert_int_equal(verify(cert, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	assert_true(gw_cert_is_for(cert, "phone"));
	kept = cert_of("clients/phone.crt", 0);
	assert_int_equal(X509_cmp(kept, cert), 0);
	X509_free(kept);
	X509_free(cert);
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	PKCS12_free(p12);
	free(bytes);
}

/* All that a client ever had, and nobody else's. */
static void
revokes(void **state)
{
	X509 *first, *second, *other;
	unsigned char *p12;
	X509_CRL *list;
	size_t len;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    gw_authority_issue(&sys, dir, "phone", "p", &p12, &len), 0);
		free(p12);
	}
	assert_int_equal(
	    gw_authority_issue(&sys, dir, "tablet", "p", &p12, &len), 0);
	free(p12);
	first = cert_of("clients/phone.crt", 0);
	second = cert_of("clients/phone.crt", 1);
	other = cert_of("clients/tablet.crt", 0);
	assert_int_equal(gw_authority_revoke(&sys, dir, "phone"), 0);
	assert_int_equal(access(at("clients/phone.crt"), F_OK), -1);
	list = list_of();
	/* By which charon finds it. */
	assert_true(X509_CRL_get_ext_by_NID(
			list, NID_authority_key_identifier, -1) >= 0);
	assert_true(is_revoked(list, first));
	assert_true(is_revoked(list, second));
	assert_false(is_revoked(list, other));
	X509_CRL_free(list);
	assert_int_equal(
	    verify(first, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_CERT_REVOKED);
	assert_int_equal(verify(other, X509_PURPOSE_SSL_CLIENT), X509_V_OK);

	/* The next one adds to the list. */
	assert_int_equal(gw_authority_revoke(&sys, dir, "tablet"), 0);
	assert_int_equal(gw_authority_revoke(&sys, dir, "nobody"), 0);
	list = list_of();
	assert_true(is_revoked(list, first));
	assert_true(is_revoked(list, other));
	X509_CRL_free(list);
	X509_free(first);
	X509_free(second);
	X509_free(other);
}

static void
damaged_index_is_told(void **state)
{
	static const char *const damaged[] = { "12AB\n", "12AB x phone\n",
		"12ab 1 phone\n", "12AB 1\n", "\n \n" };
	unsigned char *p12;
	size_t len;

	(void)state;
	assert_int_equal(
	    gw_authority_issue(&sys, dir, "phone", "p", &p12, &len), 0);
	free(p12);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		assert_int_equal(
		    gw_write_file(at("revoked"), damaged[i], 0644), 0);
		assert_int_equal(gw_authority_revoke(&sys, dir, "phone"), -1);
		assert_non_null(strstr(sys.why, "line 1 is damaged"));
	}
	assert_int_equal(access(at("clients/phone.crt"), F_OK), 0);
}

static void
gives_der(void **state)
{
	unsigned char *der;
	const unsigned char *p;
	X509 *cert, *kept;
	size_t len;

	(void)state;
	assert_int_equal(gw_authority_der(dir, &der, &len), -1);
	assert_int_equal(gw_authority_prepare(&sys, dir, NULL), 0);
	assert_int_equal(gw_authority_der(dir, &der, &len), 0);
	p = der;
	cert = d2i_X509(NULL, &p, (long)len);
	kept = cert_of("ca.crt", 0);
	assert_int_equal(X509_cmp(cert, kept), 0);
	X509_free(cert);
	X509_free(kept);
	free(der);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(makes_what_is_missing),
		TEST(keeps_what_is_there),
		TEST(address_is_an_address),
		TEST(other_name_drifts),
		TEST(renews_in_time),
		TEST(ends),
		TEST(damaged_authority_is_told),
		TEST(refuses_hostile_names),
		TEST(issues_what_apple_takes),
		TEST(revokes),
		TEST(damaged_index_is_told),
		TEST(gives_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
