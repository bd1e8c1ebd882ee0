#include "filters/image/codec/gif.h"

#include <string.h>

#include <gif_lib.h>

struct input {
	const uint8_t *p;
	size_t n;
};

static int
read_bytes(GifFileType *gif, GifByteType *to, int n)
{
	struct input *in = gif->UserData;

	if (n < 0)
		return 0;
	if ((size_t)n > in->n)
		n = (int)in->n;
	memcpy(to, in->p, (size_t)n);
	in->p += n;
	in->n -= (size_t)n;
	return n;
}

/* A colour for each index; transparent ones are zero. -1: an index is used
 * that has none. */
static int
draw(const SavedImage *picture, const ColorMapObject *map, int transparent,
    struct pd_pixels *px)
{
	const GifImageDesc *d = &picture->ImageDesc;
	const GifByteType *from = picture->RasterBits;

	for (int y = 0; y < d->Height; y++) {
		uint8_t *to = px->p + (size_t)(d->Top + y) * px->stride +
			      (size_t)d->Left * px->channels;

		for (int x = 0; x < d->Width; x++, to += px->channels) {
			int i = *from++;

			if (i == transparent)
				continue;
			if (i >= map->ColorCount)
				return -1;
			to[0] = map->Colors[i].Red;
			to[1] = map->Colors[i].Green;
			to[2] = map->Colors[i].Blue;
			if (px->channels == 4)
				to[3] = 255;
		}
	}
	return 0;
}

static enum pd_job_status
paint(GifFileType *gif, struct pd_pixels *px)
{
	const SavedImage *picture = gif->SavedImages;
	const GifImageDesc *d = &picture->ImageDesc;
	const ColorMapObject *map =
	    d->ColorMap != NULL ? d->ColorMap : gif->SColorMap;
	GraphicsControlBlock gcb;
	int transparent = -1;
	bool covers;

	if (map == NULL || d->Left < 0 || d->Top < 0 || d->Width < 1 ||
	    d->Height < 1 || d->Left > gif->SWidth - d->Width ||
	    d->Top > gif->SHeight - d->Height)
		return PD_JOB_UNSUPPORTED;
	if (DGifSavedExtensionToGCB(gif, 0, &gcb) == GIF_OK)
		transparent = gcb.TransparentColor;
	covers = d->Width == gif->SWidth && d->Height == gif->SHeight;
	if (pd_pixels_init(px, (uint32_t)gif->SWidth, (uint32_t)gif->SHeight,
		covers && transparent < 0 ? 3 : 4) != 0)
		return PD_JOB_MEMORY;
	/* What is not painted is transparent, as every browser has it. */
	if (px->channels == 4)
		memset(px->p, 0, px->stride * px->height);
	return draw(picture, map, transparent, px) == 0 ? PD_JOB_DONE
							: PD_JOB_BAD;
}

enum pd_job_status
pd_gif_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px)
{
	struct input input = { .p = in, .n = ask->in_len };
	GifFileType *gif = DGifOpen(&input, read_bytes, NULL);
	enum pd_job_status status = PD_JOB_BAD;

	*px = (struct pd_pixels){ .p = NULL };
	if (gif == NULL)
		return PD_JOB_BAD;
	if (gif->SWidth < 1 || gif->SHeight < 1 ||
	    (uint32_t)gif->SWidth != ask->width ||
	    (uint32_t)gif->SHeight != ask->height)
		goto close_gif;
	/* Undoes the interlacing, too. The sniffing counted the pictures, so
	 * that this is not the way to more memory than one of them needs. */
	if (DGifSlurp(gif) != GIF_OK)
		goto close_gif;
	if (gif->ImageCount != 1)
		status = PD_JOB_UNSUPPORTED;
	else
		status = paint(gif, px);
close_gif:
	DGifCloseFile(gif, NULL);
	return status;
}
