/*
 * A track that repeats has one edit, all of it, whose flags say "again", and a
 * duration (in tkhd and mvhd) of as many times that edit: all ones for ever.
 */
#include "filters/image/codec/avif_loop.h"

#include <string.h>

#include "filters/image/codec/bytes.h"
#include "filters/image/sniff_part.h"

#define FOREVER     UINT64_MAX
#define REPEAT      1 /* elst's flag */
#define EDTS_LEN    44
#define TRACKS      2  /* colour and alpha */
#define MVHD_TIME   24 /* where the duration stands in version 1's content */
#define TKHD_TIME   28
#define TKHD_TIME_0 20 /* in version 0's */

struct box {
	uint32_t type;
	size_t at;            /* of its length */
	struct bytes content; /* begins within the whole file */
};

/* The next box of b, which is a part of the file at p. */
static bool
next_box(struct bytes *b, const uint8_t *p, struct box *box)
{
	uint64_t len;

	if (left(b) < 8)
		return false;
	box->at = (size_t)(b->p + b->at - p);
	len = get32(b);
	box->type = get32(b);
	/* Nothing larger than this file's 32 bits is met in a moov. */
	if (len == 0)
		len = left(b) + 8;
	if (len < 8 || len - 8 > left(b))
		return false;
	box->content = part(b, len - 8);
	return true;
}

static bool
find(struct bytes b, const uint8_t *p, uint32_t type, struct box *box)
{
	while (next_box(&b, p, box))
		if (box->type == type)
			return true;
	return false;
}

/* --- Reading ---------------------------------------------------------------
 */

/* The duration in a tkhd of either version, all ones widened. */
static uint64_t
track_time(struct bytes s)
{
	uint8_t version = get8(&s);
	uint32_t narrow;

	part(&s, (version == 1 ? TKHD_TIME : TKHD_TIME_0) - 1);
	if (version == 1)
		return get64(&s);
	narrow = get32(&s);
	return narrow == UINT32_MAX ? FOREVER : narrow;
}

static uint32_t
track_loops(struct bytes track, const uint8_t *p)
{
	struct box header, edits, list;
	uint64_t whole, once;
	uint8_t version;

	if (!find(track, p, FOUR('t', 'k', 'h', 'd'), &header) ||
	    !find(track, p, FOUR('e', 'd', 't', 's'), &edits) ||
	    !find(edits.content, p, FOUR('e', 'l', 's', 't'), &list))
		return 0;
	version = get8(&list.content);
	get16(&list.content);
	if ((get8(&list.content) & REPEAT) == 0)
		return 1;
	whole = track_time(header.content);
	if (get32(&list.content) != 1 || whole == FOREVER)
		return 0;
	once = version == 1 ? get64(&list.content) : get32(&list.content);
	if (list.content.bad || once == 0)
		return 0;
	whole = whole / once + (whole % once != 0);
	return whole == 0 ? 1 : whole < UINT32_MAX ? (uint32_t)whole : 0;
}

uint32_t
pd_avif_loops(const uint8_t *p, size_t n)
{
	struct bytes file = { .p = p, .n = n };
	struct box movie, track;

	if (!find(file, p, FOUR('m', 'o', 'o', 'v'), &movie) ||
	    !find(movie.content, p, FOUR('t', 'r', 'a', 'k'), &track))
		return 0;
	return track_loops(track.content, p);
}

/* --- Writing ---------------------------------------------------------------
 */

static void
put64(uint8_t *p, uint64_t v)
{
	pd_bytes_put32(p, (uint32_t)(v >> 32));
	pd_bytes_put32(p + 4, (uint32_t)v);
}

/* A file that gets edit lists, while it is still as long as it was. */
struct patch {
	uint8_t *p;
	uint64_t whole;   /* all times together, ms */
	struct box movie; /* what comes after it will move */
	uint32_t by;
	size_t edits[TRACKS]; /* where the lists go */
	size_t n;
};

/* Where a cursor of the file stands, to write there. */
static uint8_t *
here(const struct patch *patch, const struct bytes *s)
{
	return patch->p + (s->p - patch->p) + s->at;
}

static void
add32(const struct patch *patch, struct bytes s, uint32_t more)
{
	uint8_t *p = here(patch, &s);

	pd_bytes_put32(p, get32(&s) + more);
}

/* The file offset at which s stands, when it leads behind the tracks. */
static void
move_offset(const struct patch *patch, struct bytes s)
{
	struct bytes look = s;

	if (left(&s) >= 4 && get32(&look) > patch->movie.at)
		add32(patch, s, patch->by);
}

/* iloc as libavif writes it: version 0, 4 bytes for an offset and a length,
 * none for a base. -1 when it is another. */
static int
move_items(const struct patch *patch, struct bytes file)
{
	struct box meta, items;
	struct bytes s;

	if (!find(file, patch->p, FOUR('m', 'e', 't', 'a'), &meta))
		return -1;
	part(&meta.content, 4);
	if (!find(
		rest(meta.content), patch->p, FOUR('i', 'l', 'o', 'c'), &items))
		return -1;
	s = items.content;
	if (get32(&s) != 0 || get16(&s) != 0x4400)
		return -1;
	for (unsigned n = get16(&s); n > 0 && !s.bad; n--) {
		get32(&s); /* the item, and that it is in this file */
		for (unsigned extents = get16(&s); extents > 0 && !s.bad;
		     extents--) {
			move_offset(patch, s);
			part(&s, 8);
		}
	}
	return s.bad ? -1 : 0;
}

/* The chunks of a track. */
static int
move_chunks(const struct patch *patch, struct bytes track)
{
	static const uint32_t way[] = { FOUR('m', 'd', 'i', 'a'),
		FOUR('m', 'i', 'n', 'f'), FOUR('s', 't', 'b', 'l'),
		FOUR('s', 't', 'c', 'o') };
	struct box box = { .content = track };
	struct bytes s;

	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		if (!find(box.content, patch->p, way[i], &box))
			return -1;
	s = box.content;
	get32(&s);
	for (uint32_t n = get32(&s); n > 0 && !s.bad; n--) {
		move_offset(patch, s);
		get32(&s);
	}
	return s.bad ? -1 : 0;
}

/* The duration in a header of version 1. */
static int
set_time(const struct patch *patch, struct bytes s, size_t at)
{
	if (s.n < at + 8 || s.p[0] != 1)
		return -1;
	s.at = at;
	put64(here(patch, &s), patch->whole);
	return 0;
}

static int
patch_track(struct patch *patch, const struct box *track)
{
	struct box header;

	if (patch->n == TRACKS ||
	    !find(
		track->content, patch->p, FOUR('t', 'k', 'h', 'd'), &header) ||
	    set_time(patch, header.content, TKHD_TIME) != 0 ||
	    move_chunks(patch, track->content) != 0)
		return -1;
	pd_bytes_put32(
	    patch->p + track->at, (uint32_t)track->content.n + 8 + EDTS_LEN);
	patch->edits[patch->n++] =
	    (size_t)(header.content.p - patch->p) + header.content.n;
	return 0;
}

static int
patch_movie(struct patch *patch)
{
	struct bytes b = patch->movie.content;
	struct box box;

	while (next_box(&b, patch->p, &box)) {
		if (box.type == FOUR('m', 'v', 'h', 'd') &&
		    set_time(patch, box.content, MVHD_TIME) != 0)
			return -1;
		if (box.type == FOUR('t', 'r', 'a', 'k') &&
		    patch_track(patch, &box) != 0)
			return -1;
	}
	pd_bytes_put32(patch->p + patch->movie.at,
	    (uint32_t)patch->movie.content.n + 8 + patch->by);
	return 0;
}

/* Tracks without an edit list; 0 also when one has it. */
static size_t
count_tracks(const struct patch *patch)
{
	struct bytes b = patch->movie.content;
	struct box track, edits;
	size_t n = 0;

	while (next_box(&b, patch->p, &track)) {
		if (track.type != FOUR('t', 'r', 'a', 'k'))
			continue;
		if (find(track.content, patch->p, FOUR('e', 'd', 't', 's'),
			&edits))
			return 0;
		n++;
	}
	return n;
}

static void
make_edit(uint8_t *p, bool repeat, uint64_t ms)
{
	memset(p, 0, EDTS_LEN);
	pd_bytes_put32(p, EDTS_LEN);
	memcpy(p + 4, "edts", 4);
	pd_bytes_put32(p + 8, EDTS_LEN - 8);
	memcpy(p + 12, "elst", 4);
	pd_bytes_put32(p + 16, 1u << 24 | (repeat ? REPEAT : 0));
	pd_bytes_put32(
	    p + 20, 1); /* entry, from the beginning (zeros), at speed 1 */
	put64(p + 24, ms);
	pd_bytes_put32(p + 40, 1u << 16);
}

enum pd_job_status
pd_avif_set_loops(struct pd_codec_out *out, uint32_t loops, uint64_t ms)
{
	static const uint8_t room[TRACKS * EDTS_LEN];
	struct bytes file = { .p = out->p, .n = out->n };
	struct patch patch = { .p = out->p,
		.whole = loops == 0 ? FOREVER : ms * loops };
	size_t n = out->n, tracks;
	enum pd_job_status status;

	if (!find(file, out->p, FOUR('m', 'o', 'o', 'v'), &patch.movie))
		return PD_JOB_BAD;
	tracks = count_tracks(&patch);
	if (tracks == 0 || tracks > TRACKS)
		return tracks == 0 ? PD_JOB_DONE : PD_JOB_BAD;
	patch.by = (uint32_t)(tracks * EDTS_LEN);
	if (move_items(&patch, file) != 0 || patch_movie(&patch) != 0)
		return PD_JOB_BAD;
	status = pd_codec_out_add(out, room, patch.by);
	/* From the last on, each with what lies between it and the next. */
	for (size_t i = tracks; status == PD_JOB_DONE && i-- > 0;) {
		size_t at = patch.edits[i];
		uint8_t *to = out->p + at + i * EDTS_LEN;

		memmove(to + EDTS_LEN, out->p + at, n - at);
		make_edit(to, loops != 1, ms);
		n = at;
	}
	return status;
}
