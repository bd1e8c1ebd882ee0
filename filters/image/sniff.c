#include "filters/image/sniff.h"

#include <string.h>

/* A cursor over bytes; reads beyond the end set bad and give zero. */
struct bytes {
	const uint8_t *p;
	size_t n, at;
	bool bad;
};

static uint8_t
get8(struct bytes *b)
{
	if (b->at >= b->n) {
		b->bad = true;
		return 0;
	}
	return b->p[b->at++];
}

static uint16_t
get16(struct bytes *b)
{
	uint16_t hi = get8(b);

	return (uint16_t)(hi << 8 | get8(b));
}

static uint32_t
get32(struct bytes *b)
{
	uint32_t hi = get16(b);

	return hi << 16 | get16(b);
}

static uint16_t
get16le(struct bytes *b)
{
	uint16_t lo = get8(b);

	return (uint16_t)(lo | get8(b) << 8);
}

/* The next len bytes as a cursor of their own; this one goes past them. */
static struct bytes
part(struct bytes *b, size_t len)
{
	struct bytes s = { .p = b->p + b->at };

	if (len > b->n - b->at) {
		b->bad = true;
		len = b->n - b->at;
	}
	s.n = len;
	b->at += len;
	return s;
}

static bool
starts(const struct bytes *b, const char *magic, size_t len)
{
	return b->n - b->at >= len && memcmp(b->p + b->at, magic, len) == 0;
}

#define STARTS(b, lit) starts((b), (lit), sizeof(lit) - 1)

enum pd_image_format
pd_sniff_format(const uint8_t *p, size_t n)
{
	struct bytes b = { .p = p, .n = n };

	if (n < PD_SNIFF_MIN)
		return PD_IMAGE_NONE;
	if (STARTS(&b, "\xff\xd8\xff"))
		return PD_IMAGE_JPEG;
	if (STARTS(&b, "\x89PNG\r\n\x1a\n"))
		return PD_IMAGE_PNG;
	if (STARTS(&b, "GIF87a") || STARTS(&b, "GIF89a"))
		return PD_IMAGE_GIF;
	if (STARTS(&b, "RIFF") && memcmp(p + 8, "WEBPVP8", 7) == 0)
		return PD_IMAGE_WEBP;
	if (memcmp(p + 4, "ftypavi", 7) == 0 && (p[11] == 'f' || p[11] == 's'))
		return PD_IMAGE_AVIF;
	return PD_IMAGE_NONE;
}

/* --- JPEG (ITU-T T.81, annex B) --------------------------------------------
 */

/* Orientation out of EXIF's first directory (TIFF 6.0; EXIF 2.3, 4.6.4). */
static uint8_t
exif_orientation(struct bytes t)
{
	bool little;
	uint32_t at;
	unsigned count;

	if (STARTS(&t, "II\x2a\0"))
		little = true;
	else if (STARTS(&t, "MM\0\x2a"))
		little = false;
	else
		return 1;
	t.at = 4;
	if (little) {
		at = get16le(&t);
		at |= (uint32_t)get16le(&t) << 16;
	} else {
		at = get32(&t);
	}
	if (t.bad || at > t.n)
		return 1;
	t.at = at;
	count = little ? get16le(&t) : get16(&t);
	for (unsigned i = 0; i < count && !t.bad; i++) {
		struct bytes e = part(&t, 12);
		uint16_t tag = little ? get16le(&e) : get16(&e);
		uint16_t type = little ? get16le(&e) : get16(&e);
		uint16_t value;

		e.at = e.n < 8 ? e.n : 8;
		value = little ? get16le(&e) : get16(&e);
		if (tag == 0x0112 && type == 3 && !e.bad)
			return value >= 1 && value <= 8 ? (uint8_t)value : 1;
	}
	return 1;
}

/* The tables of T.81, annex K.1, in zigzag order, as libjpeg scales them. */
static const uint8_t k1_luma[64] = { 16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18,
	17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
	60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
	87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101,
	103, 99 };

/*
 * The quality at which libjpeg would have made a table: the mean over the
 * entries of what each alone says. Close for libjpeg's own, and a fair measure
 * of coarseness for all others.
 */
static uint8_t
table_quality(const uint16_t q[64])
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < 64; i++) {
		double scale = 100.0 * q[i] / k1_luma[i];

		/* Cut off where a byte ends: says nothing. */
		if (q[i] >= 255)
			continue;
		sum += scale <= 100 ? (200 - scale) / 2 : 5000 / scale;
		n++;
	}
	if (n == 0)
		return 1;
	sum = sum / n + 0.5;
	return sum < 1 ? 1 : sum > 100 ? 100 : (uint8_t)sum;
}

static void
jpeg_tables(struct bytes s, struct pd_image_info *info)
{
	while (s.at < s.n && !s.bad) {
		uint8_t what = get8(&s);
		uint16_t q[64];

		for (unsigned i = 0; i < 64; i++)
			q[i] = what >> 4 ? get16(&s) : get8(&s);
		/* The first table is luma's in every file that matters. */
		if (!s.bad && (what & 15) == 0 && info->quality == 0)
			info->quality = table_quality(q);
	}
}

static int
jpeg_frame(struct bytes s, uint8_t marker, struct pd_image_info *info)
{
	if (info->width != 0)
		return -1; /* a second frame: hierarchical, or nonsense */
	info->depth = get8(&s);
	info->height = get16(&s);
	info->width = get16(&s);
	info->components = get8(&s);
	info->interlaced = marker == 0xc2;
	/* Beyond Huffman baseline, extended and progressive of 8 bits. */
	info->unsupported = marker > 0xc2 || info->depth != 8;
	if (s.bad || info->width == 0 || info->height == 0 ||
	    (info->components != 1 && info->components != 3 &&
		info->components != 4))
		return -1;
	for (unsigned i = 0; i < info->components; i++) {
		uint8_t hv;

		get8(&s);
		hv = get8(&s);
		get8(&s);
		info->h[i] = hv >> 4;
		info->v[i] = hv & 15;
		if (s.bad || info->h[i] < 1 || info->h[i] > 4 ||
		    info->v[i] < 1 || info->v[i] > 4)
			return -1;
	}
	return 0;
}

static void
jpeg_application(struct bytes s, uint8_t marker, struct pd_image_info *info)
{
	static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/";

	if (marker == 0xe1 && starts(&s, exif, sizeof(exif))) {
		part(&s, sizeof(exif));
		if (info->orientation == 1)
			info->orientation =
			    exif_orientation(part(&s, s.n - s.at));
	} else if (marker == 0xe1 && starts(&s, xmp, sizeof(xmp) - 1)) {
		if (memmem(s.p, s.n, "hdrgm:", 6) != NULL)
			info->gain_map = true;
	} else if (marker == 0xe2 && STARTS(&s, "ICC_PROFILE")) {
		info->profile = PD_IMAGE_PROFILE_EMBEDDED;
	} else if (marker == 0xe2 && starts(&s, "MPF", 4)) {
		/* Multi-picture: gain maps, stereo pairs, previews. */
		info->gain_map = true;
	}
}

/* From a scan's entropy-coded data to the marker that ends it. */
static void
jpeg_skip_scan(struct bytes *b)
{
	while (b->at < b->n) {
		const uint8_t *ff = memchr(b->p + b->at, 0xff, b->n - b->at);
		size_t at;

		if (ff == NULL)
			break;
		at = (size_t)(ff - b->p);
		if (at + 1 >= b->n)
			break;
		b->at = at;
		if (ff[1] != 0 && ff[1] != 0xff &&
		    !(ff[1] >= 0xd0 && ff[1] <= 0xd7))
			return;
		b->at += ff[1] == 0xff ? 1 : 2;
	}
	b->at = b->n;
}

static int
jpeg(struct bytes *b, struct pd_image_info *info)
{
	b->at = 2;
	for (;;) {
		uint8_t marker;
		uint16_t len;
		struct bytes s;

		if (get8(b) != 0xff)
			return -1;
		do
			marker = get8(b);
		while (marker == 0xff);
		if (marker == 0xd9)
			return info->width != 0 && info->scans > 0 ? 0 : -1;
		if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7))
			continue;
		len = get16(b);
		if (b->bad || len < 2 || marker < 0xc0)
			return -1;
		s = part(b, (size_t)len - 2);
		if (b->bad)
			return -1;
		if (marker == 0xdb)
			jpeg_tables(s, info);
		else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
			 marker != 0xc8 && marker != 0xcc) {
			if (jpeg_frame(s, marker, info) != 0)
				return -1;
		} else if (marker == 0xcc)
			info->unsupported = true; /* arithmetic coding */
		else if (marker >= 0xe0 && marker <= 0xef)
			jpeg_application(s, marker, info);
		else if (marker == 0xda) {
			info->scans++;
			jpeg_skip_scan(b);
		}
	}
}

/* --- PNG (W3C PNG, 2003 and third edition) ---------------------------------
 */

static int
png_header(struct bytes s, struct pd_image_info *info)
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

static void
png_chunk(const uint8_t type[4], struct bytes s, bool *srgb,
    struct pd_image_info *info)
{
	if (memcmp(type, "tRNS", 4) == 0) {
		info->alpha = true;
	} else if (memcmp(type, "acTL", 4) == 0) {
		info->animated = true;
	} else if (memcmp(type, "iCCP", 4) == 0) {
		info->profile = PD_IMAGE_PROFILE_EMBEDDED;
	} else if (memcmp(type, "sRGB", 4) == 0) {
		*srgb = true;
	} else if (memcmp(type, "cICP", 4) == 0) {
		if (info->profile == PD_IMAGE_PROFILE_NONE)
			info->profile = PD_IMAGE_PROFILE_ODD;
	} else if (memcmp(type, "gAMA", 4) == 0) {
		uint32_t gamma = get32(&s);

		/* sRGB's 1/2.2 within what viewers take for the same. */
		if ((gamma < 43500 || gamma > 47500) &&
		    info->profile == PD_IMAGE_PROFILE_NONE)
			info->profile = PD_IMAGE_PROFILE_ODD;
	} else if (memcmp(type, "eXIf", 4) == 0) {
		info->orientation = exif_orientation(s);
	}
}

static int
png(struct bytes *b, struct pd_image_info *info)
{
	bool first = true, data = false, srgb = false;

	b->at = 8;
	for (;;) {
		uint32_t len = get32(b);
		const uint8_t *type = b->p + b->at;
		struct bytes s;

		if (b->bad || b->n - b->at < 8 || len > b->n - b->at - 8)
			return -1;
		b->at += 4;
		s = part(b, len);
		part(b, 4); /* checksum: the decoder's business */
		if (first != (memcmp(type, "IHDR", 4) == 0))
			return -1;
		if (first) {
			if (png_header(s, info) != 0)
				return -1;
			first = false;
		} else if (memcmp(type, "IDAT", 4) == 0) {
			data = true;
		} else if (memcmp(type, "IEND", 4) == 0) {
			if (srgb && info->profile == PD_IMAGE_PROFILE_ODD)
				info->profile = PD_IMAGE_PROFILE_NONE;
			return data ? 0 : -1;
		} else {
			if (memcmp(type, "PLTE", 4) != 0)
				info->ancillary += len;
			png_chunk(type, s, &srgb, info);
		}
	}
}

/* --- GIF (GIF89a specification) --------------------------------------------
 */

static bool
gif_skip_blocks(struct bytes *b)
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

/*
 * The image descriptor at b, whose data is skipped. A picture that does not
 * cover the screen exactly, or without a colour table, is drawn in different
 * ways by different viewers: that is not for us to settle.
 */
static int
gif_picture(struct bytes *b, bool global_table, struct pd_image_info *info)
{
	unsigned left = get16le(b), top = get16le(b);
	unsigned width = get16le(b), height = get16le(b);
	uint8_t flags = get8(b);

	if (b->bad)
		return -1;
	if (left + width > info->width || top + height > info->height ||
	    width == 0 || height == 0 || (!global_table && !(flags & 0x80)))
		info->unsupported = true;
	if (left != 0 || top != 0 || width != info->width ||
	    height != info->height)
		info->alpha = true;
	info->interlaced = (flags & 0x40) != 0;
	if (flags & 0x80)
		part(b, (size_t)3 << ((flags & 7) + 1));
	get8(b);
	return gif_skip_blocks(b) ? 0 : -1;
}

static int
gif_extension(struct bytes *b, struct pd_image_info *info)
{
	uint8_t label = get8(b);

	if (label == 0xf9) {
		struct bytes peek = *b;

		if (get8(&peek) == 4 && (get8(&peek) & 1) != 0)
			info->alpha = true;
	} else if (label == 0xff) {
		static const char netscape[] = "\x0bNETSCAPE2.0";

		if (starts(b, netscape, sizeof(netscape) - 1))
			info->loops = true;
	}
	return gif_skip_blocks(b) ? 0 : -1;
}

static int
gif(struct bytes *b, struct pd_image_info *info)
{
	unsigned pictures = 0;
	uint8_t flags;

	b->at = 6;
	info->width = get16le(b);
	info->height = get16le(b);
	flags = get8(b);
	get16(b);
	info->components = 3;
	info->depth = 8;
	info->palette = true;
	if (flags & 0x80)
		part(b, (size_t)3 << ((flags & 7) + 1));
	if (b->bad || info->width == 0 || info->height == 0)
		return -1;
	for (;;) {
		uint8_t what = get8(b);

		if (b->bad)
			return -1;
		if (what == 0x3b)
			return pictures > 0 ? 0 : -1;
		if (what == 0x21) {
			if (gif_extension(b, info) != 0)
				return -1;
		} else if (what == 0x2c) {
			if (++pictures > 1) {
				/* Nothing further matters. */
				info->animated = true;
				return 0;
			}
			if (gif_picture(b, (flags & 0x80) != 0, info) != 0)
				return -1;
		} else {
			return -1;
		}
	}
}

/* --- WebP (its container specification) ------------------------------------
 */

static int
webp(struct bytes *b, struct pd_image_info *info)
{
	uint32_t riff;

	if (b->n < 30)
		return -1;
	riff = (uint32_t)b->p[4] | (uint32_t)b->p[5] << 8 |
	       (uint32_t)b->p[6] << 16 | (uint32_t)b->p[7] << 24;
	if (riff > b->n - 8)
		return -1;
	info->components = 3;
	info->depth = 8;
	if (memcmp(b->p + 12, "VP8 ", 4) == 0) {
		if (memcmp(b->p + 23, "\x9d\x01\x2a", 3) != 0)
			return -1;
		b->at = 26;
		info->width = get16le(b) & 0x3fff;
		info->height = get16le(b) & 0x3fff;
	} else if (memcmp(b->p + 12, "VP8L", 4) == 0) {
		uint32_t bits;

		if (b->p[20] != 0x2f)
			return -1;
		b->at = 21;
		bits = get16le(b);
		bits |= (uint32_t)get16le(b) << 16;
		info->width = (bits & 0x3fff) + 1;
		info->height = (bits >> 14 & 0x3fff) + 1;
		info->alpha = (bits >> 28 & 1) != 0;
	} else if (memcmp(b->p + 12, "VP8X", 4) == 0) {
		info->alpha = (b->p[20] & 0x10) != 0;
		info->animated = (b->p[20] & 0x02) != 0;
		if (b->p[20] & 0x20)
			info->profile = PD_IMAGE_PROFILE_EMBEDDED;
		b->at = 24;
		info->width = get16le(b);
		info->width = (info->width | (uint32_t)get8(b) << 16) + 1;
		info->height = get16le(b);
		info->height = (info->height | (uint32_t)get8(b) << 16) + 1;
	} else {
		return -1;
	}
	return info->width > 0 && info->height > 0 ? 0 : -1;
}

int
pd_sniff(const uint8_t *p, size_t n, struct pd_image_info *info)
{
	struct bytes b = { .p = p, .n = n };

	*info = (struct pd_image_info){ .orientation = 1 };
	info->format = pd_sniff_format(p, n);
	switch (info->format) {
	case PD_IMAGE_JPEG:
		return jpeg(&b, info);
	case PD_IMAGE_PNG:
		return png(&b, info);
	case PD_IMAGE_GIF:
		return gif(&b, info);
	case PD_IMAGE_WEBP:
		return webp(&b, info);
	case PD_IMAGE_AVIF:
		return 0;
	case PD_IMAGE_NONE:
		break;
	}
	return -1;
}

const char *
pd_image_type(enum pd_image_format format)
{
	switch (format) {
	case PD_IMAGE_JPEG:
		return "image/jpeg";
	case PD_IMAGE_PNG:
		return "image/png";
	case PD_IMAGE_GIF:
		return "image/gif";
	case PD_IMAGE_WEBP:
		return "image/webp";
	case PD_IMAGE_AVIF:
		return "image/avif";
	case PD_IMAGE_NONE:
		break;
	}
	return NULL;
}
