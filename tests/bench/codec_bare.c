/*
 * What the codecs alone take for pictures that pared-codec has made: each PNG
 * decoded to pixels and encoded once, by the plainest calls of libpng, libjpeg
 * and libwebp, into the format that it became, with the same settings.
 *
 *     codec_bare [-q JPEG] [-w WEBP] [-n N] IN_DIR RESULT_DIR
 *
 * RESULT_DIR is codec_dir's OUT_DIR. The quickest of N counts. One line a file:
 * name, format, bytes out, CPU ms, CPU ms a megapixel; then the sums.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include "filters/image/sniff.h"

#define PROGRESSIVE_PIXELS 300000
#define SMALL_PIXELS       40000

struct bare {
	int jpeg_quality, webp_quality;
	png_image png; /* of the file at hand */
	unsigned channels;
	uint8_t *px;
	size_t out; /* bytes of the result */
};

static uint8_t *
load(const char *dir, const char *name, size_t *n)
{
	static uint8_t bytes[32 << 20];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	*n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return bytes;
}

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
decode(struct bare *b, const uint8_t *p, size_t n)
{
	b->png = (png_image){ .version = PNG_IMAGE_VERSION };
	if (!png_image_begin_read_from_memory(&b->png, p, n))
		exit(2);
	b->channels = b->png.format & PNG_FORMAT_FLAG_ALPHA ? 4 : 3;
	b->png.format = b->channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
	b->px = malloc(PNG_IMAGE_SIZE(b->png));
	if (b->px == NULL ||
	    !png_image_finish_read(&b->png, NULL, b->px, 0, NULL))
		exit(2);
}

static void
encode_jpeg(struct bare *b)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr err;
	unsigned char *out = NULL;
	unsigned long n = 0;
	size_t pixels = (size_t)b->png.width * b->png.height;

	c.err = jpeg_std_error(&err);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out, &n);
	c.image_width = b->png.width;
	c.image_height = b->png.height;
	c.input_components = (int)b->channels;
	c.in_color_space = b->channels == 4 ? JCS_EXT_RGBX : JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, b->jpeg_quality, TRUE);
	c.optimize_coding = TRUE;
	if (pixels <= PROGRESSIVE_PIXELS)
		jpeg_simple_progression(&c);
	if (pixels < SMALL_PIXELS)
		c.comp_info[0].h_samp_factor = c.comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		JSAMPROW row = b->px + (size_t)c.next_scanline * b->png.width *
					   b->channels;

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	b->out = n;
	free(out);
}

/* Lossless: level 3, which is what pictures of few colours are made with. */
static void
encode_webp(struct bare *b, bool lossless)
{
	WebPMemoryWriter writer;
	WebPConfig config;
	WebPPicture pic;
	size_t pixels = (size_t)b->png.width * b->png.height;
	int stride = (int)(b->png.width * b->channels);

	WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, (float)b->webp_quality);
	config.method = pixels <= SMALL_PIXELS ? 4 : 2;
	if (lossless)
		WebPConfigLosslessPreset(&config, 3);
	WebPPictureInit(&pic);
	pic.use_argb = lossless;
	pic.width = (int)b->png.width;
	pic.height = (int)b->png.height;
	WebPMemoryWriterInit(&writer);
	pic.writer = WebPMemoryWrite;
	pic.custom_ptr = &writer;
	if (!(b->channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB)(
		&pic, b->px, stride) ||
	    !WebPEncode(&config, &pic))
		exit(2);
	b->out = writer.size;
	WebPPictureFree(&pic);
	WebPMemoryWriterClear(&writer);
}

static void
encode_png(struct bare *b)
{
	png_image png = b->png;
	png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(png);
	void *out = malloc(n);

	if (out == NULL ||
	    !png_image_write_to_memory(&png, out, &n, 0, b->px, 0, NULL))
		exit(2);
	b->out = n;
	free(out);
}

static double
once(struct bare *b, const uint8_t *p, size_t n, enum pd_image_format to,
    bool lossless)
{
	double before = cpu_ms();

	decode(b, p, n);
	if (to == PD_IMAGE_JPEG)
		encode_jpeg(b);
	else if (to == PD_IMAGE_WEBP)
		encode_webp(b, lossless);
	else
		encode_png(b);
	free(b->px);
	return cpu_ms() - before;
}

/* Returns CPU ms, or 0 when the file is no PNG or stayed as it was. */
static double
one_file(struct bare *b, const char *in, const char *results, const char *name,
    int times)
{
	size_t n;
	const uint8_t *p = load(results, name, &n);
	enum pd_image_format to = p != NULL ? pd_sniff_format(p, n) : 0;
	bool lossless = p != NULL && n > 16 && memcmp(p + 12, "VP8L", 4) == 0;
	size_t made = n;
	double best = 0, mp;

	p = load(in, name, &n);
	if (p == NULL || to == PD_IMAGE_NONE || made == n ||
	    pd_sniff_format(p, n) != PD_IMAGE_PNG)
		return 0;
	for (int i = 0; i < times; i++) {
		double ms = once(b, p, n, to, lossless);

		if (i == 0 || ms < best)
			best = ms;
	}
	mp = (double)b->png.width * b->png.height / 1e6;
	printf("%s\t%s\t%zu\t%.1f\t%.1f\n", name, pd_image_type(to), b->out,
	    best, best / mp);
	return best;
}

int
main(int argc, char **argv)
{
	struct bare b = { .jpeg_quality = 76, .webp_quality = 78 };
	struct dirent **names;
	double ms = 0, mp = 0;
	int c, n, times = 3;

	while ((c = getopt(argc, argv, "n:q:w:")) != -1) {
		if (c == 'n')
			times = atoi(optarg);
		else if (c == 'q')
			b.jpeg_quality = atoi(optarg);
		else if (c == 'w')
			b.webp_quality = atoi(optarg);
		else
			return 2;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: see the top of codec_bare.c\n");
		return 2;
	}
	n = scandir(argv[optind], &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		double one = one_file(&b, argv[optind], argv[optind + 1],
		    names[i]->d_name, times);

		ms += one;
		if (one > 0)
			mp += (double)b.png.width * b.png.height / 1e6;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	printf("%.1f MP, %.3f CPU s, %.1f ms/MP\n", mp, ms / 1e3,
	    mp > 0 ? ms / mp : 0);
	return 0;
}
