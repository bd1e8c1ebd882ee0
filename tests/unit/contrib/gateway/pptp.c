/* What pptpd and pppd are given to read, and that a password's bytes stay in
 * their place there. */
#include "tunnel/pptp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

#define TUNNEL                                  \
	"gateway old { uplink = \"eth0\" }\n"   \
	"tunnel ipad {\n"                       \
	"    type = \"pptp\"\n"                 \
	"    i-know-it-is-broken = true\n"      \
	"    local = \"198.51.100.1\"\n"        \
	"    address = {\"192.168.77.1/32\"}\n" \
	"    pool = {\"192.168.77.234-192.168.77.238\"}\n"
#define RUN "/run/pared-gateway/gateway-old/"

struct world {
	struct gw_config *conf;
	struct gw_client client;
	struct pd_prefix address;
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
make(struct world *w, const char *text, const char *password)
{
	const struct pd_conf_report report = { .line = on_report };

	*w = (struct world){ 0 };
	w->conf = gw_config_parse("test.conf", text, &report);
	assert_non_null(w->conf);
	if (password != NULL) {
		assert_int_equal(
		    pd_prefix_parse(PD_STR("192.168.77.234"), &w->address), 0);
		w->client = (struct gw_client){
			.name = (char *)"kim",
			.tunnel = (char *)"ipad",
			.password = (char *)password,
			.address = { &w->address, 1 },
		};
		w->clients = (struct gw_clients){ &w->client, 1, false };
	}
	w->plan = gw_plan_create(w->conf, &w->clients, &w->facts);
}

static void
drop(struct world *w)
{
	gw_plan_destroy(w->plan);
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

static const char *
text_of(const struct world *w, const char *kind, const char *path)
{
	const struct gw_step *s = find(w, kind, "path", path);

	assert_non_null(s);
	return s->text;
}

static bool
is_noted(const struct world *w, const char *part)
{
	for (size_t i = 0; i < w->plan->notes.n; i++) {
		if (strstr(w->plan->notes.v[i], part) != NULL)
			return true;
	}
	return false;
}

static void
strong_or_nothing(void **state)
{
	static const char *const lines[] = { "refuse-pap\n", "refuse-chap\n",
		"refuse-mschap\n", "refuse-eap\n", "require-mschap-v2\n",
		"require-mppe-128\n", "auth\n", "novj\n", "nobsdcomp\n",
		"nodeflate\n", "mtu 1400\n", "mru 1400\n", "ms-dns 9.9.9.9\n",
		"192.168.77.1:\n", "noipv6\n" };
	const char *options, *conf;
	struct world w;

	(void)state;
	make(&w, TUNNEL "    dns = {\"9.9.9.9\"}\n}\n", NULL);
	options = text_of(&w, "file", RUN "pptp/options");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strstr(options, lines[i]) == NULL)
			fail_msg("no %s in:\n%s", lines[i], options);
	}
	conf = text_of(&w, "file", RUN "pptp/pptpd.conf");
	assert_non_null(strstr(conf, "listen 198.51.100.1\n"));
	assert_non_null(strstr(conf, "connections 5\n"));
	assert_non_null(strstr(conf, "delegate\n"));
	assert_true(is_noted(&w, "PPTP's encryption is broken"));
	drop(&w);
}

static void
resolvers_at_most_two(void **state)
{
	const char *options, *at;
	struct world w;
	int n = 0;

	(void)state;
	make(&w,
	    TUNNEL "    dns = {\"9.9.9.9\", \"1.1.1.1\", \"8.8.8.8\"}\n}\n",
	    NULL);
	options = text_of(&w, "file", RUN "pptp/options");
	for (at = options; (at = strstr(at, "ms-dns ")) != NULL; at++)
		n++;
	assert_int_equal(n, 2);
	drop(&w);
}

static void
passwords_are_quoted(void **state)
{
	static const struct {
		const char *password, *word;
	} cases[] = {
		{ "plain", "\"plain\"" },
		{ "with blank", "\"with blank\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\", "\"a\\\\\"" },
		{ "\" * kim pptpd x", "\"\\\" * kim pptpd x\"" },
		{ "#no comment '", "\"#no comment '\"" },
		{ "@/", NULL },
		{ "@/etc/passwd", NULL },
		{ "@home", "\"@home\"" },
		{ "line\nend", NULL },
		{ "", NULL },
		{ "\xc3\xbc", NULL },
	};
	char line[256];
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gw_step *s;

		make(&w, TUNNEL "}\n", cases[i].password);
		s = find(&w, "block", "path", "/etc/ppp/chap-secrets");
		assert_non_null(s);
		assert_true(s->secret);
		if (cases[i].word == NULL) {
			assert_string_equal(s->text, "");
			assert_true(is_noted(&w, "client kim cannot come in"));
		} else {
			snprintf(line, sizeof(line),
			    "\"kim\" \"pared-gateway-old\" %s "
			    "192.168.77.234\n",
			    cases[i].word);
			assert_string_equal(s->text, line);
		}
		drop(&w);
	}
}

/* run-parts takes no dots; the shell gets one word for a path. */
static void
hook_files(void **state)
{
	const struct gw_step *s;
	struct world w;

	(void)state;
	make(&w,
	    "gateway o.l.d { uplink = \"eth0\" run-dir = "
	    "\"/run/pared-gateway\" }\n"
	    "tunnel ipad { type = \"pptp\" i-know-it-is-broken = true\n"
	    "    address = {\"192.168.77.1/32\"}\n"
	    "    pool = {\"192.168.77.234-192.168.77.238\"} }\n",
	    NULL);
	s = find(&w, "file", "path", "/etc/ppp/ip-up.d/pared-gateway-o_l_d");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "mode"), "0755");
	assert_string_equal(s->text,
	    "#!/bin/sh\n# pared-gateway o.l.d\n"
	    "exec 'pared-gateway' hook ppp-up -c "
	    "'/run/pared-gateway/gateway-o.l.d/applied.conf'\n");
	s = find(&w, "file", "path", "/etc/ppp/ip-down.d/pared-gateway-o_l_d");
	assert_non_null(s);
	assert_non_null(strstr(s->text, " hook ppp-down "));
	drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strong_or_nothing),
		cmocka_unit_test(resolvers_at_most_two),
		cmocka_unit_test(passwords_are_quoted),
		cmocka_unit_test(hook_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
