#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"

static struct gw_config conf = {
	.name = "test", .run_dir = "/run/x", .state_dir = "/var/lib/x"
};
static struct gw_clients clients;
static struct gw_facts facts;

static void
on_line(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)error;
	print_message("%s\n", line);
}

static const struct pd_conf_report report = { on_line, NULL };

void
gw_fault(const char *where)
{
	(void)where;
}

static void
nothing_asked_nothing_done(void **state)
{
	struct gw_plan *p = gw_plan_create(&conf, &clients, &facts);

	(void)state;
	assert_int_equal(p->n, 0);
	assert_true(p->no_uplink);
	assert_string_equal(p->uplink, GW_NO_UPLINK);
	assert_false(gw_is_name(GW_NO_UPLINK, GW_TITLE_MAX));
	gw_plan_destroy(p);
}

static void
the_uplink_named_or_found(void **state)
{
	struct gw_facts found = { .uplink = "eth7" };
	struct gw_config named = conf;
	struct gw_plan *p = gw_plan_create(&conf, &clients, &found);

	(void)state;
	assert_false(p->no_uplink);
	/* The facts are another's as soon as the setup moves. */
	strcpy(found.uplink, "gone");
	assert_string_equal(p->uplink, "eth7");
	gw_plan_destroy(p);
	named.uplink = "ppp0";
	p = gw_plan_create(&named, &clients, &found);
	assert_string_equal(p->uplink, "ppp0");
	gw_plan_destroy(p);
}

/* Each by which a packet may leave, in both families. */
static void
others_drops_are_asked_by_link(void **state)
{
	struct gw_facts found = { .uplink = "eth0",
		.ways4 = { { "eth0", "eth1" }, 2 },
		.ways6 = { { "he6" }, 1 } };
	struct gw_plan *p = gw_plan_create(&conf, &clients, &found);

	(void)state;
	assert_string_equal(gw_plan_links(p, GW_CHAIN_FORWARD),
	    "{ \"eth0\", \"eth1\" }, \"he6\"");
	assert_null(gw_plan_links(p, GW_CHAIN_INPUT));
	gw_plan_destroy(p);
}

static void
one_object_is_one_step(void **state)
{
	struct gw_plan *p = gw_plan_create(&conf, &clients, &facts);
	struct gw_step *a, *b;

	(void)state;
	a = gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst", "d",
	    "table", "1", "dev", "a", "via", NULL, "metric", "7");
	assert_int_equal(a->nargs, 4);
	assert_null(gw_step_get(a, "via"));
	assert_string_equal(gw_step_need(a, "via"), "");
	b = gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst", "d",
	    "table", "1", "dev", "b");
	assert_ptr_equal(a, b);
	assert_string_equal(gw_step_get(b, "dev"), "a");
	b = gw_plan_add(
	    p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst", "d", "table", "2");
	assert_ptr_not_equal(a, b);
	b = gw_plan_add(
	    p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "dst", "d", "table", "1");
	assert_ptr_not_equal(a, b);
	assert_int_equal(p->n, 3);
	gw_plan_destroy(p);
}

static void
places_and_secrets(void **state)
{
	struct gw_plan *p = gw_plan_create(&conf, &clients, &facts);

	(void)state;
	assert_string_equal(
	    gw_plan_run(p, "%s.conf", "a"), "/run/x/gateway-test/a.conf");
	assert_string_equal(
	    gw_plan_state(p, "key%d", 1), "/var/lib/x/test/key1");
	gw_plan_file(p, "/a", 0644, "open");
	gw_plan_file(p, "/b", 0600, "closed");
	assert_false(p->v[0]->secret);
	assert_true(p->v[1]->secret);
	assert_string_equal(gw_step_get(p->v[1], "mode"), "0600");
	for (size_t i = 0; i < p->v[1]->nargs; i++)
		assert_null(strstr(p->v[1]->args[i].value, "closed"));
	gw_plan_note(p, "%s is old", "it");
	assert_int_equal(p->notes.n, 1);
	assert_string_equal(p->notes.v[0], "it is old");
	gw_plan_destroy(p);
}

static void
daemons_have_their_words(void **state)
{
	static const char *const argv[] = { "unbound", "-d", NULL };
	struct gw_plan *p = gw_plan_create(&conf, &clients, &facts);
	struct gw_step *s = gw_plan_daemon(
	    p, GW_PHASE_DAEMON, "names", argv, NULL, "/run/ready");

	(void)state;
	assert_string_equal(gw_step_get(s, "name"), "names");
	assert_string_equal(gw_step_get(s, "argv0"), "unbound");
	assert_string_equal(gw_step_get(s, "argv1"), "-d");
	assert_null(gw_step_get(s, "argv2"));
	assert_null(gw_step_get(s, "env"));
	assert_int_equal(s->nkeys, 1);
	gw_plan_destroy(p);
}

/* What must hold of every plan: guards first, forwarding last. */
static void
in_the_order_of_phases(void **state)
{
	static const char text[] =
	    "gateway home {\n    uplink = \"eth0\"\n}\n"
	    "tunnel phones {\n    type = \"wireguard\"\n"
	    "    address = {\"10.77.0.1/24\", \"fd77::1/64\"}\n}\n";
	struct gw_facts ra = { .uplink = "eth0",
		.uplink_ra = true,
		.ipv6_default = true,
		.uplink_mtu = 1500 };
	struct gw_config *c = gw_config_parse("x", text, &report);
	struct gw_plan *p;

	(void)state;
	assert_non_null(c);
	p = gw_plan_create(c, &clients, &ra);
	assert_in_range(p->n, 5, 100);
	for (size_t i = 1; i < p->n; i++)
		assert_true(p->phases[i - 1] <= p->phases[i]);
	assert_int_equal(p->phases[p->n - 1], GW_PHASE_FORWARD);
	assert_string_equal(gw_phase_name(p->phases[p->n - 1]), "forward");
	/* Else all.forwarding would cost the default route. */
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i]->kind == &gw_kind_sysctl &&
		    strstr(gw_step_need(p->v[i], "key"), "accept_ra") != NULL)
			assert_int_equal(p->phases[i], GW_PHASE_GUARD);
	}
	gw_plan_destroy(p);
	gw_config_free(c);
}

/* The journal is read by another run of the program: every name is known. */
static void
every_kind_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < gw_nkinds; i++) {
		const struct gw_kind *k = gw_kinds[i];

		assert_ptr_equal(gw_kind_find(k->name), k);
		assert_non_null(k->describe);
		assert_non_null(k->probe);
		assert_non_null(k->make);
		assert_non_null(k->undo);
	}
	assert_null(gw_kind_find("nonsense"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_nothing_done),
		cmocka_unit_test(the_uplink_named_or_found),
		cmocka_unit_test(others_drops_are_asked_by_link),
		cmocka_unit_test(one_object_is_one_step),
		cmocka_unit_test(places_and_secrets),
		cmocka_unit_test(daemons_have_their_words),
		cmocka_unit_test(in_the_order_of_phases),
		cmocka_unit_test(every_kind_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
