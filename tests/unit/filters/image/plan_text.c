#include "filters/image/plan_text.h"

#include "plan_help.h"

static char text[8192];

/* What it prints of a sample, in text. */
static void
print(enum sample sample, const struct pd_plan_wish *wish, bool json)
{
	struct pd_image_info info = make(sample);
	struct pd_conf conf = usual_conf();
	struct pd_plan p;
	struct pd_plan_text t = { .info = &info,
		.len = LEN,
		.wish = wish,
		.conf = &conf,
		.plan = &p };
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	t.verdict = pd_plan_image(&info, LEN, wish, &conf, &p);
	if (json)
		pd_plan_json(f, &t);
	else
		pd_plan_text(f, &t);
	assert_int_equal(fclose(f), 0);
	assert_non_null(strstr(text, p.why));
}

static void
lines_fit_a_terminal(void **state)
{
	(void)state;
	for (unsigned s = 0; s < SAMPLES; s++)
		for (unsigned c = 0; c < PD_PLAN_COLUMNS; c++) {
			struct pd_plan_wish wish = clients[c];
			char *line = text;

			wish.level = PD_CONF_LEVEL_THIN;
			wish.width_max = 640;
			wish.deadline_ms = 600;
			print(s, &wish, false);
			while (*line != '\0') {
				size_t n = strcspn(line, "\n");

				assert_in_range(n, 10, 79);
				assert_memory_equal(line, "  ", 2);
				line += n + 1;
			}
		}
}

static void
each_setting_is_told(void **state)
{
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];

	(void)state;
	wish.level = PD_CONF_LEVEL_FINE;
	print(PHOTO, &wish, false);
	assert_non_null(strstr(text, "JPEG, 800 x 600, 100000 bytes, 1.67 "));
	assert_non_null(strstr(text, "quality about 90, 4:2:0"));
	assert_non_null(strstr(text, "AVIF and WebP, equally; level fine"));
	assert_non_null(strstr(text, "quantizer 20 (alpha 12)"));
	assert_non_null(strstr(text, "at half resolution, as it came"));
	assert_non_null(strstr(text, "up to 95000 bytes, 90000 with loss"));
	assert_non_null(strstr(text, "no hurry"));
	assert_non_null(strstr(text, "then the original\n"));
	wish.deadline_ms = 600;
	wish.pace = 1400;
	wish.wait_ms = 1;
	print(PHOTO, &wish, false);
	assert_non_null(strstr(text, "a step down: it would take too long"));
	assert_non_null(strstr(text, "ms allowed, 1 of waiting"));
	wish.wait_ms = 500;
	print(PHOTO, &wish, false);
	assert_non_null(strstr(text, "left as it is: it would take too long"));
	print(GAIN_MAP, &wish, false);
	assert_non_null(strstr(text, "left as it is: a gain map"));
	assert_null(strstr(text, "ladder"));
}

static void
data_has_the_same(void **state)
{
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];

	(void)state;
	print(TRUE_COLOUR, &wish, true);
	assert_non_null(strstr(text, "\"format\": \"PNG\""));
	assert_non_null(strstr(text, "\"verdict\": \"try\""));
	assert_non_null(strstr(
	    text, "\"outputs\": [\"avif\", \"webp\", \"webp-lossless\"]"));
	assert_non_null(strstr(text, "\"stepped\": null"));
	print(GAIN_MAP, &wish, true);
	assert_non_null(strstr(text, "\"verdict\": \"pass\""));
	assert_null(strstr(text, "settings"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_fit_a_terminal),
		cmocka_unit_test(each_setting_is_told),
		cmocka_unit_test(data_has_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
