#include "filters/image/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/conf_row.h"

#define OFF       PD_CONF_LEVEL_OFF
#define THIN      PD_CONF_LEVEL_THIN
#define FINE      PD_CONF_LEVEL_FINE
#define INVISIBLE PD_CONF_LEVEL_INVISIBLE

static struct pd_conf *
conf_of(const char *text)
{
	const struct pd_conf_parse_params params = { .path = "x.conf",
		.text = text };
	struct pd_conf *c = pd_conf_parse(&params);

	assert_non_null(c);
	return c;
}

static struct pd_image_rule
rule_of(const struct pd_conf *c, const char *client, const char *page,
    const char *host)
{
	struct pd_addr addr;

	if (client != NULL)
		assert_int_equal(pd_addr_parse(pd_str_z(client), &addr), 0);
	return pd_image_rule(
	    c, client != NULL ? &addr : NULL, pd_str_z(page), pd_str_z(host));
}

static void
nothing_said(void **state)
{
	struct pd_conf *c = pd_conf_load(NULL, NULL, 0, false, NULL);
	struct pd_image_rule rule =
	    rule_of(c, "10.77.0.7", "e.org", "img.e.org");

	(void)state;
	assert_int_equal(rule.level, FINE);
	assert_int_equal(rule.width_max, 0);
	pd_conf_unref(c);
}

static void
the_nearest_word_counts(void **state)
{
	static const struct {
		const char *client, *page, *host;
		enum pd_conf_level level;
		uint32_t width_max;
	} cases[] = {
		{ NULL, "", "x.test", INVISIBLE, 0 },
		{ NULL, "x.test", "y.test", INVISIBLE, 0 },
		{ "192.0.2.1", "x.test", "y.test", INVISIBLE, 0 },
		/* Devices: the first that names the client, and nothing of
		 * those after it. */
		{ "10.77.0.7", "x.test", "y.test", THIN, 0 },
		{ "10.77.0.8", "x.test", "y.test", OFF, 1080 },
		{ "fd77::7", "", "y.test", OFF, 1080 },
		{ "10.77.0.9", "x.test", "y.test", INVISIBLE, 720 },
		/* The image's own site goes before a device... */
		{ "10.77.0.7", "", "thin.test", THIN, 0 },
		{ "10.77.0.8", "", "thin.test", THIN, 1080 },
		{ "10.77.0.7", "x.test", "a.off.test", OFF, 0 },
		/* ...the page's before both... */
		{ "10.77.0.7", "off.test", "thin.test", OFF, 0 },
		{ "10.77.0.8", "thin.test", "off.test", THIN, 1080 },
		{ NULL, "www.thin.test", "off.test", THIN, 0 },
		/* ...and the longest name of a page's before a shorter. */
		{ NULL, "fine.off.test", "y.test", FINE, 0 },
		{ NULL, "a.fine.off.test", "y.test", FINE, 0 },
		{ NULL, "notoff.test", "y.test", INVISIBLE, 0 },
		/* A site that speaks of lists alone is not one. */
		{ NULL, "lists.off.test", "y.test", OFF, 0 },
		{ "10.77.0.7", "lists.test", "y.test", THIN, 0 },
	};
	struct pd_conf *c = conf_of(
	    "ImageLevel = invisible\n"
	    "site off.test { images = off }\n"
	    "site fine.off.test { images = fine }\n"
	    "site lists.off.test { lists = off }\n"
	    "site lists.test { lists = off }\n"
	    "site \"*.thin.test\" { images = thin }\n"
	    "device phone { address = 10.77.0.7 level = thin }\n"
	    "device old { address = {\"10.77.0.7-10.77.0.8\", \"fd77::7\"}\n"
	    " level = off max-width = 1080 }\n"
	    "device narrow { address = 10.77.0.0/24 max-width = 720 }");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_image_rule rule =
		    rule_of(c, cases[i].client, cases[i].page, cases[i].host);

		if (rule.level != cases[i].level ||
		    rule.width_max != cases[i].width_max)
			fail_msg("case %zu: %d, %u", i, (int)rule.level,
			    rule.width_max);
	}
	pd_conf_unref(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(the_nearest_word_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
