#include "filters/block/infer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/arena_help.h"

#define FIELDS 8 /* names and values of a case */

#define PAGE_ACCEPT "text/html,application/xhtml+xml,*/*;q=0.8"

static struct pd_request
request(const char *method, const char *url, const char *const fields[FIELDS])
{
	struct pd_request req = { .method = pd_method_of(pd_str_z(method)) };

	assert_int_equal(
	    pd_url_parse(pd_str_z(url), arena, &req.url), PD_URL_OK);
	for (int f = 0; f < FIELDS && fields[f] != NULL; f += 2)
		pd_fields_add(&req.fields, arena, pd_str_z(fields[f]),
		    pd_str_z(fields[f + 1]));
	return req;
}

struct kase {
	enum pd_content_kind kind;
	uint16_t types;
	const char *method, *url, *fields[FIELDS];
};

static void
assert_cases(const struct kase *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct kase *k = &cases[i];
		struct pd_request req = request(k->method, k->url, k->fields);
		struct pd_inferred in;

		pd_infer(&req, &in);
		if (in.kind != k->kind || in.types != k->types)
			fail_msg("%zu: %s %s is %s, types %#x not %#x", i,
			    k->method, k->url, pd_content_kind_name(in.kind),
			    in.types, k->types);
	}
}

#define ASSERT_CASES(cases) \
	assert_cases(cases, sizeof(cases) / sizeof((cases)[0]))

/* Sec-Fetch-Dest comes first, whatever the rest says. */
static void
the_destination_decides(void **state)
{
	static const struct kase cases[] = {
		{ PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT, "GET",
		    "https://a.example/x.gif",
		    { "Sec-Fetch-Dest", "script", "Accept", "image/png" } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "https://a.example/",
		    { "Sec-Fetch-Dest", "document", "Referer",
			"https://b.example/" } },
		{ PD_CONTENT_FRAME, PD_TYPE_SUBDOCUMENT, "GET",
		    "https://a.example/", { "Sec-Fetch-Dest", "iframe" } },
		{ PD_CONTENT_FRAME, PD_TYPE_OBJECT, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "embed" } },
		{ PD_CONTENT_MEDIA, PD_TYPE_MEDIA, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "video" } },
		{ PD_CONTENT_FONT, PD_TYPE_FONT, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "font" } },
		{ PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT, "GET",
		    "https://a.example/", { "Sec-Fetch-Dest", "Worker" } },
		{ PD_CONTENT_JSON, PD_TYPE_OTHER, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "manifest" } },
		{ PD_CONTENT_OTHER, PD_TYPE_CSP_REPORT, "POST",
		    "https://a.example/", { "Sec-Fetch-Dest", "report" } },
		/* One that nobody knows yet is none. */
		{ PD_CONTENT_IMAGE, PD_TYPE_IMAGE, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "hologram", "Accept", "image/png" } },
		{ PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT, "GET",
		    "https://a.example/x.js",
		    { "Sec-Fetch-Dest", "", "Accept", "*/*" } },
	};

	(void)state;
	ASSERT_CASES(cases);
}

static void
what_scripts_ask_for(void **state)
{
	static const struct kase cases[] = {
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "empty", "Accept", "*/*" } },
		{ PD_CONTENT_JSON, PD_TYPE_XHR, "GET", "https://a.example/ad",
		    { "Sec-Fetch-Dest", "empty", "Accept",
			"application/json, */*" } },
		{ PD_CONTENT_VAST, PD_TYPE_XHR, "GET",
		    "https://a.example/ads?output=xml_vast4&x",
		    { "Sec-Fetch-Dest", "empty", "Accept", "*/*" } },
		{ PD_CONTENT_SCRIPT, PD_TYPE_XHR, "GET",
		    "https://a.example/x.js", { "Sec-Fetch-Dest", "empty" } },
		/* HTML for a script is not a page. */
		{ PD_CONTENT_FRAME, PD_TYPE_XHR, "GET", "https://a.example/",
		    { "Sec-Fetch-Dest", "empty", "Accept", "text/html" } },
		{ PD_CONTENT_FRAME, PD_TYPE_XHR, "GET", "http://a.example/",
		    { "X-Requested-With", "XMLHttpRequest", "Accept",
			"text/html, */*; q=0.01" } },
		/* An app's web view tells its name in the same field. */
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://a.example/",
		    { "X-Requested-With", "com.example.app", "Accept",
			PAGE_ACCEPT } },
		{ PD_CONTENT_OTHER, PD_TYPE_PING, "POST", "https://a.example/b",
		    { "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode",
			"no-cors" } },
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "POST", "https://a.example/b",
		    { "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors" } },
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "GET", "https://a.example/b",
		    { "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode",
			"no-cors" } },
		{ PD_CONTENT_OTHER, PD_TYPE_PING, "POST", "http://a.example/b",
		    { "Content-Type", "text/ping", "Origin",
			"http://b.example" } },
		{ PD_CONTENT_OTHER, PD_TYPE_CSP_REPORT, "POST",
		    "http://a.example/b",
		    { "Content-Type", "application/csp-report; x" } },
		{ PD_CONTENT_OTHER, PD_TYPE_WEBSOCKET, "GET",
		    "http://a.example/x.js",
		    { "Upgrade", "h2c, WebSocket", "Connection", "Upgrade" } },
		{ PD_CONTENT_OTHER, PD_TYPE_WEBSOCKET, "GET",
		    "https://a.example/",
		    { "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode",
			"websocket" } },
		/* The request that follows decides. */
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "OPTIONS",
		    "http://a.example/x.js", { NULL } },
	};

	(void)state;
	ASSERT_CASES(cases);
}

#define EITHER (PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT)

static void
accept_decides_on_plain_http(void **state)
{
	static const struct kase cases[] = {
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://a.example/x.js", { "Accept", PAGE_ACCEPT } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://a.example/",
		    { "Accept", "text/html", "Referer",
			"http://A.example:80/y" } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://www.a.example/",
		    { "Accept", "text/html", "Referer", "http://a.example/" } },
		{ PD_CONTENT_PAGE, EITHER, "GET", "http://a.example/",
		    { "Accept", PAGE_ACCEPT, "Referer", "http://b.example/" } },
		/* Below a name of one label everything lies. */
		{ PD_CONTENT_PAGE, EITHER, "GET", "http://a.example/",
		    { "Accept", PAGE_ACCEPT, "Referer", "http://example/" } },
		{ PD_CONTENT_PAGE, EITHER, "GET", "http://ba.example/",
		    { "Accept", PAGE_ACCEPT, "Referer", "http://a.example/" } },
		/* Nobody types a query, but programs. */
		{ PD_CONTENT_PAGE, EITHER, "GET", "http://a.example/?x",
		    { "Accept", PAGE_ACCEPT } },
		{ PD_CONTENT_PAGE, EITHER, "GET", "http://a.example/?x",
		    { "Accept", PAGE_ACCEPT, "User-Agent", "Mozilla/5.0" } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://a.example/?x",
		    { "Accept", PAGE_ACCEPT, "User-Agent", "Lynx/2.9" } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://a.example/?x",
		    { "Accept", PAGE_ACCEPT, "Referer",
			"http://a.example/y" } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "https://a.example/?x",
		    { "Accept", PAGE_ACCEPT, "Sec-Fetch-Site", "none" } },
		/* WebKit of old. */
		{ PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT, "GET",
		    "http://a.example/",
		    { "Accept", "application/xml,application/xhtml+xml,"
				"text/html;q=0.9,*/*;q=0.5" } },
		{ PD_CONTENT_FRAME, PD_TYPE_SUBDOCUMENT, "GET",
		    "https://a.example/",
		    { "Sec-Fetch-Mode", "nested-navigate", "Accept",
			PAGE_ACCEPT } },
		{ PD_CONTENT_IMAGE, PD_TYPE_IMAGE, "GET", "http://a.example/",
		    { "Accept", "image/avif,image/webp,*/*;q=0.8" } },
		{ PD_CONTENT_STYLE, PD_TYPE_STYLESHEET, "GET",
		    "http://a.example/", { "Accept", "text/css,*/*;q=0.1" } },
		{ PD_CONTENT_FONT, PD_TYPE_FONT, "GET", "http://a.example/",
		    { "Accept", "application/font-woff2;q=1.0,*/*;q=0.8" } },
		{ PD_CONTENT_MEDIA, PD_TYPE_MEDIA, "GET", "http://a.example/",
		    { "Accept", "video/webm,video/ogg,*/*;q=0.5" } },
		{ PD_CONTENT_JSON, PD_TYPE_XHR, "GET", "http://a.example/x.js",
		    { "Accept", "application/json, text/html" } },
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "GET", "http://a.example/",
		    { "Accept", "text/event-stream" } },
	};

	(void)state;
	ASSERT_CASES(cases);
}

#define ANY_SCRIPT (PD_TYPE_SCRIPT | PD_TYPE_XHR)

static void
names_decide_what_accept_does_not(void **state)
{
	static const struct kase cases[] = {
		{ PD_CONTENT_IMAGE, PD_TYPE_IMAGE, "GET",
		    "http://a.example/x/p.GIF?a.js", { "Accept", "*/*" } },
		{ PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT, "GET",
		    "http://a.example/x.js",
		    { "Accept", "*/*", "Origin", "http://b.example" } },
		{ PD_CONTENT_FONT, PD_TYPE_FONT, "GET",
		    "http://a.example/x.woff2", { NULL } },
		{ PD_CONTENT_DOCUMENT, PD_TYPE_XHR, "GET",
		    "http://a.example/x.html", { NULL } },
		{ PD_CONTENT_MEDIA, PD_TYPE_MEDIA | PD_TYPE_XHR, "GET",
		    "http://a.example/x.m3u8", { "Accept", "*/*" } },
		{ PD_CONTENT_VAST, PD_TYPE_XHR, "GET",
		    "http://a.example/vast.xml", { NULL } },
		/* From another site without Origin: an element's. */
		{ PD_CONTENT_SCRIPT, ANY_SCRIPT, "GET",
		    "http://a.example/x.json?callback=f",
		    { "Accept", "*/*", "Referer", "http://b.example/" } },
		{ PD_CONTENT_JSON, PD_TYPE_XHR, "GET",
		    "http://a.example/x.json?callback=f",
		    { "Accept", "*/*", "Referer", "http://a.example/" } },
		{ PD_CONTENT_JSON, PD_TYPE_XHR, "GET",
		    "http://a.example/x.json",
		    { "Accept", "*/*", "Referer", "http://b.example/", "Origin",
			"http://b.example" } },
		{ PD_CONTENT_VAST, ANY_SCRIPT, "GET", "http://a.example/?vast",
		    { "Referer", "http://b.example/" } },
	};

	(void)state;
	ASSERT_CASES(cases);
}

static void
what_is_left_may_be_several(void **state)
{
	static const struct kase cases[] = {
		{ PD_CONTENT_OTHER, ANY_SCRIPT | PD_TYPE_OTHER, "GET",
		    "http://a.example.js/x/y", { NULL } },
		{ PD_CONTENT_OTHER, ANY_SCRIPT | PD_TYPE_OTHER, "GET",
		    "http://a.example/x.gif/y", { NULL } },
		{ PD_CONTENT_OTHER, ANY_SCRIPT | PD_TYPE_OTHER, "GET",
		    "http://a.example/broadvast", { "Accept", "*/*" } },
		{ PD_CONTENT_SCRIPT, ANY_SCRIPT, "GET", "http://a.example/tag",
		    { "Accept", "*/*", "Referer", "http://b.example/" } },
		{ PD_CONTENT_MEDIA, PD_TYPE_MEDIA, "GET", "http://a.example/v",
		    { "Accept", "*/*", "Range", "bytes=0-" } },
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "GET", "http://a.example/tag",
		    { "Accept", "*/*", "Referer", "http://b.example/", "Origin",
			"http://b.example" } },
		{ PD_CONTENT_OTHER, PD_TYPE_XHR, "POST", "http://a.example/b",
		    { "Accept", "*/*", "Referer", "http://b.example/" } },
	};

	(void)state;
	ASSERT_CASES(cases);
}

static void
connect_has_no_kind(void **state)
{
	struct pd_request req = { .method = PD_METHOD_CONNECT };
	struct pd_inferred in;

	(void)state;
	assert_int_equal(pd_authority_parse(PD_STR("a.example:443"), 0, arena,
			     &req.url.authority),
	    PD_URL_OK);
	pd_infer(&req, &in);
	assert_int_equal(in.kind, PD_CONTENT_OTHER);
	assert_int_equal(in.types, PD_TYPE_OTHER);
	assert_int_equal(in.source.n, 0);
	assert_int_equal(in.party, PD_SOURCE_UNKNOWN);
}

struct source_case {
	const char *source; /* NULL: none */
	enum pd_source_party party;
	const char *fields[FIELDS];
};

static const struct source_case sources[] = {
	{ "b.example", PD_SOURCE_KNOWN, { "Referer", "https://b.example/x" } },
	{ "b.example", PD_SOURCE_KNOWN,
	    { "Referer", "https://B.Example.:8080?x@c.example" } },
	{ "b.example", PD_SOURCE_KNOWN, { "Origin", "http://b.example" } },
	/* A style sheet's font: Origin is the page's. */
	{ "b.example", PD_SOURCE_KNOWN,
	    { "Referer", "https://cdn.example/x.css", "Origin",
		"https://b.example" } },
	/* After a redirect. */
	{ "b.example", PD_SOURCE_KNOWN,
	    { "Referer", "https://b.example/", "Origin", "null" } },
	{ "192.0.2.1", PD_SOURCE_KNOWN, { "Referer", "http://192.0.2.1:1/" } },
	{ "2001:db8::1", PD_SOURCE_KNOWN,
	    { "Referer", "http://[2001:DB8::1]:8/" } },
	{ "c.example", PD_SOURCE_KNOWN,
	    { "Referer", "http://b.example@c.example/" } },
	/* Nobody tells the page, but of which site it is. */
	{ "a.example", PD_SOURCE_KNOWN, { "Sec-Fetch-Site", "same-origin" } },
	{ "a.example", PD_SOURCE_KNOWN, { "Sec-Fetch-Site", "same-site" } },
	{ "a.example", PD_SOURCE_KNOWN, { "Sec-Fetch-Site", "none" } },
	{ NULL, PD_SOURCE_THIRD, { "Sec-Fetch-Site", "cross-site" } },
	{ NULL, PD_SOURCE_THIRD,
	    { "Sec-Fetch-Site", "cross-site", "Origin", "null" } },
	{ NULL, PD_SOURCE_THIRD, { NULL } },
	{ NULL, PD_SOURCE_THIRD, { "Origin", "null" } },
	/* Only programs are known to have no page. */
	{ NULL, PD_SOURCE_THIRD, { "User-Agent", "Mozilla/5.0 (X11)" } },
	{ NULL, PD_SOURCE_UNKNOWN, { "User-Agent", "curl/8" } },
	{ NULL, PD_SOURCE_THIRD,
	    { "User-Agent", "curl/8", "Sec-Fetch-Site", "cross-site" } },
	{ "b.example", PD_SOURCE_KNOWN,
	    { "User-Agent", "curl/8", "Referer", "http://b.example/" } },
	/* A page of its own has itself. */
	{ "a.example", PD_SOURCE_KNOWN,
	    { "Sec-Fetch-Dest", "document", "Referer", "http://b.example/" } },
	{ "a.example", PD_SOURCE_KNOWN, { "Accept", PAGE_ACCEPT } },
	{ "b.example", PD_SOURCE_KNOWN,
	    { "Accept", PAGE_ACCEPT, "Referer", "http://b.example/" } },
	/* No page on the web, or none at all. */
	{ NULL, PD_SOURCE_THIRD, { "Referer", "android-app://b.example/" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "about:client" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "b.example" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http:///b.example" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://:80/" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://[::1" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://[]/" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://[a:g]/" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://a b.example/" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://b..example/" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://./" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://b.example../" } },
	{ NULL, PD_SOURCE_THIRD, { "Referer", "http://b.ex\xc3\xa4mple/" } },
	/* A bad one leaves it to the other. */
	{ "c.example", PD_SOURCE_KNOWN,
	    { "Origin", "http://b|d", "Referer", "http://c.example/" } },
};

static void
sources_come_from_the_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct source_case *k = &sources[i];
		struct pd_request req =
		    request("GET", "http://a.example/x", k->fields);
		struct pd_inferred in;

		pd_infer(&req, &in);
		if (in.party != k->party ||
		    !pd_str_eq(in.source, pd_str_z(k->source)))
			fail_msg("%zu: %.*s, party %d", i,
			    PD_STR_ARG(in.source), in.party);
	}
}

static void
a_host_has_a_length(void **state)
{
	const char *const none[FIELDS] = { NULL };
	struct pd_request req = request("GET", "http://a.example/", none);
	struct pd_inferred in;
	char referer[8 + 300];

	(void)state;
	memcpy(referer, "http://", 7);
	memset(referer + 7, 'A', 300);
	pd_fields_add_id(
	    &req.fields, arena, PD_FIELD_REFERER, pd_str_of(referer, 7 + 255));
	pd_infer(&req, &in);
	assert_int_equal(in.source.n, 255);
	assert_int_equal(in.source.p[254], 'a');
	req.fields.v[0].value.n++;
	pd_infer(&req, &in);
	assert_int_equal(in.source.n, 0);
	assert_int_equal(in.party, PD_SOURCE_THIRD);
}

/* Long lists in Accept cost their first elements. */
static void
accept_is_read_to_a_limit(void **state)
{
	static char accept[60000];
	const char *const fields[FIELDS] = { "Accept", accept };
	struct pd_request req;
	struct pd_inferred in;

	(void)state;
	for (size_t i = 0; i + 5 < sizeof(accept); i += 4)
		memcpy(accept + i, "x/y,", 4);
	memcpy(accept + sizeof(accept) - 12, ",text/html", 11);
	req = request("GET", "http://a.example/", fields);
	pd_infer(&req, &in);
	assert_int_equal(in.kind, PD_CONTENT_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin_arena, end_arena)
		T(the_destination_decides),
		T(what_scripts_ask_for),
		T(accept_decides_on_plain_http),
		T(names_decide_what_accept_does_not),
		T(what_is_left_may_be_several),
		T(connect_has_no_kind),
		T(sources_come_from_the_page),
		T(a_host_has_a_length),
		T(accept_is_read_to_a_limit),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
