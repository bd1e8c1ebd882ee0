#include "base/window.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SUN, MON, TUE, WED, THU, FRI, SAT };

static struct pd_window
window(const char *text)
{
	struct pd_window w;
	const char *why = pd_window_parse(pd_str_z(text), &w);

	if (why != NULL)
		fail_msg("\"%s\": %s", text, why);
	return w;
}

static bool
has(const char *text, int wday, int hour, int minute)
{
	struct pd_window w = window(text);

	return pd_window_has(&w, wday, hour * 60 + minute);
}

static void
test_parse(void **state)
{
	static const char *const wrong[] = { "", " ", "mo", "monday", "mon-",
		"-fri", "mon,", ",", "mon-fri-sat", "mon 8", "8:00", "08:00-",
		"-08:00", "08:00-24:01", "24:00-08:00", "8:0-9:00",
		"08:60-09:00", "008:00-09:00", "08:00-09:00 mon",
		"08:00-09:00-10:00", "mon -08:00-09:00", "08:00-09:00,",
		"08 :00-09:00", "+8:00-09:00", "mon fri", "99:99-99:99" };
	struct pd_window w;

	(void)state;
	w = window("mon-fri 08:00-16:30");
	assert_int_equal(w.days, 0x3e);
	assert_int_equal(w.from, 480);
	assert_int_equal(w.until, 990);
	w = window("  SAT , Sun ");
	assert_int_equal(w.days, 0x41);
	assert_int_equal(w.from, 0);
	assert_int_equal(w.until, 0);
	w = window("22:00-6:00");
	assert_int_equal(w.days, 0x7f);
	assert_int_equal(w.from, 1320);
	assert_int_equal(w.until, 360);
	/* Over the week's end, and one day alone. */
	assert_int_equal(window("fri-mon").days, 0x63);
	assert_int_equal(window("tue-tue").days, 0x04);
	assert_int_equal(window("mon,wed-thu 0:00 - 24:00").days, 0x1a);
	assert_int_equal(window("00:00-24:00").until, 1440);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (pd_window_parse(pd_str_z(wrong[i]), &w) == NULL)
			fail_msg("accepted \"%s\"", wrong[i]);
	}
}

static void
test_has(void **state)
{
	(void)state;
	assert_false(has("mon-fri 08:00-16:30", MON, 7, 59));
	assert_true(has("mon-fri 08:00-16:30", MON, 8, 0));
	assert_true(has("mon-fri 08:00-16:30", FRI, 16, 29));
	assert_false(has("mon-fri 08:00-16:30", FRI, 16, 30));
	assert_false(has("mon-fri 08:00-16:30", SAT, 12, 0));
	/* Past midnight belongs to the day on which it began. */
	assert_true(has("mon-fri 20:00-07:00", FRI, 23, 59));
	assert_true(has("mon-fri 20:00-07:00", SAT, 6, 59));
	assert_false(has("mon-fri 20:00-07:00", SAT, 7, 0));
	assert_false(has("mon-fri 20:00-07:00", SAT, 20, 0));
	assert_false(has("mon-fri 20:00-07:00", MON, 6, 0));
	assert_true(has("mon-fri 20:00-07:00", MON, 20, 0));
	assert_true(has("sat 20:00-07:00", SUN, 1, 0));
	assert_false(has("sat 20:00-07:00", SAT, 1, 0));
	/* All day, and no minute more. */
	assert_true(has("sat,sun", SAT, 0, 0));
	assert_true(has("sat,sun", SUN, 23, 59));
	assert_false(has("sat,sun", MON, 0, 0));
	assert_false(has("sat,sun", FRI, 23, 59));
	assert_true(has("00:00-24:00", WED, 23, 59));
	/* As long as a day. */
	assert_true(has("mon 08:00-08:00", TUE, 7, 59));
	assert_false(has("mon 08:00-08:00", TUE, 8, 0));
	assert_false(has("mon 08:00-08:00", MON, 7, 59));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
