/*
 * What sniff_avif.c (a still's items) and sniff_avif_track.c (a sequence's
 * tracks) share.
 */
#ifndef PD_SNIFF_AVIF_H
#define PD_SNIFF_AVIF_H

#include "filters/image/sniff_part.h"

/*
 * What real files have of each is a tenth at most. All boxes that are looked at
 * count, and tables each time that they are gone through, so that no nesting
 * costs more than these: the worst file takes 1.2 ms.
 */
#define BOXES_MAX      4096
#define PROPERTIES_MAX 256
#define TABLES_MAX     (128u << 10) /* bytes of ipma and iloc */
#define LOOKUPS_MAX    8            /* items asked whether they are alpha */

struct property {
	uint32_t type;
	struct bytes s;
};

struct avif {
	struct pd_image_info *info;
	bool sequence; /* by its major brand */
	bool cut;      /* something ends after the file does */
	bool data;     /* there is some */
	unsigned boxes;
	size_t tables;

	/* Of the primary item. */
	uint32_t primary;
	uint32_t primary_type;
	struct property properties[PROPERTIES_MAX];
	unsigned nproperties;
	bool has_icc, turned, mirrored, has_item_alpha;
	unsigned lookups;

	/* Of the sequence. */
	bool has_track;
	uint32_t track_width, track_height, track_frames;
};

/*
 * The next box, its content as s: false at the end, or when there are too many.
 * One that is cut off is given as far as it goes, and noted.
 */
bool pd_sniff_box_next(
    struct avif *a, struct bytes *b, uint32_t *type, struct bytes *s);
/* The first box of a kind in s, content only; empty when there is none. */
struct bytes pd_sniff_box_find(struct avif *a, struct bytes s, uint32_t want);
/* FullBox: the version; its flags. */
uint8_t pd_sniff_box_version(struct bytes *s, uint32_t *flags);

/* colr. */
void pd_sniff_avif_colour(struct avif *a, struct bytes s);
/* av1C (AV1 in ISOBMFF 2.3.3). */
void pd_sniff_avif_config(struct pd_image_info *info, struct bytes s);

/* moov; the file's length bounds what it may promise. */
void pd_sniff_avif_movie(struct avif *a, struct bytes s, uint64_t file_len);

#endif
