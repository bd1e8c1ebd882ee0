/* The tracks of an AVIF sequence: ISO/IEC 14496-12. */
#include "filters/image/sniff_avif.h"

/* The sample description: its first entry's colour and depth. */
static void
read_description(struct avif *a, struct bytes s)
{
	struct bytes entry, sub;
	uint32_t flags, type, width, height;

	pd_sniff_box_version(&s, &flags);
	get32(&s); /* entries */
	if (!pd_sniff_box_next(a, &s, &type, &entry))
		return;
	if (type != FOUR('a', 'v', '0', '1'))
		a->info->unsupported = true;
	/* VisualSampleEntry (14496-12, 12.1.3), 78 bytes before its boxes. */
	part(&entry, 24);
	width = get16(&entry);
	height = get16(&entry);
	if (width != a->track_width || height != a->track_height)
		a->info->unsupported = true;
	part(&entry, 50);
	while (pd_sniff_box_next(a, &entry, &type, &sub)) {
		if (type == FOUR('c', 'o', 'l', 'r'))
			pd_sniff_avif_colour(a, sub);
		else if (type == FOUR('a', 'v', '1', 'C'))
			pd_sniff_avif_config(a->info, sub);
		else if (type == FOUR('c', 'l', 'a', 'p'))
			a->info->unsupported = true;
	}
}

/* The samples that stsz counts, each of which must be there. */
static uint32_t
count_samples(struct avif *a, struct bytes s, uint64_t file_len)
{
	uint32_t flags, size, count;

	pd_sniff_box_version(&s, &flags);
	size = get32(&s);
	count = get32(&s);
	if (s.bad || (size == 0 && count > left(&s) / 4) ||
	    (size != 0 && count > file_len / size)) {
		a->cut = true;
		return 0;
	}
	return count;
}

/* tkhd's last fields, 16.16 both. */
static void
read_track_header(struct bytes s, uint32_t *width, uint32_t *height)
{
	*width = *height = 0;
	if (s.n < 8)
		return;
	s.at = s.n - 8;
	*width = get32(&s) >> 16;
	*height = get32(&s) >> 16;
}

static void
read_track(struct avif *a, struct bytes s, uint64_t file_len)
{
	struct bytes header = pd_sniff_box_find(a, s, FOUR('t', 'k', 'h', 'd'));
	struct bytes references =
	    pd_sniff_box_find(a, s, FOUR('t', 'r', 'e', 'f'));
	struct bytes media = pd_sniff_box_find(a, s, FOUR('m', 'd', 'i', 'a'));
	struct bytes handler =
	    pd_sniff_box_find(a, media, FOUR('h', 'd', 'l', 'r'));
	struct bytes table =
	    pd_sniff_box_find(a, media, FOUR('m', 'i', 'n', 'f'));
	uint32_t flags, kind;

	pd_sniff_box_version(&handler, &flags);
	get32(&handler);
	kind = get32(&handler);
	if (pd_sniff_box_find(a, references, FOUR('a', 'u', 'x', 'l')).n > 0) {
		a->info->alpha = true;
		return;
	}
	if (a->has_track || (kind != FOUR('p', 'i', 'c', 't') &&
				kind != FOUR('v', 'i', 'd', 'e')))
		return;
	a->has_track = true;
	table = pd_sniff_box_find(a, table, FOUR('s', 't', 'b', 'l'));
	read_track_header(header, &a->track_width, &a->track_height);
	a->track_frames = count_samples(
	    a, pd_sniff_box_find(a, table, FOUR('s', 't', 's', 'z')), file_len);
	if (a->sequence)
		read_description(
		    a, pd_sniff_box_find(a, table, FOUR('s', 't', 's', 'd')));
}

void
pd_sniff_avif_movie(struct avif *a, struct bytes s, uint64_t file_len)
{
	struct bytes sub;
	uint32_t type;

	while (pd_sniff_box_next(a, &s, &type, &sub))
		if (type == FOUR('t', 'r', 'a', 'k'))
			read_track(a, sub, file_len);
}
