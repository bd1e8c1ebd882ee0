/* GIF: the GIF89a specification, and what browsers make of it. */
#include "filters/image/sniff_part.h"

struct gif {
	struct pd_image_info *info;
	bool has_table;      /* of colours, for all pictures */
	bool transparent;    /* the next picture has a colour that is none */
	bool uncovered;      /* the first picture leaves some of the screen */
	bool first_is_clear; /* it has such a colour */
	bool clears;         /* some picture is taken away again */
	uint8_t disposal;
	uint32_t pictures;
};

static bool
skip_blocks(struct bytes *b)
{
	for (;;) {
		uint8_t len = get8(b);

		if (b->bad)
			return false;
		if (len == 0)
			return true;
		part(b, len);
	}
}

/* What is done with a picture before the next one is drawn. */
enum { CLEAR = 2, RESTORE = 3 };

static void
note_picture(struct gif *gif, bool covers)
{
	if (gif->pictures == 1) {
		gif->uncovered = !covers;
		gif->first_is_clear = gif->transparent;
		/* There is nothing before it to go back to. */
		if (gif->disposal == RESTORE)
			gif->clears = true;
	}
	if (gif->disposal == CLEAR)
		gif->clears = true;
	gif->transparent = false;
	gif->disposal = 0;
}

/*
 * The image descriptor at b, whose data is skipped. A picture that reaches
 * beyond the screen, is empty or has no colour table is drawn in different ways
 * by different viewers: that is not for us to settle.
 */
static int
read_picture(struct gif *gif, struct bytes *b)
{
	struct pd_image_info *info = gif->info;
	unsigned x = get16le(b), y = get16le(b);
	unsigned width = get16le(b), height = get16le(b);
	uint8_t flags = get8(b);

	if (b->bad)
		return -1;
	gif->pictures++;
	if (x + width > info->width || y + height > info->height ||
	    width == 0 || height == 0 || (!gif->has_table && !(flags & 0x80)))
		info->unsupported = true;
	info->frame_pixels += (uint64_t)width * height;
	note_picture(gif,
	    x == 0 && y == 0 && width == info->width && height == info->height);
	if (flags & 0x40)
		info->interlaced = true;
	if (flags & 0x80)
		part(b, (uint64_t)3 << ((flags & 7) + 1));
	get8(b);
	return skip_blocks(b) ? 0 : -1;
}

static int
read_extension(struct gif *gif, struct bytes *b)
{
	uint8_t label = get8(b);

	if (label == 0xf9) {
		struct bytes peek = *b;

		if (get8(&peek) == 4) {
			uint8_t flags = get8(&peek);

			gif->transparent |= (flags & 1) != 0;
			gif->disposal = flags >> 2 & 7;
		}
	} else if (label == 0xff && STARTS(b, "\x0bNETSCAPE2.0")) {
		gif->info->loops = true;
	}
	return skip_blocks(b) ? 0 : -1;
}

static int
read_blocks(struct gif *gif, struct bytes *b)
{
	for (;;) {
		/* Browsers show what has no trailer, if nothing else lacks. */
		if (b->at == b->n || gif->pictures == PD_SNIFF_FRAMES_MAX)
			return gif->pictures > 0 ? 0 : -1;
		switch (get8(b)) {
		case 0x3b:
			return gif->pictures > 0 ? 0 : -1;
		case 0x21:
			if (read_extension(gif, b) != 0)
				return -1;
			break;
		case 0x2c:
			if (read_picture(gif, b) != 0)
				return -1;
			break;
		default:
			return -1;
		}
	}
}

int
pd_sniff_gif(struct bytes b, struct pd_image_info *info)
{
	struct gif gif = { .info = info };
	uint8_t flags;
	int rc;

	b.at = 6;
	info->width = get16le(&b);
	info->height = get16le(&b);
	flags = get8(&b);
	get16(&b);
	gif.has_table = (flags & 0x80) != 0;
	info->components = 3;
	info->depth = 8;
	info->palette = info->lossless = true;
	if (b.bad || info->width == 0 || info->height == 0)
		return -1;
	if (gif.has_table)
		part(&b, (uint64_t)3 << ((flags & 7) + 1));
	rc = b.bad ? -1 : read_blocks(&gif, &b);
	info->animated = gif.pictures > 1;
	info->frames = gif.pictures;
	/* A later picture's transparency shows what was there before. */
	info->alpha = gif.uncovered || gif.first_is_clear ||
		      (info->animated && gif.clears);
	return rc;
}
