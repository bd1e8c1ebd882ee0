/*
 * Values that are lists: elements, parameters, weights.
 * Part of the http module; see http.h.
 */
#include "http/http.h"

#define WEIGHT_FULL 1000

/*
 * Cuts s at the first sep that stands outside a quoted string; *s becomes what
 * follows it.
 */
static struct pd_str
cut(struct pd_str *s, char sep)
{
	struct pd_str head = *s;
	bool quoted = false;

	for (size_t i = 0; i < head.n; i++) {
		char c = head.p[i];

		if (c == '"') {
			quoted = !quoted;
		} else if (quoted && c == '\\') {
			i++; /* RFC 9110, 5.6.4: quoted-pair */
		} else if (c == sep && !quoted) {
			*s = pd_str_of(head.p + i + 1, head.n - i - 1);
			return pd_str_of(head.p, i);
		}
	}
	*s = pd_str_of(NULL, 0);
	return head;
}

bool
pd_list_next(struct pd_str *rest, struct pd_str *item)
{
	while (rest->n > 0) {
		*item = pd_str_trim(cut(rest, ','));
		if (item->n > 0)
			return true;
	}
	*item = pd_str_of(NULL, 0);
	return false;
}

/* The part of an element before its parameters. */
static struct pd_str
before(struct pd_str item, char sep)
{
	return pd_str_trim(cut(&item, sep));
}

static bool
list_has(const struct pd_fields *fs, enum pd_field_id id, struct pd_str token,
    char sep)
{
	struct pd_str rest, item;

	if (pd_fields_find(fs, id) == NULL)
		return false;
	PD_FIELDS_EACH (f, fs) {
		if (f->id != id)
			continue;
		rest = f->value;
		while (pd_list_next(&rest, &item)) {
			if (pd_str_caseeq(before(item, sep), token))
				return true;
		}
	}
	return false;
}

bool
pd_fields_have_token(
    const struct pd_fields *fs, enum pd_field_id id, struct pd_str token)
{
	return list_has(fs, id, token, ';');
}

bool
pd_cache_control_has(const struct pd_fields *fs, struct pd_str directive)
{
	return list_has(fs, PD_FIELD_CACHE_CONTROL, directive, '=');
}

/* RFC 9110, 12.4.2, and ".2" as Java's HttpURLConnection sends it. */
static int
weight(struct pd_str s)
{
	int whole = 0, thousandths = 0, unit = 100;
	size_t i = 0;

	if (i < s.n && (s.p[i] == '0' || s.p[i] == '1'))
		whole = s.p[i++] - '0';
	else if (s.n < 2 || s.p[0] != '.')
		return 0;
	if (i < s.n && s.p[i++] != '.')
		return 0;
	for (; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		if (whole == 1 && s.p[i] != '0')
			return 0;
		thousandths += (s.p[i] - '0') * unit;
		unit /= 10;
	}
	return whole * WEIGHT_FULL + thousandths;
}

/*
 * The weight among an element's parameters; extra tells whether others stand
 * before it (what follows a weight is an extension and means nothing).
 */
static int
element_weight(struct pd_str params, bool *extra)
{
	struct pd_str param;

	*extra = false;
	while (params.n > 0) {
		param = pd_str_trim(cut(&params, ';'));
		if (pd_str_casestarts(param, PD_STR("q=")))
			return weight(pd_str_of(param.p + 2, param.n - 2));
		/* "q" without a value, or with space around its "=". */
		if (pd_str_caseeq(before(param, '='), PD_STR("q")))
			return 0;
		if (param.n > 0)
			*extra = true;
	}
	return WEIGHT_FULL;
}

static int
lower_of(int known, int w)
{
	return known >= 0 && known < w ? known : w;
}

int
pd_list_weight(
    const struct pd_fields *fs, enum pd_field_id id, struct pd_str token)
{
	struct pd_str rest, item, name;
	int own = -1, any = -1, w;
	bool extra;

	if (pd_fields_find(fs, id) == NULL)
		return -1;
	PD_FIELDS_EACH (f, fs) {
		if (f->id != id)
			continue;
		rest = f->value;
		while (pd_list_next(&rest, &item)) {
			name = pd_str_trim(cut(&item, ';'));
			w = element_weight(item, &extra);
			if (pd_str_caseeq(name, token))
				own = lower_of(own, w);
			else if (pd_str_eq(name, PD_STR("*")))
				any = lower_of(any, w);
		}
	}
	return own >= 0 ? own : any;
}

/* How closely a media range covers a type; the index of its weight. */
enum cover { COVER_NOT, COVER_ALL, COVER_FAMILY, COVER_EXACT, COVER_COUNT };

static enum cover
range_covers(struct pd_str range, struct pd_str type)
{
	struct pd_str family;

	if (pd_str_caseeq(range, type))
		return COVER_EXACT;
	if (pd_str_eq(range, PD_STR("*/*")) || pd_str_eq(range, PD_STR("*")))
		return COVER_ALL;
	if (range.n < 3 || range.p[range.n - 1] != '*' ||
	    range.p[range.n - 2] != '/')
		return COVER_NOT;
	family = pd_str_of(range.p, range.n - 1);
	return pd_str_casestarts(type, family) ? COVER_FAMILY : COVER_NOT;
}

int
pd_accept_weight(const struct pd_fields *fs, struct pd_str type, bool *named)
{
	int best[COVER_COUNT] = { -1, -1, -1, -1 };
	struct pd_str rest, item, range;
	bool extra, any = false;
	enum cover cover;
	int w;

	type = before(type, ';');
	PD_FIELDS_EACH (f, fs) {
		if (f->id != PD_FIELD_ACCEPT)
			continue;
		rest = f->value;
		while (pd_list_next(&rest, &item)) {
			any = true;
			range = pd_str_trim(cut(&item, ';'));
			w = element_weight(item, &extra);
			cover = extra ? COVER_NOT : range_covers(range, type);
			best[cover] = lower_of(best[cover], w);
		}
	}
	if (named != NULL)
		*named = best[COVER_EXACT] >= 0;
	if (!any)
		return WEIGHT_FULL;
	for (cover = COVER_EXACT; cover > COVER_NOT; cover--) {
		if (best[cover] >= 0)
			return best[cover];
	}
	return 0;
}

struct pd_str
pd_media_type(struct pd_str content_type, struct pd_arena *arena)
{
	struct pd_str type = before(content_type, ';');
	struct pd_str sub = type;
	struct pd_str family = pd_str_split(&sub, '/');
	bool upper = false;
	char *p;

	if (!pd_is_token(family) || !pd_is_token(sub))
		return pd_str_of(NULL, 0);
	for (size_t i = 0; i < type.n; i++)
		upper |= type.p[i] != pd_lower(type.p[i]);
	if (!upper)
		return type;
	p = pd_arena_alloc(arena, type.n);
	for (size_t i = 0; i < type.n; i++)
		p[i] = pd_lower(type.p[i]);
	return pd_str_of(p, type.n);
}
