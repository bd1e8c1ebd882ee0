/* The resolver's configuration: who may ask, and whom it asks. */
#include "plan_help.h"

#include <unistd.h>

#define HEAD "gateway home { uplink = \"eth0\" intercept = \"no\" }\n"
#define PHONES                                                           \
	"tunnel phones { type = \"wireguard\" listen = 51820 address = " \
	"{\"10.77.0.1/24\", \"fd77::1/64\"} dns = {\"self\"} }\n"
#define SIX                                                                  \
	"nat64 { prefix = \"2001:db8:64::/96\" pool = \"192.168.255.0/24\" " \
	"link = \"lan6\" lan = \"2001:db8:77::1/64\" }\n"

#define RUN "/run/pared-gateway/gateway-home/"

static const char *
conf(const struct plan_help *h, const char *name)
{
	char path[256];
	const struct gw_step *s;

	snprintf(path, sizeof(path), RUN "%s/unbound.conf", name);
	s = plan_help_step(h, &gw_kind_file, "path", path);
	return s != NULL ? s->text : "";
}

static bool
has(const struct plan_help *h, const char *name, const char *line)
{
	return strstr(conf(h, name), line) != NULL;
}

static bool
has_daemon(const struct plan_help *h, const char *name)
{
	return plan_help_step(h, &gw_kind_daemon, "name", name) != NULL;
}

static void
test_tunnel(void **state)
{
	struct plan_help h = { .facts = { .unbound_user = true,
				   .ipv6_default = true } };

	(void)state;
	assert_true(plan_help_make(
	    &h, HEAD PHONES "resolver { forward = {\"9.9.9.9\"} }\n"));
	assert_true(has(&h, "unbound", "    interface: 10.77.0.1\n"));
	assert_true(has(&h, "unbound", "    interface: fd77::1\n"));
	assert_true(has(&h, "unbound",
	    "    access-control: 10.77.0.0/24 allow\n"
	    "    access-control-view: 10.77.0.0/24 phones\n"));
	assert_true(has(&h, "unbound", "    username: \"unbound\"\n"));
	assert_true(has(&h, "unbound", "    module-config: \"iterator\"\n"));
	assert_true(has(&h, "unbound", "    private-address: 10.0.0.0/8\n"));
	assert_true(has(&h, "unbound",
	    "forward-zone:\n    name: \".\"\n    forward-addr: 9.9.9.9\n"));
	assert_true(has(&h, "unbound",
	    "    local-data: \"pared.internal. 60 IN A 10.77.0.1\"\n"
	    "    local-data: \"pared.internal. 60 IN AAAA fd77::1\"\n"));
	assert_false(has(&h, "unbound", "wpad"));
	assert_false(has(&h, "unbound", "dns64"));
	assert_false(has_daemon(&h, "unbound64"));
	plan_help_free(&h);
}

/* Without forwarders it checks signatures itself. */
static void
test_world(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h, HEAD PHONES "resolver { }\n"));
	assert_true(
	    has(&h, "unbound", "    module-config: \"validator iterator\"\n"));
	assert_true(has(&h, "unbound", "    trust-anchor: \". DS 20326 "));
	assert_false(has(&h, "unbound", "forward-zone"));
	assert_true(has(&h, "unbound", "    username: \"nobody\"\n"));
	assert_true(has(&h, "unbound", "    prefer-ip4: yes\n"));
	plan_help_free(&h);
}

/* Two kinds of clients, two daemons: DNS64 is not for who has IPv4. */
static void
test_dns64(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h, HEAD PHONES SIX "resolver { }\n"));
	assert_true(has_daemon(&h, "unbound"));
	assert_false(has(&h, "unbound", "dns64"));
	assert_false(has(&h, "unbound", "2001:db8:77::"));
	assert_true(has(&h, "unbound64",
	    "    module-config: \"dns64 validator iterator\"\n"));
	assert_true(
	    has(&h, "unbound64", "    dns64-prefix: 2001:db8:64::/96\n"));
	assert_true(has(&h, "unbound64", "    dns64-ignore-aaaa: \".\"\n"));
	assert_true(has(&h, "unbound64", "    interface: 2001:db8:77::1\n"));
	assert_false(has(&h, "unbound64", "10.77.0"));
	plan_help_free(&h);
	h.facts.ipv6_default = true;
	assert_true(plan_help_make(&h, HEAD SIX));
	assert_false(has_daemon(&h, "unbound"));
	assert_false(has(&h, "unbound64", "ignore-aaaa"));
	plan_help_free(&h);
}

/* A range of PPTP's is as many networks as it takes, and no address more. */
static void
test_range(void **state)
{
	struct plan_help h = { 0 };
	const char *text;

	(void)state;
	assert_true(plan_help_make(&h,
	    HEAD "tunnel ipad { type = \"pptp\" i-know-it-is-broken = true "
		 "local = \"198.51.100.1\" address = {\"192.168.77.1/32\"} "
		 "pool = {\"192.168.77.234-192.168.77.238\"} dns = "
		 "{\"self\"} }\nresolver { }\n"));
	text = conf(&h, "unbound");
	assert_non_null(strstr(text, "access-control: 192.168.77.234/31 a"));
	assert_non_null(strstr(text, "access-control: 192.168.77.236/31 a"));
	assert_non_null(strstr(text, "access-control: 192.168.77.238/32 a"));
	assert_non_null(strstr(text, "access-control: 192.168.77.1/32 a"));
	assert_null(strstr(text, "192.168.77.239"));
	plan_help_free(&h);
}

static void
test_words(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h,
	    "gateway home { uplink = \"eth0\" intercept = \"no\" wpad = true "
	    "}\n" PHONES "resolver { forward = {\"127.0.0.1@5353\"} "
	    "private-names = true }\n"));
	assert_true(has(&h, "unbound", "\"wpad. 60 IN A 10.77.0.1\""));
	assert_true(has(&h, "unbound", "    do-not-query-localhost: no\n"));
	assert_true(has(&h, "unbound", "    forward-addr: 127.0.0.1@5353\n"));
	assert_true(has(&h, "unbound", "    local-zone: \"test.\" nodefault"));
	assert_false(has(&h, "unbound", "private-address"));
	plan_help_free(&h);
}

/* Names resolve while the list is missing; once it is there, or is another,
 * unbound starts anew. */
static void
test_blocklist(void **state)
{
	char path[] = "/tmp/pared-list-XXXXXX", text[1024];
	struct plan_help h = { 0 };
	char *reads[3] = { NULL };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	snprintf(text, sizeof(text),
	    HEAD PHONES "resolver { blocklist = \"%s\" }\n", path);
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			unlink(path);
		assert_true(plan_help_make(&h, text));
		assert_int_equal(
		    strstr(h.notes, "no name is blocked") != NULL, i == 2);
		assert_int_equal(has(&h, "unbound", "    include: \""), i < 2);
		reads[i] = strdup(gw_step_need(
		    plan_help_step(&h, &gw_kind_daemon, "name", "unbound"),
		    "reads"));
		plan_help_free(&h);
		if (i == 0)
			assert_int_equal(write(fd, "#\n", 2), 2);
	}
	assert_string_not_equal(reads[0], reads[1]);
	assert_string_not_equal(reads[1], reads[2]);
	for (int i = 0; i < 3; i++)
		free(reads[i]);
	close(fd);
}

static void
test_nobody(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(
	    plan_help_make(&h, HEAD "resolver { forward = {\"9.9.9.9\"} }\n"));
	assert_non_null(strstr(h.notes, "resolver: nobody asks it"));
	assert_false(has_daemon(&h, "unbound"));
	plan_help_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_dns64),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_blocklist),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
