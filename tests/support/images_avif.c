#include <avif/avif.h>
#include <stdlib.h>
#include <string.h>

#include "images_part.h"

/* irot turns anticlockwise by quarters, then imir exchanges top and bottom
 * (0) or left and right (1). */
static void
set_turn(avifImage *image, unsigned orientation)
{
	static const struct {
		uint8_t angle;
		int8_t mirror; /* -1: none */
	} turns[9] = { { 0, -1 }, { 0, -1 }, { 0, 1 }, { 2, -1 }, { 0, 0 },
		{ 1, 0 }, { 3, -1 }, { 1, 1 }, { 1, -1 } };

	image->irot.angle = turns[orientation].angle;
	if (image->irot.angle != 0)
		image->transformFlags |= AVIF_TRANSFORM_IROT;
	if (turns[orientation].mirror >= 0) {
		image->imir.mode = (uint8_t)turns[orientation].mirror;
		image->transformFlags |= AVIF_TRANSFORM_IMIR;
	}
}

static avifImage *
frame_image(const struct image_want *w, unsigned frame)
{
	avifImage *image = avifImageCreate((int)w->width, (int)w->height, 8,
	    w->grey     ? AVIF_PIXEL_FORMAT_YUV400
	    : w->h == 1 ? AVIF_PIXEL_FORMAT_YUV444
			: AVIF_PIXEL_FORMAT_YUV420);
	uint8_t *rgba = image_pixels(w, frame);
	avifRGBImage rgb;

	image->colorPrimaries =
	    w->p3 ? AVIF_COLOR_PRIMARIES_SMPTE432 : AVIF_COLOR_PRIMARIES_BT709;
	image->transferCharacteristics = AVIF_TRANSFER_CHARACTERISTICS_SRGB;
	image->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_BT601;
	if (w->icc != NULL)
		avifImageSetProfileICC(image, w->icc, w->icc_len);
	set_turn(image, w->orientation);
	avifRGBImageSetDefaults(&rgb, image);
	rgb.depth = 8;
	rgb.format = AVIF_RGB_FORMAT_RGBA;
	rgb.ignoreAlpha = !w->alpha;
	rgb.pixels = rgba;
	rgb.rowBytes = w->width * 4;
	avifImageRGBToYUV(image, &rgb);
	free(rgba);
	return image;
}

static struct image_bytes
encode(const struct image_want *w, unsigned frames, avifAddImageFlags flags)
{
	avifEncoder *encoder = avifEncoderCreate();
	unsigned quality = w->quality > 0 ? w->quality : 92;
	avifRWData data = AVIF_DATA_EMPTY;
	struct image_bytes out;

	encoder->speed = 10;
	encoder->maxThreads = 1;
	encoder->timescale = 1000;
	encoder->minQuantizer = encoder->maxQuantizer =
	    (int)((100 - quality) * 63 / 100);
	encoder->minQuantizerAlpha = encoder->maxQuantizerAlpha = 0;
	for (unsigned f = 0; f < frames; f++) {
		avifImage *image = frame_image(w, f);

		avifEncoderAddImage(encoder, image, 100, flags);
		avifImageDestroy(image);
	}
	avifEncoderFinish(encoder, &data);
	avifEncoderDestroy(encoder);
	out.n = data.size;
	out.p = malloc(data.size);
	memcpy(out.p, data.data, data.size);
	avifRWDataFree(&data);
	return out;
}

struct image_bytes
make_avif(const struct image_want *w)
{
	return encode(w, 1, AVIF_ADD_IMAGE_FLAG_SINGLE);
}

struct image_bytes
make_avif_seq(const struct image_want *w, unsigned frames)
{
	return encode(w, frames, AVIF_ADD_IMAGE_FLAG_NONE);
}

uint8_t *
decode_avif(const uint8_t *p, size_t n, unsigned *width, unsigned *height)
{
	avifDecoder *decoder = avifDecoderCreate();
	uint8_t *out = NULL;
	avifRGBImage rgb;

	decoder->maxThreads = 1;
	if (avifDecoderSetIOMemory(decoder, p, n) == AVIF_RESULT_OK &&
	    avifDecoderParse(decoder) == AVIF_RESULT_OK &&
	    avifDecoderNextImage(decoder) == AVIF_RESULT_OK) {
		*width = decoder->image->width;
		*height = decoder->image->height;
		out = malloc((size_t)*width * *height * 4);
		avifRGBImageSetDefaults(&rgb, decoder->image);
		rgb.depth = 8;
		rgb.format = AVIF_RGB_FORMAT_RGBA;
		rgb.pixels = out;
		rgb.rowBytes = *width * 4;
		avifImageYUVToRGB(decoder->image, &rgb);
	}
	avifDecoderDestroy(decoder);
	return out;
}
