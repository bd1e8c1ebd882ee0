/* WebP: its container specification; RFC 6386, 9.1; RFC 9649, 3.4. */
#include "filters/image/sniff_part.h"

/* A chunk's header. */
#define CHUNK_LEN 8

struct webp {
	struct pd_image_info *info;
	bool lossy;   /* some picture is */
	bool alpha;   /* by the bitstreams */
	bool cleared; /* a frame is taken away again */
};

/* One picture's bitstream: its size, and whether it has alpha of its own. */
struct picture {
	uint32_t width, height;
	bool found, lossy, alpha;
};

static int
read_vp8(struct bytes s, struct picture *pic)
{
	uint8_t tag = get8(&s);

	get16(&s); /* the rest of the first partition's length */
	/* A key frame that is shown. */
	if ((tag & 1) != 0 || (tag & 0x10) == 0 || !SKIP(&s, "\x9d\x01\x2a"))
		return -1;
	pic->width = get16le(&s) & 0x3fff;
	pic->height = get16le(&s) & 0x3fff;
	pic->lossy = true;
	return s.bad || pic->width == 0 || pic->height == 0 ? -1 : 0;
}

static int
read_vp8l(struct bytes s, struct picture *pic)
{
	uint32_t bits;

	if (get8(&s) != 0x2f)
		return -1;
	bits = get32le(&s);
	pic->width = (bits & 0x3fff) + 1;
	pic->height = (bits >> 14 & 0x3fff) + 1;
	pic->alpha = (bits >> 28 & 1) != 0;
	return s.bad || bits >> 29 != 0 ? -1 : 0;
}

/*
 * The next chunk, padded to an even length; false at the end. One that is cut
 * off is there, and makes b bad.
 */
static bool
next_chunk(struct bytes *b, uint32_t *type, struct bytes *s)
{
	uint32_t len;

	if (left(b) < CHUNK_LEN)
		return false;
	*type = get32(b);
	len = get32le(b);
	*s = part(b, len);
	if ((len & 1) != 0 && left(b) > 0)
		b->at++;
	return true;
}

/* ALPH, VP8 and VP8L; other chunks are nothing to it. */
static int
read_bitstream(uint32_t type, struct bytes s, struct picture *pic)
{
	switch (type) {
	case FOUR('A', 'L', 'P', 'H'):
		pic->alpha = true;
		return 0;
	case FOUR('V', 'P', '8', ' '):
	case FOUR('V', 'P', '8', 'L'):
		if (pic->found)
			return -1;
		pic->found = true;
		return type == FOUR('V', 'P', '8', ' ') ? read_vp8(s, pic)
							: read_vp8l(s, pic);
	}
	return 0;
}

/* ANMF: where and how, then a picture. */
static int
read_frame(struct webp *webp, struct bytes s)
{
	struct pd_image_info *info = webp->info;
	struct picture pic = { .found = false };
	uint32_t x = get24le(&s) * 2, y = get24le(&s) * 2;
	uint32_t width = get24le(&s) + 1, height = get24le(&s) + 1, type;
	struct bytes sub;
	bool over, whole;
	uint8_t flags;

	get24le(&s); /* how long it stays */
	flags = get8(&s);
	if (s.bad || (uint64_t)x + width > info->width ||
	    (uint64_t)y + height > info->height)
		return -1;
	while (next_chunk(&s, &type, &sub))
		if (read_bitstream(type, sub, &pic) != 0)
			return -1;
	if (!pic.found || pic.width != width || pic.height != height)
		return -1;
	/* A later frame that is blended shows what was there before. */
	over = (flags & 2) == 0 && info->frames > 0;
	whole = width == info->width && height == info->height;
	webp->alpha |= (pic.alpha && !over) || (info->frames == 0 && !whole);
	webp->cleared |= (flags & 1) != 0;
	webp->lossy |= pic.lossy;
	info->frames++;
	info->frame_pixels += (uint64_t)width * height;
	return s.bad ? -1 : 0;
}

/* Browsers do not agree on whether it is honoured. */
static void
read_exif(struct bytes s, struct pd_image_info *info)
{
	SKIP(&s, "Exif\0\0");
	if (pd_sniff_exif(rest(s)) != 1)
		info->unsupported = true;
}

enum { VP8X_ANIMATED = 0x02, VP8X_ALPHA = 0x10, VP8X_ICC = 0x20 };

static int
read_extended(struct webp *webp, struct bytes head, struct bytes *b)
{
	struct pd_image_info *info = webp->info;
	struct picture still = { .found = false };
	uint8_t flags = get8(&head);
	uint32_t type;
	struct bytes s;
	int rc = 0;

	get24le(&head);
	info->width = get24le(&head) + 1;
	info->height = get24le(&head) + 1;
	info->animated = (flags & VP8X_ANIMATED) != 0;
	/* The flag may be wrong; a profile that it hides is ignored. */
	if ((flags & VP8X_ICC) != 0)
		info->profile = PD_IMAGE_PROFILE_EMBEDDED;
	if (head.bad)
		return -1;
	while (rc == 0 && info->frames < PD_SNIFF_FRAMES_MAX &&
	       next_chunk(b, &type, &s)) {
		if (type == FOUR('I', 'C', 'C', 'P') && (flags & VP8X_ICC) != 0)
			info->profile = pd_sniff_icc(rest(s));
		else if (type == FOUR('E', 'X', 'I', 'F'))
			read_exif(s, info);
		else if (type == FOUR('A', 'N', 'M', 'F') && info->animated)
			rc = read_frame(webp, s);
		else if (!info->animated)
			rc = read_bitstream(type, s, &still);
	}
	if (!info->animated) {
		webp->alpha = still.alpha || (flags & VP8X_ALPHA) != 0;
		webp->lossy = still.lossy;
		if (still.width != info->width || still.height != info->height)
			rc = -1;
	} else if (rc == 0 && !b->bad) {
		/* An animation of one picture, which is read in no way that a
		 * still is. */
		if (info->frames == 1)
			info->unsupported = true;
		info->animated = info->frames > 1;
		rc = info->frames > 0 ? 0 : -1;
	}
	return rc;
}

static int
read_simple(struct webp *webp, uint32_t type, struct bytes s,
    struct pd_image_info *info)
{
	struct picture pic = { .found = false };
	int rc = read_bitstream(type, s, &pic);

	info->width = pic.width;
	info->height = pic.height;
	webp->alpha = pic.alpha;
	webp->lossy = pic.lossy;
	return pic.found ? rc : -1;
}

int
pd_sniff_webp(struct bytes b, struct pd_image_info *info)
{
	struct webp webp = { .info = info };
	struct bytes all, s;
	uint32_t len, type;
	int rc = -1;

	part(&b, 4); /* "RIFF" */
	len = get32le(&b);
	all = part(&b, len); /* what stands behind is no part of it */
	part(&all, 4);       /* "WEBP" */
	info->depth = 8;
	if (next_chunk(&all, &type, &s)) {
		if (type == FOUR('V', 'P', '8', 'X'))
			rc = read_extended(&webp, s, &all);
		else
			rc = read_simple(&webp, type, s, info);
	}
	info->alpha = webp.alpha || webp.cleared;
	info->lossless = !webp.lossy;
	info->components = info->alpha ? 4 : 3;
	return b.bad || all.bad ? -1 : rc;
}
