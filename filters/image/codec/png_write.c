/*
 * PNGs out. The format's own part is small: a header, rows with a byte of
 * filter before each, all of them one zlib stream. libpng would do it, but over
 * zlib; libdeflate makes them a twentieth smaller in half of the time.
 */
#include "filters/image/codec/png.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/bytes.h"

#define CLOCK_ROWS 64

/* PNG 1.2, 4.1.1. */
enum { TYPE_GREY = 0, TYPE_RGB = 2, TYPE_PALETTE = 3, TYPE_ALPHA = 4 };
enum filter { NONE, SUB, UP, AVERAGE, PAETH, FILTERS };

/* Flatness (pixels.h) below which filters always make a picture smaller, and
 * from which they never do: what repeats exactly no longer does once it is
 * differences. Between them both are tried. */
#define FILTERED_FLAT   10
#define UNFILTERED_FLAT 90

/* Pixels a colour, up to which both ways are tried of a palette. */
#define FEW_PIXELS UINT64_C(16)

/* How the samples are stored. */
struct form {
	uint8_t type, depth;
	unsigned channels; /* samples a pixel */
	size_t row;        /* bytes, the filter's not counted */
};

struct writer {
	const struct pd_pixels *px;
	const struct pd_job_ask *ask;
	const struct pd_pixels_look *look;
	struct form form;
	uint8_t *rows; /* height times 1 + form.row: what is compressed */
	size_t n;
};

/* --- The smallest form that holds the picture ------------------------------
 */

/* Bits that hold each grey of the palette exactly: 8 always do. */
static uint8_t
grey_depth(const struct pd_pixels_look *look)
{
	for (uint8_t depth = 1; depth < 8; depth *= 2) {
		unsigned unit = 255 / ((1u << depth) - 1), odd = 0;

		for (unsigned i = 0; i < look->colours; i++)
			odd |= (look->palette[i] >> 24) % unit;
		if (odd == 0)
			return depth;
	}
	return 8;
}

static uint8_t
palette_depth(unsigned colours)
{
	return colours <= 2 ? 1 : colours <= 4 ? 2 : colours <= 16 ? 4 : 8;
}

static struct form
choose_form(
    const struct pd_pixels *px, const struct pd_pixels_look *look, bool palette)
{
	bool opaque = look->alpha == PD_PIXELS_OPAQUE;
	struct form f = { .depth = 8 };

	if (palette)
		f.depth = palette_depth(look->colours);
	if (look->grey && opaque && (!palette || grey_depth(look) <= f.depth)) {
		/* As many bits as a palette takes, but without one. */
		f.type = TYPE_GREY;
		f.depth = palette ? grey_depth(look) : 8;
		f.channels = 1;
	} else if (palette) {
		f.type = TYPE_PALETTE;
		f.channels = 1;
	} else {
		f.type = (look->grey ? TYPE_GREY : TYPE_RGB) |
			 (opaque ? 0 : TYPE_ALPHA);
		f.channels = (look->grey ? 1 : 3) + !opaque;
	}
	f.row = ((size_t)px->width * f.channels * f.depth + 7) / 8;
	return f;
}

/* --- Rows ------------------------------------------------------------------
 */

/* An index, or a level of grey, a pixel; each into its bits. */
static void
pack_few(const struct writer *w, const uint8_t *from, uint8_t *to)
{
	unsigned n = w->px->channels, depth = w->form.depth;
	unsigned unit = 255 / ((1u << depth) - 1);
	uint32_t last = 0;
	unsigned v = 0, bits = 0;
	bool any = false;

	for (uint32_t x = 0; x < w->px->width; x++, from += n) {
		uint32_t c = pd_pixels_at(from, n);

		if (!any || c != last) {
			bool hidden = (c & 255) == 0;

			v = w->form.type == TYPE_GREY
				? from[0] / unit
				: (unsigned)pd_pixels_index(
				      w->look, hidden ? 0 : c);
		}
		any = true;
		last = c;
		bits = bits << depth | v;
		if ((x + 1) * depth % 8 == 0)
			*to++ = (uint8_t)bits;
	}
	if (w->px->width * depth % 8 != 0)
		*to = (uint8_t)(bits << (8 - w->px->width * depth % 8));
}

/* What cannot be seen becomes black, which repeats. */
static void
pack_many(const struct writer *w, const uint8_t *from, uint8_t *to)
{
	unsigned n = w->px->channels;
	bool grey = (w->form.type & TYPE_RGB) == 0;
	bool alpha = (w->form.type & TYPE_ALPHA) != 0;

	for (uint32_t x = 0; x < w->px->width; x++, from += n) {
		uint8_t seen = n < 4 || from[3] != 0 ? 255 : 0;

		*to++ = from[0] & seen;
		if (!grey) {
			*to++ = from[1] & seen;
			*to++ = from[2] & seen;
		}
		if (alpha)
			*to++ = n == 4 ? from[3] : 255;
	}
}

static enum pd_job_status
pack(struct writer *w)
{
	bool few = w->form.type == TYPE_PALETTE || w->form.depth < 8;

	w->n = (w->form.row + 1) * w->px->height;
	w->rows = malloc(w->n);
	if (w->rows == NULL)
		return PD_JOB_MEMORY;
	for (uint32_t y = 0; y < w->px->height; y++) {
		const uint8_t *from = w->px->p + y * w->px->stride;
		uint8_t *to = w->rows + y * (w->form.row + 1);

		if (y % CLOCK_ROWS == 0 && pd_codec_late(w->ask))
			return PD_JOB_LATE;
		*to++ = NONE;
		if (few)
			pack_few(w, from, to);
		else
			pack_many(w, from, to);
	}
	return PD_JOB_DONE;
}

/* --- Filters (PNG 1.2, 6) --------------------------------------------------
 */

/* Which of the three its sum is nearest to, in that order. */
static inline uint8_t
paeth(int left, int up, int corner)
{
	int pa = abs(up - corner), pb = abs(left - corner);
	int pc = abs(left + up - 2 * corner);
	int rest = pb <= pc ? up : corner;

	return (uint8_t)(pa <= pb && pa <= pc ? left : rest);
}

/* The n bytes of a row from its first whole neighbourhood on: loops that the
 * compiler makes wide ones of. */
static void
difference(enum filter filter, const uint8_t *row, const uint8_t *up,
    unsigned bpp, size_t n, uint8_t *to)
{
	const uint8_t *left = row - bpp, *corner = up - bpp;

	switch (filter) {
	case SUB:
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)(row[i] - left[i]);
		break;
	case UP:
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)(row[i] - up[i]);
		break;
	case AVERAGE:
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)(row[i] - ((left[i] + up[i]) >> 1));
		break;
	case PAETH:
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)(row[i] -
					  paeth(left[i], up[i], corner[i]));
		break;
	case NONE:
	case FILTERS:
		memcpy(to, row, n);
		break;
	}
}

/* How far from nothing: the smaller, the better it is compressed. */
static uint64_t
weight(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n;) {
		/* So many fit 16 bits, which makes wide loops. */
		size_t end = n - i < 256 ? n : i + 256;
		uint16_t part = 0;

		for (; i < end; i++)
			part =
			    (uint16_t)(part + (p[i] < 128 ? p[i] : 256 - p[i]));
		sum += part;
	}
	return sum;
}

/* Each row by the filter that leaves least. From the last to the first, since
 * a row's filter looks at the one above as it was. */
static enum pd_job_status
filter_rows(const struct writer *w, uint8_t *rows)
{
	size_t n = w->form.row, stride = n + 1;
	unsigned bpp = w->form.channels;
	/* Room for what lies left of the first pixel, and above of all. */
	uint8_t *room = calloc(3, n + bpp), *row, *up, *to;
	enum pd_job_status status = PD_JOB_DONE;

	if (room == NULL)
		return PD_JOB_MEMORY;
	row = room + bpp;
	up = row + n + bpp;
	to = up + n;
	for (uint32_t y = w->px->height; y-- > 0;) {
		uint8_t *at = rows + y * stride;
		uint64_t least = weight(at + 1, n);

		if (y % CLOCK_ROWS == 0 && pd_codec_late(w->ask)) {
			status = PD_JOB_LATE;
			break;
		}
		memcpy(row, at + 1, n);
		if (y > 0)
			memcpy(up, at - stride + 1, n);
		else
			memset(up, 0, n);
		for (enum filter f = SUB; f < FILTERS; f++) {
			uint64_t sum;

			difference(f, row, up, bpp, n, to);
			sum = weight(to, n);
			if (sum >= least)
				continue;
			least = sum;
			at[0] = (uint8_t)f;
			memcpy(at + 1, to, n);
		}
	}
	free(room);
	return status;
}

/* --- Compression -----------------------------------------------------------
 */

/*
 * Of libdeflate's 12, by the bytes there are, so that most take less than 200
 * ms. Beside zlib's best, palettes and true colour: 7 is 3 % larger in an
 * eighth of the time; 10 is 3 to 5 % smaller in as much or half of it; 11 and
 * 12 are one more each, and take two and five times as long.
 */
static int
level_for(const struct writer *w)
{
	static const struct {
		size_t bytes;
		int level[3]; /* by effort: least, usual, most */
	} table[] = {
		{ 64u << 10, { 9, 12, 12 } },
		{ 256u << 10, { 8, 11, 12 } },
		{ 2u << 20, { 7, 10, 11 } },
		{ 8u << 20, { 6, 7, 10 } },
		{ SIZE_MAX, { 5, 6, 7 } },
	};
	unsigned effort = w->ask->set.effort, i = 0;

	while (w->n > table[i].bytes)
		i++;
	return table[i].level[effort < 2 ? 0 : effort == 2 ? 1 : 2];
}

/* Into to, of room bytes: their number, 0 when they do not fit. */
static enum pd_job_status
deflate_rows(const uint8_t *rows, size_t n, int level, uint8_t *to, size_t room,
    size_t *len)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);

	if (c == NULL)
		return PD_JOB_MEMORY;
	*len = libdeflate_zlib_compress(c, rows, n, to, room);
	libdeflate_free_compressor(c);
	return PD_JOB_DONE;
}

/* Filtered or not: by the look, or by trying both with little effort. */
static enum pd_job_status
choose_filters(struct writer *w, uint8_t *to, size_t room)
{
	uint8_t *plain, *filtered;
	size_t len_plain = 0, len_filtered = 0;
	enum pd_job_status status;

	if (w->form.type == TYPE_PALETTE || w->form.depth < 8 ||
	    w->look->flat >= UNFILTERED_FLAT)
		return PD_JOB_DONE;
	if (w->look->flat < FILTERED_FLAT)
		return filter_rows(w, w->rows);
	filtered = malloc(w->n);
	if (filtered == NULL)
		return PD_JOB_MEMORY;
	plain = w->rows;
	memcpy(filtered, plain, w->n);
	status = filter_rows(w, filtered);
	if (status == PD_JOB_DONE)
		status = deflate_rows(plain, w->n, 1, to, room, &len_plain);
	if (status == PD_JOB_DONE)
		status =
		    deflate_rows(filtered, w->n, 1, to, room, &len_filtered);
	/* 0: did not fit. */
	if (status == PD_JOB_DONE && len_filtered > 0 &&
	    (len_plain == 0 || len_filtered < len_plain)) {
		w->rows = filtered;
		filtered = plain;
	}
	free(filtered);
	return status;
}

/* --- Chunks ----------------------------------------------------------------
 */

static enum pd_job_status
add_chunk(
    struct pd_codec_out *out, const char *name, const uint8_t *p, size_t n)
{
	uint8_t head[8], tail[4];
	uint32_t crc;
	enum pd_job_status status;

	pd_bytes_put32(head, (uint32_t)n);
	memcpy(head + 4, name, 4);
	crc = libdeflate_crc32(0, name, 4);
	pd_bytes_put32(tail, n > 0 ? libdeflate_crc32(crc, p, n) : crc);
	status = pd_codec_out_add(out, head, sizeof(head));
	if (status == PD_JOB_DONE && n > 0)
		status = pd_codec_out_add(out, p, n);
	if (status == PD_JOB_DONE)
		status = pd_codec_out_add(out, tail, sizeof(tail));
	return status;
}

static enum pd_job_status
add_header(const struct writer *w, struct pd_codec_out *out)
{
	static const uint8_t signature[8] = { 137, 'P', 'N', 'G', 13, 10, 26,
		10 };
	uint8_t p[13] = { 0 };
	enum pd_job_status status;

	pd_bytes_put32(p, w->px->width);
	pd_bytes_put32(p + 4, w->px->height);
	p[8] = w->form.depth;
	p[9] = w->form.type;
	status = pd_codec_out_add(out, signature, sizeof(signature));
	return status == PD_JOB_DONE ? add_chunk(out, "IHDR", p, sizeof(p))
				     : status;
}

/* PNG 1.2, 4.2.2.4: a name, how it is compressed, the profile. */
static enum pd_job_status
add_icc(const struct writer *w, struct pd_codec_out *out)
{
	static const uint8_t head[] = { 'i', 'c', 'c', 0, 0 };
	size_t room = w->px->icc_len + 256, len = 0;
	uint8_t *p = malloc(sizeof(head) + room);
	enum pd_job_status status;

	if (p == NULL)
		return PD_JOB_MEMORY;
	memcpy(p, head, sizeof(head));
	status = deflate_rows(
	    w->px->icc, w->px->icc_len, 9, p + sizeof(head), room, &len);
	if (status == PD_JOB_DONE)
		status = len > 0 ? add_chunk(out, "iCCP", p, sizeof(head) + len)
				 : PD_JOB_LARGER;
	free(p);
	return status;
}

static enum pd_job_status
add_palette(const struct writer *w, struct pd_codec_out *out)
{
	uint8_t colours[PD_PIXELS_COLOURS * 3] = { 0 };
	uint8_t alphas[PD_PIXELS_COLOURS] = { 0 };
	unsigned nalphas = 0;
	enum pd_job_status status;

	for (unsigned i = 0; i < w->look->colours; i++) {
		uint32_t c = w->look->palette[i];

		colours[i * 3] = (uint8_t)(c >> 24);
		colours[i * 3 + 1] = (uint8_t)(c >> 16);
		colours[i * 3 + 2] = (uint8_t)(c >> 8);
		alphas[i] = (uint8_t)c;
		if (alphas[i] != 255)
			nalphas = i + 1;
	}
	status = add_chunk(out, "PLTE", colours, (size_t)w->look->colours * 3);
	if (status == PD_JOB_DONE && nalphas > 0)
		status = add_chunk(out, "tRNS", alphas, nalphas);
	return status;
}

static enum pd_job_status
add_rows(struct writer *w, struct pd_codec_out *out)
{
	size_t room = libdeflate_zlib_compress_bound(NULL, w->n), len = 0;
	uint8_t *to;
	enum pd_job_status status;

	/* What does not fit is not wanted. */
	if (room > out->max - out->n)
		room = out->max - out->n;
	to = malloc(room > 0 ? room : 1);
	if (to == NULL)
		return PD_JOB_MEMORY;
	status = choose_filters(w, to, room);
	if (status == PD_JOB_DONE && pd_codec_late(w->ask))
		status = PD_JOB_LATE;
	if (status == PD_JOB_DONE)
		status =
		    deflate_rows(w->rows, w->n, level_for(w), to, room, &len);
	if (status == PD_JOB_DONE)
		status =
		    len > 0 ? add_chunk(out, "IDAT", to, len) : PD_JOB_LARGER;
	free(to);
	return status;
}

static enum pd_job_status
encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_pixels_look *look, bool palette, struct pd_codec_out *out)
{
	struct writer w = { .px = px, .ask = ask, .look = look };
	enum pd_job_status status;

	out->n = 0;
	w.form = choose_form(px, look, palette);
	status = add_header(&w, out);
	if (status == PD_JOB_DONE && px->icc != NULL)
		status = add_icc(&w, out);
	if (status == PD_JOB_DONE && w.form.type == TYPE_PALETTE)
		status = add_palette(&w, out);
	if (status == PD_JOB_DONE)
		status = pack(&w);
	if (status == PD_JOB_DONE)
		status = add_rows(&w, out);
	if (status == PD_JOB_DONE)
		status = add_chunk(out, "IEND", NULL, 0);
	free(w.rows);
	return status;
}

enum pd_job_status
pd_png_encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_pixels_look *look, struct pd_codec_out *out)
{
	bool palette = look->colours <= PD_PIXELS_COLOURS;
	enum pd_job_status status = encode(px, ask, look, palette, out);
	struct pd_codec_out other;

	/* In an icon with a colour every few pixels the palette is the larger
	 * part, and it may do better without. */
	if (status != PD_JOB_DONE || !palette ||
	    (uint64_t)px->width * px->height > FEW_PIXELS * look->colours)
		return status;
	pd_codec_out_init(&other, out->n - 1);
	if (encode(px, ask, look, false, &other) == PD_JOB_DONE) {
		other.max = out->max;
		pd_codec_out_finish(out);
		*out = other;
	} else {
		pd_codec_out_finish(&other);
	}
	return PD_JOB_DONE;
}
