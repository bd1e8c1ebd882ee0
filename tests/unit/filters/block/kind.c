#include "fixture.h"

struct kase {
	enum pd_content_kind kind;
	const char *method, *url;
	const char *fields[6]; /* name, value, ... */
};

static const struct kase cases[] = {
	/* Sec-Fetch-Dest comes first, whatever the rest says. */
	{ PD_CONTENT_SCRIPT, "GET", "https://a.example/x.gif",
	    { "Sec-Fetch-Dest", "script", "Accept", "image/png" } },
	{ PD_CONTENT_DOCUMENT, "GET", "https://a.example/",
	    { "Sec-Fetch-Dest", "document", "Referer", "https://b.example/" } },
	{ PD_CONTENT_FRAME, "GET", "https://a.example/",
	    { "Sec-Fetch-Dest", "iframe" } },
	{ PD_CONTENT_MEDIA, "GET", "https://a.example/",
	    { "Sec-Fetch-Dest", "video" } },
	{ PD_CONTENT_FONT, "GET", "https://a.example/",
	    { "Sec-Fetch-Dest", "font" } },
	{ PD_CONTENT_OTHER, "GET", "https://a.example/",
	    { "Sec-Fetch-Dest", "empty", "Accept", "*/*" } },
	{ PD_CONTENT_JSON, "GET", "https://a.example/ad",
	    { "Sec-Fetch-Dest", "empty", "Accept", "application/json, */*" } },
	{ PD_CONTENT_VAST, "GET", "https://a.example/ads?output=xml_vast4&x",
	    { "Sec-Fetch-Dest", "empty", "Accept", "*/*" } },
	/* Accept. */
	{ PD_CONTENT_DOCUMENT, "GET", "http://a.example/x.js",
	    { "Accept", "text/html,application/xhtml+xml,*/*;q=0.8" } },
	{ PD_CONTENT_DOCUMENT, "GET", "http://a.example/",
	    { "Accept", "text/html", "Referer", "http://A.example:80/y" } },
	{ PD_CONTENT_FRAME, "GET", "http://a.example/",
	    { "Accept", "text/html", "Referer", "http://b.example/" } },
	{ PD_CONTENT_IMAGE, "GET", "http://a.example/",
	    { "Accept", "image/avif,image/webp,*/*;q=0.8" } },
	{ PD_CONTENT_STYLE, "GET", "http://a.example/",
	    { "Accept", "text/css,*/*;q=0.1" } },
	/* The extension. */
	{ PD_CONTENT_IMAGE, "GET", "http://a.example/x/p.GIF?a.js",
	    { "Accept", "*/*" } },
	{ PD_CONTENT_SCRIPT, "GET", "http://a.example/x.js", { NULL } },
	{ PD_CONTENT_FONT, "GET", "http://a.example/x.woff2", { NULL } },
	{ PD_CONTENT_DOCUMENT, "GET", "http://a.example/x.html", { NULL } },
	{ PD_CONTENT_OTHER, "GET", "http://a.example.js/x/y", { NULL } },
	{ PD_CONTENT_OTHER, "GET", "http://a.example/x.gif/y", { NULL } },
	{ PD_CONTENT_OTHER, "GET", "http://a.example/", { NULL } },
	{ PD_CONTENT_OTHER, "GET", "http://a.example/broadvast",
	    { "Accept", "*/*" } },
	{ PD_CONTENT_VAST, "GET", "http://a.example/vast.xml", { NULL } },
	/* What is left. */
	{ PD_CONTENT_SCRIPT, "GET", "http://a.example/tag",
	    { "Accept", "*/*", "Referer", "http://b.example/" } },
	{ PD_CONTENT_MEDIA, "GET", "http://a.example/v",
	    { "Accept", "*/*", "Range", "bytes=0-" } },
	{ PD_CONTENT_OTHER, "GET", "http://a.example/tag",
	    { "Accept", "*/*", "Referer", "http://b.example/", "Origin",
		"http://b.example" } },
	{ PD_CONTENT_OTHER, "POST", "http://a.example/beacon",
	    { "Accept", "*/*", "Referer", "http://b.example/" } },
	{ PD_CONTENT_OTHER, "OPTIONS", "http://a.example/x.js", { NULL } },
};

static void
kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kase *k = &cases[i];
		struct pd_arena *arena = pd_arena_create();
		struct pd_request req = {
			.method = pd_method_of(pd_str_z(k->method)),
		};

		assert_int_equal(
		    pd_url_parse(pd_str_z(k->url), arena, &req.url), PD_URL_OK);
		for (int f = 0; f < 6 && k->fields[f] != NULL; f += 2)
			pd_fields_add(&req.fields, arena,
			    pd_str_z(k->fields[f]), pd_str_z(k->fields[f + 1]));
		if (pd_block_kind(&req) != k->kind)
			fail_msg("%zu: %s is %s", i, k->url,
			    pd_content_kind_name(pd_block_kind(&req)));
		pd_arena_destroy(arena);
	}
}

static void
connect_has_no_kind(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_request req = { .method = PD_METHOD_CONNECT };

	(void)state;
	assert_int_equal(pd_authority_parse(PD_STR("a.example:443"), 0, arena,
			     &req.url.authority),
	    PD_URL_OK);
	assert_int_equal(pd_block_kind(&req), PD_CONTENT_OTHER);
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(connect_has_no_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
