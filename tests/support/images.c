#include "images.h"

#include <gif_lib.h>
#include <lcms2.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <jpeglib.h>

#include "images_part.h"

void
image_pixel(const struct image_want *w, unsigned frame, unsigned x, unsigned y,
    uint8_t to[4])
{
	static const uint8_t quarters[4][3] = { { 220, 30, 30 },
		{ 30, 200, 30 }, { 30, 30, 220 }, { 220, 220, 30 } };
	unsigned q = (x >= w->width / 2) + 2 * (y >= w->height / 2);
	uint32_t dice = (x * 73856093u ^ y * 19349663u) * 2654435761u;

	for (unsigned c = 0; c < 3; c++) {
		int v = quarters[(q + frame) % 4][c];

		if (w->noise > 0) {
			dice = dice * 1664525u + 1013904223u;
			v += (int)(dice >> 8) % (int)(2 * w->noise) -
			     (int)w->noise;
		}
		to[c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
	}
	if (w->grey)
		to[1] = to[2] = to[0];
	to[3] = w->alpha && q == 3 ? 0 : 255;
}

static void
pixel(const struct image_want *w, unsigned x, unsigned y, uint8_t to[4])
{
	image_pixel(w, 0, x, y, to);
}

uint8_t *
image_pixels(const struct image_want *w, unsigned frame)
{
	uint8_t *rgba = malloc((size_t)w->width * w->height * 4), *to = rgba;

	for (unsigned y = 0; y < w->height; y++)
		for (unsigned x = 0; x < w->width; x++, to += 4)
			image_pixel(w, frame, x, y, to);
	return rgba;
}

/* --- JPEG ------------------------------------------------------------------
 */

void
write_tiff(uint8_t to[TIFF_LEN], unsigned orientation)
{
	static const uint8_t tiff[TIFF_LEN + 1] =
	    "MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"
	    "\0\0\0\0\0\0\0\0";

	memcpy(to, tiff, TIFF_LEN);
	to[8 + 2 + 9] = (uint8_t)orientation;
}

static void
write_exif(struct jpeg_compress_struct *c, unsigned orientation)
{
	uint8_t exif[6 + TIFF_LEN] = "Exif";

	write_tiff(exif + 6, orientation);
	jpeg_write_marker(c, JPEG_APP0 + 1, exif, sizeof(exif));
}

static void
jpeg_row(const struct image_want *w, unsigned y, uint8_t *row)
{
	for (unsigned x = 0; x < w->width; x++) {
		uint8_t px[4];

		pixel(w, x, y, px);
		if (w->cmyk) {
			/* As Adobe writes it: 255 is no ink. */
			*row++ = px[0];
			*row++ = px[1];
			*row++ = px[2];
			*row++ = 255;
		} else if (w->grey) {
			*row++ = px[0];
		} else {
			memcpy(row, px, 3);
			row += 3;
		}
	}
}

struct image_bytes
make_jpeg(const struct image_want *w)
{
	struct image_bytes out = { .p = NULL };
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr err;
	unsigned long n = 0;
	uint8_t *row = malloc((size_t)w->width * 4);

	c.err = jpeg_std_error(&err);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out.p, &n);
	c.image_width = w->width;
	c.image_height = w->height;
	c.input_components = w->cmyk ? 4 : w->grey ? 1 : 3;
	c.in_color_space = w->cmyk   ? JCS_CMYK
			   : w->grey ? JCS_GRAYSCALE
				     : JCS_RGB;
	jpeg_set_defaults(&c);
	if (w->cmyk)
		jpeg_set_colorspace(&c, JCS_YCCK);
	jpeg_set_quality(&c, w->quality > 0 ? (int)w->quality : 92, TRUE);
	if (!w->cmyk && !w->grey) {
		c.comp_info[0].h_samp_factor = w->h > 0 ? (int)w->h : 2;
		c.comp_info[0].v_samp_factor = w->v > 0 ? (int)w->v : 2;
	}
	if (w->progressive)
		jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	if (w->orientation > 0)
		write_exif(&c, w->orientation);
	if (w->mpf)
		jpeg_write_marker(
		    &c, JPEG_APP0 + 2, (const JOCTET *)"MPF\0MM\0\x2a", 8);
	if (w->icc != NULL)
		jpeg_write_icc_profile(&c, w->icc, (unsigned)w->icc_len);
	for (unsigned y = 0; y < w->height; y++) {
		jpeg_row(w, y, row);
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	free(row);
	out.n = n;
	return out;
}

/* --- PNG -------------------------------------------------------------------
 */

static void
write_png_bytes(png_structp png, png_bytep p, size_t n)
{
	struct image_bytes *out = png_get_io_ptr(png);

	out->p = realloc(out->p, out->n + n);
	memcpy(out->p + out->n, p, n);
	out->n += n;
}

static void
png_pixel(const struct image_want *w, unsigned frame, unsigned x, unsigned y,
    uint8_t **to)
{
	unsigned q = (x >= w->width / 2) + 2 * (y >= w->height / 2);
	unsigned n = w->alpha ? 4 : 3;
	uint8_t px[4];

	image_pixel(w, frame, x, y, px);
	if (w->palette) {
		*(*to)++ = (uint8_t)(w->alpha && q == 3 ? 3 : (q + frame) % 4);
		return;
	}
	for (unsigned c = 0; c < n; c++) {
		*(*to)++ = px[c];
		if (w->depth16)
			*(*to)++ = px[c];
	}
}

static void
write_png_palette(png_structp png, png_infop info, const struct image_want *w)
{
	png_color colours[4];
	png_byte alphas[4] = { 255, 255, 255, 0 };

	for (unsigned i = 0; i < 4; i++) {
		struct image_want flat = *w;
		uint8_t px[4];

		flat.noise = 0;
		pixel(
		    &flat, i % 2 * (w->width - 1), i / 2 * (w->height - 1), px);
		colours[i] = (png_color){ px[0], px[1], px[2] };
	}
	png_set_PLTE(png, info, colours, 4);
	if (w->alpha)
		png_set_tRNS(png, info, alphas, 4, NULL);
}

static struct image_bytes
make_png_frame(const struct image_want *w, unsigned frame)
{
	struct image_bytes out = { .p = NULL };
	png_structp png =
	    png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	size_t stride = (size_t)w->width * 8;
	uint8_t *pixels = malloc(stride * w->height);
	png_bytepp rows = malloc(w->height * sizeof(*rows));

	png_set_write_fn(png, &out, write_png_bytes, NULL);
	png_set_IHDR(png, info, w->width, w->height, w->depth16 ? 16 : 8,
	    w->palette ? PNG_COLOR_TYPE_PALETTE
	    : w->alpha ? PNG_COLOR_TYPE_RGB_ALPHA
		       : PNG_COLOR_TYPE_RGB,
	    w->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
	    PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	/* Sites often save PNGs badly: room for us. */
	png_set_compression_level(png, 1);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
	if (w->palette)
		write_png_palette(png, info, w);
	if (w->icc != NULL)
		png_set_iCCP(png, info, "p", PNG_COMPRESSION_TYPE_BASE, w->icc,
		    (png_uint_32)w->icc_len);
	png_write_info(png, info);
	if (w->animated)
		png_write_chunk(png, (png_const_bytep) "acTL",
		    (png_const_bytep) "\0\0\0\2\0\0\0\0", 8);
	for (unsigned y = 0; y < w->height; y++) {
		uint8_t *to = rows[y] = pixels + y * stride;

		for (unsigned x = 0; x < w->width; x++)
			png_pixel(w, frame, x, y, &to);
	}
	png_write_image(png, rows);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	free(pixels);
	free(rows);
	return out;
}

struct image_bytes
make_png(const struct image_want *w)
{
	return make_png_frame(w, 0);
}

static void
put32(uint8_t *p, size_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (24 - 8 * i));
}

static void
add_chunk(struct image_bytes *out, const char *type, const uint8_t *p, size_t n)
{
	uint8_t *to = out->p = realloc(out->p, out->n + n + 12);

	to += out->n;
	put32(to, n);
	memcpy(to + 4, type, 4);
	if (n > 0)
		memcpy(to + 8, p, n);
	put32(to + 8 + n, crc32(0, to + 4, (uInt)n + 4));
	out->n += n + 12;
}

static void
add_frame_control(
    struct image_bytes *out, const struct image_want *w, uint32_t sequence)
{
	uint8_t control[26] = { 0 };

	put32(control, sequence);
	put32(control + 4, w->width);
	put32(control + 8, w->height);
	control[21] = 1;  /* of... */
	control[23] = 10; /* ...a second */
	add_chunk(out, "fcTL", control, sizeof(control));
}

/* One frame's still, taken apart: what stands before its data only of the
 * first. */
static void
add_frame(struct image_bytes *out, const struct image_want *w, unsigned frame,
    unsigned frames, uint32_t *sequence)
{
	struct image_bytes still = make_png_frame(w, frame);
	bool data = false;

	for (size_t at = 8, n; at + 12 <= still.n; at += n + 12) {
		const char *type = (const char *)still.p + at + 4;
		uint8_t *body = still.p + at + 8;
		uint8_t numbers[8] = { 0 };

		n = (size_t)body[-8] << 24 | (size_t)body[-7] << 16 |
		    (size_t)body[-6] << 8 | body[-5];
		if (memcmp(type, "IDAT", 4) != 0) {
			if (frame == 0 && memcmp(type, "IEND", 4) != 0)
				add_chunk(out, type, body, n);
			continue;
		}
		if (!data && frame == 0) {
			put32(numbers, frames);
			add_chunk(out, "acTL", numbers, sizeof(numbers));
		}
		if (!data)
			add_frame_control(out, w, (*sequence)++);
		data = true;
		if (frame == 0) {
			add_chunk(out, "IDAT", body, n);
		} else {
			/* The length and the type make room for the number. */
			put32(body - 4, (*sequence)++);
			add_chunk(out, "fdAT", body - 4, n + 4);
		}
	}
	free(still.p);
}

struct image_bytes
make_apng(const struct image_want *w, unsigned frames)
{
	struct image_bytes out = { .p = malloc(8), .n = 8 };
	uint32_t sequence = 0;

	memcpy(out.p, "\x89PNG\r\n\x1a\n", 8);
	for (unsigned f = 0; f < frames; f++)
		add_frame(&out, w, f, frames, &sequence);
	add_chunk(&out, "IEND", NULL, 0);
	return out;
}

/* --- GIF -------------------------------------------------------------------
 */

static int
write_gif_bytes(GifFileType *gif, const GifByteType *p, int n)
{
	struct image_bytes *out = gif->UserData;

	out->p = realloc(out->p, out->n + (size_t)n);
	memcpy(out->p + out->n, p, (size_t)n);
	out->n += (size_t)n;
	return n;
}

static void
gif_row(GifFileType *gif, const struct image_want *w, unsigned frame,
    unsigned y, uint8_t *row)
{
	for (unsigned x = 0; x < w->width; x++) {
		uint32_t dice = (x * 73856093u ^ y * 19349663u) * 2654435761u;
		unsigned q = (x >= w->width / 2) + 2 * (y >= w->height / 2);

		/* Sixty-four shades of each quarter's colour. */
		row[x] = (uint8_t)((q + frame) % 4 * 64 +
				   (w->noise > 0 ? (dice >> 20) % 63 : 0));
		if (w->alpha && q == 3)
			row[x] = 255;
	}
	EGifPutLine(gif, row, (int)w->width);
}

struct image_bytes
make_gif(const struct image_want *w, unsigned frames)
{
	static const unsigned first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
	struct image_bytes out = { .p = NULL };
	GifFileType *gif = EGifOpen(&out, write_gif_bytes, NULL);
	ColorMapObject *map = GifMakeMapObject(256, NULL);
	uint8_t *row = malloc(w->width);

	for (unsigned i = 0; i < 256; i++) {
		struct image_want flat = *w;
		unsigned q = i / 64;
		uint8_t px[4];

		flat.noise = 0;
		pixel(
		    &flat, q % 2 * (w->width - 1), q / 2 * (w->height - 1), px);
		map->Colors[i] = (GifColorType){
			.Red = (uint8_t)(px[0] - i % 64 / 4),
			.Green = (uint8_t)(px[1] - i % 64 / 4),
			.Blue = (uint8_t)(px[2] - i % 64 / 4),
		};
	}
	EGifSetGifVersion(gif, true);
	EGifPutScreenDesc(gif, (int)w->width, (int)w->height, 8, 0, map);
	for (unsigned f = 0; f < frames; f++) {
		const uint8_t gcb[4] = { w->alpha ? 1 : 0, 10, 0, 255 };

		EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, gcb);
		EGifPutImageDesc(gif, 0, 0, (int)w->width, (int)w->height,
		    w->interlaced, NULL);
		if (!w->interlaced)
			for (unsigned y = 0; y < w->height; y++)
				gif_row(gif, w, f, y, row);
		for (unsigned p = 0; w->interlaced && p < 4; p++)
			for (unsigned y = first[p]; y < w->height; y += step[p])
				gif_row(gif, w, f, y, row);
	}
	GifFreeMapObject(map);
	EGifCloseFile(gif, NULL);
	free(row);
	return out;
}

/* --- Profiles --------------------------------------------------------------
 */

static struct image_bytes
save_profile(cmsHPROFILE profile)
{
	struct image_bytes out = { .p = NULL };
	cmsUInt32Number n = 0;

	cmsSaveProfileToMem(profile, NULL, &n);
	out.p = malloc(n);
	cmsSaveProfileToMem(profile, out.p, &n);
	out.n = n;
	cmsCloseProfile(profile);
	return out;
}

/* Takes the curve. */
static struct image_bytes
p3_profile(cmsToneCurve *curve)
{
	cmsCIExyY white = { 0.3127, 0.3290, 1 };
	cmsCIExyYTRIPLE primaries = { { 0.680, 0.320, 1 }, { 0.265, 0.690, 1 },
		{ 0.150, 0.060, 1 } };
	cmsToneCurve *curves[3] = { curve, curve, curve };
	struct image_bytes out =
	    save_profile(cmsCreateRGBProfile(&white, &primaries, curves));

	cmsFreeToneCurve(curve);
	return out;
}

struct image_bytes
make_p3(void)
{
	return p3_profile(cmsBuildGamma(NULL, 2.2));
}

struct image_bytes
make_display_p3(void)
{
	const cmsFloat64Number srgb[] = { 2.4, 1 / 1.055, 0.055 / 1.055,
		1 / 12.92, 0.04045 };

	return p3_profile(cmsBuildParametricToneCurve(NULL, 4, srgb));
}

struct image_bytes
make_srgb(void)
{
	return save_profile(cmsCreate_sRGBProfile());
}

/* --- Decoding --------------------------------------------------------------
 */

static uint8_t *
decode_jpeg(const uint8_t *p, size_t n, unsigned *width, unsigned *height)
{
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr err;
	uint8_t *out;

	d.err = jpeg_std_error(&err);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, p, n);
	jpeg_read_header(&d, TRUE);
	d.out_color_space = JCS_EXT_RGBA;
	jpeg_start_decompress(&d);
	*width = d.output_width;
	*height = d.output_height;
	out = malloc((size_t)*width * *height * 4);
	while (d.output_scanline < d.output_height) {
		JSAMPROW row = out + (size_t)d.output_scanline * *width * 4;

		jpeg_read_scanlines(&d, &row, 1);
	}
	jpeg_finish_decompress(&d);
	jpeg_destroy_decompress(&d);
	return out;
}

uint8_t *
decode_image(const uint8_t *p, size_t n, unsigned *width, unsigned *height)
{
	png_image png = { .version = PNG_IMAGE_VERSION };
	uint8_t *out;

	if (n > 3 && p[0] == 0xff)
		return decode_jpeg(p, n, width, height);
	if (n > 12 && memcmp(p, "RIFF", 4) == 0)
		return decode_webp(p, n, width, height);
	if (n > 12 && memcmp(p + 4, "ftyp", 4) == 0)
		return decode_avif(p, n, width, height);
	if (!png_image_begin_read_from_memory(&png, p, n))
		return NULL;
	png.format = PNG_FORMAT_RGBA;
	*width = png.width;
	*height = png.height;
	out = malloc(PNG_IMAGE_SIZE(png));
	if (!png_image_finish_read(&png, NULL, out, 0, NULL)) {
		free(out);
		return NULL;
	}
	return out;
}
