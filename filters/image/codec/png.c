#include "filters/image/codec/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK_MAX  (8u << 20) /* bytes of one chunk, inflated */
#define CHUNKS_MAX 64
#define CLOCK_ROWS 64

/* Above this many pixels zlib's best effort takes too long for the few percent
 * that it gains; of true colour it always does. */
#define BEST_PIXELS 300000
#define LEVEL_BEST  9
#define LEVEL_USUAL 7
#define LEVEL_NOISY 6

/* Flatness (pixels.h) from which filters make a picture larger: what repeats
 * exactly no longer does once it is differences. */
#define UNFILTERED_FLAT 10

struct trap {
	jmp_buf jump;
	enum pd_job_status status;
};

static void
on_error(png_structp png, png_const_charp what)
{
	struct trap *trap = png_get_error_ptr(png);

	(void)what;
	longjmp(trap->jump, 1);
}

static void
on_warning(png_structp png, png_const_charp what)
{
	(void)png;
	(void)what;
}

static void
fail(png_structp png, enum pd_job_status status)
{
	struct trap *trap = png_get_error_ptr(png);

	trap->status = status;
	png_error(png, "");
}

static void
check_late(png_structp png, const struct pd_job_ask *ask)
{
	if (pd_codec_late(ask))
		fail(png, PD_JOB_LATE);
}

/* --- Reading ---------------------------------------------------------------
 */

struct input {
	const uint8_t *p;
	size_t n;
};

struct reader {
	struct trap trap;
	struct input in;
	png_structp png;
	png_infop info;
	png_bytepp rows; /* interlaced pictures alone */
};

static void
read_bytes(png_structp png, png_bytep to, size_t n)
{
	struct input *in = png_get_io_ptr(png);

	if (n > in->n)
		png_error(png, "");
	memcpy(to, in->p, n);
	in->p += n;
	in->n -= n;
}

static void
set_limits(png_structp png)
{
	/* Texts are not for us, and may hide anything in few bytes. */
	static const char ignored[] = "tEXt\0zTXt\0iTXt\0sPLT\0hIST\0eXIf";

	png_set_user_limits(png, PD_JOB_SIDE_MAX, PD_JOB_SIDE_MAX);
	png_set_chunk_malloc_max(png, CHUNK_MAX);
	png_set_chunk_cache_max(png, CHUNKS_MAX);
	png_set_keep_unknown_chunks(
	    png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep)ignored, 6);
	/* A profile that libpng dislikes is for colour.c to judge. */
	png_set_benign_errors(png, 1);
}

/* Whatever it is, to RGB or RGBA of 8 bits. */
static void
set_transforms(struct reader *r)
{
	png_byte type = png_get_color_type(r->png, r->info);

	png_set_expand(r->png);
	png_set_scale_16(r->png);
	if ((type & PNG_COLOR_MASK_COLOR) == 0)
		png_set_gray_to_rgb(r->png);
	png_set_interlace_handling(r->png);
	png_read_update_info(r->png, r->info);
}

static void
read_icc(struct reader *r, struct pd_pixels *px)
{
	png_charp name;
	png_bytep icc;
	png_uint_32 len;
	int method;

	if (png_get_iCCP(r->png, r->info, &name, &method, &icc, &len) == 0 ||
	    len == 0)
		return;
	px->icc = malloc(len);
	if (px->icc == NULL)
		fail(r->png, PD_JOB_MEMORY);
	memcpy(px->icc, icc, len);
	px->icc_len = len;
}

static void
read_rows(struct reader *r, const struct pd_job_ask *ask, struct pd_pixels *px)
{
	if (png_get_interlace_type(r->png, r->info) == PNG_INTERLACE_NONE) {
		for (uint32_t y = 0; y < px->height; y++) {
			if (y % CLOCK_ROWS == 0)
				check_late(r->png, ask);
			png_read_row(r->png, px->p + y * px->stride, NULL);
		}
	} else {
		r->rows = malloc(px->height * sizeof(*r->rows));
		if (r->rows == NULL)
			fail(r->png, PD_JOB_MEMORY);
		/* The first passes leave gaps that the later fill. */
		memset(px->p, 0, px->height * px->stride);
		for (uint32_t y = 0; y < px->height; y++)
			r->rows[y] = px->p + y * px->stride;
		png_read_image(r->png, r->rows);
	}
	png_read_end(r->png, NULL);
}

static void
read_png(struct reader *r, const struct pd_job_ask *ask, struct pd_pixels *px)
{
	png_uint_32 width, height;
	uint8_t *icc = NULL;
	size_t icc_len;
	unsigned channels;

	set_limits(r->png);
	png_set_read_fn(r->png, &r->in, read_bytes);
	png_read_info(r->png, r->info);
	width = png_get_image_width(r->png, r->info);
	height = png_get_image_height(r->png, r->info);
	if (width != ask->width || height != ask->height)
		fail(r->png, PD_JOB_BAD);
	read_icc(r, px);
	set_transforms(r);
	channels = png_get_channels(r->png, r->info);
	if (channels < 3 ||
	    png_get_rowbytes(r->png, r->info) != (size_t)width * channels)
		fail(r->png, PD_JOB_UNSUPPORTED);
	icc = px->icc;
	icc_len = px->icc_len;
	if (pd_pixels_init(px, width, height, channels) != 0) {
		free(icc);
		fail(r->png, PD_JOB_MEMORY);
	}
	px->icc = icc;
	px->icc_len = icc_len;
	read_rows(r, ask, px);
}

enum pd_job_status
pd_png_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px)
{
	struct reader r = {
		.trap.status = PD_JOB_BAD,
		.in = { .p = in, .n = ask->in_len },
	};

	*px = (struct pd_pixels){ .p = NULL };
	r.png = png_create_read_struct(
	    PNG_LIBPNG_VER_STRING, &r.trap, on_error, on_warning);
	if (r.png == NULL)
		return PD_JOB_MEMORY;
	if (setjmp(r.trap.jump) == 0) {
		r.info = png_create_info_struct(r.png);
		if (r.info == NULL)
			fail(r.png, PD_JOB_MEMORY);
		read_png(&r, ask, px);
		r.trap.status = PD_JOB_DONE;
	}
	png_destroy_read_struct(&r.png, &r.info, NULL);
	free(r.rows);
	return r.trap.status;
}

/* --- Writing ---------------------------------------------------------------
 */

struct writer {
	struct trap trap;
	struct pd_codec_out *out;
	png_structp png;
	png_infop info;
	uint8_t *row;
};

static void
write_bytes(png_structp png, png_bytep p, size_t n)
{
	struct writer *w = png_get_io_ptr(png);
	enum pd_job_status status = pd_codec_out_add(w->out, p, n);

	if (status != PD_JOB_DONE)
		fail(png, status);
}

static void
flush_bytes(png_structp png)
{
	(void)png;
}

static void
set_palette(struct writer *w, const struct pd_pixels_look *look)
{
	png_color colours[PD_PIXELS_COLOURS];
	png_byte alphas[PD_PIXELS_COLOURS];
	int nalphas = 0;

	for (unsigned i = 0; i < look->colours; i++) {
		uint32_t c = look->palette[i];

		colours[i].red = (png_byte)(c >> 24);
		colours[i].green = (png_byte)(c >> 16);
		colours[i].blue = (png_byte)(c >> 8);
		alphas[i] = (png_byte)c;
		if (alphas[i] != 255)
			nalphas = (int)i + 1;
	}
	png_set_PLTE(w->png, w->info, colours, (int)look->colours);
	if (nalphas > 0)
		png_set_tRNS(w->png, w->info, alphas, nalphas, NULL);
}

static int
palette_depth(unsigned colours)
{
	return colours <= 2 ? 1 : colours <= 4 ? 2 : colours <= 16 ? 4 : 8;
}

static void
set_effort(struct writer *w, const struct pd_pixels_look *look, bool palette,
    uint64_t pixels)
{
	bool filtered = !palette && look->flat < UNFILTERED_FLAT;
	int level = filtered                           ? LEVEL_NOISY
		    : palette && pixels <= BEST_PIXELS ? LEVEL_BEST
						       : LEVEL_USUAL;

	png_set_compression_level(w->png, level);
	png_set_compression_mem_level(w->png, 9);
	png_set_filter(w->png, PNG_FILTER_TYPE_BASE,
	    filtered ? PNG_ALL_FILTERS : PNG_FILTER_NONE);
	/* Else libpng takes one for filtered bytes. */
	png_set_compression_strategy(
	    w->png, filtered ? Z_FILTERED : Z_DEFAULT_STRATEGY);
}

static void
set_header(struct writer *w, const struct pd_pixels *px,
    const struct pd_pixels_look *look, bool palette)
{
	uint64_t pixels = (uint64_t)px->width * px->height;
	int type =
	    px->channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
	int depth = 8;

	if (palette) {
		type = PNG_COLOR_TYPE_PALETTE;
		depth = palette_depth(look->colours);
	} else if (look->grey) {
		type = PNG_COLOR_TYPE_GRAY;
	}
	png_set_IHDR(w->png, w->info, px->width, px->height, depth, type,
	    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	    PNG_FILTER_TYPE_DEFAULT);
	set_effort(w, look, palette, pixels);
	if (palette)
		set_palette(w, look);
	if (px->icc != NULL)
		png_set_iCCP(w->png, w->info, "icc", PNG_COMPRESSION_TYPE_BASE,
		    px->icc, (png_uint_32)px->icc_len);
}

static void
index_row(const struct pd_pixels *px, const struct pd_pixels_look *look,
    const uint8_t *from, uint8_t *to)
{
	uint32_t last = 0;
	int index = -1;

	for (uint32_t x = 0; x < px->width; x++, from += px->channels) {
		uint32_t c = pd_pixels_at(from, px->channels);

		if (index < 0 || c != last)
			index = pd_pixels_index(look, c);
		last = c;
		to[x] = (uint8_t)index;
	}
}

static void
write_png(struct writer *w, const struct pd_pixels *px,
    const struct pd_job_ask *ask, const struct pd_pixels_look *look)
{
	bool palette = look->colours <= PD_PIXELS_COLOURS;

	png_set_write_fn(w->png, w, write_bytes, flush_bytes);
	set_header(w, px, look, palette);
	png_write_info(w->png, w->info);
	if (palette)
		png_set_packing(w->png);
	w->row = malloc(px->width);
	if (w->row == NULL)
		fail(w->png, PD_JOB_MEMORY);
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *from = px->p + y * px->stride;

		if (y % CLOCK_ROWS == 0)
			check_late(w->png, ask);
		if (palette) {
			index_row(px, look, from, w->row);
			from = w->row;
		} else if (look->grey) {
			for (uint32_t x = 0; x < px->width; x++)
				w->row[x] = from[x * px->channels];
			from = w->row;
		}
		png_write_row(w->png, from);
	}
	png_write_end(w->png, NULL);
}

enum pd_job_status
pd_png_encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_pixels_look *look, struct pd_codec_out *out)
{
	struct writer w = { .trap.status = PD_JOB_BAD, .out = out };

	out->n = 0;
	w.png = png_create_write_struct(
	    PNG_LIBPNG_VER_STRING, &w.trap, on_error, on_warning);
	if (w.png == NULL)
		return PD_JOB_MEMORY;
	if (setjmp(w.trap.jump) == 0) {
		w.info = png_create_info_struct(w.png);
		if (w.info == NULL)
			fail(w.png, PD_JOB_MEMORY);
		write_png(&w, px, ask, look);
		w.trap.status = PD_JOB_DONE;
	}
	png_destroy_write_struct(&w.png, &w.info);
	free(w.row);
	return w.trap.status;
}
