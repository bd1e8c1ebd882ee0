/* PNG with its animations: W3C PNG, third edition. */
#include "filters/image/sniff_part.h"

/* Of a chunk: the checksum is the decoder's business. */
#define CRC_LEN 4

struct png {
	struct pd_image_info *info;
	bool data; /* IDAT has been seen */

	/* Colour: what stands further up decides. */
	bool has_cicp, has_icc, has_srgb, odd_gamma, has_gamma, odd_white;
	enum pd_image_profile cicp;

	/* Animation. */
	bool has_actl;
	bool broken;      /* it is shown as the still, by most */
	bool hidden;      /* the still is no frame of it */
	bool wants_data;  /* a frame has been announced, and nothing came */
	uint32_t promise; /* the frames that there should be */
	uint32_t next;    /* sequence number */
	uint32_t frames;
};

static int
read_header(struct bytes s, struct pd_image_info *info)
{
	uint8_t colour;

	info->width = get32(&s);
	info->height = get32(&s);
	info->depth = get8(&s);
	colour = get8(&s);
	get16(&s);
	info->interlaced = get8(&s) != 0;
	info->palette = colour == 3;
	info->alpha = (colour & 4) != 0;
	info->lossless = true;
	switch (colour) {
	case 0:
		info->components = 1;
		break;
	case 4:
		info->components = 2;
		break;
	case 2:
	case 3:
		info->components = 3;
		break;
	case 6:
		info->components = 4;
		break;
	default:
		return -1;
	}
	return s.bad || info->width == 0 || info->height == 0 ||
		       info->width > INT32_MAX || info->height > INT32_MAX
		   ? -1
		   : 0;
}

/* --- Colour ----------------------------------------------------------------
 */

/* Viewers hold white and primaries against sRGB's, in 1/100000. */
static bool
is_srgb_white(struct bytes s)
{
	static const uint32_t want[8] = { 31270, 32900, 64000, 33000, 30000,
		60000, 15000, 6000 };

	for (unsigned i = 0; i < 8; i++) {
		uint32_t got = get32(&s);

		if (got + 500 < want[i] || got > want[i] + 500)
			return false;
	}
	return true;
}

static void
read_colour(struct png *png, uint32_t type, struct bytes s)
{
	switch (type) {
	case FOUR('i', 'C', 'C', 'P'):
		png->has_icc = true;
		break;
	case FOUR('s', 'R', 'G', 'B'):
		png->has_srgb = true;
		break;
	case FOUR('c', 'I', 'C', 'P'): {
		unsigned primaries = get8(&s), transfer = get8(&s);
		bool rgb = get16(&s) == 0x0001; /* not YCbCr; full range */

		png->has_cicp = true;
		png->cicp = rgb && !s.bad ? pd_sniff_cicp(primaries, transfer)
					  : PD_IMAGE_PROFILE_ODD;
		break;
	}
	case FOUR('g', 'A', 'M', 'A'): {
		uint32_t gamma = get32(&s);

		/* sRGB's 1/2.2 within what viewers take for the same. */
		png->has_gamma = true;
		png->odd_gamma = gamma < 43500 || gamma > 47500;
		break;
	}
	case FOUR('c', 'H', 'R', 'M'):
		png->odd_white = !is_srgb_white(s);
		break;
	}
}

static void
settle_colour(const struct png *png)
{
	struct pd_image_info *info = png->info;

	if (png->has_cicp) {
		bool same = png->cicp == PD_IMAGE_PROFILE_SRGB;

		/* Not every viewer knows it, and no decoder of ours does: it
		 * must not say anything else than the rest. */
		info->profile = same && png->has_icc ? PD_IMAGE_PROFILE_ODD
				: same               ? PD_IMAGE_PROFILE_NONE
						     : png->cicp;
		if (info->profile != PD_IMAGE_PROFILE_NONE)
			info->unsupported = true;
	} else if (png->has_icc) {
		info->profile = PD_IMAGE_PROFILE_EMBEDDED;
	} else if (!png->has_srgb && png->has_gamma &&
		   (png->odd_gamma || png->odd_white)) {
		/* Primaries without gamma are ignored by everybody. */
		info->profile = PD_IMAGE_PROFILE_ODD;
	}
}

/* --- Animation -------------------------------------------------------------
 */

static void
read_animation_control(struct png *png, struct bytes s)
{
	png->promise = get32(&s);
	get32(&s); /* how often it is played */
	if (s.bad || png->has_actl || png->data || png->promise == 0)
		png->broken = true;
	png->has_actl = true;
}

static void
read_frame_control(struct png *png, struct bytes s)
{
	struct pd_image_info *info = png->info;
	uint32_t number = get32(&s);
	uint32_t width = get32(&s), height = get32(&s);
	uint32_t x = get32(&s), y = get32(&s);
	uint8_t dispose, blend;

	get32(&s); /* how long it stays */
	dispose = get8(&s);
	blend = get8(&s);
	if (s.bad || !png->has_actl || png->wants_data || number != png->next ||
	    width == 0 || height == 0 || width > info->width ||
	    height > info->height || x > info->width - width ||
	    y > info->height - height || dispose > 2 || blend > 1)
		png->broken = true;
	/* The still, if it is a frame, is one that covers everything. */
	if (!png->data && (width != info->width || height != info->height))
		png->broken = true;
	png->next++;
	png->wants_data = true;
	png->frames++;
	info->frame_pixels += (uint64_t)width * height;
}

static void
read_frame_data(struct png *png, struct bytes s)
{
	if (get32(&s) != png->next || s.bad || !png->data || png->frames == 0)
		png->broken = true;
	png->next++;
	png->wants_data = false;
}

static bool
read_animation(struct png *png, uint32_t type, struct bytes s)
{
	switch (type) {
	case FOUR('a', 'c', 'T', 'L'):
		read_animation_control(png, s);
		return true;
	case FOUR('f', 'c', 'T', 'L'):
		read_frame_control(png, s);
		return true;
	case FOUR('f', 'd', 'A', 'T'):
		read_frame_data(png, s);
		return true;
	}
	return false;
}

/* Browsers show what is broken as its still, or up to where it breaks. */
static void
settle_animation(struct png *png, bool whole)
{
	struct pd_image_info *info = png->info;
	bool any = png->has_actl || png->next > 0;

	if (whole && any &&
	    (!png->has_actl || png->wants_data || png->frames != png->promise))
		png->broken = true;
	if (png->broken || (whole && png->hidden && png->promise == 1))
		info->unsupported = true;
	info->animated = any && !png->broken && png->promise > 1;
	info->frames = png->frames;
}

/* --- Chunks ----------------------------------------------------------------
 */

static int
read_chunks(struct png *png, struct bytes b)
{
	struct pd_image_info *info = png->info;
	bool first = true;

	b.at = 8;
	for (;;) {
		uint32_t len = get32(&b), type = get32(&b);
		struct bytes s;

		if (b.bad || first != (type == FOUR('I', 'H', 'D', 'R')))
			return -1;
		s = part(&b, len);
		if (b.bad && !first) {
			png->has_icc |= type == FOUR('i', 'C', 'C', 'P');
			return -1;
		}
		part(&b, CRC_LEN);
		if (first && read_header(s, info) != 0)
			return -1;
		if (type == FOUR('I', 'D', 'A', 'T')) {
			if (!png->data && png->has_actl)
				png->hidden = png->frames == 0;
			png->data = true;
			if (png->frames <= 1)
				png->wants_data = false;
		} else if (type == FOUR('I', 'E', 'N', 'D')) {
			return png->data && !b.bad ? 0 : -1;
		} else if (png->frames == PD_SNIFF_FRAMES_MAX) {
			return png->data ? 0 : -1;
		} else if (!first && !read_animation(png, type, s)) {
			if (type != FOUR('P', 'L', 'T', 'E'))
				info->ancillary += len;
			if (type == FOUR('t', 'R', 'N', 'S'))
				info->alpha = true;
			else if (type == FOUR('e', 'X', 'I', 'f'))
				info->orientation = pd_sniff_exif(rest(s));
			else
				read_colour(png, type, s);
		}
		if (b.bad)
			return -1;
		first = false;
	}
}

int
pd_sniff_png(struct bytes b, struct pd_image_info *info)
{
	struct png png = { .info = info };
	int rc = read_chunks(&png, b);

	settle_colour(&png);
	settle_animation(&png, rc == 0);
	return rc;
}
