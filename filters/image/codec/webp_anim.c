/*
 * Animated WebP out, over libwebp's coder of single pictures.
 *
 * Each frame sends what has changed since: a rectangle with its quiet parts
 * transparent. WebPAnimEncoder does so, too, but compares pixels where the
 * lossy coder works in blocks, tells only at the end how long the file has
 * become, and encodes most frames four times.
 */
#include <stdlib.h>
#include <string.h>

#include <webp/encode.h>

#include "filters/image/codec/anim.h"
#include "filters/image/codec/bytes.h"
#include "filters/image/codec/codec.h"

/* A VP8 macroblock's side: a block is sent again as a whole or not at all, and
 * one that is not costs next to nothing. */
#define BLOCK 16

/*
 * A block is quiet, and not sent again, when in each cell of it the mean colour
 * has moved by no more than 2 levels, and each pixel by no more than 8; by 1
 * and 20 more per 20 levels that the cell spans. So the dither of a GIF, which
 * is new in each frame and all that some frames hold, is sent once, while a
 * fade over an even area is not broken into steps that show. It is compared
 * with what was sent, so that errors do not add up. Of seven GIFs at quality
 * 75, 43 % of the bytes become 18, and 86.9 points 85.5; without a limit to the
 * span 16, but then a line that moves within a cell is noise, too.
 */
#define CELL           4
#define QUIET_MEAN     2
#define QUIET_PIXEL    8
#define QUIET_SPAN     20 /* levels that allow one more in the mean */
#define QUIET_SPAN_MAX 48

/* Drawings are coded without loss, photographs with; in between, both ways and
 * the shorter is taken. Colours of what has changed. */
#define DRAWING_COLOURS 30
#define PHOTO_COLOURS   194

#define LOSSLESS_EFFORT 2 /* 3 takes 15 % longer for nothing */

struct rect {
	uint32_t x, y, width, height; /* x and y are even */
};

/* A picture that may become the next frame. */
struct candidate {
	struct pd_codec_out file; /* a whole WebP */
	struct rect rect;
	bool blend; /* transparent pixels leave what is there */
	bool lossy;
};

struct writer {
	struct pd_anim *a;
	const struct pd_job_ask *ask;
	struct pd_codec_out *out;
	WebPConfig lossy, lossless;
	/* What is on the viewer's screen, but for the coding's loss. */
	struct pd_pixels seen;
	struct pd_pixels work; /* what is to be coded, in its place */
	uint8_t *changed;      /* for each block */
	uint32_t blocks_x, blocks_y;
	size_t last;               /* where the last frame's chunk is in out */
	uint32_t last_ms;          /* how long it is shown */
	bool alpha;                /* some frame has it */
	enum pd_job_status status; /* why the library was told to stop */
};

/* --- Container (RIFF, WebP Container Specification) ------------------------
 */

#define RIFF_HEAD  12
#define CHUNK_HEAD 8
#define VP8X_LEN   10
#define ANIM_LEN   6
#define ANMF_LEN   16

#define VP8X_ALPHA     0x10
#define VP8X_ANIMATION 0x02
#define ANMF_NO_BLEND  0x02

static enum pd_job_status
write_head(struct writer *w)
{
	uint8_t head[RIFF_HEAD + CHUNK_HEAD + VP8X_LEN + CHUNK_HEAD +
		     ANIM_LEN] = "RIFF____WEBPVP8X";
	uint8_t *vp8x = head + RIFF_HEAD + CHUNK_HEAD;
	uint8_t *anim = vp8x + VP8X_LEN;

	pd_bytes_put32le(vp8x - 4, VP8X_LEN);
	pd_bytes_put24le(vp8x + 4, w->a->canvas.width - 1);
	pd_bytes_put24le(vp8x + 7, w->a->canvas.height - 1);
	memcpy(anim, "ANIM", 4);
	pd_bytes_put32le(anim + 4, ANIM_LEN);
	/* A background that is transparent, as browsers have it anyway. */
	pd_bytes_put16le(
	    anim + CHUNK_HEAD + 4, w->a->loops < 0xffff ? w->a->loops : 0xffff);
	return pd_codec_out_add(w->out, head, sizeof(head));
}

/* What was not known before the end. */
static void
finish_head(struct writer *w)
{
	pd_bytes_put32le(w->out->p + 4, (uint32_t)w->out->n - CHUNK_HEAD);
	w->out->p[RIFF_HEAD + CHUNK_HEAD] =
	    VP8X_ANIMATION | (w->alpha ? VP8X_ALPHA : 0);
}

/* Lengthens the last frame. */
static void
set_duration(struct writer *w, uint32_t ms)
{
	w->last_ms = ms;
	pd_bytes_put24le(w->out->p + w->last + CHUNK_HEAD + 12, ms);
}

/* The chunks of a picture's own file as a frame. */
static enum pd_job_status
write_frame(struct writer *w, const struct candidate *c)
{
	const uint8_t *p = c->file.p + RIFF_HEAD;
	size_t n = c->file.n - RIFF_HEAD;
	uint8_t head[CHUNK_HEAD + ANMF_LEN] = "ANMF";
	bool alpha = memcmp(p, "VP8X", 4) == 0;
	enum pd_job_status status;

	if (alpha) {
		p += CHUNK_HEAD + VP8X_LEN;
		n -= CHUNK_HEAD + VP8X_LEN;
	} else if (memcmp(p, "VP8L", 4) == 0) {
		/* After its signature and two sizes of 14 bits. */
		alpha = (p[CHUNK_HEAD + 4] & 0x10) != 0;
	}
	w->alpha |= alpha;
	pd_bytes_put32le(head + 4, (uint32_t)(ANMF_LEN + n));
	pd_bytes_put24le(head + 8, c->rect.x / 2);
	pd_bytes_put24le(head + 11, c->rect.y / 2);
	pd_bytes_put24le(head + 14, c->rect.width - 1);
	pd_bytes_put24le(head + 17, c->rect.height - 1);
	head[23] = c->blend ? 0 : ANMF_NO_BLEND;
	w->last = w->out->n;
	status = pd_codec_out_add(w->out, head, sizeof(head));
	if (status == PD_JOB_DONE)
		status = pd_codec_out_add(w->out, p, n);
	if (status == PD_JOB_DONE) {
		set_duration(w, w->a->ms);
		w->a->made++;
	}
	return status;
}

/* --- Pictures --------------------------------------------------------------
 */

struct hook {
	struct writer *w;
	struct pd_codec_out *file;
};

static int
write_bytes(const uint8_t *p, size_t n, const WebPPicture *pic)
{
	struct hook *h = pic->user_data;

	h->w->status = pd_codec_out_add(h->file, p, n);
	return h->w->status == PD_JOB_DONE;
}

static int
on_progress(int percent, const WebPPicture *pic)
{
	struct hook *h = pic->user_data;

	(void)percent;
	if (!pd_codec_late(h->w->ask))
		return 1;
	h->w->status = PD_JOB_LATE;
	return 0;
}

/* w->work within c->rect to c->file, of max bytes as a frame. */
static enum pd_job_status
encode(struct writer *w, struct candidate *c, size_t max)
{
	const struct pd_pixels *px = &w->work;
	struct hook hook = { .w = w, .file = &c->file };
	WebPPicture pic;
	enum pd_job_status status = PD_JOB_MEMORY;

	/* In a file of its own it may have a head that is longer. */
	pd_codec_out_reset(&c->file, max + RIFF_HEAD + CHUNK_HEAD + VP8X_LEN);
	if (!WebPPictureInit(&pic))
		return PD_JOB_MEMORY;
	pic.use_argb = 1;
	pic.width = (int)c->rect.width;
	pic.height = (int)c->rect.height;
	pic.writer = write_bytes;
	pic.progress_hook = on_progress;
	pic.user_data = &hook;
	w->status = PD_JOB_DONE;
	if (WebPPictureImportRGBA(&pic,
		px->p + c->rect.y * px->stride + (size_t)c->rect.x * 4,
		(int)px->stride)) {
		if (WebPEncode(c->lossy ? &w->lossy : &w->lossless, &pic))
			status = PD_JOB_DONE;
		else if (w->status != PD_JOB_DONE)
			status = w->status;
	}
	WebPPictureFree(&pic);
	return status;
}

/* --- What has changed ------------------------------------------------------
 */

static const uint8_t *
at(const struct pd_pixels *px, uint32_t x, uint32_t y)
{
	return px->p + y * px->stride + (size_t)x * 4;
}

/* The rectangle of side x side at x, y, as far as it is on the canvas. */
static struct rect
square(const struct writer *w, uint32_t x, uint32_t y, uint32_t side)
{
	struct rect r = { x, y, side, side };

	if (r.width > w->seen.width - x)
		r.width = w->seen.width - x;
	if (r.height > w->seen.height - y)
		r.height = w->seen.height - y;
	return r;
}

/* At an edge it begins earlier: a few pixels have no mean to speak of. */
static struct rect
cell_at(const struct writer *w, uint32_t x, uint32_t y)
{
	if (x + CELL > w->seen.width && x >= CELL)
		x = w->seen.width - CELL;
	if (y + CELL > w->seen.height && y >= CELL)
		y = w->seen.height - CELL;
	return square(w, x, y, CELL);
}

/* One channel of a cell. */
static bool
channel_is_quiet(const struct writer *w, const struct rect *r, unsigned channel)
{
	int sum = 0, worst = 0, low = 255, high = 0;
	int n = (int)(r->width * r->height), span;

	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		const uint8_t *new = at(&w->a->canvas, r->x, y) + channel;
		const uint8_t *old = at(&w->seen, r->x, y) + channel;

		for (uint32_t x = 0; x < r->width; x++, new += 4, old += 4) {
			int d = *new - *old;

			sum += d;
			worst = abs(d) > worst ? abs(d) : worst;
			low = *new < low ? *new : low;
			high = *new > high ? *new : high;
		}
	}
	if (channel == 3)
		return worst == 0;
	span = high - low < QUIET_SPAN_MAX ? high - low : QUIET_SPAN_MAX;
	return worst <= QUIET_PIXEL + span &&
	       abs(sum) * QUIET_SPAN <= n * (QUIET_MEAN * QUIET_SPAN + span);
}

static bool
block_is_same(const struct writer *w, const struct rect *b)
{
	for (uint32_t y = b->y; y < b->y + b->height; y++)
		if (memcmp(at(&w->a->canvas, b->x, y), at(&w->seen, b->x, y),
			(size_t)b->width * 4) != 0)
			return false;
	return true;
}

static bool
block_is_quiet(const struct writer *w, const struct rect *b)
{
	if (block_is_same(w, b))
		return true;
	for (uint32_t y = b->y; y < b->y + b->height; y += CELL) {
		for (uint32_t x = b->x; x < b->x + b->width; x += CELL) {
			struct rect cell = cell_at(w, x, y);

			for (unsigned c = 0; c < 4; c++)
				if (!channel_is_quiet(w, &cell, c))
					return false;
		}
	}
	return true;
}

/* Grows r, which is empty when it has no width. */
static void
include(struct rect *r, const struct rect *more)
{
	uint32_t right = more->x + more->width, bottom = more->y + more->height;

	if (r->width == 0) {
		*r = *more;
		return;
	}
	if (r->x + r->width > right)
		right = r->x + r->width;
	if (r->y + r->height > bottom)
		bottom = r->y + r->height;
	if (more->x < r->x)
		r->x = more->x;
	if (more->y < r->y)
		r->y = more->y;
	r->width = right - r->x;
	r->height = bottom - r->y;
}

/* Sets w->changed; returns what is around its blocks. */
static struct rect
find_changes(struct writer *w)
{
	struct rect all = { .width = 0 };

	for (uint32_t by = 0; by < w->blocks_y; by++) {
		for (uint32_t bx = 0; bx < w->blocks_x; bx++) {
			struct rect b =
			    square(w, bx * BLOCK, by * BLOCK, BLOCK);
			bool changed = !block_is_quiet(w, &b);

			w->changed[by * w->blocks_x + bx] = changed;
			if (changed)
				include(&all, &b);
		}
	}
	return all;
}

/*
 * Whether a pixel has to be sent. The lossy coder gets changed blocks as a
 * whole: holes in them would cost it more than they save. The other leaves no
 * difference at all.
 */
static bool
is_sent(const struct writer *w, bool lossy, uint32_t x, uint32_t y)
{
	const uint8_t *new = at(&w->a->canvas, x, y);
	bool same = memcmp(new, at(&w->seen, x, y), 4) == 0;

	if (!lossy)
		return !same;
	return w->changed[y / BLOCK * w->blocks_x + x / BLOCK] &&
	       (!same || new[3] == 255);
}

/* What is around the pixels that the lossless coder has to send, from an even
 * corner on, as the container wants it. */
static struct rect
around_differences(const struct writer *w)
{
	struct rect all = { .width = 0 };

	for (uint32_t y = 0; y < w->seen.height; y++) {
		struct rect row = { 0, y, w->seen.width, 1 };

		if (memcmp(at(&w->a->canvas, 0, y), at(&w->seen, 0, y),
			(size_t)row.width * 4) == 0)
			continue;
		while (!is_sent(w, false, row.x, y)) {
			row.x++;
			row.width--;
		}
		while (!is_sent(w, false, row.x + row.width - 1, y))
			row.width--;
		include(&all, &row);
	}
	all.width += all.x & 1;
	all.height += all.y & 1;
	all.x &= ~1u;
	all.y &= ~1u;
	return all;
}

/* --- Frames ----------------------------------------------------------------
 */

/* Whether what is sent, drawn over what is there, comes to what it should. */
static bool
can_blend(const struct writer *w, const struct candidate *c)
{
	const struct rect *r = &c->rect;

	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			if (is_sent(w, c->lossy, x, y) &&
			    at(&w->a->canvas, x, y)[3] != 255 &&
			    at(&w->seen, x, y)[3] != 0)
				return false;
	return true;
}

/* Fills c->rect of w->work with what the coder is to have. */
static void
prepare(struct writer *w, struct candidate *c)
{
	/* What the lossy coder predicts when it knows nothing: 2 % less than
	 * black, 4 less than what is there. */
	static const uint8_t quiet[4] = { 128, 128, 128, 0 }, nothing[4];
	const struct rect *r = &c->rect;

	c->blend = can_blend(w, c);
	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		uint8_t *to = w->work.p + y * w->work.stride + (size_t)r->x * 4;

		memcpy(to, at(&w->a->canvas, r->x, y), (size_t)r->width * 4);
		for (uint32_t x = r->x; c->blend && x < r->x + r->width;
		     x++, to += 4)
			if (!is_sent(w, c->lossy, x, y))
				memcpy(to, c->lossy ? quiet : nothing, 4);
	}
}

/* c is on the viewer's screen. */
static void
remember(struct writer *w, const struct candidate *c)
{
	const struct rect *r = &c->rect;

	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		uint8_t *to = w->seen.p + y * w->seen.stride + (size_t)r->x * 4;

		for (uint32_t x = r->x; x < r->x + r->width; x++, to += 4)
			if (!c->blend || is_sent(w, c->lossy, x, y))
				memcpy(to, at(&w->a->canvas, x, y), 4);
	}
}

/* Colours of w->work within r, up to PD_PIXELS_COLOURS + 1. */
static unsigned
count_colours(const struct writer *w, const struct rect *r)
{
	const struct pd_pixels part = {
		.width = r->width,
		.height = r->height,
		.channels = 4,
		.stride = w->work.stride,
		.p = w->work.p + r->y * w->work.stride + (size_t)r->x * 4,
	};
	struct pd_pixels_look look;

	pd_pixels_look(&part, &look);
	return look.colours;
}

/* The shorter of the two ways, or the one that makes sense. */
static enum pd_job_status
encode_best(struct writer *w, struct candidate *drawing,
    struct candidate *photo, struct candidate **best)
{
	size_t room = w->out->max - w->out->n;
	enum pd_job_status status = PD_JOB_LARGER;
	unsigned colours;

	prepare(w, drawing);
	colours = count_colours(w, &drawing->rect);
	if (colours < PHOTO_COLOURS) {
		status = encode(w, drawing, room);
		if (status == PD_JOB_DONE) {
			*best = drawing;
			room = drawing->file.n;
		}
	}
	if (colours <= DRAWING_COLOURS ||
	    (status != PD_JOB_DONE && status != PD_JOB_LARGER))
		return status;
	prepare(w, photo);
	status = encode(w, photo, room);
	if (status == PD_JOB_DONE &&
	    (*best == NULL || photo->file.n < drawing->file.n))
		*best = photo;
	else if (status == PD_JOB_LARGER && *best != NULL)
		status = PD_JOB_DONE;
	return status;
}

static enum pd_job_status
send(struct writer *w, const struct rect *changes)
{
	struct candidate drawing = { .lossy = false };
	struct candidate photo = { .lossy = true, .rect = *changes };
	struct candidate *best = NULL;
	enum pd_job_status status;

	drawing.rect = around_differences(w);
	/* Nothing new, but the time must go on. */
	if (changes->width == 0)
		drawing.rect = photo.rect = (struct rect){ 0, 0, 1, 1 };
	pd_codec_out_init(&drawing.file, 0);
	pd_codec_out_init(&photo.file, 0);
	status = encode_best(w, &drawing, &photo, &best);
	if (status == PD_JOB_DONE)
		status = write_frame(w, best);
	if (status == PD_JOB_DONE)
		remember(w, best);
	pd_codec_out_finish(&drawing.file);
	pd_codec_out_finish(&photo.file);
	return status;
}

static enum pd_job_status
add_frame(struct writer *w)
{
	struct pd_anim *a = w->a;
	struct rect changes = find_changes(w);
	/* One frame would be no animation. */
	bool needed = a->made == 0 || (a->made == 1 && a->at == a->frames);

	if (a->ms > PD_ANIM_MS_MAX)
		return PD_JOB_UNSUPPORTED;
	if (changes.width > 0 || needed || a->ms > PD_ANIM_MS_MAX - w->last_ms)
		return send(w, &changes);
	set_duration(w, w->last_ms + a->ms);
	return PD_JOB_DONE;
}

static int
start(struct writer *w, unsigned quality)
{
	uint32_t width = w->a->canvas.width, height = w->a->canvas.height;

	w->blocks_x = (width + BLOCK - 1) / BLOCK;
	w->blocks_y = (height + BLOCK - 1) / BLOCK;
	w->changed = malloc((size_t)w->blocks_x * w->blocks_y);
	if (w->changed == NULL ||
	    pd_pixels_init(&w->seen, width, height, 4) != 0 ||
	    pd_pixels_init(&w->work, width, height, 4) != 0 ||
	    !WebPConfigPreset(&w->lossy, WEBP_PRESET_DEFAULT, (float)quality) ||
	    !WebPConfigInit(&w->lossless) ||
	    !WebPConfigLosslessPreset(&w->lossless, LOSSLESS_EFFORT))
		return -1;
	w->lossy.method = w->ask->set.method_webp;
	/* Before the first frame, all is transparent. */
	memset(w->seen.p, 0, w->seen.stride * height);
	return 0;
}

enum pd_job_status
pd_webp_anim_encode(struct pd_anim *a, const struct pd_job_ask *ask,
    unsigned quality, struct pd_codec_out *out)
{
	struct writer w = { .a = a, .ask = ask, .out = out };
	enum pd_job_status status = PD_JOB_MEMORY;

	out->n = 0;
	a->made = 0;
	if (start(&w, quality) == 0)
		status = write_head(&w);
	while (status == PD_JOB_DONE && a->at < a->frames) {
		status = pd_anim_next(a);
		if (status == PD_JOB_DONE)
			status = add_frame(&w);
	}
	if (status == PD_JOB_DONE && a->made < 2)
		status = PD_JOB_BAD;
	if (status == PD_JOB_DONE)
		finish_head(&w);
	free(w.changed);
	pd_pixels_finish(&w.seen);
	pd_pixels_finish(&w.work);
	return status;
}
