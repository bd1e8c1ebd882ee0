#include "filters/image/wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/conf_row.h"

static struct pd_conf *conf;
static struct pd_request request;
static struct pd_response response;
static struct pd_message msg;

static void
begin(const char *text)
{
	const struct pd_conf_parse_params params = { .path = "x.conf",
		.text = text };

	conf = pd_conf_parse(&params);
	assert_non_null(conf);
	memset(&request, 0, sizeof(request));
	memset(&response, 0, sizeof(response));
	msg = (struct pd_message){
		.arena = pd_arena_create(),
		.conf = conf,
		.request = &request,
		.response = &response,
	};
}

static void
end(void)
{
	pd_arena_destroy(msg.arena);
	pd_conf_unref(conf);
}

static void
ask(const char *name, const char *value)
{
	pd_fields_add(
	    &request.fields, msg.arena, pd_str_z(name), pd_str_z(value));
}

static struct pd_plan_wish
wish(void)
{
	struct pd_plan_wish w;

	assert_true(pd_wish(&msg, &w));
	return w;
}

static void
formats_must_be_named(void **state)
{
	static const struct {
		const char *accept;
		unsigned avif, webp;
	} cases[] = {
		{ NULL, 0, 0 },
		{ "*/*", 0, 0 },
		{ "image/*", 0, 0 },
		{ "image/avif,image/webp,image/apng,*/*;q=0.8", 1000, 1000 },
		{ "image/avif;q=0.5, image/webp;q=0.9", 500, 900 },
		{ "image/webp,*/*;q=0.8", 0, 1000 },
		{ "image/avif;q=0,image/webp", 0, 1000 },
		{ "IMAGE/AVIF", 1000, 0 },
		{ "image/avifs", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin("");
		if (cases[i].accept != NULL)
			ask("Accept", cases[i].accept);
		assert_int_equal(wish().avif, cases[i].avif);
		assert_int_equal(wish().webp, cases[i].webp);
		assert_int_equal(wish().pace, 100);
		end();
	}
}

static void
save_data_means_thin(void **state)
{
	static const struct {
		const char *conf, *value;
		enum pd_conf_level level;
		uint32_t width;
	} cases[] = {
		{ "", NULL, PD_CONF_LEVEL_FINE, 0 },
		{ "", "on", PD_CONF_LEVEL_THIN, 0 },
		{ "", "ON", PD_CONF_LEVEL_THIN, 0 },
		{ "", "on, x", PD_CONF_LEVEL_THIN, 0 },
		{ "", "off", PD_CONF_LEVEL_FINE, 0 },
		{ "", "one", PD_CONF_LEVEL_FINE, 0 },
		{ "ImageLevel = \"invisible\"", NULL, PD_CONF_LEVEL_INVISIBLE,
		    0 },
		{ "ImageLevel = \"invisible\"", "on", PD_CONF_LEVEL_THIN, 0 },
		{ "ImageLevel = \"thin\"", NULL, PD_CONF_LEVEL_THIN, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].conf);
		if (cases[i].value != NULL)
			ask("Save-Data", cases[i].value);
		assert_int_equal(wish().level, cases[i].level);
		assert_int_equal(wish().width_max, cases[i].width);
		end();
	}
}

static void
sites_and_devices_have_their_say(void **state)
{
	struct pd_addr phone;
	struct pd_plan_wish w;

	(void)state;
	begin("site \"*.off.test\" { images = \"off\" }\n"
	      "device \"phone\" { address = \"10.77.0.7\" level = \"thin\" "
	      "max-width = 1080 }\n");
	pd_addr_parse(PD_STR("10.77.0.7"), &phone);
	assert_int_equal(wish().width_max, 0);
	msg.client = &phone;
	assert_int_equal(wish().level, PD_CONF_LEVEL_THIN);
	assert_int_equal(wish().width_max, 1080);
	/* The picture's own host, and the page's. */
	request.url.authority.host = PD_STR("img.off.test");
	assert_false(pd_wish(&msg, &w));
	request.url.authority.host = PD_STR("img.test");
	assert_true(pd_wish(&msg, &w));
	msg.page = PD_STR("off.test");
	assert_false(pd_wish(&msg, &w));
	/* Who saves data does not switch on what is off. */
	ask("Save-Data", "on");
	assert_false(pd_wish(&msg, &w));
	end();
}

static void
hints_tell_the_width(void **state)
{
	static const struct {
		const char *name[3], *value[3];
		uint32_t width;
	} cases[] = {
		{ { "Sec-CH-Width" }, { "800" }, 800 },
		{ { "Width" }, { "900" }, 900 },
		{ { "sec-ch-width", "Width" }, { "800", "900" }, 800 },
		{ { "Sec-CH-Width" }, { "64" }, 640 },
		{ { "Sec-CH-Viewport-Width", "Sec-CH-DPR" }, { "412", "2.625" },
		    1081 },
		{ { "Viewport-Width", "DPR" }, { "360", "3" }, 1080 },
		{ { "Sec-CH-Viewport-Width", "DPR" }, { "360", "2.0" }, 720 },
		{ { "Sec-CH-Width", "Sec-CH-Viewport-Width", "DPR" },
		    { "700", "360", "3" }, 700 },
		/* CSS pixels of which the ratio is not known. */
		{ { "Sec-CH-Viewport-Width" }, { "412" }, 0 },
		{ { "Sec-CH-DPR" }, { "2" }, 0 },
		/* What is no number, or none of a screen. */
		{ { "Sec-CH-Width" }, { "" }, 0 },
		{ { "Sec-CH-Width" }, { "0" }, 0 },
		{ { "Sec-CH-Width" }, { "-800" }, 0 },
		{ { "Sec-CH-Width" }, { "+800" }, 0 },
		{ { "Sec-CH-Width" }, { "800;q=1" }, 0 },
		{ { "Sec-CH-Width" }, { "8e2" }, 0 },
		{ { "Sec-CH-Width" }, { ".8" }, 0 },
		{ { "Sec-CH-Width" }, { "800." }, 0 },
		{ { "Sec-CH-Width" }, { "8.0.0" }, 0 },
		{ { "Sec-CH-Width" }, { "\"800\"" }, 0 },
		{ { "Sec-CH-Width" }, { "65536" }, 0 },
		{ { "Sec-CH-Width" }, { "99999999999999999999" }, 0 },
		{ { "Sec-CH-Width" }, { "800.00000000000000000000001" }, 800 },
		{ { "Viewport-Width", "DPR" }, { "412", "17" }, 0 },
		{ { "Viewport-Width", "DPR" }, { "65535", "16" }, 0 },
		{ { "Viewport-Width", "DPR" }, { "412", "0.001" }, 0 },
		/* One wrong hint does not make another of the same kind
		 * right. */
		{ { "Sec-CH-Width", "Width" }, { "x", "900" }, 0 },
		{ { "Sec-CH-Width", "Sec-CH-Width" }, { "800", "900" }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin("");
		for (size_t k = 0; k < 3 && cases[i].name[k] != NULL; k++)
			ask(cases[i].name[k], cases[i].value[k]);
		if (wish().width_max != cases[i].width)
			fail_msg("case %zu: %u, not %u", i, wish().width_max,
			    cases[i].width);
		end();
	}
	/* Before the device's and before that of a thin client. */
	begin("ImageLevel = \"thin\"");
	ask("Sec-CH-Width", "2000");
	assert_int_equal(wish().width_max, 2000);
	end();
}

/* Vary after the image; NULL: none. */
static const char *
vary_of(const struct pd_image_info *info, size_t len)
{
	struct pd_plan_wish w = wish();
	struct pd_plan plan;

	response.fields = (struct pd_fields){ 0 };
	pd_plan_image(info, len, &w, conf, &plan);
	pd_wish_vary(&msg, info, len, &plan);
	if (pd_fields_find(&response.fields, PD_FIELD_VARY) == NULL)
		return NULL;
	return pd_arena_str(
	    msg.arena, pd_fields_value(&response.fields, PD_FIELD_VARY))
	    .p;
}

static void
vary_names_what_counts(void **state)
{
	struct pd_image_info jpeg = {
		.format = PD_IMAGE_JPEG,
		.width = 1600,
		.height = 1200,
		.components = 3,
		.depth = 8,
		.orientation = 1,
		.frames = 1,
		.frame_pixels = 1600 * 1200,
		.h = { 2, 1, 1 },
		.v = { 2, 1, 1 },
		.quality = 90,
		.scans = 1,
	};
	struct pd_image_info small = jpeg, gain = jpeg, bomb = jpeg, webp;

	(void)state;
	begin("");
	/* The same, whoever asks. */
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(vary_of(&jpeg, 400000),
		    "Accept, Save-Data, Sec-CH-Width, Sec-CH-Viewport-Width, "
		    "Sec-CH-DPR, Width, Viewport-Width, DPR");
		if (i == 0)
			ask("Accept", "image/webp");
		else
			ask("Save-Data", "on");
	}
	small.width = 700;
	small.height = 500;
	small.frame_pixels = 700 * 500;
	assert_string_equal(vary_of(&small, 90000), "Accept, Save-Data");
	/* Which nobody gets changed. */
	gain.gain_map = true;
	assert_null(vary_of(&gain, 400000));
	bomb.width = bomb.height = 16000;
	assert_null(vary_of(&bomb, 4000));
	end();
	/* Changed for those alone who save data. */
	begin("");
	webp = small;
	webp.format = PD_IMAGE_WEBP;
	webp.quality = 0;
	assert_string_equal(vary_of(&webp, 90000), "Accept, Save-Data");
	pd_fields_remove(&response.fields, PD_FIELD_VARY);
	pd_wish_vary_beginning(&msg, &webp);
	assert_non_null(pd_fields_find(&response.fields, PD_FIELD_VARY));
	pd_fields_remove(&response.fields, PD_FIELD_VARY);
	pd_wish_vary_beginning(&msg, &gain);
	assert_null(pd_fields_find(&response.fields, PD_FIELD_VARY));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_must_be_named),
		cmocka_unit_test(save_data_means_thin),
		cmocka_unit_test(sites_and_devices_have_their_say),
		cmocka_unit_test(hints_tell_the_width),
		cmocka_unit_test(vary_names_what_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
