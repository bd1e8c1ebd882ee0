/*
 * What the codecs alone take for pictures that pared-codec has made: each file
 * decoded to pixels and encoded once, by the plainest calls of the libraries,
 * into the format that it became, with the settings that the plan gave.
 *
 *     codec_bare [-n N] [-l LEVEL] [-j] IN_DIR RESULT_DIR
 *
 * RESULT_DIR is codec_dir's OUT_DIR for the same level. The quickest of N
 * counts. -j: JPEG sources alone, each coded again by libjpeg, quality 70,
 * progressive, whatever it became: the yardstick of what a picture costs. One
 * line a file: name, format, bytes out, CPU ms, of that to decode; then the
 * sums.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <avif/avif.h>
#include <gif_lib.h>
#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include "filters/image/plan.h"
#include "filters/image/sniff.h"

#define FILE_MAX (32u << 20)

struct bare {
	struct pd_image_info source, result;
	struct pd_job_settings set;
	uint32_t width, height;
	unsigned channels; /* 3 or 4; 4 of an animation */
	unsigned frames;
	uint8_t *px; /* the frames, one behind the other */
	size_t out;  /* bytes of the result */
};

static uint8_t *
load(const char *dir, const char *name, size_t *n)
{
	uint8_t *p = malloc(FILE_MAX);
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL || p == NULL) {
		free(p);
		return NULL;
	}
	*n = fread(p, 1, FILE_MAX, f);
	fclose(f);
	return p;
}

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
room(struct bare *b, uint32_t width, uint32_t height, unsigned channels,
    unsigned frames)
{
	b->width = width;
	b->height = height;
	b->channels = channels;
	b->frames = frames;
	b->px = malloc((size_t)width * height * channels * frames);
	if (b->px == NULL)
		exit(2);
}

static size_t
stride(const struct bare *b)
{
	return (size_t)b->width * b->channels;
}

static uint8_t *
frame(const struct bare *b, unsigned i)
{
	return b->px + stride(b) * b->height * i;
}

/* --- Decoding --------------------------------------------------------------
 */

static void
decode_jpeg(struct bare *b, const uint8_t *p, size_t n)
{
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr err;

	d.err = jpeg_std_error(&err);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, p, n);
	jpeg_read_header(&d, TRUE);
	d.out_color_space = d.num_components == 4 ? JCS_CMYK : JCS_RGB;
	jpeg_start_decompress(&d);
	room(b, d.output_width, d.output_height, (unsigned)d.output_components,
	    1);
	while (d.output_scanline < d.output_height) {
		JSAMPROW row = b->px + d.output_scanline * stride(b);

		jpeg_read_scanlines(&d, &row, 1);
	}
	jpeg_finish_decompress(&d);
	jpeg_destroy_decompress(&d);
}

static void
decode_png(struct bare *b, const uint8_t *p, size_t n)
{
	png_image png = { .version = PNG_IMAGE_VERSION };
	bool alpha;

	if (!png_image_begin_read_from_memory(&png, p, n))
		exit(2);
	alpha = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0;
	png.format = alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
	room(b, png.width, png.height, alpha ? 4 : 3, 1);
	if (!png_image_finish_read(&png, NULL, b->px, 0, NULL))
		exit(2);
}

struct input {
	const uint8_t *p;
	size_t n;
};

static int
read_gif(GifFileType *gif, GifByteType *to, int n)
{
	struct input *in = gif->UserData;

	if ((size_t)n > in->n)
		n = (int)in->n;
	memcpy(to, in->p, (size_t)n);
	in->p += n;
	in->n -= (size_t)n;
	return n;
}

static void
draw_gif(struct bare *b, const GifFileType *gif, int at)
{
	const SavedImage *s = &gif->SavedImages[at];
	const GifImageDesc *d = &s->ImageDesc;
	const ColorMapObject *map =
	    d->ColorMap != NULL ? d->ColorMap : gif->SColorMap;
	GraphicsControlBlock gcb = { .TransparentColor = -1 };
	uint8_t *to = frame(b, (unsigned)at);

	DGifSavedExtensionToGCB((GifFileType *)gif, at, &gcb);
	for (int y = 0; y < d->Height; y++)
		for (int x = 0; x < d->Width; x++) {
			int i = s->RasterBits[y * d->Width + x];
			uint8_t *c = to + (size_t)(d->Top + y) * stride(b) +
				     (size_t)(d->Left + x) * b->channels;

			if (i == gcb.TransparentColor)
				continue;
			c[0] = map->Colors[i].Red;
			c[1] = map->Colors[i].Green;
			c[2] = map->Colors[i].Blue;
			c[3] = 255;
		}
}

/* Each frame drawn over the one before. */
static void
decode_gif(struct bare *b, const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	GifFileType *gif = DGifOpen(&in, read_gif, NULL);

	if (gif == NULL || DGifSlurp(gif) != GIF_OK)
		exit(2);
	room(b, (uint32_t)gif->SWidth, (uint32_t)gif->SHeight, 4,
	    (unsigned)gif->ImageCount);
	memset(b->px, 0, stride(b) * b->height);
	for (int i = 0; i < gif->ImageCount; i++) {
		if (i > 0)
			memcpy(frame(b, (unsigned)i), frame(b, (unsigned)i - 1),
			    stride(b) * b->height);
		draw_gif(b, gif, i);
	}
	DGifCloseFile(gif, NULL);
}

static bool
decode(struct bare *b, const uint8_t *p, size_t n)
{
	switch (b->source.format) {
	case PD_IMAGE_JPEG:
		decode_jpeg(b, p, n);
		return true;
	case PD_IMAGE_PNG:
		if (b->source.animated)
			return false;
		decode_png(b, p, n);
		return true;
	case PD_IMAGE_GIF:
		decode_gif(b, p, n);
		return true;
	default:
		return false;
	}
}

/* --- Encoding --------------------------------------------------------------
 */

static void
encode_jpeg(struct bare *b, int quality)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr err;
	unsigned char *out = NULL;
	unsigned long n = 0;

	c.err = jpeg_std_error(&err);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out, &n);
	c.image_width = b->width;
	c.image_height = b->height;
	c.input_components = (int)b->channels;
	c.in_color_space = b->channels == 4 ? JCS_EXT_RGBX : JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, quality, TRUE);
	c.optimize_coding = TRUE;
	jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		JSAMPROW row = b->px + c.next_scanline * stride(b);

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	b->out = n;
	free(out);
}

static void
webp_config(const struct bare *b, WebPConfig *config)
{
	WebPConfigPreset(
	    config, WEBP_PRESET_DEFAULT, (float)b->set.quality_webp);
	config->method = b->set.method_webp;
	if (b->result.lossless)
		WebPConfigLosslessPreset(config, 2);
}

static void
import(const struct bare *b, WebPPicture *pic, unsigned at)
{
	WebPPictureInit(pic);
	pic->use_argb = b->result.lossless || b->frames > 1;
	pic->width = (int)b->width;
	pic->height = (int)b->height;
	if (!(b->channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB)(
		pic, frame(b, at), (int)stride(b)))
		exit(2);
}

static void
encode_webp(struct bare *b)
{
	WebPMemoryWriter writer;
	WebPConfig config;
	WebPPicture pic;

	webp_config(b, &config);
	import(b, &pic, 0);
	WebPMemoryWriterInit(&writer);
	pic.writer = WebPMemoryWrite;
	pic.custom_ptr = &writer;
	if (!WebPEncode(&config, &pic))
		exit(2);
	b->out = writer.size;
	WebPPictureFree(&pic);
	WebPMemoryWriterClear(&writer);
}

static void
encode_webp_frames(struct bare *b)
{
	WebPAnimEncoderOptions options;
	WebPAnimEncoder *enc;
	WebPConfig config;
	WebPData data;

	WebPAnimEncoderOptionsInit(&options);
	options.allow_mixed = 1;
	enc = WebPAnimEncoderNew((int)b->width, (int)b->height, &options);
	webp_config(b, &config);
	for (unsigned i = 0; i < b->frames; i++) {
		WebPPicture pic;

		import(b, &pic, i);
		if (!WebPAnimEncoderAdd(enc, &pic, (int)i * 100, &config))
			exit(2);
		WebPPictureFree(&pic);
	}
	WebPAnimEncoderAdd(enc, NULL, (int)b->frames * 100, NULL);
	if (!WebPAnimEncoderAssemble(enc, &data))
		exit(2);
	b->out = data.size;
	WebPDataClear(&data);
	WebPAnimEncoderDelete(enc);
}

static avifPixelFormat
avif_format(const uint8_t *result, size_t n)
{
	avifDecoder *dec = avifDecoderCreate();
	avifPixelFormat format = AVIF_PIXEL_FORMAT_YUV420;

	if (avifDecoderSetIOMemory(dec, result, n) == AVIF_RESULT_OK &&
	    avifDecoderParse(dec) == AVIF_RESULT_OK)
		format = dec->image->yuvFormat;
	avifDecoderDestroy(dec);
	return format;
}

static void
encode_avif(struct bare *b, avifPixelFormat format)
{
	avifEncoder *enc = avifEncoderCreate();
	avifRWData data = AVIF_DATA_EMPTY;

	enc->speed = b->set.speed_avif;
	enc->maxThreads = 1;
	enc->minQuantizer = enc->maxQuantizer = b->set.quantizer_avif;
	enc->minQuantizerAlpha = enc->maxQuantizerAlpha =
	    b->set.quantizer_alpha;
	enc->timescale = 1000;
	for (unsigned i = 0; i < b->frames; i++) {
		avifImage *image =
		    avifImageCreate(b->width, b->height, 8, format);
		avifRGBImage rgb;

		avifRGBImageSetDefaults(&rgb, image);
		rgb.format = b->channels == 4 ? AVIF_RGB_FORMAT_RGBA
					      : AVIF_RGB_FORMAT_RGB;
		rgb.pixels = frame(b, i);
		rgb.rowBytes = (uint32_t)stride(b);
		if (!b->result.alpha)
			rgb.ignoreAlpha = AVIF_TRUE;
		if (avifImageRGBToYUV(image, &rgb) != AVIF_RESULT_OK ||
		    avifEncoderAddImage(enc, image, 100,
			b->frames > 1
			    ? AVIF_ADD_IMAGE_FLAG_NONE
			    : AVIF_ADD_IMAGE_FLAG_SINGLE) != AVIF_RESULT_OK)
			exit(2);
		avifImageDestroy(image);
	}
	if (avifEncoderFinish(enc, &data) != AVIF_RESULT_OK)
		exit(2);
	b->out = data.size;
	avifRWDataFree(&data);
	avifEncoderDestroy(enc);
}

static void
encode_png(struct bare *b)
{
	png_image png = {
		.version = PNG_IMAGE_VERSION,
		.width = b->width,
		.height = b->height,
		.format = b->channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB,
	};
	png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(png);
	void *out = malloc(n);

	if (out == NULL ||
	    !png_image_write_to_memory(&png, out, &n, 0, b->px, 0, NULL))
		exit(2);
	b->out = n;
	free(out);
}

static void
encode(struct bare *b, avifPixelFormat format)
{
	switch (b->result.format) {
	case PD_IMAGE_JPEG:
		encode_jpeg(b, b->set.quality_jpeg);
		break;
	case PD_IMAGE_WEBP:
		if (b->frames > 1)
			encode_webp_frames(b);
		else
			encode_webp(b);
		break;
	case PD_IMAGE_AVIF:
		encode_avif(b, format);
		break;
	default:
		encode_png(b);
		break;
	}
}

/* --- A directory -----------------------------------------------------------
 */

struct run {
	const char *in_dir, *result_dir;
	struct pd_conf conf;
	enum pd_conf_level level;
	bool yardstick;
	int times;
	double ms, decode_ms, mp;
};

/* The settings of the plan for a client that takes what it became. */
static bool
plan_it(const struct run *r, struct bare *b, size_t n)
{
	bool avif = b->result.format == PD_IMAGE_AVIF;
	bool webp = avif || b->result.format == PD_IMAGE_WEBP;
	const struct pd_plan_wish wish = {
		.avif = avif ? 1000 : 0,
		.webp = webp ? 1000 : 0,
		.level = r->level,
		.pace = 100,
	};
	struct pd_plan plan;

	if (pd_plan_image(&b->source, n, &wish, &r->conf, &plan) != PD_PLAN_TRY)
		return false;
	b->set = plan.set;
	return true;
}

static void
measure(struct run *r, const char *name, struct bare *b, const uint8_t *p,
    size_t n, avifPixelFormat format)
{
	double best = 0, best_decode = 0;

	for (int i = 0; i < r->times; i++) {
		double start = cpu_ms(), decoded;

		if (!decode(b, p, n))
			return;
		decoded = cpu_ms();
		if (r->yardstick)
			encode_jpeg(b, 70);
		else
			encode(b, format);
		free(b->px);
		if (i == 0 || cpu_ms() - start < best) {
			best = cpu_ms() - start;
			best_decode = decoded - start;
		}
	}
	printf("%s\t%s\t%zu\t%.1f\t%.1f\n", name,
	    pd_image_type(b->result.format), b->out, best, best_decode);
	r->ms += best;
	r->decode_ms += best_decode;
	r->mp += (double)b->width * b->height * b->frames / 1e6;
}

static void
one_file(struct run *r, const char *name)
{
	struct bare b = { .out = 0 };
	size_t n, made;
	uint8_t *p = load(r->in_dir, name, &n);
	uint8_t *result = load(r->result_dir, name, &made);

	if (p != NULL && result != NULL && pd_sniff(p, n, &b.source) == 0 &&
	    pd_sniff(result, made, &b.result) == 0 &&
	    (r->yardstick ? b.source.format == PD_IMAGE_JPEG &&
				b.source.components != 4
			  : made != n && plan_it(r, &b, n)))
		measure(r, name, &b, p, n,
		    b.result.format == PD_IMAGE_AVIF
			? avif_format(result, made)
			: AVIF_PIXEL_FORMAT_YUV420);
	free(p);
	free(result);
}

static int
options(struct run *r, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "jl:n:")) != -1) {
		if (c == 'n')
			r->times = atoi(optarg);
		else if (c == 'j')
			r->yardstick = true;
		else if (c == 'l' && strcmp(optarg, "thin") == 0)
			r->level = PD_CONF_LEVEL_THIN;
		else if (c == 'l' && strcmp(optarg, "invisible") == 0)
			r->level = PD_CONF_LEVEL_INVISIBLE;
		else if (c != 'l')
			return -1;
	}
	return argc - optind == 2 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct run r = {
		.conf = {
			.process_jpg = true,
			.process_png = true,
			.process_gif = true,
			.image_pixels_max = 25000000,
			.image_ratio_max = 500,
			.image_memory_max = 512 << 20,
		},
		.level = PD_CONF_LEVEL_FINE,
		.times = 3,
	};
	struct dirent **names;
	int n;

	if (options(&r, argc, argv) != 0) {
		fprintf(stderr, "usage: see the top of codec_bare.c\n");
		return 2;
	}
	r.in_dir = argv[optind];
	r.result_dir = argv[optind + 1];
	n = scandir(r.in_dir, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			one_file(&r, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	printf("%.1f MP of frames, %.3f CPU s, %.3f of it to decode\n", r.mp,
	    r.ms / 1e3, r.decode_ms / 1e3);
	return 0;
}
