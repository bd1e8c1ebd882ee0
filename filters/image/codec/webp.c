#include "filters/image/codec/webp.h"

#include <string.h>

#include <webp/encode.h>

#include "filters/image/codec/bytes.h"

/* Flatness (pixels.h) from which it is a drawing: see pd_webp_lossy(). */
#define DRAWING_FLAT 20

struct job {
	const struct pd_job_ask *ask;
	struct pd_codec_out *out;
	enum pd_job_status status; /* why it was broken off */
};

static int
write_bytes(const uint8_t *p, size_t n, const WebPPicture *pic)
{
	struct job *job = pic->custom_ptr;

	job->status = pd_codec_out_add(job->out, p, n);
	return job->status == PD_JOB_DONE;
}

static int
on_progress(int percent, const WebPPicture *pic)
{
	struct job *job = pic->user_data;

	(void)percent;
	if (!pd_codec_late(job->ask))
		return 1;
	job->status = PD_JOB_LATE;
	return 0;
}

static int
start(WebPPicture *pic, struct job *job, uint32_t width, uint32_t height)
{
	if (!WebPPictureInit(pic))
		return -1;
	pic->width = (int)width;
	pic->height = (int)height;
	pic->writer = write_bytes;
	pic->custom_ptr = job;
	pic->progress_hook = on_progress;
	pic->user_data = job;
	job->out->n = 0;
	return 0;
}

static enum pd_job_status
encode(const WebPConfig *config, WebPPicture *pic, struct job *job)
{
	job->status = PD_JOB_DONE;
	if (WebPEncode(config, pic))
		return PD_JOB_DONE;
	if (job->status != PD_JOB_DONE)
		return job->status;
	return pic->error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
		       pic->error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY
		   ? PD_JOB_MEMORY
		   : PD_JOB_BAD;
}

/* --- The profile (WebP container: VP8X, ICCP) ------------------------------
 */

#define FLAG_ICC   0x20
#define FLAG_ALPHA 0x10
#define HEAD       12 /* "RIFF", length, "WEBP" */
#define CHUNK_HEAD 8
#define VP8X_LEN   10

/* Puts the profile into what the encoder made: into its extended header, or
 * under a new one. */
static enum pd_job_status
embed_icc(struct pd_codec_out *out, uint32_t width, uint32_t height, bool alpha,
    const uint8_t *icc, size_t icc_len)
{
	bool extended = memcmp(out->p + HEAD, "VP8X", 4) == 0;
	size_t at = extended ? HEAD + CHUNK_HEAD + VP8X_LEN : HEAD;
	size_t head = extended ? 0 : CHUNK_HEAD + VP8X_LEN;
	size_t padded = (icc_len + 1) & ~(size_t)1;
	size_t more = head + CHUNK_HEAD + padded, n = out->n;
	uint8_t *p;

	if (more > out->max - n)
		return PD_JOB_LARGER;
	/* Grows it; the bytes are moved into their place below. */
	while (out->n < n + more) {
		static const uint8_t zeros[64];
		size_t left = n + more - out->n;
		enum pd_job_status status = pd_codec_out_add(
		    out, zeros, left < sizeof(zeros) ? left : sizeof(zeros));

		if (status != PD_JOB_DONE)
			return status;
	}
	p = out->p;
	memmove(p + at + more, p + at, n - at);
	if (extended) {
		p[HEAD + CHUNK_HEAD] |= FLAG_ICC;
	} else {
		memcpy(p + at, "VP8X", 4);
		pd_bytes_put32le(p + at + 4, VP8X_LEN);
		memset(p + at + CHUNK_HEAD, 0, VP8X_LEN);
		p[at + CHUNK_HEAD] = FLAG_ICC | (alpha ? FLAG_ALPHA : 0);
		pd_bytes_put24le(p + at + CHUNK_HEAD + 4, width - 1);
		pd_bytes_put24le(p + at + CHUNK_HEAD + 7, height - 1);
		at += head;
	}
	memcpy(p + at, "ICCP", 4);
	pd_bytes_put32le(p + at + 4, (uint32_t)icc_len);
	memcpy(p + at + CHUNK_HEAD, icc, icc_len);
	memset(p + at + CHUNK_HEAD + icc_len, 0, padded - icc_len);
	pd_bytes_put32le(p + 4, (uint32_t)(out->n - 8));
	return PD_JOB_DONE;
}

/* --- Encoding --------------------------------------------------------------
 */

static int
lossy_config(WebPConfig *config, const struct pd_job_ask *ask, unsigned quality)
{
	if (!WebPConfigPreset(config, WEBP_PRESET_DEFAULT, (float)quality))
		return -1;
	config->method = ask->set.method_webp;
	return 0;
}

enum pd_job_status
pd_webp_planes(const struct pd_planes *pl, const struct pd_job_ask *ask,
    unsigned quality, const uint8_t *icc, size_t icc_len,
    struct pd_codec_out *out)
{
	struct job job = { .ask = ask, .out = out };
	WebPConfig config;
	WebPPicture pic;
	enum pd_job_status status;

	if (start(&pic, &job, pl->width, pl->height) != 0 ||
	    lossy_config(&config, ask, quality) != 0)
		return PD_JOB_MEMORY;
	/* The planes stay ours: nothing is imported, nothing is freed. */
	pic.colorspace = WEBP_YUV420;
	pic.y = pl->y;
	pic.u = pl->u;
	pic.v = pl->v;
	pic.y_stride = (int)pl->y_stride;
	pic.uv_stride = (int)pl->uv_stride;
	status = encode(&config, &pic, &job);
	WebPPictureFree(&pic);
	if (status == PD_JOB_DONE && icc != NULL)
		status =
		    embed_icc(out, pl->width, pl->height, false, icc, icc_len);
	return status;
}

/* Imports px, encodes, embeds. */
static enum pd_job_status
encode_pixels(const struct pd_pixels *px, WebPConfig *config, WebPPicture *pic,
    struct job *job)
{
	bool alpha = px->channels == 4;
	int ok;
	enum pd_job_status status;

	ok = alpha ? WebPPictureImportRGBA(pic, px->p, (int)px->stride)
		   : WebPPictureImportRGB(pic, px->p, (int)px->stride);
	if (ok)
		status = encode(config, pic, job);
	else
		status = PD_JOB_MEMORY;
	WebPPictureFree(pic);
	if (status == PD_JOB_DONE && px->icc != NULL)
		status = embed_icc(job->out, px->width, px->height, alpha,
		    px->icc, px->icc_len);
	return status;
}

/*
 * Whether colour is to be halved with care for the edges that it will have
 * next to full lightness. It takes as long as method 4 again. Drawings and
 * screens gain 3 to 5 points of score for 5 % of the bytes; photographs 1.4,
 * which as many bytes by quality give, too; small pictures are where it shows,
 * and cost nothing.
 */
static bool
wants_sharp(const struct pd_pixels *px, const struct pd_job_ask *ask)
{
	if (ask->set.chroma != PD_JOB_CHROMA_AUTO)
		return ask->set.chroma == PD_JOB_CHROMA_FULL;
	return (uint64_t)px->width * px->height < PD_JOB_SMALL_PIXELS ||
	       pd_pixels_flat(px) >= DRAWING_FLAT;
}

enum pd_job_status
pd_webp_lossy(const struct pd_pixels *px, const struct pd_job_ask *ask,
    unsigned quality, struct pd_codec_out *out)
{
	struct job job = { .ask = ask, .out = out };
	WebPConfig config;
	WebPPicture pic;

	if (start(&pic, &job, px->width, px->height) != 0 ||
	    lossy_config(&config, ask, quality) != 0)
		return PD_JOB_MEMORY;
	if (wants_sharp(px, ask)) {
		config.use_sharp_yuv = 1;
		pic.use_argb = 1;
	}
	return encode_pixels(px, &config, &pic, &job);
}

enum pd_job_status
pd_webp_lossless(const struct pd_pixels *px, const struct pd_job_ask *ask,
    unsigned effort, struct pd_codec_out *out)
{
	struct job job = { .ask = ask, .out = out };
	WebPConfig config;
	WebPPicture pic;

	if (start(&pic, &job, px->width, px->height) != 0 ||
	    !WebPConfigInit(&config) ||
	    !WebPConfigLosslessPreset(&config, (int)effort))
		return PD_JOB_MEMORY;
	pic.use_argb = 1;
	return encode_pixels(px, &config, &pic, &job);
}
