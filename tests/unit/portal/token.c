#include "portal/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/addr_help.h"

static void
a_token_is_of_one_device(void **state)
{
	struct pd_addr ann = addr_of("192.0.2.1"), ben = addr_of("192.0.2.2");
	struct pd_addr six = addr_of("2001:db8::1");
	struct pd_addr mapped = addr_of("::ffff:192.0.2.1");
	char a[PD_TOKEN_TEXT], b[PD_TOKEN_TEXT];

	(void)state;
	pd_token_make(&ann, a);
	pd_token_make(&ben, b);
	assert_int_equal(strlen(a), PD_TOKEN_TEXT - 1);
	assert_string_not_equal(a, b);
	assert_true(pd_token_ok(&ann, pd_str_z(a)));
	assert_false(pd_token_ok(&ben, pd_str_z(a)));
	assert_false(pd_token_ok(&six, pd_str_z(a)));
	/* The port is another at each connection; a mapped address is the
	 * same device. */
	ann.port = 4711;
	assert_true(pd_token_ok(&ann, pd_str_z(a)));
	assert_true(pd_token_ok(&mapped, pd_str_z(a)));
	pd_token_make(&six, b);
	assert_true(pd_token_ok(&six, pd_str_z(b)));
}

static void
other_texts_are_none(void **state)
{
	struct pd_addr ann = addr_of("192.0.2.1");
	char a[PD_TOKEN_TEXT];

	(void)state;
	pd_token_make(&ann, a);
	assert_false(pd_token_ok(&ann, PD_STR("")));
	assert_false(pd_token_ok(&ann, pd_str_of(a, PD_TOKEN_TEXT - 2)));
	assert_false(pd_token_ok(&ann, pd_str_of(a, PD_TOKEN_TEXT)));
	a[31] = a[31] == '0' ? '1' : '0';
	assert_false(pd_token_ok(&ann, pd_str_z(a)));
}

struct row {
	const char *site, *origin, *referer;
	bool ours;
};

static void
where_a_form_came_from(void **state)
{
	static const struct row rows[] = {
		{ NULL, NULL, NULL, true }, /* no browser */
		{ NULL, "http://pared.internal", NULL, true },
		{ NULL, "http://pared.internal:80", NULL, true },
		{ "same-origin", "http://pared.internal", NULL, true },
		{ "same-origin", NULL, NULL, true },
		{ NULL, NULL, "http://pared.internal/why?url=x", true },
		{ "cross-site", NULL, NULL, false },
		{ "same-site", "http://pared.internal", NULL, false },
		{ "none", "http://pared.internal", NULL, false },
		{ "", NULL, NULL, false },
		{ NULL, "null", NULL, false },
		{ NULL, "", NULL, false },
		{ NULL, "http://evil.example", NULL, false },
		{ NULL, "https://pared.internal", NULL, false },
		{ NULL, "http://pared.internal:8080", NULL, false },
		{ NULL, "http://pared.internal.evil.example", NULL, false },
		{ NULL, "http://pared.internal@evil.example", NULL, false },
		{ NULL, NULL, "http://evil.example/?http://pared.internal/",
		    false },
		/* The origin counts where it is there. */
		{ NULL, "http://evil.example", "http://pared.internal/",
		    false },
	};
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_request req = { .method = PD_METHOD_POST };

		assert_int_equal(pd_authority_parse(PD_STR("pared.internal"),
				     80, arena, &req.url.authority),
		    PD_URL_OK);
		if (rows[i].site != NULL)
			pd_fields_add_id(&req.fields, arena,
			    PD_FIELD_SEC_FETCH_SITE, pd_str_z(rows[i].site));
		if (rows[i].origin != NULL)
			pd_fields_add_id(&req.fields, arena, PD_FIELD_ORIGIN,
			    pd_str_z(rows[i].origin));
		if (rows[i].referer != NULL)
			pd_fields_add_id(&req.fields, arena, PD_FIELD_REFERER,
			    pd_str_z(rows[i].referer));
		if (pd_token_same_origin(&req, arena) != rows[i].ours)
			fail_msg("row %zu", i);
	}
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_of_one_device),
		cmocka_unit_test(other_texts_are_none),
		cmocka_unit_test(where_a_form_came_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
