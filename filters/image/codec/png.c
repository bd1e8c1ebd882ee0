#include "filters/image/codec/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX  (8u << 20) /* bytes of one chunk, inflated */
#define CHUNKS_MAX 64
#define CLOCK_ROWS 64

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
