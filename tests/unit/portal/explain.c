#include "portal/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/portal_help.h"

static void
why_is_told(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http%3A%2F%2Fads.test%2Fx.gif" },
	    &r);
	assert_int_equal(r.response.status, 200);
	assert_str(field(&r, "Content-Type"), "text/html; charset=utf-8");
	assert_true(says(&r, "Blocked by te&lt;st"));
	assert_true(says(&r, "||ads.test^"));
	assert_true(says(&r, "one clear pixel"));
	assert_true(says(&r, "name=\"minutes\" value=\"10\""));
	assert_true(says(&r, "action=\"/allow\""));
	assert_false(says(&r, "@"));
	/* Else its forms come without their origin. */
	assert_str(field(&r, "Referrer-Policy"), "same-origin");
	assert_non_null(memmem(field(&r, "Content-Security-Policy").p,
	    field(&r, "Content-Security-Policy").n, "form-action 'self'", 18));
	/* A page that passes, behind a tunnel that does not. */
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=https%3A%2F%2Fads.test%2F" },
	    &r);
	assert_true(says(&r, "<section class=\"state\">"));
	assert_true(says(&r, "<h1>The tunnel to ads.test is refused by "));
	assert_true(says(&r, "winner, of the tunnel"));
	assert_true(says(&r, "action=\"/allow\""));
	/* What passes needs no leave. */
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http://fine.test/&type=image&source=z.test" },
	    &r);
	assert_true(says(&r, "Passes: no rule matches."));
	assert_false(says(&r, "action=\"/allow\""));
	assert_true(says(&r, "value=\"z.test\""));
	assert_true(says(&r, "<option selected>image</option>"));
	/* Nothing asked: the form alone. */
	ask(&(struct ask){ .host = "pared.internal", .path = "/why" }, &r);
	assert_int_equal(r.response.status, 200);
	assert_true(says(&r, "<form method=\"get\" action=\"/why\">"));
	assert_false(says(&r, "not understood"));
	ask(&(struct ask){ .host = "evil.test", .path = "/why?url=x" }, &r);
	assert_int_equal(r.response.status, 421);
}

static void
why_escapes_everything(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http://ads.test/%3Cscript%3E%22'"
			"&source=%3Cb%3E%22&type=%3Ci%3E" },
	    &r);
	assert_false(says(&r, "<script"));
	assert_false(says(&r, "<b>\""));
	assert_false(says(&r, "<i>"));
	assert_int_equal(r.response.status, 400);
	assert_true(says(&r, "no such type"));
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=javascript:alert(1)" },
	    &r);
	assert_int_equal(r.response.status, 400);
}

static void
why_as_json(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why.json?url=http://ads.test/x.gif" },
	    &r);
	assert_int_equal(r.response.status, 200);
	assert_str(field(&r, "Content-Type"), "application/json");
	assert_true(says(&r, "\"blocked\": true"));
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http://fine.test/",
		.field = "Accept",
		.value = "application/json" },
	    &r);
	assert_str(field(&r, "Content-Type"), "application/json");
	assert_str(field(&r, "Vary"), "Accept");
	assert_true(says(&r, "\"blocked\": false"));
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http://fine.test/",
		.field = "Accept",
		.value = "*/*" },
	    &r);
	assert_str(field(&r, "Content-Type"), "text/html; charset=utf-8");
	ask(&(struct ask){ .host = "pared.internal", .path = "/why.json" }, &r);
	assert_int_equal(r.response.status, 400);
	assert_true(says(&r, "\"error\""));
}

/* The value of a hidden field, as a browser would send it. */
static const char *
token_of(const struct pd_reply *page)
{
	static const char mark[] = "name=\"token\" value=\"";
	const char *p =
	    memmem(page->content.p, page->content.n, mark, sizeof(mark) - 1);

	assert_non_null(p);
	return pd_arena_printf(arena, "%.32s", p + sizeof(mark) - 1).p;
}

static int
post(const char *content, const char *origin, struct pd_reply *r)
{
	ask(&(struct ask){ .method = "POST",
		.host = "pared.internal",
		.path = "/allow",
		.content = content,
		.origin = origin,
		.field = "Content-Type",
		.value = "application/x-www-form-urlencoded" },
	    r);
	return r->response.status;
}

static void
a_form_lets_a_host_pass(void **state)
{
	static const struct ask why = { .host = "pared.internal",
		.path = "/why?url=http://ads.test/x.gif" };
	static const char origin[] = "http://pared.internal";
	struct pd_reply page, r;
	const char *token;

	(void)state;
	ask(&why, &page);
	token = token_of(&page);
	assert_int_equal(post(pd_arena_printf(arena,
				  "host=ads.test&minutes=10&token=%s&"
				  "url=http%%3A%%2F%%2Fads.test%%2F%%3Fa%%26b",
				  token)
				  .p,
			     origin, &r),
	    303);
	assert_str(
	    field(&r, "Location"), "/why?url=http%3A%2F%2Fads.test%2F%3Fa%26b");
	ask(&why, &page);
	assert_true(says(&page, "a person let it through"));
	assert_true(says(&page, "Allowed for now"));
	assert_true(says(&page, "10 more minutes"));
	assert_true(says(&page, "value=\"0\">end</button>"));
	/* And ends it. */
	assert_int_equal(post(pd_arena_printf(arena,
				  "host=ads.test&minutes=0&token=%s", token)
				  .p,
			     origin, &r),
	    303);
	assert_str(field(&r, "Location"), "/why");
	ask(&why, &page);
	assert_true(says(&page, "Blocked by"));
	assert_false(says(&page, "Allowed for now"));
}

static void
other_forms_are_refused(void **state)
{
	static const char origin[] = "http://pared.internal";
	struct pd_reply page, r;
	const char *token, *good;
	char *large = pd_arena_alloc(arena, PD_PORTAL_CONTENT_MAX + 2);

	(void)state;
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http://ads.test/x.gif" },
	    &page);
	token = token_of(&page);
	good =
	    pd_arena_printf(arena, "host=ads.test&minutes=10&token=%s", token)
		.p;
	assert_int_equal(post(good, "http://evil.test", &r), 403);
	assert_int_equal(post(good, "null", &r), 403);
	assert_int_equal(post("host=ads.test&minutes=10", origin, &r), 403);
	assert_int_equal(
	    post("host=ads.test&minutes=10&token=00000000000000000000000000000"
		 "000",
		origin, &r),
	    403);
	assert_int_equal(post("", origin, &r), 403);
	assert_int_equal(
	    post(pd_arena_printf(arena, "host=ads.test&token=%s", token).p,
		origin, &r),
	    400);
	assert_int_equal(post(pd_arena_printf(arena,
				  "host=ads.test&minutes=-1&token=%s", token)
				  .p,
			     origin, &r),
	    400);
	assert_int_equal(
	    post(pd_arena_printf(
		     arena, "host=ads.test&minutes=999999&token=%s", token)
		     .p,
		origin, &r),
	    400);
	assert_int_equal(
	    post(
		pd_arena_printf(arena, "host=%%20&minutes=1&token=%s", token).p,
		origin, &r),
	    400);
	/* What others' sites are below, be it one label or two. */
	assert_int_equal(
	    post(
		pd_arena_printf(arena, "host=test&minutes=1&token=%s", token).p,
		origin, &r),
	    400);
	assert_int_equal(
	    post(pd_arena_printf(arena, "host=Co.UK.&minutes=1&token=%s", token)
		     .p,
		origin, &r),
	    400);
	assert_true(says(&r, "others"));
	memset(large, 'a', PD_PORTAL_CONTENT_MAX + 1);
	large[PD_PORTAL_CONTENT_MAX + 1] = '\0';
	assert_int_equal(post(large, origin, &r), 413);
	ask(&(struct ask){ .method = "POST",
		.host = "pared.internal",
		.path = "/allow",
		.content = good,
		.origin = origin,
		.field = "Content-Type",
		.value = "text/plain" },
	    &r);
	assert_int_equal(r.response.status, 415);
	ask(&(struct ask){ .host = "pared.internal", .path = "/allow" }, &r);
	assert_int_equal(r.response.status, 405);
	assert_str(field(&r, "Allow"), "POST");
	ask(
	    &(struct ask){
		.method = "POST", .host = "pared.internal", .path = "/why" },
	    &r);
	assert_int_equal(r.response.status, 405);
	/* None of them did anything. */
	ask(&(struct ask){ .host = "pared.internal",
		.path = "/why?url=http://ads.test/x.gif" },
	    &page);
	assert_true(says(&page, "Blocked by"));
}

static void
only_a_form_brings_content(void **state)
{
	struct pd_request req = {
		.method = PD_METHOD_POST,
		.body = PD_BODY_LENGTH,
		.url = { .path = PD_STR("/allow?x") },
	};

	(void)state;
	assert_int_equal(pd_portal_content_max(&req), PD_PORTAL_CONTENT_MAX);
	req.body = PD_BODY_NONE;
	assert_int_equal(pd_portal_content_max(&req), 0);
	req.body = PD_BODY_CHUNKED;
	assert_int_equal(pd_portal_content_max(&req), PD_PORTAL_CONTENT_MAX);
	req.method = PD_METHOD_PUT;
	assert_int_equal(pd_portal_content_max(&req), 0);
	req.method = PD_METHOD_POST;
	req.url.path = PD_STR("/why");
	assert_int_equal(pd_portal_content_max(&req), 0);
	req.url.path = PD_STR("/none");
	assert_int_equal(pd_portal_content_max(&req), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(why_is_told),
		T(why_escapes_everything),
		T(why_as_json),
		T(a_form_lets_a_host_pass),
		T(other_forms_are_refused),
		T(only_a_form_brings_content),
#undef T
	};

	return cmocka_run_group_tests(tests, begin_portal, end_portal);
}
