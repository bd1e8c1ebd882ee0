/*
 * AVIF: boxes of ISO/IEC 14496-12, items of 23008-12 (HEIF), and AV1's own
 * (AV1 Image File Format 1.1).
 *
 * A still is the primary item of "meta" with the properties that "ipma" gives
 * it; a sequence is the first track of "moov" that is not another's alpha.
 * Which of the two is shown is said by the major brand.
 */
#include "filters/image/sniff_avif.h"

bool
pd_sniff_box_next(
    struct avif *a, struct bytes *b, uint32_t *type, struct bytes *s)
{
	size_t from = b->at;
	uint64_t len;

	if (left(b) < 8 || ++a->boxes > BOXES_MAX)
		return false;
	len = get32(b);
	*type = get32(b);
	if (len == 1)
		len = get64(b);
	else if (len == 0)
		len = b->n - from; /* up to the end */
	if (b->bad || len < b->at - from) {
		a->cut = true;
		return false;
	}
	*s = part(b, len - (b->at - from));
	if (b->bad)
		a->cut = true;
	return true;
}

uint8_t
pd_sniff_box_version(struct bytes *s, uint32_t *flags)
{
	uint8_t version = get8(s);

	*flags = (uint32_t)get8(s) << 16;
	*flags |= get16(s);
	return version;
}

struct bytes
pd_sniff_box_find(struct avif *a, struct bytes s, uint32_t want)
{
	struct bytes sub;
	uint32_t type;

	while (pd_sniff_box_next(a, &s, &type, &sub))
		if (type == want)
			return sub;
	return (struct bytes){ .p = s.p };
}

/* --- Properties of an item -------------------------------------------------
 */

void
pd_sniff_avif_colour(struct avif *a, struct bytes s)
{
	struct pd_image_info *info = a->info;
	uint32_t kind = get32(&s);

	if (a->has_icc)
		return;
	if (kind == FOUR('p', 'r', 'o', 'f') ||
	    kind == FOUR('r', 'I', 'C', 'C')) {
		/* It goes before code points, which then only say how the
		 * samples become red, green and blue. */
		info->profile = pd_sniff_icc(rest(s));
		a->has_icc = true;
	} else if (kind == FOUR('n', 'c', 'l', 'x')) {
		unsigned primaries = get16(&s), transfer = get16(&s);

		info->profile = pd_sniff_cicp(primaries, transfer);
	}
}

void
pd_sniff_avif_config(struct pd_image_info *info, struct bytes s)
{
	uint8_t bits;

	get16(&s);
	bits = get8(&s);
	if (s.bad)
		return;
	if (info->depth == 0)
		info->depth = !(bits & 0x40) ? 8 : bits & 0x20 ? 12 : 10;
	if (info->components == 0)
		info->components = bits & 0x10 ? 1 : 3;
}

static void
read_channels(struct pd_image_info *info, struct bytes s)
{
	uint32_t flags;
	uint8_t n;

	pd_sniff_box_version(&s, &flags);
	n = get8(&s);
	if (n != 1 && n != 3)
		info->unsupported = true;
	info->components = n;
	info->depth = get8(&s);
	for (unsigned i = 1; i < n && !s.bad; i++)
		if (get8(&s) != info->depth)
			info->unsupported = true;
}

/* irot and imir as EXIF has it: quarters anticlockwise, then which halves are
 * exchanged: none, top and bottom, left and right. */
static void
turn(struct avif *a, struct bytes s, bool mirror)
{
	static const uint8_t mirrored[9][2] = {
		[1] = { 4, 2 }, [8] = { 5, 7 }, [3] = { 2, 4 }, [6] = { 7, 5 }
	};
	static const uint8_t angles[4] = { 1, 8, 3, 6 };
	struct pd_image_info *info = a->info;
	uint8_t value = get8(&s);

	/* Once each, and in this order (MIAF 7.3.6.7). */
	if (s.bad || a->mirrored || (a->turned && !mirror))
		info->unsupported = true;
	else if (mirror)
		info->orientation = mirrored[info->orientation][value & 1];
	else
		info->orientation = angles[value & 3];
	a->turned |= !mirror;
	a->mirrored |= mirror;
}

/* One of the primary item's. */
static void
use_property(struct avif *a, const struct property *p, bool essential)
{
	struct pd_image_info *info = a->info;
	struct bytes s = p->s;
	uint32_t flags;

	switch (p->type) {
	case FOUR('i', 's', 'p', 'e'):
		pd_sniff_box_version(&s, &flags);
		info->width = get32(&s);
		info->height = get32(&s);
		break;
	case FOUR('c', 'o', 'l', 'r'):
		pd_sniff_avif_colour(a, s);
		break;
	case FOUR('p', 'i', 'x', 'i'):
		read_channels(info, s);
		break;
	case FOUR('a', 'v', '1', 'C'):
		pd_sniff_avif_config(info, s);
		break;
	case FOUR('i', 'r', 'o', 't'):
		turn(a, s, false);
		break;
	case FOUR('i', 'm', 'i', 'r'):
		turn(a, s, true);
		break;
	case FOUR('p', 'a', 's', 'p'):
	case FOUR('c', 'l', 'l', 'i'):
	case FOUR('m', 'd', 'c', 'v'):
	case FOUR('a', '1', 'l', 'x'):
		break; /* hints */
	case FOUR('c', 'l', 'a', 'p'):
	case FOUR('a', '1', 'o', 'p'):
	case FOUR('l', 's', 'e', 'l'):
		info->unsupported = true;
		break;
	default:
		if (essential)
			info->unsupported = true;
	}
}

static bool
is_alpha(const struct property *p)
{
	static const char *const names[] = {
		"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
		"urn:mpeg:hevc:2015:auxid:1",
	};
	struct bytes s = p->s;
	uint32_t flags;

	if (p->type != FOUR('a', 'u', 'x', 'C'))
		return false;
	pd_sniff_box_version(&s, &flags);
	for (size_t i = 0; i < 2; i++)
		if (starts(&s, names[i], strlen(names[i]) + 1))
			return true;
	return false;
}

static void
read_properties(struct avif *a, struct bytes s)
{
	struct property p;

	while (pd_sniff_box_next(a, &s, &p.type, &p.s)) {
		if (a->nproperties == PROPERTIES_MAX) {
			a->info->unsupported = true;
			return;
		}
		a->properties[a->nproperties++] = p;
	}
}

/*
 * Goes through the properties of an item, as ipma lists them. Those of the
 * primary one are used; true: one of them says that the item is alpha.
 */
static bool
walk_properties(struct avif *a, struct bytes s, uint32_t item)
{
	bool alpha = false;
	uint32_t flags, entries;
	uint8_t version = pd_sniff_box_version(&s, &flags);

	entries = get32(&s);
	for (uint32_t i = 0; i < entries && !s.bad; i++) {
		uint32_t id = version < 1 ? get16(&s) : get32(&s);
		unsigned n = get8(&s);

		for (; n > 0 && !s.bad; n--) {
			uint16_t at = flags & 1 ? get16(&s) : get8(&s);
			bool essential = at & (flags & 1 ? 0x8000 : 0x80);

			at &= flags & 1 ? 0x7fff : 0x7f;
			if (id != item || at == 0 || at > a->nproperties)
				continue;
			alpha |= is_alpha(&a->properties[at - 1]);
			if (item == a->primary)
				use_property(
				    a, &a->properties[at - 1], essential);
		}
	}
	return alpha;
}

/* Whether there is time for one more table. */
static bool
fits(struct avif *a, const struct bytes *table)
{
	if (table->n > TABLES_MAX - a->tables) {
		a->info->unsupported = true;
		return false;
	}
	a->tables += table->n;
	return true;
}

static bool
each_association(struct avif *a, struct bytes iprp, uint32_t item)
{
	struct bytes sub;
	uint32_t type;
	bool alpha = false;

	while (pd_sniff_box_next(a, &iprp, &type, &sub)) {
		if (type != FOUR('i', 'p', 'm', 'a'))
			continue;
		if (fits(a, &sub))
			alpha |= walk_properties(a, sub, item);
	}
	return alpha;
}

/* --- Items -----------------------------------------------------------------
 */

static void
read_items(struct avif *a, struct bytes s)
{
	uint32_t flags, type;
	struct bytes sub;

	if (pd_sniff_box_version(&s, &flags) == 0)
		get16(&s); /* how many */
	else
		get32(&s);
	while (pd_sniff_box_next(a, &s, &type, &sub)) {
		uint8_t version = pd_sniff_box_version(&sub, &flags);
		uint32_t id, kind;

		if (type != FOUR('i', 'n', 'f', 'e') || version < 2)
			continue;
		id = version == 2 ? get16(&sub) : get32(&sub);
		get16(&sub); /* protection */
		kind = get32(&sub);
		if (id == a->primary)
			a->primary_type = kind;
		if (kind == FOUR('t', 'm', 'a', 'p'))
			a->info->gain_map = true;
	}
}

/* The items that refer to the primary one as what they belong to. */
static void
read_references(struct avif *a, struct bytes s, struct bytes iprp)
{
	uint32_t flags, type;
	bool wide = pd_sniff_box_version(&s, &flags) != 0;
	struct bytes sub;

	while (pd_sniff_box_next(a, &s, &type, &sub)) {
		uint32_t from = wide ? get32(&sub) : get16(&sub);
		unsigned n = get16(&sub);

		if (type == FOUR('p', 'r', 'e', 'm') && from == a->primary)
			a->info->unsupported =
			    true; /* alpha is multiplied in */
		if (type != FOUR('a', 'u', 'x', 'l') || from == a->primary)
			continue;
		for (; n > 0 && !sub.bad; n--)
			if ((wide ? get32(&sub) : get16(&sub)) == a->primary &&
			    !a->has_item_alpha && !sub.bad &&
			    a->lookups++ < LOOKUPS_MAX)
				a->has_item_alpha =
				    each_association(a, iprp, from);
	}
}

/* The sizes that iloc may have for its numbers. */
static bool
is_size(unsigned size)
{
	return size == 0 || size == 4 || size == 8;
}

static uint64_t
get_sized(struct bytes *s, unsigned size)
{
	return size == 8 ? get64(s) : size == 4 ? get32(s) : 0;
}

/* One entry of iloc (14496-12, 8.11.3): whether its extents are in the file. */
static bool
has_extents(
    struct bytes *s, uint16_t sizes, unsigned version, uint64_t file_len)
{
	unsigned offset_size = sizes >> 12, len_size = sizes >> 8 & 15;
	unsigned base_size = sizes >> 4 & 15, index_size = sizes & 15, n;
	bool in_file = true;
	uint64_t base;

	part(s, version < 2 ? 2 : 4); /* the item */
	if (version > 0)
		in_file = (get16(s) & 15) == 0; /* not in idat */
	get16(s);                               /* the file: this one */
	base = get_sized(s, base_size);
	n = get16(s);
	if (s->bad || !is_size(offset_size) || !is_size(len_size) ||
	    !is_size(base_size))
		return false;
	if (offset_size + len_size == 0)
		return true; /* all of the file, as often as it says */
	for (; n > 0 && !s->bad; n--) {
		uint64_t from, len;

		part(s, version > 0 ? index_size : 0);
		from = get_sized(s, offset_size);
		len = get_sized(s, len_size);
		if (in_file && (base > file_len || from > file_len - base ||
				   len > file_len - base - from))
			return false;
	}
	return !s->bad;
}

static bool
locations_are_whole(struct avif *a, struct bytes s, uint64_t file_len)
{
	uint32_t flags, items;
	unsigned version = pd_sniff_box_version(&s, &flags);
	uint16_t sizes = get16(&s);

	items = version < 2 ? get16(&s) : get32(&s);
	if (s.bad || !fits(a, &s))
		return false;
	for (; items > 0; items--)
		if (!has_extents(&s, sizes, version, file_len))
			return false;
	return true;
}

static int
read_meta(struct avif *a, struct bytes s, uint64_t file_len)
{
	struct bytes pitm, iprp;
	uint32_t flags;

	pd_sniff_box_version(&s, &flags);
	pitm = pd_sniff_box_find(a, s, FOUR('p', 'i', 't', 'm'));
	a->primary = pd_sniff_box_version(&pitm, &flags) == 0 ? get16(&pitm)
							      : get32(&pitm);
	read_items(a, pd_sniff_box_find(a, s, FOUR('i', 'i', 'n', 'f')));
	iprp = pd_sniff_box_find(a, s, FOUR('i', 'p', 'r', 'p'));
	read_properties(
	    a, pd_sniff_box_find(a, iprp, FOUR('i', 'p', 'c', 'o')));
	each_association(a, iprp, a->primary);
	read_references(
	    a, pd_sniff_box_find(a, s, FOUR('i', 'r', 'e', 'f')), iprp);
	if (pd_sniff_box_find(a, s, FOUR('i', 'd', 'a', 't')).n > 0)
		a->data = true;
	if (!locations_are_whole(
		a, pd_sniff_box_find(a, s, FOUR('i', 'l', 'o', 'c')), file_len))
		a->cut = true;
	return pitm.bad ? -1 : 0;
}

/* --- The file --------------------------------------------------------------
 */

static void
read_brands(struct avif *a, struct bytes s)
{
	a->sequence = get32(&s) == FOUR('a', 'v', 'i', 's');
	get32(&s);
	while (left(&s) >= 4)
		if (get32(&s) == FOUR('t', 'm', 'a', 'p'))
			a->info->gain_map = true;
}

static int
settle(struct avif *a)
{
	struct pd_image_info *info = a->info;

	if (a->sequence) {
		info->width = a->track_width;
		info->height = a->track_height;
		info->frames = a->track_frames;
		info->frame_pixels = (uint64_t)a->track_width *
				     a->track_height * a->track_frames;
		info->animated = info->frames > 1;
	} else if (a->track_frames > 1) {
		info->unsupported = true; /* shown as either */
	}
	if (a->has_item_alpha)
		info->alpha = true;
	if (info->depth == 0)
		info->depth = 8;
	if (info->components != 1)
		info->components = 3;
	if (info->alpha)
		info->components++;
	if (!a->sequence && a->primary_type != FOUR('a', 'v', '0', '1') &&
	    a->primary_type != FOUR('g', 'r', 'i', 'd'))
		info->unsupported = true;
	return a->cut || !a->data || a->boxes > BOXES_MAX || info->width == 0 ||
		       info->height == 0 || (a->sequence && info->frames == 0)
		   ? -1
		   : 0;
}

int
pd_sniff_avif(struct bytes b, struct pd_image_info *info)
{
	struct avif a = { .info = info };
	bool meta = false;
	struct bytes s;
	uint32_t type;
	int rc = 0; /* a still without meta has no size */

	while (pd_sniff_box_next(&a, &b, &type, &s)) {
		if (type == FOUR('f', 't', 'y', 'p')) {
			read_brands(&a, s);
		} else if (type == FOUR('m', 'd', 'a', 't')) {
			a.data = true;
		} else if (type == FOUR('m', 'e', 't', 'a') && !meta &&
			   !a.sequence) {
			/* Beside a sequence it is for those who cannot play. */
			meta = true;
			rc = read_meta(&a, s, b.n);
		} else if (type == FOUR('m', 'o', 'o', 'v') && !a.has_track) {
			pd_sniff_avif_movie(&a, s, b.n);
		}
	}
	if (left(&b) > 0)
		a.cut = true;
	return settle(&a) != 0 ? -1 : rc;
}
