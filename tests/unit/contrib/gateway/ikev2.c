/* What charon is given to read: a connection and addresses for each client,
 * secrets whose bytes mean nothing, and names that stay in their place. And
 * what it says of sessions, in which a peer chose some of the bytes. */
#include "tunnel/ikev2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tunnel/vici.h"

#define TUNNEL                                 \
	"gateway home { uplink = \"eth0\" }\n" \
	"tunnel native {\n"                    \
	"    type = \"ikev2\"\n"               \
	"    name = \"vpn.example.org\"\n"

struct world {
	struct gw_config *conf;
	struct gw_client client[3];
	struct gw_clients clients;
	struct gw_facts facts;
	struct gw_plan *plan;
};

static void
on_report(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

static void
give(struct gw_client *c, const char *net, size_t n)
{
	char text[PD_ADDR_TEXT];
	struct pd_addr a;

	snprintf(text, sizeof(text), "%s%zu", net, n);
	assert_int_equal(pd_addr_parse(pd_str_z(text), &a), 0);
	gw_client_add_address(c, &a);
}

/* A plan of the text, with clients of its first tunnel: name, password, ...,
 * NULL. The first has the addresses 10.78.0.2 and fd78::2, and so on. */
static void
make(struct world *w, bool kernel_esp, const char *text, ...)
{
	const struct pd_conf_report report = { .line = on_report };
	const char *name;
	va_list ap;

	*w = (struct world){ .facts = { .kernel_esp = kernel_esp } };
	w->conf = gw_config_parse("test.conf", text, &report);
	assert_non_null(w->conf);
	w->clients.v = w->client;
	va_start(ap, text);
	while ((name = va_arg(ap, const char *)) != NULL) {
		struct gw_client *c = &w->client[w->clients.n++];

		c->name = pd_xstrdup(name);
		c->tunnel = pd_xstrdup(w->conf->tunnels[0].title);
		c->password = pd_xstrdup(va_arg(ap, const char *));
		c->certificate = pd_xstrdup("a.crt");
		c->created = pd_xstrdup("2026-11-22T10:00:00Z");
		give(c, "10.78.0.", w->clients.n + 1);
		give(c, "fd78::", w->clients.n + 1);
	}
	va_end(ap);
	w->plan = gw_plan_create(w->conf, &w->clients, &w->facts);
}

static void
drop(struct world *w)
{
	gw_plan_destroy(w->plan);
	for (size_t i = 0; i < w->clients.n; i++)
		gw_client_free(&w->client[i]);
	gw_config_free(w->conf);
}

static const struct gw_step *
find(const struct world *w, const char *kind, const char *name,
    const char *value)
{
	for (size_t i = 0; i < w->plan->n; i++) {
		const struct gw_step *s = w->plan->v[i];

		if (strcmp(s->kind->name, kind) == 0 &&
		    strcmp(gw_step_need(s, name), value) == 0)
			return s;
	}
	return NULL;
}

static size_t
place(const struct world *w, const struct gw_step *s)
{
	size_t i = 0;

	assert_non_null(s);
	while (w->plan->v[i] != s)
		i++;
	return i;
}

#define RUN "/run/pared-gateway/gateway-home/ikev2/"

static const char *
swanctl_conf(const struct world *w)
{
	const struct gw_step *s = find(w, "file", "path", RUN "swanctl.conf");

	assert_non_null(s);
	assert_true(s->secret);
	return s->text;
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

#define POOL                                             \
	"    pool = {\"10.78.0.0/24\", \"fd78::/64\"}\n" \
	"    address = {\"10.78.0.1/32\", \"fd78::1/128\"}\n"

/* The connection of a client, up to the next one's. */
static const char *
connection_of(const struct world *w, const char *name)
{
	static char text[1024];
	const char *at = strstr(swanctl_conf(w), name);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s",
	    (int)(strstr(at, "\n    }\n") - at), at);
	return text;
}

static void
address_of_its_own(void **state)
{
	const char *text;
	struct world w;

	(void)state;
	make(&w, true, TUNNEL POOL "}\n", "phone", "word", "tablet", "other",
	    NULL);
	text = connection_of(&w, "    phone@native@");
	assert_true(has(text, " : all@native {\n"));
	assert_true(has(text, "eap_id = \"phone\"\n"));
	/* Several, so that its old session may still hold one. */
	assert_true(has(text, "pools = 10+78+0+2-0, 10+78+0+2-1, "));
	assert_true(has(text, ", fd78++2-0, fd78++2-1, "));
	assert_false(has(text, "0+3"));
	assert_true(has(
	    connection_of(&w, "    tablet@native@"), "pools = 10+78+0+3-0, "));
	assert_true(has(swanctl_conf(&w),
	    "    10+78+0+3-0 {\n        addrs = 10.78.0.3/32\n"));
	assert_true(has(swanctl_conf(&w),
	    "    fd78++3-1 {\n        addrs = fd78::3/128\n"));
	/* What a device begins with comes first and lets nobody in. */
	text = connection_of(&w, "connections {\n");
	assert_true(has(text, "{\n    native : all@native {\n"));
	assert_true(has(text, "eap_id = %any"));
	assert_true(has(text, "groups = nobody\n"));
	assert_false(has(text, "pools"));
	drop(&w);
}

static void
without_an_address(void **state)
{
	struct world w;

	(void)state;
	make(&w, true, TUNNEL POOL "}\n", NULL);
	w.client[0].name = pd_xstrdup("old");
	w.client[0].tunnel = pd_xstrdup("native");
	w.client[0].password = pd_xstrdup("word");
	w.clients.n = 1;
	gw_plan_destroy(w.plan);
	w.plan = gw_plan_create(w.conf, &w.clients, &w.facts);
	assert_false(has(swanctl_conf(&w), "old"));
	assert_string_equal(w.plan->notes.v[0],
	    "client old cannot come in: it has no address of the pool; see "
	    "client add --again");
	drop(&w);
}

/* A client that was made anew, or has another address, is not the one that is
 * there. */
static void
made_anew(void **state)
{
	static const char file[] = RUN "clients";
	const char *was;
	struct world w;

	(void)state;
	for (int i = 0; i < 2; i++) {
		make(&w, true, TUNNEL POOL "}\n", "phone", "word", NULL);
		was = find(&w, "file", "path", file)->text;
		assert_int_equal(strncmp(was, "phone@native@", 13), 0);
		was = strdup(was);
		gw_plan_destroy(w.plan);
		if (i == 0)
			w.client[0].created[18]++;
		else
			give(&w.client[0], "10.78.0.", 77);
		w.plan = gw_plan_create(w.conf, &w.clients, &w.facts);
		assert_string_not_equal(
		    was, find(&w, "file", "path", file)->text);
		free((void *)was);
		drop(&w);
	}
}

static void
dns_by_family(void **state)
{
	struct world w;

	(void)state;
	make(&w, true,
	    TUNNEL POOL "    dns = {\"9.9.9.9\", \"2620:fe::fe\"}\n}\n",
	    "phone", "word", NULL);
	assert_true(has(swanctl_conf(&w), "dns = 9.9.9.9\n"));
	assert_true(has(swanctl_conf(&w), "dns = 2620:fe::fe\n"));
	drop(&w);
	make(&w, true,
	    TUNNEL POOL "    dns = {\"self\"}\n}\n"
			"resolver { forward = {\"9.9.9.9\"} }\n",
	    "phone", "word", NULL);
	assert_true(has(swanctl_conf(&w), "dns = 10.78.0.1\n"));
	assert_true(has(swanctl_conf(&w), "dns = fd78::1\n"));
	drop(&w);
}

/* Whatever stands in a password, the file says digits. */
static void
passwords_are_digits(void **state)
{
	static const char hostile[] =
	    "a\"} b { c = 1 # \\ $ ` include /etc/passwd ' = ~";
	const char *text;
	char line[256] = "secret = 0x";
	struct world w;

	(void)state;
	for (size_t i = 0; hostile[i] != '\0'; i++)
		snprintf(line + strlen(line), 3, "%02x", hostile[i]);
	strcat(line, "\n");
	make(&w, true, TUNNEL POOL "}\n", "phone", hostile, NULL);
	text = swanctl_conf(&w);
	assert_true(has(text, line));
	assert_false(has(text, "include"));
	assert_true(has(text, "id = \"phone\"\n"));
	drop(&w);
}

static void
unusable_passwords_are_told(void **state)
{
	static const char *const passwords[] = { "gr\xc3\xbc\xc3\x9f", "",
		"tab\there", "line\nhere" };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
		bool told = false;

		make(&w, true, TUNNEL POOL "}\n", "phone", passwords[i],
		    "tablet", "good", NULL);
		assert_false(has(swanctl_conf(&w), "\"phone\""));
		assert_true(has(swanctl_conf(&w), "\"tablet\""));
		for (size_t k = 0; k < w.plan->notes.n; k++)
			told |= has(
			    w.plan->notes.v[k], "client phone cannot come in");
		assert_true(told);
		drop(&w);
	}
}

/* Another password or client is another hash, so that it is loaded. */
static void
changes_are_loaded(void **state)
{
	char hash[3][32];
	struct world w;

	(void)state;
	for (int i = 0; i < 3; i++) {
		make(&w, true, TUNNEL POOL "}\n", "phone",
		    i == 1 ? "other" : "same", i == 2 ? "new" : NULL, "word",
		    NULL);
		snprintf(hash[i], sizeof(hash[i]), "%s",
		    gw_step_need(find(&w, "load", "dir",
				     "/run/pared-gateway/gateway-home/ikev2"),
			"hash"));
		drop(&w);
	}
	assert_string_not_equal(hash[0], hash[1]);
	assert_string_not_equal(hash[0], hash[2]);
}

static void
certificates(void **state)
{
	const struct gw_step *s;
	const char *text;
	struct world w;

	(void)state;
	make(&w, true, TUNNEL POOL "    auth = \"certificate\"\n}\n", "phone",
	    "word", NULL);
	text = swanctl_conf(&w);
	assert_true(has(text, "cacerts = \"" RUN "x509ca/authority.pem\"\n"));
	assert_true(has(text, "revocation = strict\n"));
	assert_false(has(text, "eap"));
	/* Whichever way it calls itself. */
	assert_true(has(text, "            id = \"phone\"\n"));
	assert_true(has(text, "id = \"CN=phone\"\n"));
	text = find(&w, "file", "path", RUN "clients")->text;
	assert_non_null(strstr(text, "phone@native@"));
	assert_non_null(strstr(text, "@subject\n"));
	s = find(&w, "authority", "server", "vpn.example.org");
	assert_non_null(s);
	assert_string_equal(
	    gw_step_need(s, "dir"), "/var/lib/pared-gateway/home/authority");
	assert_non_null(find(&w, "copy", "path", RUN "x509crl/authority.pem"));
	s = find(&w, "copy", "path", RUN "private/native.pem");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "mode"), "0600");
	drop(&w);
}

/* One's own certificate: its chain one file each; no authority with EAP. */
static void
own_certificate(void **state)
{
	const struct gw_step *s;
	struct world w;

	(void)state;
	make(&w, true,
	    TUNNEL POOL "    certificate = \"/etc/ssl/a.pem\"\n"
			"    certificate-key = \"/etc/ssl/a.key\"\n}\n",
	    NULL);
	assert_null(find(&w, "authority", "server", "vpn.example.org"));
	assert_null(find(&w, "authority", "server", ""));
	s = find(&w, "copy", "path", RUN "x509ca/native+1.pem");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "part"), "1");
	assert_string_equal(gw_step_need(s, "from"), "/etc/ssl/a.pem");
	s = find(&w, "copy", "path", RUN "private/native.pem");
	assert_string_equal(gw_step_need(s, "from"), "/etc/ssl/a.key");
	drop(&w);
}

static void
esp_where_it_is(void **state)
{
	const struct gw_step *s;
	struct world w;

	(void)state;
	make(&w, true, TUNNEL POOL "}\n", NULL);
	s = find(&w, "file", "path", RUN "strongswan.conf");
	assert_true(has(s->text, " kernel-netlink "));
	assert_false(has(s->text, "libipsec"));
	assert_true(has(s->text, "install_routes = no"));
	assert_true(has(s->text, "routing_table = 0"));
	assert_non_null(find(&w, "module", "name", "esp4"));
	s = find(&w, "route", "dst", "10.78.0.0/24");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "eth0");
	drop(&w);

	make(&w, false, TUNNEL POOL "}\n", NULL);
	s = find(&w, "file", "path", RUN "strongswan.conf");
	assert_true(has(s->text, " kernel-libipsec kernel-netlink "));
	assert_null(find(&w, "module", "name", "esp4"));
	s = find(&w, "route", "dst", "fd78::/64");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "type"), "unreachable");
	drop(&w);
}

/* IPv6 by a link of its own: neighbours there are not asked for by the other.
 */
static void
ways_by_family(void **state)
{
	const struct gw_facts facts = { .kernel_esp = true,
		.uplink = "eth0",
		.ways4 = { { "eth0" }, 1 },
		.ways6 = { { "he6" }, 1 } };
	const struct gw_step *s;
	struct world w;

	(void)state;
	make(&w, true,
	    "gateway home { }\n"
	    "tunnel native { type = \"ikev2\" name = \"vpn.example.org\"\n" POOL
	    "}\n",
	    NULL);
	gw_plan_destroy(w.plan);
	w.facts = facts;
	w.plan = gw_plan_create(w.conf, &w.clients, &w.facts);
	s = find(&w, "route", "dst", "10.78.0.0/24");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "eth0");
	s = find(&w, "route", "dst", "fd78::/64");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "he6");
	drop(&w);
}

/* The ground before charon, what it is told after it. */
static void
order(void **state)
{
	struct world w;
	size_t ground, charon, load, authority, key;

	(void)state;
	make(&w, true, TUNNEL POOL "}\n", NULL);
	authority =
	    place(&w, find(&w, "authority", "server", "vpn.example.org"));
	key = place(&w, find(&w, "copy", "path", RUN "private/native.pem"));
	ground = place(&w,
	    find(&w, "ipsec", "dir", "/run/pared-gateway/gateway-home/ikev2"));
	charon = place(&w, find(&w, "daemon", "name", "charon"));
	load = place(&w,
	    find(&w, "load", "dir", "/run/pared-gateway/gateway-home/ikev2"));
	assert_true(authority < key && key < ground);
	assert_true(ground < charon && charon < load);
	assert_non_null(find(&w, "address", "address", "10.78.0.1/32"));
	assert_non_null(find(&w, "address", "address", "fd78::1/128"));
	drop(&w);
}

/* What is told of connections that are passed over is for certificates. */
static void
log_levels(void **state)
{
	struct world w;

	(void)state;
	make(&w, true, TUNNEL POOL "}\n", NULL);
	assert_true(has(find(&w, "file", "path", RUN "strongswan.conf")->text,
	    "            default = 1\n            cfg = 0\n"));
	drop(&w);
	make(&w, true, TUNNEL POOL "    auth = \"certificate\"\n}\n", NULL);
	assert_true(has(find(&w, "file", "path", RUN "strongswan.conf")->text,
	    "            default = 1\n            cfg = 1\n"));
	drop(&w);
}

/* '.' divides names in strongSwan's files. */
static void
titles_with_dots(void **state)
{
	char *name = gw_ikev2_connection("a.b.c");
	struct world w;

	(void)state;
	assert_string_equal(name, "a+b+c");
	free(name);
	make(&w, true,
	    "gateway home { uplink = \"eth0\" }\n"
	    "tunnel a.b { type = \"ikev2\" name = \"vpn.example.org\"\n" POOL
	    "}\n",
	    "x.y", "word", NULL);
	assert_true(has(swanctl_conf(&w), "    a+b : all@a+b {\n"));
	assert_true(has(swanctl_conf(&w), "    x+y@a+b@"));
	assert_true(has(swanctl_conf(&w), "eap_id = \"x.y\"\n"));
	assert_true(
	    has(find(&w, "file", "path", RUN "clients")->text, "x+y@a+b@"));
	drop(&w);
}

/* ---- what charon says ---- */

struct bytes {
	char p[1024];
	size_t n;
};

static void
put(struct bytes *b, int type, const char *name, const char *value)
{
	b->p[b->n++] = (char)type;
	if (name != NULL) {
		b->p[b->n++] = (char)strlen(name);
		memcpy(b->p + b->n, name, strlen(name));
		b->n += strlen(name);
	}
	if (value != NULL) {
		b->p[b->n++] = (char)(strlen(value) >> 8);
		b->p[b->n++] = (char)strlen(value);
		memcpy(b->p + b->n, value, strlen(value));
		b->n += strlen(value);
	}
}

static void
put_session(struct bytes *b, const char *id, const char *eap)
{
	put(b, GW_VICI_SECTION, "native", NULL);
	put(b, GW_VICI_VALUE, "uniqueid", "7");
	put(b, GW_VICI_VALUE, "state",
	    eap != NULL ? "ESTABLISHED" : "DELETING");
	put(b, GW_VICI_VALUE, "remote-host", "198.51.100.2");
	if (eap != NULL)
		put(b, GW_VICI_VALUE, "remote-eap-id", eap);
	put(b, GW_VICI_VALUE, "remote-id", id);
	put(b, GW_VICI_VALUE, "established", "12");
	put(b, GW_VICI_LIST, "remote-vips", NULL);
	put(b, GW_VICI_ITEM, NULL, "10.78.0.2");
	put(b, GW_VICI_ITEM, NULL, "fd78::2");
	put(b, GW_VICI_LIST_END, NULL, NULL);
	put(b, GW_VICI_SECTION, "child-sas", NULL);
	for (int i = 0; i < 2; i++) {
		put(b, GW_VICI_SECTION, i == 0 ? "all-1" : "all-2", NULL);
		put(b, GW_VICI_VALUE, "bytes-in", "100");
		put(b, GW_VICI_VALUE, "bytes-out", "20");
		put(b, GW_VICI_LIST, "local-ts", NULL);
		put(b, GW_VICI_ITEM, NULL, "0.0.0.0/0");
		put(b, GW_VICI_LIST_END, NULL, NULL);
		put(b, GW_VICI_SECTION_END, NULL, NULL);
	}
	put(b, GW_VICI_SECTION_END, NULL, NULL);
	put(b, GW_VICI_SECTION_END, NULL, NULL);
}

static void
sessions(void **state)
{
	struct gw_session *v = NULL;
	struct bytes b = { .n = 0 };
	size_t n = 0;

	(void)state;
	put_session(&b, "198.51.100.2", "phone");
	put_session(&b, "tablet", NULL);
	assert_int_equal(
	    gw_ikev2_take_sessions(pd_str_of(b.p, b.n), &v, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].connection, "native");
	assert_string_equal(v[0].client, "phone");
	assert_string_equal(v[0].remote, "198.51.100.2");
	assert_string_equal(v[0].addresses, "10.78.0.2 fd78::2");
	assert_string_equal(v[0].id, "7");
	assert_int_equal(v[0].seconds, 12);
	assert_int_equal(v[0].bytes_in, 200);
	assert_int_equal(v[0].bytes_out, 40);
	assert_true(v[0].in);
	assert_int_equal(v[0].children, 2);
	assert_string_equal(v[1].client, "tablet");
	assert_false(v[1].in);
	free(v);
}

/* A peer may call himself what he likes before he has proved it. */
static void
hostile_identity(void **state)
{
	struct gw_session *v = NULL;
	struct bytes b = { .n = 0 };
	size_t n = 0;

	(void)state;
	put_session(&b, "a\n} native { remote-eap-id=phone\x1b[2J\xff", NULL);
	assert_int_equal(
	    gw_ikev2_take_sessions(pd_str_of(b.p, b.n), &v, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(
	    v[0].client, "a?}?native?{?remote-eap-id=phone?[2J?");
	free(v);
}

static int
count(void *arg, const struct gw_vici_item *i)
{
	(void)i;
	return ++*(int *)arg > 1000;
}

static void
torn_messages(void **state)
{
	struct bytes b = { .n = 0 };
	int n = 0;

	(void)state;
	put_session(&b, "a", "b");
	assert_int_equal(gw_vici_parse(pd_str_of(b.p, b.n), count, &n), 0);
	for (size_t i = 1; i < b.n; i++) {
		n = 0;
		assert_int_equal(
		    gw_vici_parse(pd_str_of(b.p, i), count, &n), -1);
	}
	/* An end too many, an item outside of a list, a section within one, a
	 * type that there is none of, and too deep. */
	assert_int_equal(gw_vici_parse(PD_STR("\2"), count, &n), -1);
	assert_int_equal(gw_vici_parse(PD_STR("\5\0\1x"), count, &n), -1);
	assert_int_equal(
	    gw_vici_parse(PD_STR("\4\1a\1\1b\2\6"), count, &n), -1);
	assert_int_equal(gw_vici_parse(PD_STR("\7"), count, &n), -1);
	assert_int_equal(
	    gw_vici_parse(PD_STR("\1\1a\1\1a\1\1a\1\1a\1\1a\1\1a\1\1a\1\1a\1"
				 "\1a\2\2\2\2\2\2\2\2\2"),
		count, &n),
	    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_of_its_own),
		cmocka_unit_test(without_an_address),
		cmocka_unit_test(made_anew),
		cmocka_unit_test(dns_by_family),
		cmocka_unit_test(passwords_are_digits),
		cmocka_unit_test(unusable_passwords_are_told),
		cmocka_unit_test(changes_are_loaded),
		cmocka_unit_test(certificates),
		cmocka_unit_test(own_certificate),
		cmocka_unit_test(esp_where_it_is),
		cmocka_unit_test(ways_by_family),
		cmocka_unit_test(order),
		cmocka_unit_test(log_levels),
		cmocka_unit_test(titles_with_dots),
		cmocka_unit_test(sessions),
		cmocka_unit_test(hostile_identity),
		cmocka_unit_test(torn_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
