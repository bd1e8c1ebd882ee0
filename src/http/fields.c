/*
 * Field names as numbers, and the header section as an array of field lines.
 * Part of the http module; see http.h.
 */
#include "http/http.h"

#include <assert.h>

/*
 * A browser's request has 12 to 20 fields, a response about as many; this many
 * are made room for at once, one arena allocation.
 */
#define FIELDS_FIRST 24

/*
 * Options of Connection that are looked up. Nobody honest sends more; a value
 * with thousands of them would make removal quadratic, so above this every
 * field without an id goes.
 */
#define NOMINATED_MAX 64

#define NAME_MAX_LEN 25
#define SAME_LEN_MAX 8

static const struct pd_str names[PD_FIELD_COUNT] = {
#define X(id, name, usual) [PD_FIELD_##id] = { name, sizeof(name) - 1 },
	PD_FIELDS(X)
#undef X
};

static const char *const usual_names[PD_FIELD_COUNT] = {
#define X(id, name, usual) [PD_FIELD_##id] = usual,
	PD_FIELDS(X)
#undef X
};

/* The ids of one length of name, the common ones first; 0 ends a row that is
 * not full. */
#define F(id) PD_FIELD_##id
static const uint8_t by_len[NAME_MAX_LEN + 1][SAME_LEN_MAX] = {
	[2] = { F(TE) },
	[3] = { F(VIA), F(AGE), F(DPR) },
	[4] = { F(HOST), F(DATE), F(ETAG), F(VARY) },
	[5] = { F(RANGE) },
	[6] = { F(ACCEPT), F(COOKIE), F(SERVER), F(ORIGIN), F(PRAGMA),
	    F(EXPECT), F(DIGEST) },
	[7] = { F(REFERER), F(ALT_SVC), F(UPGRADE), F(TRAILER), F(WARNING) },
	[8] = { F(LOCATION), F(IF_RANGE), F(IF_MATCH) },
	[9] = { F(SAVE_DATA), F(FORWARDED) },
	[10] = { F(USER_AGENT), F(CONNECTION), F(SET_COOKIE), F(KEEP_ALIVE) },
	[11] = { F(CONTENT_MD5), F(REPR_DIGEST), F(WANT_DIGEST) },
	[12] = { F(CONTENT_TYPE), F(MAX_FORWARDS) },
	[13] = { F(CACHE_CONTROL), F(LAST_MODIFIED), F(ACCEPT_RANGES),
	    F(IF_NONE_MATCH), F(CONTENT_RANGE), F(AUTHORIZATION) },
	[14] = { F(CONTENT_LENGTH), F(SEC_FETCH_DEST), F(SEC_FETCH_SITE),
	    F(CONTENT_DIGEST), F(HTTP2_SETTINGS) },
	[15] = { F(ACCEPT_ENCODING), F(X_FORWARDED_FOR) },
	[16] = { F(CONTENT_ENCODING), F(PROXY_CONNECTION) },
	[17] = { F(TRANSFER_ENCODING) },
	[18] = { F(PROXY_AUTHENTICATE) },
	[19] = { F(CONTENT_DISPOSITION), F(PROXY_AUTHORIZATION) },
	[25] = { F(PROXY_AUTHENTICATION_INFO) },
};
#undef F

static inline uint64_t
load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * Whether eight bytes are those of a name in any case. Only where the name has
 * a letter (bit 0x40; '-' and digits lack it) may the case bit differ: setting
 * it everywhere would take CR for '-'.
 */
static inline bool
same64(const char *p, const char *name)
{
	uint64_t want = load64(name);

	return (load64(p) | (want & 0x4040404040404040) >> 1) == want;
}

static inline bool
same32(const char *p, const char *name)
{
	uint32_t want = load32(name);

	return (load32(p) | (want & 0x40404040) >> 1) == want;
}

/* n bytes at p against a lower-case name; words may overlap. The end first:
 * names of one length differ there more often ("content-...", "accept-..."). */
static inline bool
name_is(const char *p, const char *name, size_t n)
{
	if (n >= 8) {
		if (!same64(p + n - 8, name + n - 8))
			return false;
		for (size_t i = 0; i + 8 < n; i += 8) {
			if (!same64(p + i, name + i))
				return false;
		}
		return true;
	}
	if (n >= 4)
		return same32(p, name) && same32(p + n - 4, name + n - 4);
	for (size_t i = 0; i < n; i++) {
		if (pd_lower(p[i]) != name[i])
			return false;
	}
	return true;
}

enum pd_field_id
pd_field_id(struct pd_str name)
{
	if (name.n > NAME_MAX_LEN)
		return PD_FIELD_OTHER;
	for (size_t i = 0; i < SAME_LEN_MAX; i++) {
		enum pd_field_id id = by_len[name.n][i];

		if (id == PD_FIELD_OTHER)
			break;
		if (name_is(name.p, names[id].p, name.n))
			return id;
	}
	return PD_FIELD_OTHER;
}

const char *
pd_field_name(enum pd_field_id id)
{
	return names[id].p;
}

/* Each its own: what Connection names is taken off by them. */
_Static_assert(PD_FIELD_COUNT <= 64, "every field has a bit of its own");

static inline uint64_t
seen_bit(enum pd_field_id id)
{
	return UINT64_C(1) << id;
}

static void
append(struct pd_fields *fs, struct pd_arena *arena, struct pd_field field)
{
	if (fs->n == fs->cap) {
		uint32_t cap = fs->cap > 0 ? fs->cap * 2 : FIELDS_FIRST;
		struct pd_field *v =
		    pd_arena_alloc(arena, cap * sizeof(struct pd_field));

		if (fs->n > 0)
			memcpy(v, fs->v, fs->n * sizeof(struct pd_field));
		fs->v = v;
		fs->cap = cap;
	}
	fs->v[fs->n++] = field;
	fs->seen |= seen_bit(field.id);
}

void
pd_fields_add(struct pd_fields *fs, struct pd_arena *arena, struct pd_str name,
    struct pd_str value)
{
	append(fs, arena, (struct pd_field){ name, value, pd_field_id(name) });
}

void
pd_fields_add_id(struct pd_fields *fs, struct pd_arena *arena,
    enum pd_field_id id, struct pd_str value)
{
	struct pd_str name;

	assert(id != PD_FIELD_OTHER && id < PD_FIELD_COUNT);
	name = pd_str_of(usual_names[id], names[id].n);
	append(fs, arena, (struct pd_field){ name, value, id });
}

void
pd_fields_set(struct pd_fields *fs, struct pd_arena *arena, enum pd_field_id id,
    struct pd_str value)
{
	pd_fields_remove(fs, id);
	pd_fields_add_id(fs, arena, id, value);
}

/* Keeps the fields for which keep() is true, in their order. */
static void
retain(struct pd_fields *fs,
    bool (*keep)(const struct pd_field *f, const void *arg), const void *arg)
{
	uint32_t n = 0;
	uint64_t seen = 0;

	PD_FIELDS_EACH (f, fs) {
		if (!keep(f, arg))
			continue;
		seen |= seen_bit(f->id);
		fs->v[n++] = *f;
	}
	fs->n = n;
	fs->seen = seen;
}

static bool
keep_other_id(const struct pd_field *f, const void *arg)
{
	const enum pd_field_id *id = arg;

	return f->id != *id;
}

void
pd_fields_remove(struct pd_fields *fs, enum pd_field_id id)
{
	assert(id != PD_FIELD_OTHER && id < PD_FIELD_COUNT);
	if (fs->seen & seen_bit(id))
		retain(fs, keep_other_id, &id);
}

static bool
keep_other_name(const struct pd_field *f, const void *arg)
{
	const struct pd_str *name = arg;

	return f->id != PD_FIELD_OTHER || !pd_str_caseeq(f->name, *name);
}

void
pd_fields_remove_name(struct pd_fields *fs, struct pd_str name)
{
	enum pd_field_id id = pd_field_id(name);

	if (id != PD_FIELD_OTHER)
		pd_fields_remove(fs, id);
	else
		retain(fs, keep_other_name, &name);
}

const struct pd_field *
pd_fields_find(const struct pd_fields *fs, enum pd_field_id id)
{
	if (id == PD_FIELD_OTHER || !(fs->seen & seen_bit(id)))
		return NULL;
	PD_FIELDS_EACH (f, fs) {
		if (f->id == id)
			return f;
	}
	return NULL;
}

struct pd_str
pd_fields_value(const struct pd_fields *fs, enum pd_field_id id)
{
	const struct pd_field *f = pd_fields_find(fs, id);

	return f != NULL ? f->value : pd_str_of(NULL, 0);
}

/* What Connection names: fields with an id as bits, others by name. */
struct nominated {
	uint64_t ids;
	const struct pd_str *v;
	size_t n;
	bool all; /* more than can be looked up */
};

static bool
is_hop(enum pd_field_id id)
{
	switch (id) {
	case PD_FIELD_CONNECTION:
	case PD_FIELD_HTTP2_SETTINGS:
	case PD_FIELD_KEEP_ALIVE:
	case PD_FIELD_PROXY_AUTHENTICATE:
	case PD_FIELD_PROXY_AUTHENTICATION_INFO:
	case PD_FIELD_PROXY_AUTHORIZATION:
	case PD_FIELD_PROXY_CONNECTION:
	case PD_FIELD_TE:
	case PD_FIELD_TRANSFER_ENCODING:
	case PD_FIELD_UPGRADE:
		return true;
	default:
		return false;
	}
}

/*
 * Fields that say how the message is framed, routed or to be understood. Their
 * names in Connection are an attack or a mistake (RFC 9110, 7.6.1 forbids
 * naming what is meant for every recipient), and taking them off would change
 * the message.
 */
static bool
is_kept(enum pd_field_id id)
{
	switch (id) {
	case PD_FIELD_CACHE_CONTROL:
	case PD_FIELD_CONTENT_ENCODING:
	case PD_FIELD_CONTENT_LENGTH:
	case PD_FIELD_CONTENT_RANGE:
	case PD_FIELD_CONTENT_TYPE:
	case PD_FIELD_HOST:
	case PD_FIELD_MAX_FORWARDS:
	case PD_FIELD_VIA:
		return true;
	default:
		return false;
	}
}

static bool
keep_end_to_end(const struct pd_field *f, const void *arg)
{
	const struct nominated *nom = arg;

	if (f->id != PD_FIELD_OTHER)
		return !is_hop(f->id) && !(nom->ids & seen_bit(f->id));
	if (nom->all)
		return false;
	for (size_t i = 0; i < nom->n; i++) {
		if (pd_str_caseeq(f->name, nom->v[i]))
			return false;
	}
	return true;
}

void
pd_fields_strip_hop(struct pd_fields *fs, struct pd_arena *arena)
{
	struct nominated nom = { 0 };
	struct pd_str *v = NULL;
	struct pd_str rest, option;

	PD_FIELDS_EACH (f, fs) {
		if (f->id != PD_FIELD_CONNECTION)
			continue;
		rest = f->value;
		while (!nom.all && pd_list_next(&rest, &option)) {
			enum pd_field_id id = pd_field_id(option);

			if (id != PD_FIELD_OTHER && !is_kept(id))
				nom.ids |= seen_bit(id);
			if (id != PD_FIELD_OTHER ||
			    pd_str_caseeq(option, PD_STR("close")))
				continue;
			if (v == NULL)
				nom.v = v = pd_arena_alloc(
				    arena, NOMINATED_MAX * sizeof(*v));
			if (nom.n == NOMINATED_MAX)
				nom.all = true;
			else
				v[nom.n++] = option;
		}
	}
	retain(fs, keep_end_to_end, &nom);
}
