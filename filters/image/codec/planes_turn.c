#include "filters/image/codec/planes_turn.h"

#include <stddef.h>

/* One plane as it lies, or is to lie. */
struct plane {
	uint8_t *p;
	size_t stride, width, height;
};

/*
 * EXIF's eight are a transposition (5 and above) of the four that mirror. Where
 * the new picture's origin lies in the old one, and which way its axes run
 * there (EXIF 2.3, 4.6.4).
 */
static void
turn_plane(
    const struct plane *from, const struct plane *to, unsigned orientation)
{
	bool swap = orientation >= 5;
	bool right = orientation == 2 || orientation == 3 || orientation == 7 ||
		     orientation == 8;
	bool bottom = orientation == 3 || orientation == 4 ||
		      orientation == 6 || orientation == 7;
	ptrdiff_t step_x = right ? -1 : 1;
	ptrdiff_t step_y =
	    bottom ? -(ptrdiff_t)from->stride : (ptrdiff_t)from->stride;
	const uint8_t *origin =
	    from->p + (right ? from->width - 1 : 0) +
	    (bottom ? (from->height - 1) * from->stride : 0);

	for (size_t y = 0; y < to->height; y++) {
		const uint8_t *p =
		    origin + (ptrdiff_t)y * (swap ? step_x : step_y);
		ptrdiff_t step = swap ? step_y : step_x;
		uint8_t *row = to->p + y * to->stride;

		for (size_t x = 0; x < to->width; x++, p += step)
			row[x] = *p;
	}
}

static struct plane
luma(const struct pd_planes *pl)
{
	return (struct plane){ pl->y, pl->y_stride, pl->width, pl->height };
}

static struct plane
chroma(const struct pd_planes *pl, uint8_t *p)
{
	return (struct plane){ p, pl->uv_stride,
		((size_t)pl->width + pl->shift_x) >> pl->shift_x,
		((size_t)pl->height + pl->shift_y) >> pl->shift_y };
}

int
pd_planes_turn(struct pd_planes *pl, unsigned orientation)
{
	bool swap = orientation >= 5;
	struct plane from[3] = { luma(pl), chroma(pl, pl->u),
		chroma(pl, pl->v) };
	struct plane to[3];
	struct pd_planes turned;

	if (orientation <= 1 || orientation > 8)
		return 0;
	if (pd_planes_init(&turned, swap ? pl->height : pl->width,
		swap ? pl->width : pl->height, swap ? pl->shift_y : pl->shift_x,
		swap ? pl->shift_x : pl->shift_y) != 0)
		return -1;
	turned.full_range = pl->full_range;
	turned.grey = pl->grey;
	to[0] = luma(&turned);
	to[1] = chroma(&turned, turned.u);
	to[2] = chroma(&turned, turned.v);
	for (size_t i = 0; i < 3; i++)
		turn_plane(&from[i], &to[i], orientation);
	pd_planes_finish(pl);
	*pl = turned;
	return 0;
}
