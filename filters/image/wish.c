#include "filters/image/wish.h"

#include "filters/image/rule.h"
#include "filters/image/sniff.h"

/* Beyond these a hint says nothing of a screen. */
#define WIDTH_SANE 65535
#define DPR_SANE   16

/* What hints are read from, in the order in which they count. The old names
 * are what browsers sent before RFC 8942's time, and some still do. */
#define NAMES 2
static const char *const width_names[NAMES] = { "Sec-CH-Width", "Width" };
static const char *const viewport_names[NAMES] = { "Sec-CH-Viewport-Width",
	"Viewport-Width" };
static const char *const dpr_names[NAMES] = { "Sec-CH-DPR", "DPR" };

/* --- Hints -----------------------------------------------------------------
 */

/*
 * A number with or without a fraction, in thousandths: "412", "2.625". 0 for
 * all else, signs, exponents and parameters too, and beyond most.
 */
static uint64_t
number(struct pd_str s, unsigned most)
{
	uint64_t n = 0, scale = 1000;
	bool fraction = false;

	if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (s.p[i] == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (digit > 9)
			return 0;
		if (!fraction)
			n = n * 10 + digit * 1000;
		else
			n += digit * (scale /= 10);
		if (n > most * UINT64_C(1000))
			return 0;
	}
	return n;
}

/* The first name that stands there once; several lines of a name contradict
 * one another. */
static uint64_t
hint(const struct pd_fields *fields, const char *const names[NAMES],
    unsigned most)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct pd_str value = { 0 };
		unsigned lines = 0;

		PD_FIELDS_EACH (f, fields) {
			if (!pd_str_caseeq(f->name, pd_str_z(names[i])))
				continue;
			value = f->value;
			lines++;
		}
		if (lines > 0)
			return lines == 1 ? number(value, most) : 0;
	}
	return 0;
}

/*
 * Width is that of the picture as it is laid out, in the screen's pixels. A
 * viewport's is in CSS pixels, and of no use without their ratio: a phone's 412
 * may be 1236 on the glass. 0: not told.
 */
static uint32_t
hinted_width(const struct pd_fields *fields)
{
	uint64_t width = hint(fields, width_names, WIDTH_SANE) / 1000;

	if (width == 0)
		width = hint(fields, viewport_names, WIDTH_SANE) *
			hint(fields, dpr_names, DPR_SANE) / 1000000;
	return width <= WIDTH_SANE ? (uint32_t)width : 0;
}

/* --- The wish --------------------------------------------------------------
 */

static uint16_t
weight(const struct pd_message *msg, struct pd_str type)
{
	bool named = false;
	int w = pd_accept_weight(&msg->request->fields, type, &named);

	return named && w > 0 ? (uint16_t)w : 0;
}

static uint32_t
useful_width(const struct pd_message *msg, const struct pd_image_rule *rule)
{
	uint32_t width = hinted_width(&msg->request->fields);

	if (width == 0)
		width = rule->width_max;
	if (width > 0 && width < PD_PLAN_WIDTH_MIN)
		width = PD_PLAN_WIDTH_MIN;
	return width;
}

bool
pd_wish(const struct pd_message *msg, struct pd_plan_wish *wish)
{
	const struct pd_request *req = msg->request;
	struct pd_image_rule rule = pd_image_rule(
	    msg->conf, msg->client, msg->page, req->url.authority.host);

	if (rule.level == PD_CONF_LEVEL_OFF)
		return false;
	if (pd_fields_have_token(
		&req->fields, PD_FIELD_SAVE_DATA, PD_STR("on")))
		rule.level = PD_CONF_LEVEL_THIN;
	*wish = (struct pd_plan_wish){
		.avif = weight(msg, PD_STR("image/avif")),
		.webp = weight(msg, PD_STR("image/webp")),
		.level = rule.level,
		.width_max = useful_width(msg, &rule),
		.pace = 100,
	};
	return true;
}

/* --- Vary ------------------------------------------------------------------
 */

/* Of the client for whom most is done: what is left alone even for that one is
 * left alone for all. */
static const struct pd_plan_wish greedy = {
	.avif = 1000,
	.webp = 1000,
	.level = PD_CONF_LEVEL_THIN,
	.width_max = PD_PLAN_WIDTH_MIN,
	.pace = 100,
};

static void
vary_by_hints(struct pd_message *msg)
{
	for (size_t i = 0; i < NAMES; i++) {
		pd_filter_vary(msg, pd_str_z(width_names[i]));
		pd_filter_vary(msg, pd_str_z(viewport_names[i]));
		pd_filter_vary(msg, pd_str_z(dpr_names[i]));
	}
}

void
pd_wish_vary_all(struct pd_message *msg)
{
	pd_filter_vary(msg, PD_STR("Accept"));
	pd_filter_vary(msg, PD_STR("Save-Data"));
	vary_by_hints(msg);
}

void
pd_wish_vary(struct pd_message *msg, const struct pd_image_info *info,
    size_t len, const struct pd_plan *plan)
{
	struct pd_plan_wish none = { .level = PD_CONF_LEVEL_FINE, .pace = 100 };
	struct pd_plan most, least;
	bool tried = plan->set.outputs != 0;

	/* Either may be tried alone: an AVIF is left alone unless the client
	 * cannot read it. */
	tried |=
	    pd_plan_image(info, len, &greedy, msg->conf, &most) == PD_PLAN_TRY;
	tried |=
	    pd_plan_image(info, len, &none, msg->conf, &least) == PD_PLAN_TRY;
	if (!tried)
		return;
	if (plan->accept_used || most.accept_used || least.accept_used)
		pd_filter_vary(msg, PD_STR("Accept"));
	pd_filter_vary(msg, PD_STR("Save-Data"));
	if (most.set.to_width != 0 && (most.set.to_width != info->width ||
					  most.set.to_height != info->height))
		vary_by_hints(msg);
}

void
pd_wish_vary_beginning(struct pd_message *msg, const struct pd_image_info *info)
{
	if (pd_plan_beginning(info, &greedy, msg->conf) != PD_PLAN_TRY)
		return;
	pd_filter_vary(msg, PD_STR("Accept"));
	pd_filter_vary(msg, PD_STR("Save-Data"));
}
