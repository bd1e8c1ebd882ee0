#include "filters/image/codec/gif.h"

#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

/* Rows between two looks at the clock. */
#define CLOCK_ROWS 64

struct input {
	const uint8_t *p;
	size_t n;
};

struct pd_gif {
	GifFileType *lib;
	struct input in;
	const struct pd_job_ask *ask;
	GifByteType *line; /* of the widest picture so far */
	uint32_t line_len;
	int transparent; /* the index of the picture, -1 for none */
	uint32_t loops;
	bool undrawn; /* the picture's codes have not been read */
};

static int
read_bytes(GifFileType *lib, GifByteType *to, int n)
{
	struct pd_gif *g = lib->UserData;

	if (n < 0)
		return 0;
	if ((size_t)n > g->in.n)
		n = (int)g->in.n;
	memcpy(to, g->in.p, (size_t)n);
	g->in.p += n;
	g->in.n -= (size_t)n;
	return n;
}

enum pd_job_status
pd_gif_open(
    struct pd_gif **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	struct pd_gif *g = calloc(1, sizeof(*g));

	*out = NULL;
	if (g == NULL)
		return PD_JOB_MEMORY;
	g->in = (struct input){ .p = in, .n = ask->in_len };
	g->ask = ask;
	g->loops = 1;
	g->lib = DGifOpen(g, read_bytes, NULL);
	if (g->lib == NULL || g->lib->SWidth < 1 || g->lib->SHeight < 1 ||
	    (uint32_t)g->lib->SWidth != ask->width ||
	    (uint32_t)g->lib->SHeight != ask->height) {
		pd_gif_close(g);
		return PD_JOB_BAD;
	}
	*out = g;
	return PD_JOB_DONE;
}

void
pd_gif_close(struct pd_gif *g)
{
	if (g == NULL)
		return;
	if (g->lib != NULL)
		DGifCloseFile(g->lib, NULL);
	free(g->line);
	free(g);
}

uint32_t
pd_gif_loops(const struct pd_gif *g)
{
	return g->loops;
}

/* --- From picture to picture -----------------------------------------------
 */

/* The first block of an extension that repeats (an application's, GIF89a, 26).
 */
static bool
is_loop(const GifByteType *block)
{
	return block[0] == 11 && (memcmp(block + 1, "NETSCAPE2.0", 11) == 0 ||
				     memcmp(block + 1, "ANIMEXTS1.0", 11) == 0);
}

static void
set_loops(struct pd_gif *g, const GifByteType *block)
{
	if (block[0] < 3 || (block[1] & 7) != 1)
		return;
	g->loops = (uint32_t)block[2] | (uint32_t)block[3] << 8;
	if (g->loops > 0)
		g->loops++;
}

static void
set_control(
    struct pd_gif *g, const GifByteType *block, struct pd_gif_picture *pic)
{
	GraphicsControlBlock control;

	if (DGifExtensionToGCB(block[0], block + 1, &control) != GIF_OK)
		return;
	g->transparent = control.TransparentColor;
	pic->delay = (unsigned)control.DelayTime;
	/* 4 is what some took the third bit of the field to mean. */
	pic->disposal =
	    control.DisposalMode == 4 ? 3 : (unsigned)control.DisposalMode;
}

static enum pd_job_status
extension(struct pd_gif *g, struct pd_gif_picture *pic)
{
	GifByteType *block;
	bool loop = false;
	int code;

	if (DGifGetExtension(g->lib, &code, &block) != GIF_OK)
		return PD_JOB_BAD;
	if (block != NULL && code == GRAPHICS_EXT_FUNC_CODE)
		set_control(g, block, pic);
	else if (block != NULL && code == APPLICATION_EXT_FUNC_CODE)
		loop = is_loop(block);
	while (block != NULL) {
		if (DGifGetExtensionNext(g->lib, &block) != GIF_OK)
			return PD_JOB_BAD;
		if (loop && block != NULL)
			set_loops(g, block);
	}
	return PD_JOB_DONE;
}

static enum pd_job_status
skip_codes(struct pd_gif *g)
{
	GifByteType *block;
	int size;

	if (DGifGetCode(g->lib, &size, &block) != GIF_OK)
		return PD_JOB_BAD;
	while (block != NULL)
		if (DGifGetCodeNext(g->lib, &block) != GIF_OK)
			return PD_JOB_BAD;
	return PD_JOB_DONE;
}

static enum pd_job_status
descriptor(struct pd_gif *g, struct pd_gif_picture *pic)
{
	const GifImageDesc *d = &g->lib->Image;

	if (DGifGetImageDesc(g->lib) != GIF_OK)
		return PD_JOB_BAD;
	/* Without colours, or pixels, each viewer does what it likes. */
	if ((d->ColorMap == NULL && g->lib->SColorMap == NULL) || d->Left < 0 ||
	    d->Top < 0 || d->Width < 1 || d->Height < 1)
		return PD_JOB_UNSUPPORTED;
	pic->x = (uint32_t)d->Left;
	pic->y = (uint32_t)d->Top;
	pic->width = (uint32_t)d->Width;
	pic->height = (uint32_t)d->Height;
	pic->transparent = g->transparent >= 0;
	g->undrawn = true;
	return PD_JOB_DONE;
}

enum pd_job_status
pd_gif_next(struct pd_gif *g, struct pd_gif_picture *pic)
{
	enum pd_job_status status = PD_JOB_DONE;
	GifRecordType type;

	*pic = (struct pd_gif_picture){ .width = 0 };
	if (g->undrawn)
		status = skip_codes(g);
	g->undrawn = false;
	g->transparent = -1;
	while (status == PD_JOB_DONE) {
		/* Files without their trailer are shown all the same. */
		if (g->in.n == 0)
			return PD_JOB_DONE;
		if (DGifGetRecordType(g->lib, &type) != GIF_OK)
			return PD_JOB_BAD;
		if (type == IMAGE_DESC_RECORD_TYPE)
			return descriptor(g, pic);
		if (type == TERMINATE_RECORD_TYPE)
			return PD_JOB_DONE;
		status = type == EXTENSION_RECORD_TYPE ? extension(g, pic)
						       : PD_JOB_BAD;
	}
	return status;
}

/* --- Drawing ---------------------------------------------------------------
 */

/* -1: an index is used that has no colour. */
static int
draw_line(const struct pd_gif *g, const ColorMapObject *map, uint32_t n,
    uint8_t *to, unsigned channels)
{
	const GifByteType *from = g->line;

	for (uint32_t x = 0; x < n; x++, to += channels) {
		int i = from[x];

		if (i == g->transparent)
			continue;
		if (i >= map->ColorCount)
			return -1;
		to[0] = map->Colors[i].Red;
		to[1] = map->Colors[i].Green;
		to[2] = map->Colors[i].Blue;
		if (channels == 4)
			to[3] = 255;
	}
	return 0;
}

/* The next row of the picture as it is stored, put where it is to be seen. */
static enum pd_job_status
draw_row(struct pd_gif *g, uint32_t row, struct pd_pixels *px)
{
	const GifImageDesc *d = &g->lib->Image;
	const ColorMapObject *map =
	    d->ColorMap != NULL ? d->ColorMap : g->lib->SColorMap;
	uint32_t x = (uint32_t)d->Left, y = (uint32_t)d->Top + row;
	uint32_t n = (uint32_t)d->Width;

	if (DGifGetLine(g->lib, g->line, d->Width) != GIF_OK)
		return PD_JOB_BAD;
	if (x >= px->width || y >= px->height)
		return PD_JOB_DONE;
	if (n > px->width - x)
		n = px->width - x;
	return draw_line(g, map, n,
		   px->p + y * px->stride + (size_t)x * px->channels,
		   px->channels) == 0
		   ? PD_JOB_DONE
		   : PD_JOB_BAD;
}

enum pd_job_status
pd_gif_draw(struct pd_gif *g, struct pd_pixels *px)
{
	/* GIF89a, appendix E: every 8th row, those between, and so on. */
	static const uint32_t first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
	const GifImageDesc *d = &g->lib->Image;
	uint32_t height = (uint32_t)d->Height, rows = 0;
	enum pd_job_status status = PD_JOB_DONE;

	if ((uint32_t)d->Width > g->line_len) {
		free(g->line);
		g->line_len = (uint32_t)d->Width;
		g->line = malloc(g->line_len);
		if (g->line == NULL) {
			g->line_len = 0;
			return PD_JOB_MEMORY;
		}
	}
	g->undrawn = false;
	for (unsigned pass = 0; pass < (d->Interlace ? 4 : 1); pass++) {
		uint32_t by = d->Interlace ? step[pass] : 1;

		for (uint32_t y = first[pass]; y < height; y += by) {
			if (rows++ % CLOCK_ROWS == 0 && pd_codec_late(g->ask))
				return PD_JOB_LATE;
			status = draw_row(g, y, px);
			if (status != PD_JOB_DONE)
				return status;
		}
	}
	return PD_JOB_DONE;
}

/* --- Stills ----------------------------------------------------------------
 */

static enum pd_job_status
decode(struct pd_gif *g, struct pd_pixels *px)
{
	uint32_t width = g->ask->width, height = g->ask->height;
	struct pd_gif_picture pic, more;
	enum pd_job_status status = pd_gif_next(g, &pic);
	bool covers;

	if (status != PD_JOB_DONE)
		return status;
	if (pic.width == 0)
		return PD_JOB_BAD;
	/* A picture beyond its screen makes it larger, or does not. */
	if (pic.width > width || pic.x > width - pic.width ||
	    pic.height > height || pic.y > height - pic.height)
		return PD_JOB_UNSUPPORTED;
	covers = pic.width == width && pic.height == height;
	if (pd_pixels_init(
		px, width, height, covers && !pic.transparent ? 3 : 4) != 0)
		return PD_JOB_MEMORY;
	if (px->channels == 4)
		memset(px->p, 0, px->stride * px->height);
	status = pd_gif_draw(g, px);
	if (status == PD_JOB_DONE)
		status = pd_gif_next(g, &more);
	if (status == PD_JOB_DONE && more.width != 0)
		status = PD_JOB_UNSUPPORTED;
	return status;
}

enum pd_job_status
pd_gif_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px)
{
	struct pd_gif *g;
	enum pd_job_status status = pd_gif_open(&g, ask, in);

	*px = (struct pd_pixels){ .p = NULL };
	if (status == PD_JOB_DONE)
		status = decode(g, px);
	pd_gif_close(g);
	return status;
}
