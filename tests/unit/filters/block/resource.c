#include "filters/block/resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* All names that today's lists use. */
static const struct {
	const char *name, *usual;
} names[] = {
	{ "noopjs", "noop.js" },
	{ "noop.js", "noop.js" },
	{ "NoopJS", "noop.js" },
	{ "abp-resource:blank-js", "noop.js" },
	{ "google-ima.js", "google-ima.js" },
	{ "google-ima3", "google-ima.js" },
	{ "nooptext", "noop.txt" },
	{ "noop.txt", "noop.txt" },
	{ "1x1.gif", "1x1.gif" },
	{ "1x1-transparent.gif", "1x1.gif" },
	{ "abp-resource:1x1-transparent-gif", "1x1.gif" },
	{ "2x2.png", "2x2.png" },
	{ "2x2-transparent.png", "2x2.png" },
	{ "3x2.png", "3x2.png" },
	{ "32x32.png", "32x32.png" },
	{ "32x32-transparent.png", "32x32.png" },
	{ "noopmp3-0.1s", "noop-0.1s.mp3" },
	{ "noop-0.1s.mp3", "noop-0.1s.mp3" },
	{ "noop-0.5s.mp3", "noop-0.5s.mp3" },
	{ "noopmp4-1s", "noop-1s.mp4" },
	{ "noop-1s.mp4", "noop-1s.mp4" },
	{ "mp4", "noop-1s.mp4" },
	{ "abp-resource:blank-mp4", "noop-1s.mp4" },
	{ "googlesyndication-adsbygoogle", "googlesyndication_adsbygoogle.js" },
	{ "googlesyndication_adsbygoogle.js",
	    "googlesyndication_adsbygoogle.js" },
	{ "noopframe", "noop.html" },
	{ "noop.html", "noop.html" },
	{ "googletagservices-gpt", "googletagservices_gpt.js" },
	{ "googletagservices_gpt.js", "googletagservices_gpt.js" },
	{ "googletagservices.com/gpt.js", "googletagservices_gpt.js" },
	{ "fingerprint2.js", "fingerprint2.js" },
	{ "fingerprint3.js", "fingerprint3.js" },
	{ "googletagmanager_gtm.js", "googletagmanager_gtm.js" },
	{ "googletagmanager.com/gtm.js", "googletagmanager_gtm.js" },
	{ "noopvast-2.0", "noop-vast2.xml" },
	{ "noopvast-3.0", "noop-vast3.xml" },
	{ "noop-vast3.xml", "noop-vast3.xml" },
	{ "noopvast-4.0", "noop-vast4.xml" },
	{ "noopvmap-1.0", "noop-vmap1.xml" },
	{ "noop-vmap1.0.xml", "noop-vmap1.xml" },
	{ "amazon-apstag", "amazon_apstag.js" },
	{ "amazon_apstag.js", "amazon_apstag.js" },
	{ "amazon-adsystem.com/aax2/amzn_ads.js", "amazon_ads.js" },
	{ "prebid-ads.js", "prebid-ads.js" },
	{ "prebid-ads", "prebid-ads.js" },
	{ "google-analytics", "google-analytics_analytics.js" },
	{ "google-analytics.com/analytics.js",
	    "google-analytics_analytics.js" },
	{ "google-analytics_analytics.js", "google-analytics_analytics.js" },
	{ "google-analytics.com/ga.js", "google-analytics_ga.js" },
	{ "google-analytics.com/cx/api.js", "google-analytics_cx_api.js" },
	{ "noopjson", "noop.json" },
	{ "noop.css", "noop.css" },
	{ "noopcss", "noop.css" },
	{ "fuckadblock.js-3.2.0", "nofab.js" },
	{ "prevent-fab-3.2.0", "nofab.js" },
	{ "nobab.js", "nobab.js" },
	{ "nobab2.js", "nobab2.js" },
	{ "empty", "empty" },
	{ "gemius", "gemius.js" },
	{ "chartbeat.js", "chartbeat.js" },
	{ "sensors-analytics.js", "sensors-analytics.js" },
	{ "scorecardresearch.com/beacon.js", "scorecardresearch_beacon.js" },
	{ "popads.net.js", "popads.js" },
	{ "popads.js", "popads.js" },
	{ "popads-dummy.js", "popads-dummy.js" },
	{ "outbrain-widget.js", "outbrain-widget.js" },
	{ "nitropay_ads.js", "nitropay_ads.js" },
	{ "hd-main.js", "hd-main.js" },
	{ "doubleclick_instream_ad_status.js",
	    "doubleclick_instream_ad_status.js" },
	{ "adthrive_abd.js", "adthrive_abd.js" },
	{ "click2load.html", "click2load.html" },
};

static void
names_of_the_lists_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct pd_resource *r =
		    pd_resource_find(pd_str_z(names[i].name));

		if (r == NULL)
			fail_msg("%s is not known", names[i].name);
		assert_string_equal(r->name, names[i].usual);
	}
}

static void
others_are_not(void **state)
{
	static const char *const others[] = { "", "none", "noop.j", "noop.jsx",
		"abp-resource:", "abp-resource:none", "../noop.js",
		"noopjs:10" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (pd_resource_find(pd_str_z(others[i])) != NULL)
			fail_msg("%s is known", others[i]);
	}
	assert_null(pd_resource_find((struct pd_str){ NULL, 0 }));
}

static const struct {
	const char *type;
	const void *start;
	size_t n;
} starts[] = {
	{ "image/gif", "GIF89a\1\0\1\0", 10 },
	{ "image/png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", 19 },
	{ "audio/mpeg", "\xff\xf3\x18\xc4", 4 },
	{ "video/mp4",
	    "\0\0\0\x18"
	    "ftypisom",
	    12 },
	{ "application/xml; charset=utf-8", "<?xml", 5 },
	{ "application/json", "{}", 2 },
	{ "text/html; charset=utf-8", "<!DOCTYPE html>", 15 },
};

/* Each is what its type says, each name leads to one, and all are small. */
static void
content_is_what_it_says(void **state)
{
	const struct pd_resource *r;
	size_t n = 0, size = 0;

	(void)state;
	for (; (r = pd_resource_at(n)) != NULL; n++) {
		assert_ptr_equal(pd_resource_find(pd_str_z(r->name)), r);
		assert_non_null(r->content.p);
		assert_true(r->content.n < 8192);
		size += r->content.n;
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]);
		     i++) {
			if (strcmp(r->type, starts[i].type) != 0)
				continue;
			if (r->content.n < starts[i].n ||
			    memcmp(r->content.p, starts[i].start,
				starts[i].n) != 0)
				fail_msg("%s is no %s", r->name, r->type);
		}
		if (pd_str_caseends(pd_str_z(r->name), PD_STR(".js")))
			assert_non_null(strstr(r->type, "javascript"));
	}
	assert_true(n > 40);
	assert_true(size < 64 * 1024);
	assert_null(pd_resource_at(SIZE_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_the_lists_are_known),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(content_is_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
