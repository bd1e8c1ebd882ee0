/* JPEG: ITU-T T.81, annex B; JFIF; Adobe technical note 5116. */
#include "filters/image/sniff_part.h"

enum { TABLES = 4, COMPONENTS = 4 };

struct jpeg {
	struct pd_image_info *info;
	/* Quantisation tables, as they were first defined. */
	uint16_t q[TABLES][64];
	bool have_q[TABLES];
	uint8_t table[COMPONENTS]; /* which one each component uses */
	uint8_t id[COMPONENTS];
	bool jfif, adobe_rgb;
};

/* The tables of T.81, annex K.1, in zigzag order, as libjpeg scales them. */
static const uint8_t k1_luma[64] = { 16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18,
	17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
	60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
	87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101,
	103, 99 };
/* Chroma's are 99 from here on. */
#define K1_CHROMA 15
static const uint8_t k1_chroma[K1_CHROMA] = { 17, 18, 18, 24, 21, 24, 47, 26,
	26, 47, 99, 66, 56, 66, 99 };

/*
 * The quality at which libjpeg would have made a table: the mean over the
 * entries of what each alone says. Close for libjpeg's own, and a fair measure
 * of coarseness for all others. 0: it says nothing.
 */
static unsigned
table_quality(const struct jpeg *j, unsigned which, bool chroma)
{
	const uint16_t *q;
	double sum = 0;
	unsigned n = 0;

	if (which >= TABLES || !j->have_q[which])
		return 0;
	q = j->q[which];
	for (unsigned i = 0; i < 64; i++) {
		unsigned base = !chroma         ? k1_luma[i]
				: i < K1_CHROMA ? k1_chroma[i]
						: 99;
		double scale = 100.0 * q[i] / base;

		/* Cut off where a byte ends: says nothing. */
		if (q[i] >= 255)
			continue;
		sum += scale <= 100 ? (200 - scale) / 2 : 5000 / scale;
		n++;
	}
	if (n == 0)
		return 1;
	sum = sum / n + 0.5;
	return sum < 1 ? 1 : sum > 100 ? 100 : (unsigned)sum;
}

/* Stored as red, green and blue: libjpeg's rules. */
static bool
is_rgb(const struct jpeg *j)
{
	return j->info->components == 3 && !j->jfif &&
	       (j->adobe_rgb ||
		   (j->id[0] == 'R' && j->id[1] == 'G' && j->id[2] == 'B'));
}

/*
 * Luma decides. Chroma's table says the same of libjpeg's files, within 3 of
 * 51; of mozjpeg's it says 7 more, and they look as luma has it.
 */
static unsigned
quality(const struct jpeg *j)
{
	unsigned luma = table_quality(j, j->table[0], false);

	if (j->info->components < 3)
		return luma;
	/* Green is most of what is seen. */
	if (is_rgb(j))
		return table_quality(j, j->table[1], false);
	return luma != 0 ? luma : table_quality(j, j->table[1], true);
}

static void
read_tables(struct jpeg *j, struct bytes s)
{
	while (s.at < s.n && !s.bad) {
		uint8_t what = get8(&s);
		unsigned which = what & 15;
		uint16_t q[64];

		for (unsigned i = 0; i < 64; i++)
			q[i] = what >> 4 ? get16(&s) : get8(&s);
		if (s.bad || which >= TABLES || j->have_q[which])
			continue;
		memcpy(j->q[which], q, sizeof(q));
		j->have_q[which] = true;
	}
}

static int
read_frame(struct jpeg *j, struct bytes s, uint8_t marker)
{
	struct pd_image_info *info = j->info;
	uint8_t n;

	if (info->width != 0)
		return -1; /* a second frame: hierarchical, or nonsense */
	info->depth = get8(&s);
	info->height = get16(&s);
	info->width = get16(&s);
	n = get8(&s);
	info->interlaced = marker == 0xc2;
	/* Beyond Huffman baseline, extended and progressive of 8 bits. */
	if (marker > 0xc2 || info->depth != 8)
		info->unsupported = true;
	if (s.bad || info->width == 0 || info->height == 0 ||
	    (n != 1 && n != 3 && n != 4))
		return -1;
	info->components = n;
	for (unsigned i = 0; i < n; i++) {
		uint8_t hv;

		j->id[i] = get8(&s);
		hv = get8(&s);
		j->table[i] = get8(&s);
		info->h[i] = hv >> 4;
		info->v[i] = hv & 15;
		if (s.bad || info->h[i] < 1 || info->h[i] > 4 ||
		    info->v[i] < 1 || info->v[i] > 4)
			return -1;
	}
	return 0;
}

/* --- What applications add -------------------------------------------------
 */

static void
read_icc(struct bytes s, struct pd_image_info *info)
{
	unsigned number = get8(&s);

	get8(&s); /* of how many */
	/* Its tags mostly stand in the first segment; if they do not, that is
	 * seen. */
	if (number == 1)
		info->profile = pd_sniff_icc(rest(s));
	else if (info->profile == PD_IMAGE_PROFILE_NONE)
		info->profile = PD_IMAGE_PROFILE_EMBEDDED;
}

/* XMP names gain maps in three ways: Adobe's, Google's and Apple's. */
static bool
xmp_has_gain_map(const struct bytes *s)
{
	return memmem(s->p, s->n, "hdrgm:", 6) != NULL ||
	       memmem(s->p, s->n, "GainMap", 7) != NULL;
}

static void
read_application(struct jpeg *j, struct bytes s, uint8_t marker)
{
	struct pd_image_info *info = j->info;

	switch (marker) {
	case 0xe0:
		if (STARTS(&s, "JFIF\0"))
			j->jfif = true;
		break;
	case 0xe1:
		if (SKIP(&s, "Exif\0\0")) {
			if (info->orientation == 1)
				info->orientation = pd_sniff_exif(rest(s));
		} else if (STARTS(&s, "http://ns.adobe.com/x")) {
			if (xmp_has_gain_map(&s))
				info->gain_map = true;
		}
		break;
	case 0xe2:
		if (SKIP(&s, "ICC_PROFILE\0"))
			read_icc(s, info);
		/* Multi-picture: gain maps, stereo pairs, previews. */
		else if (STARTS(&s, "MPF\0") ||
			 STARTS(&s, "urn:iso:std:iso:ts:21496:-1"))
			info->gain_map = true;
		break;
	case 0xee:
		if (SKIP(&s, "Adobe") && left(&s) >= 7)
			j->adobe_rgb = s.p[s.at + 6] == 0;
		break;
	}
}

/* --- Markers ---------------------------------------------------------------
 */

/* From a scan's entropy-coded data to the marker that ends it. */
static void
skip_scan(struct bytes *b)
{
	while (b->at < b->n) {
		const uint8_t *ff = memchr(b->p + b->at, 0xff, left(b));
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
	b->bad = true;
}

static bool
is_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
	       marker != 0xc8 && marker != 0xcc;
}

/* The markers up to EOI: 0; what is cut short is read as far as it goes. */
static int
read_markers(struct jpeg *j, struct bytes b)
{
	struct pd_image_info *info = j->info;

	b.at = 2;
	for (;;) {
		uint8_t marker;
		uint16_t len;
		struct bytes s;

		if (get8(&b) != 0xff)
			return -1;
		do
			marker = get8(&b);
		while (marker == 0xff);
		if (marker == 0xd9)
			return info->width != 0 && info->scans > 0 ? 0 : -1;
		if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7))
			continue;
		len = get16(&b);
		if (b.bad || len < 2 || marker < 0xc0)
			return -1;
		s = part(&b, (uint64_t)len - 2);
		if (marker >= 0xe0 && marker <= 0xef)
			read_application(j, s, marker);
		if (b.bad)
			return -1;
		if (marker == 0xdb)
			read_tables(j, s);
		else if (is_frame(marker) && read_frame(j, s, marker) != 0)
			return -1;
		else if (marker == 0xcc)
			info->unsupported = true; /* arithmetic coding */
		else if (marker == 0xda) {
			info->scans++;
			skip_scan(&b);
		}
	}
}

int
pd_sniff_jpeg(struct bytes b, struct pd_image_info *info)
{
	struct jpeg j = { .info = info };
	int rc = read_markers(&j, b);

	info->quality = (uint8_t)quality(&j);
	return rc;
}
