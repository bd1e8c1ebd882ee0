/*
 * Animated PNG (PNG, third edition, 4.9 and 11.3.4), which libpng does not
 * read: each frame is made a PNG of its own, in memory, with the chunks of the
 * file that say how to see it, and read by png_read.c.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "filters/image/codec/anim.h"
#include "filters/image/codec/bytes.h"
#include "filters/image/codec/codec.h"
#include "filters/image/codec/colour.h"
#include "filters/image/codec/png.h"

#define CHUNK_EXTRA 12 /* length, type, CRC */
#define SIGNATURE   8
#define IHDR_LEN    13
#define ACTL_LEN    8
#define FCTL_LEN    26

enum dispose { LEAVE, CLEAR, TAKE_BACK };
enum blend { REPLACE, OVER };

struct chunk {
	const char *type;    /* 4 letters, not ended */
	const uint8_t *data; /* len bytes */
	uint32_t len;
	const uint8_t *end; /* of the chunk */
};

/* An fcTL. */
struct frame {
	uint32_t x, y, width, height;
	uint8_t dispose, blend;
};

struct apng {
	struct pd_anim anim; /* first: pd_anim hands it back */
	const uint8_t *p, *end;
	const uint8_t *first;   /* the chunk from which frames are looked for */
	const uint8_t *at;      /* the next chunk */
	uint32_t sequence;      /* the next number that is due */
	struct frame last;      /* to be disposed of */
	struct pd_pixels saved; /* what it covers, if TAKE_BACK */
	struct pd_codec_out
	    common;              /* signature, IHDR, colour: of every frame */
	struct pd_codec_out png; /* the frame as a PNG */
};

/* --- Chunks ----------------------------------------------------------------
 */

/* The chunk at p; false where none is whole. */
static bool
read_chunk(const struct apng *g, const uint8_t *p, struct chunk *c)
{
	size_t left = (size_t)(g->end - p);

	if (left < CHUNK_EXTRA)
		return false;
	c->len = pd_bytes_get32(p);
	if (c->len > left - CHUNK_EXTRA)
		return false;
	c->type = (const char *)p + 4;
	c->data = p + 8;
	c->end = c->data + c->len + 4;
	return true;
}

static bool
is(const struct chunk *c, const char *type)
{
	return memcmp(c->type, type, 4) == 0;
}

/* Frames get new sums; what was broken must not look whole for that. */
static bool
is_intact(const struct chunk *c)
{
	uLong crc = crc32(0, (const Bytef *)c->type, 4);

	return crc32(crc, c->data, c->len) == pd_bytes_get32(c->end - 4);
}

/* A chunk of which n bytes of data follow in parts: its sum is in *crc. */
static enum pd_job_status
start_chunk(struct pd_codec_out *o, const char *type, size_t n, uLong *crc)
{
	uint8_t head[8];

	pd_bytes_put32(head, (uint32_t)n);
	memcpy(head + 4, type, 4);
	*crc = crc32(0, head + 4, 4);
	return pd_codec_out_add(o, head, sizeof(head));
}

static enum pd_job_status
add_data(struct pd_codec_out *o, const uint8_t *p, size_t n, uLong *crc)
{
	*crc = crc32(*crc, p, (uInt)n);
	return pd_codec_out_add(o, p, n);
}

static enum pd_job_status
end_chunk(struct pd_codec_out *o, uLong crc)
{
	uint8_t tail[4];

	pd_bytes_put32(tail, (uint32_t)crc);
	return pd_codec_out_add(o, tail, sizeof(tail));
}

/* --- Frames ----------------------------------------------------------------
 */

static enum pd_job_status
read_fctl(struct apng *g, const struct chunk *c, struct frame *f)
{
	const struct pd_pixels *canvas = &g->anim.canvas;
	uint32_t num, den;

	if (c->len != FCTL_LEN || !is_intact(c) ||
	    pd_bytes_get32(c->data) != g->sequence++)
		return PD_JOB_BAD;
	f->width = pd_bytes_get32(c->data + 4);
	f->height = pd_bytes_get32(c->data + 8);
	f->x = pd_bytes_get32(c->data + 12);
	f->y = pd_bytes_get32(c->data + 16);
	num = pd_bytes_get16(c->data + 20);
	den = pd_bytes_get16(c->data + 22);
	f->dispose = c->data[24];
	f->blend = c->data[25];
	if (f->width < 1 || f->width > canvas->width ||
	    f->x > canvas->width - f->width || f->height < 1 ||
	    f->height > canvas->height || f->y > canvas->height - f->height ||
	    f->dispose > TAKE_BACK || f->blend > OVER)
		return PD_JOB_BAD;
	g->anim.ms = num * 1000 / (den == 0 ? 100 : den);
	return PD_JOB_DONE;
}

/* Length of the frame's data from g->at on, and where it ends. */
static enum pd_job_status
measure(struct apng *g, const char *type, size_t skip, size_t *n,
    const uint8_t **end)
{
	const uint8_t *p = g->at;
	struct chunk c;

	*n = 0;
	while (read_chunk(g, p, &c) && is(&c, type)) {
		if (c.len < skip || !is_intact(&c) ||
		    (skip > 0 && pd_bytes_get32(c.data) != g->sequence++))
			return PD_JOB_BAD;
		*n += c.len - skip;
		p = c.end;
	}
	*end = p;
	/* Data is never longer than the file, which fits 32 bits. */
	return *n > 0 ? PD_JOB_DONE : PD_JOB_BAD;
}

/* The frame whose data begins at g->at to g->png. */
static enum pd_job_status
make_png(struct apng *g, const struct frame *f)
{
	struct chunk c;
	size_t skip, n;
	const uint8_t *end;
	uint8_t *ihdr;
	enum pd_job_status status;
	uLong crc;

	if (!read_chunk(g, g->at, &c))
		return PD_JOB_BAD;
	skip = is(&c, "fdAT") ? 4 : 0;
	status = measure(g, skip > 0 ? "fdAT" : "IDAT", skip, &n, &end);
	pd_codec_out_reset(&g->png, g->common.n + n + 2 * CHUNK_EXTRA);
	if (status == PD_JOB_DONE)
		status = pd_codec_out_add(&g->png, g->common.p, g->common.n);
	if (status == PD_JOB_DONE)
		status = start_chunk(&g->png, "IDAT", n, &crc);
	for (; status == PD_JOB_DONE && g->at < end; g->at = c.end) {
		read_chunk(g, g->at, &c);
		status = add_data(&g->png, c.data + skip, c.len - skip, &crc);
	}
	if (status == PD_JOB_DONE)
		status = end_chunk(&g->png, crc);
	if (status == PD_JOB_DONE)
		status = start_chunk(&g->png, "IEND", 0, &crc);
	if (status == PD_JOB_DONE)
		status = end_chunk(&g->png, crc);
	if (status != PD_JOB_DONE)
		return status;
	ihdr = g->png.p + SIGNATURE + 8;
	pd_bytes_put32(ihdr, f->width);
	pd_bytes_put32(ihdr + 4, f->height);
	pd_bytes_put32(
	    ihdr + IHDR_LEN, (uint32_t)crc32(0, ihdr - 4, 4 + IHDR_LEN));
	return PD_JOB_DONE;
}

/* Another space than sRGB's would have to be converted frame by frame. */
static bool
is_srgb(const struct pd_pixels *px)
{
	return !px->p3 &&
	       (px->icc == NULL ||
		   pd_colour_judge(px->icc, px->icc_len, 3) == PD_COLOUR_SRGB);
}

static enum pd_job_status
decode(const struct apng *g, const struct frame *f, struct pd_pixels *px)
{
	struct pd_job_ask ask = *g->anim.ask;
	enum pd_job_status status;

	ask.in_len = (uint32_t)g->png.n;
	ask.width = f->width;
	ask.height = f->height;
	ask.frames = 1;
	status = pd_png_decode(&ask, g->png.p, px);
	return status == PD_JOB_DONE && !is_srgb(px) ? PD_JOB_UNSUPPORTED
						     : status;
}

/* --- Compositing (13.1) ----------------------------------------------------
 */

static uint8_t *
canvas_at(struct apng *g, uint32_t x, uint32_t y)
{
	const struct pd_pixels *c = &g->anim.canvas;

	return c->p + y * c->stride + (size_t)x * 4;
}

static void
dispose(struct apng *g)
{
	const struct frame *f = &g->last;
	size_t n = (size_t)f->width * 4;

	for (uint32_t y = 0; y < f->height; y++) {
		uint8_t *to = canvas_at(g, f->x, f->y + y);

		if (f->dispose == CLEAR)
			memset(to, 0, n);
		else if (f->dispose == TAKE_BACK)
			memcpy(to,
			    g->saved.p + (f->y + y) * g->saved.stride +
				(size_t)f->x * 4,
			    n);
	}
}

static enum pd_job_status
save(struct apng *g, const struct frame *f)
{
	const struct pd_pixels *c = &g->anim.canvas;

	if (g->saved.p == NULL &&
	    pd_pixels_init(&g->saved, c->width, c->height, 4) != 0)
		return PD_JOB_MEMORY;
	for (uint32_t y = f->y; y < f->y + f->height; y++)
		memcpy(g->saved.p + y * g->saved.stride + (size_t)f->x * 4,
		    canvas_at(g, f->x, y), (size_t)f->width * 4);
	return PD_JOB_DONE;
}

/* Straight alpha over straight alpha. */
static void
blend_over(uint8_t *to, const uint8_t *from)
{
	unsigned a = from[3], b = to[3] * (255 - a), all = a * 255 + b;

	if (a == 0)
		return;
	for (unsigned c = 0; c < 3; c++)
		to[c] =
		    (uint8_t)((from[c] * a * 255 + to[c] * b + all / 2) / all);
	to[3] = (uint8_t)((all + 127) / 255);
}

static void
draw(struct apng *g, const struct frame *f, const struct pd_pixels *px)
{
	for (uint32_t y = 0; y < f->height; y++) {
		const uint8_t *from = px->p + y * px->stride;
		uint8_t *to = canvas_at(g, f->x, f->y + y);

		for (uint32_t x = 0; x < f->width;
		     x++, to += 4, from += px->channels) {
			if (px->channels == 4 && from[3] != 255 &&
			    f->blend == OVER) {
				blend_over(to, from);
				continue;
			}
			memcpy(to, from, 3);
			to[3] = px->channels == 4 ? from[3] : 255;
		}
	}
}

static enum pd_job_status
compose(struct apng *g, const struct frame *f)
{
	struct pd_pixels px;
	enum pd_job_status status = decode(g, f, &px);

	dispose(g);
	if (status == PD_JOB_DONE && f->dispose == TAKE_BACK)
		status = save(g, f);
	if (status == PD_JOB_DONE)
		draw(g, f, &px);
	g->last = *f;
	pd_pixels_finish(&px);
	return status;
}

static enum pd_job_status
next(struct pd_anim *a)
{
	struct apng *g = (struct apng *)a;
	struct frame f;
	struct chunk c;
	enum pd_job_status status;

	/* Texts and unknown chunks may stand in between. */
	do {
		if (!read_chunk(g, g->at, &c) || is(&c, "IEND") ||
		    is(&c, "fdAT"))
			return PD_JOB_BAD;
		g->at = c.end;
	} while (!is(&c, "fcTL"));
	status = read_fctl(g, &c, &f);
	/* And between an fcTL and its data. */
	while (status == PD_JOB_DONE && read_chunk(g, g->at, &c) &&
	       !is(&c, "IDAT") && !is(&c, "fdAT")) {
		if (is(&c, "fcTL") || is(&c, "IEND"))
			return PD_JOB_BAD;
		g->at = c.end;
	}
	/* What IDAT holds is the whole picture, and comes first. */
	if (status == PD_JOB_DONE && is(&c, "IDAT") &&
	    (a->at > 0 || f.width != a->canvas.width ||
		f.height != a->canvas.height))
		return PD_JOB_BAD;
	if (status == PD_JOB_DONE)
		status = make_png(g, &f);
	return status == PD_JOB_DONE ? compose(g, &f) : status;
}

/* --- Life ------------------------------------------------------------------
 */

static enum pd_job_status
rewind_apng(struct pd_anim *a)
{
	struct apng *g = (struct apng *)a;

	g->at = g->first;
	g->sequence = 0;
	g->last = (struct frame){ .width = 0 };
	memset(a->canvas.p, 0, a->canvas.stride * a->canvas.height);
	return PD_JOB_DONE;
}

static void
close_apng(struct pd_anim *a)
{
	struct apng *g = (struct apng *)a;

	pd_codec_out_finish(&g->common);
	pd_codec_out_finish(&g->png);
	pd_pixels_finish(&g->saved);
	pd_pixels_finish(&a->canvas);
	free(g);
}

static const struct pd_anim_type type = { next, rewind_apng, close_apng };

/* Whether a chunk says how the samples are to be understood. */
static bool
is_common(const struct chunk *c)
{
	static const char *const types[] = { "IHDR", "PLTE", "tRNS", "gAMA",
		"cHRM", "sRGB", "iCCP", "cICP", "sBIT" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (is(c, types[i]))
			return true;
	return false;
}

/* All before the picture: sets what is known of the animation. */
static enum pd_job_status
read_head(struct apng *g)
{
	struct pd_anim *a = &g->anim;
	const uint8_t *p = g->p + SIGNATURE;
	bool control = false;
	struct chunk c;
	enum pd_job_status status =
	    pd_codec_out_add(&g->common, g->p, SIGNATURE);

	if (!read_chunk(g, p, &c) || !is(&c, "IHDR") || c.len != IHDR_LEN ||
	    pd_bytes_get32(c.data) != a->ask->width ||
	    pd_bytes_get32(c.data + 4) != a->ask->height || !is_intact(&c))
		return PD_JOB_BAD;
	for (; status == PD_JOB_DONE && read_chunk(g, p, &c) && !is(&c, "IDAT");
	     p = c.end) {
		if (is(&c, "fcTL") && g->first == NULL)
			g->first = p;
		if (is(&c, "acTL")) {
			if (c.len != ACTL_LEN || !is_intact(&c) || control ||
			    pd_bytes_get32(c.data) != a->frames)
				return PD_JOB_BAD;
			a->loops = pd_bytes_get32(c.data + 4);
			control = true;
		}
		if (is_common(&c))
			status = pd_codec_out_add(
			    &g->common, p, (size_t)(c.end - p));
	}
	if (status != PD_JOB_DONE)
		return status;
	if (!control || !read_chunk(g, p, &c) || !is(&c, "IDAT"))
		return PD_JOB_BAD;
	/* Without an fcTL, the picture is for those who know no animations. */
	while (g->first == NULL && read_chunk(g, p, &c) && is(&c, "IDAT"))
		p = c.end;
	if (g->first == NULL)
		g->first = p;
	return PD_JOB_DONE;
}

enum pd_job_status
pd_apng_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	struct apng *g = calloc(1, sizeof(*g));
	struct pd_anim *a;
	enum pd_job_status status;

	*out = NULL;
	if (g == NULL)
		return PD_JOB_MEMORY;
	a = &g->anim;
	pd_anim_init(a, &type, ask);
	g->p = in;
	g->end = in + ask->in_len;
	pd_codec_out_init(&g->common, ask->in_len);
	pd_codec_out_init(&g->png, 0);
	status = ask->in_len < SIGNATURE ||
			 memcmp(in, "\x89PNG\r\n\x1a\n", SIGNATURE) != 0
		     ? PD_JOB_BAD
		     : read_head(g);
	return pd_anim_ready(out, a, status);
}
