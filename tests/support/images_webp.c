#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include "images_part.h"

static int
quality(const struct image_want *w)
{
	return w->quality > 0 ? (int)w->quality : 92;
}

/* Adds the profile and the orientation, which takes a container around. */
static struct image_bytes
with_chunks(const struct image_want *w, struct image_bytes plain)
{
	WebPData all, data = { plain.p, plain.n };
	WebPMux *mux = WebPMuxCreate(&data, 1);
	struct image_bytes out;

	if (w->icc != NULL) {
		WebPData icc = { w->icc, w->icc_len };

		WebPMuxSetChunk(mux, "ICCP", &icc, 1);
	}
	if (w->orientation > 0) {
		uint8_t tiff[TIFF_LEN];
		WebPData exif = { tiff, sizeof(tiff) };

		write_tiff(tiff, w->orientation);
		WebPMuxSetChunk(mux, "EXIF", &exif, 1);
	}
	WebPMuxAssemble(mux, &all);
	WebPMuxDelete(mux);
	out.n = all.size;
	out.p = malloc(all.size);
	memcpy(out.p, all.bytes, all.size);
	WebPDataClear(&all);
	free(plain.p);
	return out;
}

struct image_bytes
make_webp(const struct image_want *w, bool lossless)
{
	uint8_t *rgba = image_pixels(w, 0), *p;
	int width = (int)w->width, height = (int)w->height;
	struct image_bytes out;

	if (lossless)
		out.n =
		    WebPEncodeLosslessRGBA(rgba, width, height, width * 4, &p);
	else
		out.n = WebPEncodeRGBA(
		    rgba, width, height, width * 4, (float)quality(w), &p);
	out.p = malloc(out.n);
	memcpy(out.p, p, out.n);
	WebPFree(p);
	free(rgba);
	return w->icc != NULL || w->orientation > 0 ? with_chunks(w, out) : out;
}

struct image_bytes
make_webp_anim(const struct image_want *w, unsigned frames)
{
	WebPAnimEncoderOptions options;
	WebPAnimEncoder *encoder;
	WebPConfig config;
	WebPData data;
	struct image_bytes out;

	WebPAnimEncoderOptionsInit(&options);
	options.allow_mixed = 1;
	encoder = WebPAnimEncoderNew((int)w->width, (int)w->height, &options);
	WebPConfigInit(&config);
	config.quality = (float)quality(w);
	config.method = 1;
	for (unsigned f = 0; f < frames; f++) {
		uint8_t *rgba = image_pixels(w, f);
		WebPPicture picture;

		WebPPictureInit(&picture);
		picture.use_argb = 1;
		picture.width = (int)w->width;
		picture.height = (int)w->height;
		WebPPictureImportRGBA(&picture, rgba, (int)w->width * 4);
		WebPAnimEncoderAdd(encoder, &picture, (int)f * 100, &config);
		WebPPictureFree(&picture);
		free(rgba);
	}
	WebPAnimEncoderAdd(encoder, NULL, (int)frames * 100, NULL);
	WebPAnimEncoderAssemble(encoder, &data);
	WebPAnimEncoderDelete(encoder);
	out.n = data.size;
	out.p = malloc(data.size);
	memcpy(out.p, data.bytes, data.size);
	WebPDataClear(&data);
	return w->icc != NULL || w->orientation > 0 ? with_chunks(w, out) : out;
}

/* The decoder of animations reads stills, too. */
uint8_t *
decode_webp(const uint8_t *p, size_t n, unsigned *width, unsigned *height)
{
	WebPData data = { p, n };
	WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, NULL);
	WebPAnimInfo info;
	uint8_t *frame, *out = NULL;
	int at;

	if (decoder != NULL && WebPAnimDecoderGetInfo(decoder, &info) &&
	    WebPAnimDecoderGetNext(decoder, &frame, &at)) {
		size_t len = (size_t)info.canvas_width * info.canvas_height * 4;

		*width = info.canvas_width;
		*height = info.canvas_height;
		out = malloc(len);
		memcpy(out, frame, len);
	}
	WebPAnimDecoderDelete(decoder);
	return out;
}
