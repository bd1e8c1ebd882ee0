/*
 * The decision table: what becomes of which kind of image, for which client.
 *
 * Where a cell allows two formats, pared-codec settles it by the pixels: flat
 * art is smaller without loss, a photograph with it.
 *
 * A JPEG made coarser on its own grid beats WebP of the same score at every
 * quality, in half the time (percent left of 60 photographs at a score of 72:
 * of sources of quality 63 to 80, 55 to 68; 81 to 90, 45 to 50; above, 27 to
 * 28). AVIF leaves 42 and 25 of the latter two; of the first 56, and more the
 * better the score is to be. So WebP is for JPEGs whose samples change anyway.
 */
#include "filters/image/plan_part.h"

#define AVIF  PD_JOB_AVIF
#define LOSSY PD_JOB_WEBP_LOSSY
#define EXACT PD_JOB_WEBP_LOSSLESS
#define JPEG  PD_JOB_JPEG
#define PNG   PD_JOB_PNG
#define SAME  PD_JOB_REWRITE
#define MIXED (PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS)

/* One cell for every client. */
#define ALL(outputs, why)                                             \
	{                                                             \
		{ outputs, why }, { outputs, why }, { outputs, why }, \
		    { outputs, why },                                 \
	}

/* clang-format off */
static const struct pd_plan_row rows[PD_PLAN_KINDS] = {
/* Clients, from the left: AVIF and WebP, AVIF alone, WebP alone, neither. */
[PD_PLAN_GAIN_MAP] = { 0, ALL(0, "a gain map") },
[PD_PLAN_ANIMATION] = { PD_PLAN_LOSS_ANIMATION, {
	{ AVIF | MIXED, "an animation, to AVIF or WebP" },
	{ AVIF,         "an animation, to AVIF" },
	{ MIXED,        "an animation, to WebP" },
	{ 0,            "an animation, and only GIF to answer with" } } },
[PD_PLAN_ANIMATION_WEBP] = { PD_PLAN_LOSS_ANIMATION, {
	{ AVIF,         "an animated WebP, to AVIF" },
	{ AVIF,         "an animated WebP, to AVIF" },
	{ 0,            "an animated WebP" },
	{ 0,            "an animated WebP" } } },
[PD_PLAN_ANIMATION_AVIF] = { 0, ALL(0, "an animated AVIF") },
[PD_PLAN_JPEG_ICON] = { 0, ALL(SAME, "an icon, its samples kept") },
[PD_PLAN_ICON] = { 0, {
	{ EXACT,        "an icon, to WebP without loss" },
	{ PNG,          "an icon, to PNG" },
	{ EXACT,        "an icon, to WebP without loss" },
	{ PNG,          "an icon, to PNG" } } },
[PD_PLAN_JPEG_SPENT] = { 0,
	ALL(SAME, "a JPEG as coarse as ours, its samples kept") },
[PD_PLAN_JPEG_COARSE] = { PD_PLAN_LOSS_COARSE, {
	{ AVIF,         "a coarse JPEG, to AVIF" },
	{ AVIF,         "a coarse JPEG, to AVIF" },
	{ SAME,         "a coarse JPEG, its samples kept" },
	{ SAME,         "a coarse JPEG, its samples kept" } } },
[PD_PLAN_JPEG_PIXELS] = { PD_PLAN_LOSS_JPEG, {
	{ AVIF,         "a photograph that changes its shape, to AVIF" },
	{ AVIF,         "a photograph that changes its shape, to AVIF" },
	{ LOSSY,        "a photograph that changes its shape, to WebP" },
	{ JPEG,         "a photograph that changes its shape, to JPEG" } } },
[PD_PLAN_JPEG_SMALL] = { PD_PLAN_LOSS_SMALL, {
	{ AVIF,         "a thumbnail, to AVIF" },
	{ AVIF,         "a thumbnail, to AVIF" },
	{ JPEG,         "a thumbnail, to a coarser JPEG" },
	{ JPEG,         "a thumbnail, to a coarser JPEG" } } },
[PD_PLAN_JPEG_WORN] = { PD_PLAN_LOSS_WORN,
	ALL(JPEG, "a photograph of middling quality, to a coarser JPEG") },
[PD_PLAN_JPEG] = { PD_PLAN_LOSS_JPEG, {
	{ AVIF,         "a photograph, to AVIF" },
	{ AVIF,         "a photograph, to AVIF" },
	{ JPEG,         "a photograph, to a coarser JPEG" },
	{ JPEG,         "a photograph, to a coarser JPEG" } } },
[PD_PLAN_PALETTE] = { PD_PLAN_LOSS_EXACT, {
	{ AVIF | MIXED, "few colours, to WebP or AVIF" },
	{ AVIF | PNG,   "few colours, to PNG or AVIF" },
	{ MIXED,        "few colours, to WebP" },
	{ PNG,          "few colours, to PNG" } } },
[PD_PLAN_PNG] = { PD_PLAN_LOSS_EXACT, {
	{ AVIF | MIXED, "many colours, to AVIF or WebP" },
	{ AVIF | PNG,   "many colours, to AVIF or PNG" },
	{ MIXED,        "many colours, to WebP" },
	{ JPEG | PNG,   "many colours, to JPEG or PNG" } } },
[PD_PLAN_WEBP_EXACT] = { PD_PLAN_LOSS_EXACT, {
	{ AVIF,         "a photograph as WebP without loss, to AVIF" },
	{ AVIF,         "a photograph as WebP without loss, to AVIF" },
	{ LOSSY,        "a photograph as WebP without loss, to WebP" },
	{ 0,            "a WebP" } } },
[PD_PLAN_WEBP_DENSE] = { PD_PLAN_LOSS_JPEG, {
	{ AVIF,         "a heavy WebP, to AVIF" },
	{ AVIF,         "a heavy WebP, to AVIF" },
	{ LOSSY,        "a heavy WebP, to WebP" },
	{ 0,            "a WebP" } } },
[PD_PLAN_AVIF_DENSE] = { PD_PLAN_LOSS_JPEG, {
	{ AVIF,         "a heavy AVIF, to AVIF" },
	{ AVIF,         "a heavy AVIF, to AVIF" },
	{ 0,            "an AVIF" },
	{ 0,            "an AVIF" } } },
[PD_PLAN_MODERN] = { 0, ALL(0, "small already: WebP or AVIF") },
};
/* clang-format on */

const struct pd_plan_row *
pd_plan_row(enum pd_plan_kind kind)
{
	return &rows[kind];
}

bool
pd_plan_row_differs(const struct pd_plan_row *row)
{
	for (unsigned i = 1; i < PD_PLAN_COLUMNS; i++)
		if (row->cells[i].outputs != row->cells[0].outputs)
			return true;
	return false;
}
