#include "filters/image/codec/planes_half.h"

/* From width x height samples in rows of stride to half of both, in rows of
 * less; at an odd edge the last counts twice. */
static void
halve(uint8_t *p, size_t stride, size_t width, size_t height, size_t less)
{
	for (size_t y = 0; y < height; y += 2) {
		const uint8_t *a = p + y * stride;
		const uint8_t *b = y + 1 < height ? a + stride : a;
		uint8_t *to = p + y / 2 * less;

		for (size_t x = 0; x < width; x += 2) {
			size_t next = x + 1 < width ? x + 1 : x;

			to[x / 2] =
			    (uint8_t)((a[x] + a[next] + b[x] + b[next] + 2) /
				      4);
		}
	}
}

void
pd_planes_half(struct pd_planes *pl)
{
	size_t less = ((size_t)pl->width + 1) / 2;

	if (pl->shift_x != 0 || pl->shift_y != 0)
		return;
	halve(pl->u, pl->uv_stride, pl->width, pl->height, less);
	halve(pl->v, pl->uv_stride, pl->width, pl->height, less);
	pl->uv_stride = less;
	pl->shift_x = pl->shift_y = 1;
}
