/* The store: what a file may be, what is written is read again, and which
 * addresses are given out. */
#include "client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "system.h"

#define KEY "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static char told[4096];

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s\n",
	    error ? "" : "warning: ", text);
}

static const struct pd_conf_report report = { on_line, NULL };

/* ---- reading ---- */

static void
expect(const char *text, const char *what)
{
	struct gw_client cl;

	told[0] = '\0';
	assert_int_equal(gw_client_parse("kim.conf", text, &report, &cl), -1);
	gw_client_free(&cl);
	assert_string_equal(told, what);
}

static void
test_wrong(void **state)
{
	(void)state;
	expect("", "kim.conf: there is no client in it; remove the file, or "
		   "write client kim { ... }\n");
	expect("client kay {\n tunnel = \"a\"\n}\n",
	    "kim.conf:1: its name is not the file's; write client kim { ... "
	    "}\n");
	expect("client kim {\n}\n",
	    "kim.conf:1: client kim: tunnel is missing; write tunnel = "
	    "\"phones\"\n");
	expect("client kim {\n tunnel = \"a/b\"\n}\n",
	    "kim.conf:2: client kim: tunnel is no name of a tunnel\n");
	expect("client kim {\n tunnel = \"a\"\n public-key = \"x\"\n}\n",
	    "kim.conf:3: client kim: public-key is no WireGuard key: 44 "
	    "letters of base64\n");
	expect(
	    "client kim {\n tunnel = \"a\"\n address = {\"10.0.0.0/8\"}\n}\n",
	    "kim.conf:3: client kim: address: \"10.0.0.0/8\" cannot be; give "
	    "an address like 192.0.2.1 or 2001:db8::1, without a port or "
	    "brackets\n");
	expect("client kim {\n tunnel = \"a\"\n address = {\"::ffff:1.2.3.4\"}"
	       "\n}\n",
	    "kim.conf:3: client kim: address: \"::ffff:1.2.3.4\" is no address "
	    "that a client can have\n");
	expect("client kim {\n tunnel = \"a\"\n password = \"\303\244\"\n}\n",
	    "kim.conf:3: client kim: password has to have 1 to 128 printable "
	    "ASCII characters\n");
	expect("client kim {\n tunnel = \"a\"\n certificate = \"../x\"\n}\n",
	    "kim.conf:3: client kim: certificate is no name of a file beside "
	    "the others\n");
	expect("client kim {\n tunnel = \"a\"\n created = \"now\"\n}\n",
	    "kim.conf:3: client kim: created is no time, such as "
	    "2026-11-22T10:00:00Z\n");
	expect("client kim {\n tunnel = \"a\"\n}\nclient kim {\n}\n",
	    "kim.conf:4: a second client; write it into a file of its own\n");
	expect("device kim {\n}\n",
	    "kim.conf:1: unknown name \"device\"; see pared-gateway(8) for "
	    "those that there are\n");
	expect("client kim {\n tunel = \"a\"\n}\n",
	    "kim.conf:2: unknown name \"tunel\"; did you mean tunnel?\n");
}

static void
test_no_name(void **state)
{
	static const char *const wrong[] = { ".conf", "kim", "-k.conf",
		"/x/..conf", "a b.conf", "kim.conf~" };
	struct gw_client cl;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
		    gw_client_parse(wrong[i], "", &report, &cl), -1);
		gw_client_free(&cl);
	}
}

/* What is written is read as it was, whatever the password. */
static void
test_again(void **state)
{
	static const char *const passwords[] = { "plain", "a\"b", "a\\b", "\\",
		"\\\"", "${HOME}", "{ } = # // /* '", "a\\n" };
	struct gw_client cl = { 0 }, back;
	struct pd_addr a;

	(void)state;
	cl.name = pd_xstrdup("kim");
	cl.tunnel = pd_xstrdup("phones");
	cl.public_key = pd_xstrdup(KEY);
	cl.created = pd_xstrdup("2026-11-22T10:00:00Z");
	assert_int_equal(gw_addr_parse(PD_STR("10.77.0.2"), &a), 0);
	gw_client_add_address(&cl, &a);
	assert_int_equal(gw_addr_parse(PD_STR("fd77::2"), &a), 0);
	gw_client_add_address(&cl, &a);
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
		char *text;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		free(cl.password);
		cl.password = pd_xstrdup(passwords[i]);
		gw_client_write(&cl, f);
		fclose(f);
		told[0] = '\0';
		assert_int_equal(
		    gw_client_parse("/x/kim.conf", text, &report, &back), 0);
		assert_string_equal(told, "");
		assert_string_equal(back.password, passwords[i]);
		assert_string_equal(back.public_key, KEY);
		assert_int_equal(back.address.n, 2);
		assert_string_equal(back.address_text.v[1], "fd77::2");
		assert_int_equal(back.address.v[1].first.family, AF_INET6);
		assert_null(back.private_key);
		gw_client_free(&back);
		free(text);
	}
	gw_client_free(&cl);
}

/* ---- the folder ---- */

static struct gw_config *
config(const char *dir, const char *more)
{
	struct gw_config *c;
	char *text;

	assert_true(asprintf(&text,
			"gateway home {\n endpoint = \"x.example\"\n"
			" state-dir = \"%s\"\n run-dir = \"%s/run\"\n}\n%s",
			dir, dir, more) > 0);
	told[0] = '\0';
	c = gw_config_parse("test.conf", text, &report);
	if (c == NULL)
		fail_msg("%s", told);
	free(text);
	return c;
}

static void
put(const struct gw_config *c, const char *name, const char *tunnel,
    const char *address)
{
	struct gw_client cl = { 0 };
	struct pd_addr a;

	cl.name = pd_xstrdup(name);
	cl.tunnel = pd_xstrdup(tunnel);
	if (address != NULL) {
		assert_int_equal(gw_addr_parse(pd_str_z(address), &a), 0);
		gw_client_add_address(&cl, &a);
	}
	assert_int_equal(gw_client_save(c, &cl), 0);
	gw_client_free(&cl);
}

static void
remove_all(const char *dir)
{
	const char *const argv[] = { "rm", "-rf", dir, NULL };
	struct gw_run r = { .argv = argv };

	gw_run(&r);
	free(r.output);
	free(r.complaints);
}

static const char phones[] = "tunnel phones {\n type = \"wireguard\"\n"
			     " address = {\"10.77.0.1/29\", \"fd77::1/64\"}\n"
			     "}\n";

static void
test_folder(void **state)
{
	char dir[] = "/tmp/client.XXXXXX", path[128], *text;
	struct gw_clients clients;
	struct gw_config *c;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = config(dir, phones);
	assert_int_equal(gw_clients_load(c, &clients, &report), 0);
	assert_int_equal(clients.n, 0);
	put(c, "zoe", "phones", "10.77.0.3");
	put(c, "kim", "gone", "10.77.0.2");
	snprintf(path, sizeof(path), "%s/home/clients", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/home", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/home/clients/zoe.conf", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/home/clients/zoe.conf~", dir);
	assert_int_equal(gw_write_file(path, "{", 0600), 0);

	told[0] = '\0';
	assert_int_equal(gw_clients_load(c, &clients, &report), 0);
	assert_non_null(strstr(told, "warning: "));
	assert_non_null(strstr(told, "kim.conf: its tunnel is not in the"));
	assert_int_equal(clients.n, 2);
	assert_string_equal(clients.v[0].name, "kim");
	assert_ptr_equal(gw_clients_find(&clients, "ZOE"), &clients.v[1]);
	assert_ptr_equal(
	    gw_clients_next(&clients, &c->tunnels[0], NULL), &clients.v[1]);
	assert_null(gw_clients_next(&clients, &c->tunnels[0], &clients.v[1]));

	assert_int_equal(gw_clients_publish(c, &clients), 0);
	snprintf(path, sizeof(path), "%s/home.devices.conf", dir);
	text = gw_read_file(path);
	assert_non_null(text);
	assert_non_null(strstr(text, "device kim {\n    address = "
				     "{\"10.77.0.2\"}\n}\ndevice zoe {"));
	free(text);
	gw_clients_free(&clients);

	snprintf(path, sizeof(path), "%s/home/clients/bad.conf", dir);
	assert_int_equal(gw_write_file(path, "client bad {", 0600), 0);
	assert_int_equal(gw_clients_load(c, &clients, &report), -1);
	assert_int_equal(clients.n, 2);
	gw_clients_free(&clients);

	/* What somebody wrote there by hand is known, and not served. */
	snprintf(path, sizeof(path), "%s/home/clients/bad.conf", dir);
	assert_int_equal(
	    gw_write_file(path,
		"client bad {\n tunnel = \"phones\"\n"
		" address = {\"198.51.100.1\"}\n public-key = "
		"\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n"
		"}\n",
		0600),
	    0);
	told[0] = '\0';
	assert_int_equal(gw_clients_load(c, &clients, &report), 0);
	assert_non_null(strstr(told, "198.51.100.1 is not in tunnel phones"));
	assert_non_null(gw_clients_find(&clients, "bad"));
	assert_true(gw_clients_find(&clients, "bad")->unfit);
	gw_clients_free(&clients);
	gw_config_free(c);
	remove_all(dir);
}

/* ---- addresses ---- */

/* The client's addresses, or why not, after a name asked for asked. */
static const char *
place(const struct gw_config *c, const char *name, const char *asked)
{
	static char text[512];
	struct gw_clients clients;
	struct gw_client cl = { .name = pd_xstrdup(name) };
	struct pd_str rest = pd_str_z(asked);
	char why[GW_CLIENT_WHY];
	int r;

	assert_int_equal(gw_clients_load(c, &clients, &report), 0);
	while (rest.n > 0) {
		struct pd_addr a;

		assert_int_equal(
		    gw_addr_parse(pd_str_split(&rest, ' '), &a), 0);
		gw_client_add_address(&cl, &a);
	}
	r = gw_client_place(c, &clients, &c->tunnels[0], &cl, why);
	text[0] = '\0';
	for (size_t i = 0; i < cl.address_text.n && r == 0; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%s", i > 0 ? " " : "", cl.address_text.v[i]);
	if (r < 0)
		snprintf(text, sizeof(text), "%s", why);
	gw_client_free(&cl);
	gw_clients_free(&clients);
	return text;
}

static void
test_place(void **state)
{
	char dir[] = "/tmp/client.XXXXXX";
	struct gw_config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = config(dir, phones);
	assert_string_equal(place(c, "a", ""), "10.77.0.2 fd77::2");
	put(c, "b", "phones", "10.77.0.2");
	put(c, "d", "phones", "fd77::3");
	assert_string_equal(place(c, "a", ""), "10.77.0.3 fd77::2");
	assert_string_equal(place(c, "a", "10.77.0.6"), "10.77.0.6 fd77::2");
	assert_string_equal(
	    place(c, "a", "fd77::ffff"), "fd77::ffff 10.77.0.3");
	/* Its own are free. */
	assert_string_equal(place(c, "B", "10.77.0.2"), "10.77.0.2 fd77::2");
	assert_string_equal(place(c, "a", "10.77.0.2"),
	    "10.77.0.2 is client b's; choose another, or leave --address out");
	assert_string_equal(place(c, "a", "10.77.0.1"),
	    "10.77.0.1 is not a client's: tunnel phones has it itself, or its "
	    "peer has; choose another");
	assert_string_equal(place(c, "a", "10.77.0.7"),
	    "10.77.0.7 is no host's address in the networks of tunnel phones; "
	    "choose another, or leave --address out");
	assert_string_equal(place(c, "a", "10.77.0.0"),
	    "10.77.0.0 is no host's address in the networks of tunnel phones; "
	    "choose another, or leave --address out");
	assert_string_equal(place(c, "a", "fd77::"),
	    "fd77:: is no host's address in the networks of tunnel phones; "
	    "choose another, or leave --address out");
	assert_string_equal(place(c, "a", "10.78.0.2"),
	    "10.78.0.2 is no host's address in the networks of tunnel phones; "
	    "choose another, or leave --address out");
	assert_string_equal(place(c, "a", "10.77.0.3 10.77.0.3"),
	    "the same address is given twice; give it once");
	put(c, "e", "phones", "10.77.0.3");
	put(c, "f", "phones", "10.77.0.4");
	put(c, "g", "phones", "10.77.0.5");
	assert_string_equal(place(c, "a", ""), "10.77.0.6 fd77::2");
	put(c, "h", "phones", "10.77.0.6");
	assert_string_equal(place(c, "a", ""),
	    "tunnel phones has no IPv4 address left; give it a larger network "
	    "with address =, or revoke clients");
	gw_config_free(c);
	remove_all(dir);
}

static void
test_place_small(void **state)
{
	char dir[] = "/tmp/client.XXXXXX";
	struct gw_config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = config(dir, "tunnel a {\n type = \"wireguard\"\n address = "
			"{\"10.0.0.2/30\"}\n}\n");
	assert_string_equal(place(c, "a", ""), "10.0.0.1");
	put(c, "b", "a", "10.0.0.1");
	assert_string_equal(place(c, "a", ""),
	    "tunnel a has no IPv4 address left; give it a larger network with "
	    "address =, or revoke clients");
	gw_config_free(c);
	/* The far end of the section is no client, nor are its addresses. */
	c = config(dir, "tunnel a {\n type = \"wireguard\"\n peer = \"" KEY
			"\"\n allowed = {\"10.0.0.2/32\"}\n address = "
			"{\"10.0.0.1/24\"}\n}\n");
	assert_string_equal(place(c, "a", ""), "10.0.0.3");
	gw_config_free(c);
	remove_all(dir);
}

static void
test_place_pool(void **state)
{
	char dir[] = "/tmp/client.XXXXXX";
	struct gw_config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = config(dir, "tunnel a {\n type = \"pptp\"\n"
			" i-know-it-is-broken = true\n"
			" local = \"198.51.100.1\"\n"
			" address = {\"192.168.77.1/32\"}\n"
			" pool = {\"192.168.77.2-192.168.77.3\"}\n}\n");
	put(c, "b", "a", "192.168.77.2");
	assert_string_equal(place(c, "a", ""), "192.168.77.3");
	put(c, "d", "a", "192.168.77.3");
	assert_string_equal(place(c, "a", ""),
	    "the pool of tunnel a has no address left; give it a larger one "
	    "with pool =, or revoke clients");
	assert_string_equal(place(c, "a", "192.168.77.9"),
	    "192.168.77.9 is not in the pool of tunnel a; choose another, or "
	    "leave --address out");
	gw_config_free(c);
	remove_all(dir);
}

/* IKEv2: each has its own of the pool, as those of WireGuard. */
static void
test_place_ikev2(void **state)
{
	char dir[] = "/tmp/client.XXXXXX";
	struct gw_config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = config(dir, "tunnel a {\n type = \"ikev2\"\n name = \"x.example\"\n"
			" address = {\"10.78.0.1/32\", \"fd78::9/128\"}\n"
			" pool = {\"10.78.0.0/29\", \"fd78::/64\"}\n}\n");
	assert_string_equal(place(c, "z", ""), "10.78.0.2 fd78::1");
	put(c, "b", "a", "10.78.0.2");
	assert_string_equal(place(c, "z", ""), "10.78.0.3 fd78::1");
	assert_string_equal(place(c, "z", "fd78::a"), "fd78::a 10.78.0.3");
	assert_string_equal(place(c, "z", "10.78.0.2"),
	    "10.78.0.2 is client b's; choose another, or leave --address out");
	assert_string_equal(place(c, "z", "fd78::9"),
	    "fd78::9 is not a client's: tunnel a has it itself, or its peer "
	    "has; choose another");
	assert_string_equal(place(c, "z", "10.78.0.7"),
	    "10.78.0.7 is no host's address in the networks of tunnel a; "
	    "choose another, or leave --address out");
	put(c, "d", "a", "10.78.0.3");
	put(c, "e", "a", "10.78.0.4");
	put(c, "f", "a", "10.78.0.5");
	put(c, "g", "a", "10.78.0.6");
	assert_string_equal(place(c, "z", ""),
	    "tunnel a has no IPv4 address left; give it a larger network with "
	    "pool =, or revoke clients");
	gw_config_free(c);
	remove_all(dir);
}

/* The pool became another: who has an address of the old one is told of, and
 * not served. */
static void
test_pool_changed(void **state)
{
	char dir[] = "/tmp/client.XXXXXX";
	struct gw_clients clients;
	struct gw_config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = config(dir, "tunnel a {\n type = \"ikev2\"\n name = \"x.example\"\n"
			" address = {\"10.78.0.1/32\"}\n"
			" pool = {\"10.78.0.0/29\"}\n}\n");
	put(c, "b", "a", "10.78.0.2");
	put(c, "d", "a", "10.78.0.9");
	told[0] = '\0';
	assert_int_equal(gw_clients_load(c, &clients, &report), 0);
	assert_non_null(strstr(
	    told, "10.78.0.9 is not in tunnel a; see client add --again"));
	assert_false(gw_clients_find(&clients, "b")->unfit);
	assert_true(gw_clients_find(&clients, "d")->unfit);
	gw_clients_free(&clients);
	gw_config_free(c);
	remove_all(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_place_small),
		cmocka_unit_test(test_place_pool),
		cmocka_unit_test(test_place_ikev2),
		cmocka_unit_test(test_pool_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
