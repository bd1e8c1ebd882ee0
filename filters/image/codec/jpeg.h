/*
 * JPEG in and out, over libjpeg-turbo. A picture that is read stays open
 * between its header and its pixels, so that the way through can be chosen in
 * between: coefficients, planes or pixels, whichever does least work.
 *
 * A warning of the library about corrupt data is an error here: what a viewer
 * would half show is not ours to freeze.
 */
#ifndef PD_JPEG_H
#define PD_JPEG_H

#include "filters/image/codec/codec.h"
#include "filters/image/codec/pixels.h"
#include "filters/image/codec/planes.h"

struct pd_jpeg;

/* What a result is to be like. */
struct pd_jpeg_params {
	unsigned quality; /* 1..100: looks as libjpeg's does at it */
	bool progressive;
	bool full_chroma;   /* 4:4:4, else 4:2:0; pd_jpeg_encode() alone */
	bool grey;          /* RGB without colour becomes one plane */
	const uint8_t *icc; /* to embed; NULL for none */
	size_t icc_len;
};

/* Reads the header. in is borrowed until the end. */
enum pd_job_status pd_jpeg_open(
    struct pd_jpeg **out, const struct pd_job_ask *ask, const uint8_t *in);
void pd_jpeg_close(struct pd_jpeg *j);

unsigned pd_jpeg_channels(const struct pd_jpeg *j); /* 1, 3 or 4 */
/* YCbCr or grey, coded as usual: the direct ways below are open. */
bool pd_jpeg_is_plain(const struct pd_jpeg *j);
/* Colour is stored at full resolution. */
bool pd_jpeg_is_444(const struct pd_jpeg *j);
/* pd_jpeg_planes() can read it. */
bool pd_jpeg_has_planes(const struct pd_jpeg *j);
bool pd_jpeg_is_adobe(const struct pd_jpeg *j);
/* The embedded profile, to be freed, or *icc NULL. BAD when it is torn. */
enum pd_job_status pd_jpeg_icc(struct pd_jpeg *j, uint8_t **icc, size_t *len);

/*
 * pd_jpeg_pixels() will give a smaller picture: of libjpeg's sizes, which are
 * eighths, the smallest at least this wide. Its planes cannot be had then. The
 * decoder does less for it, and colour needs no doubling up to a half.
 */
void pd_jpeg_scale(struct pd_jpeg *j, uint32_t width);

/* After one of these the picture is used up. */

/* As RGB, CMYK as four channels, grey as one if the result may be a JPEG. px
 * needs finish in any case. */
enum pd_job_status pd_jpeg_pixels(struct pd_jpeg *j, struct pd_pixels *px);
/* What pd_jpeg_planes() is to make. */
enum pd_jpeg_planes_want {
	PD_JPEG_PLANES_WEBP, /* 4:2:0, limited range */
	PD_JPEG_PLANES_HALF, /* 4:2:0, full range */
	PD_JPEG_PLANES_OWN,  /* the file's sampling, full range; 4:4:0 as 4:4:4
			      */
};
/* grey: without colour. pl needs finish in any case. */
enum pd_job_status pd_jpeg_planes(struct pd_jpeg *j,
    enum pd_jpeg_planes_want want, bool grey, struct pd_planes *pl);
/* The same coefficients with better Huffman tables, without metadata. */
enum pd_job_status pd_jpeg_rewrite(struct pd_jpeg *j,
    const struct pd_jpeg_params *params, struct pd_codec_out *out);
/*
 * To a coarser JPEG without ever leaving its coefficients, on its own grid; of
 * 4:4:4 the colour is halved unless the picture is small. grey: without colour.
 * UNSUPPORTED unless it is plain.
 */
enum pd_job_status pd_jpeg_requantise(struct pd_jpeg *j, bool grey,
    const struct pd_jpeg_params *params, struct pd_codec_out *out);

/* Grey or RGB. */
enum pd_job_status
pd_jpeg_encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_jpeg_params *params, struct pd_codec_out *out);

#endif
