#include "net/dnswire.h"

#define HEADER_LEN 12
#define CLASS_IN   1
#define FLAG_QR    0x8000
#define OPCODE     0x7800
#define RCODE      0x000f

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 };

struct name {
	uint8_t v[PD_DNSWIRE_NAME_MAX]; /* labels, lower case, root included */
	size_t n;
};

/* Where reading stands. Every step checks; bad is remembered. */
struct reader {
	const uint8_t *p;
	size_t n, at;
	bool bad;
};

struct record {
	struct name owner;
	uint16_t type, class;
	size_t data, data_len; /* within the packet */
};

size_t
pd_dnswire_name(struct pd_str host, uint8_t out[PD_DNSWIRE_NAME_MAX])
{
	size_t at = 0;

	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	/* Lengths of the labels take a byte each, and the root one more. */
	if (host.n == 0 || host.n > PD_DNSWIRE_NAME_MAX - 2)
		return 0;
	do {
		struct pd_str label = pd_str_split(&host, '.');

		if (label.n == 0 || label.n > 63)
			return 0;
		out[at++] = (uint8_t)label.n;
		for (size_t i = 0; i < label.n; i++) {
			char c = pd_lower(label.p[i]);

			if (!(c >= 'a' && c <= 'z') &&
			    !(c >= '0' && c <= '9') && c != '-' && c != '_')
				return 0;
			out[at++] = (uint8_t)c;
		}
	} while (host.p != NULL);
	out[at++] = 0;
	return at;
}

static uint16_t
read_u16(struct reader *r)
{
	uint16_t v;

	if (r->n - r->at < 2) {
		r->bad = true;
		return 0;
	}
	v = (uint16_t)(r->p[r->at] << 8 | r->p[r->at + 1]);
	r->at += 2;
	return v;
}

static void
skip(struct reader *r, size_t n)
{
	if (r->n - r->at < n)
		r->bad = true;
	else
		r->at += n;
}

/*
 * Reads a name with its compression pointers (RFC 1035, 4.1.4). A pointer must
 * lead to before the labels it was met in, so that following them ends.
 */
static void
read_name(struct reader *r, struct name *name)
{
	size_t at = r->at, limit = r->at, end = 0;

	name->n = 0;
	for (;;) {
		uint8_t len;

		if (at >= r->n)
			goto bad;
		len = r->p[at++];
		if (len >= 0xc0) {
			if (at >= r->n)
				goto bad;
			if (end == 0)
				end = at + 1;
			at = (size_t)(len & 0x3f) << 8 | r->p[at];
			if (at >= limit)
				goto bad;
			limit = at;
			continue;
		}
		if (len > 63 || len > r->n - at ||
		    name->n + len + 1 > sizeof(name->v))
			goto bad;
		name->v[name->n++] = len;
		if (len == 0)
			break;
		for (; len > 0; len--)
			name->v[name->n++] =
			    (uint8_t)pd_lower((char)r->p[at++]);
	}
	r->at = end != 0 ? end : at;
	return;
bad:
	r->bad = true;
	name->n = 0;
}

static bool
name_is(const struct name *name, struct pd_str other)
{
	return pd_str_eq(pd_str_of((const char *)name->v, name->n), other);
}

static void
read_record(struct reader *r, struct record *rec)
{
	read_name(r, &rec->owner);
	rec->type = read_u16(r);
	rec->class = read_u16(r);
	skip(r, 4); /* time to live: libunbound's cache keeps it */
	rec->data_len = read_u16(r);
	rec->data = r->at;
	skip(r, rec->data_len);
}

/* Header and question; answer count and place on return. */
static enum pd_resolve_status
read_question(
    struct reader *r, struct pd_str asked, int family, uint16_t *nanswers)
{
	struct name name;
	uint16_t flags, nquestions, type, class;

	skip(r, 2);
	flags = read_u16(r);
	nquestions = read_u16(r);
	*nanswers = read_u16(r);
	skip(r, 4);
	if (r->bad || (flags & FLAG_QR) == 0 || (flags & OPCODE) != 0 ||
	    nquestions != 1)
		return PD_RESOLVE_FAILED;
	read_name(r, &name);
	type = read_u16(r);
	class = read_u16(r);
	if (r->bad || !name_is(&name, asked) || class != CLASS_IN ||
	    type != (family == AF_INET ? TYPE_A : TYPE_AAAA))
		return PD_RESOLVE_FAILED;
	if ((flags & RCODE) == 3) /* NXDOMAIN */
		return PD_RESOLVE_NONE;
	return (flags & RCODE) == 0 ? PD_RESOLVE_OK : PD_RESOLVE_FAILED;
}

static void
take_address(const struct reader *r, const struct record *rec, int family,
    struct pd_addr out[PD_RESOLVE_MAX], size_t *n)
{
	struct pd_addr *a;

	if (*n == PD_RESOLVE_MAX)
		return;
	a = &out[(*n)++];
	*a = (struct pd_addr){ .family = (uint16_t)family };
	memcpy(a->ip, r->p + rec->data, rec->data_len);
}

/*
 * Looks through all answers for those of name. Addresses are gathered in out;
 * an alias is put into alias. False when a record is malformed.
 */
static bool
scan(struct reader r, uint16_t nanswers, const struct name *name, int family,
    struct pd_addr out[PD_RESOLVE_MAX], size_t *n, struct name *alias)
{
	const uint16_t type = family == AF_INET ? TYPE_A : TYPE_AAAA;
	const size_t len = family == AF_INET ? 4 : 16;
	struct record rec;

	alias->n = 0;
	if (nanswers > PD_DNSWIRE_RECORDS_MAX)
		nanswers = PD_DNSWIRE_RECORDS_MAX;
	for (; nanswers > 0; nanswers--) {
		read_record(&r, &rec);
		if (r.bad)
			return false;
		if (rec.class != CLASS_IN || rec.owner.n != name->n ||
		    memcmp(rec.owner.v, name->v, name->n) != 0)
			continue;
		if (rec.type == type) {
			if (rec.data_len != len)
				return false;
			take_address(&r, &rec, family, out, n);
		} else if (rec.type == TYPE_CNAME && alias->n == 0) {
			struct reader target = r;

			target.at = rec.data;
			read_name(&target, alias);
			if (target.bad || target.at != r.at)
				return false;
		}
	}
	return true;
}

enum pd_resolve_status
pd_dnswire_read(struct pd_str packet, struct pd_str name, int family,
    struct pd_addr out[PD_RESOLVE_MAX], size_t *n)
{
	struct reader r = { .p = (const uint8_t *)packet.p, .n = packet.n };
	struct name current, alias;
	enum pd_resolve_status status;
	uint16_t nanswers;

	*n = 0;
	if (name.n == 0 || name.n > sizeof(current.v))
		return PD_RESOLVE_FAILED;
	status = read_question(&r, name, family, &nanswers);
	if (status != PD_RESOLVE_OK)
		return status;
	memcpy(current.v, name.p, name.n);
	current.n = name.n;
	for (int hop = 0; hop <= PD_DNSWIRE_CHAIN_MAX; hop++) {
		if (!scan(r, nanswers, &current, family, out, n, &alias)) {
			*n = 0;
			return PD_RESOLVE_FAILED;
		}
		if (*n > 0)
			return PD_RESOLVE_OK;
		if (alias.n == 0)
			return PD_RESOLVE_NONE;
		current = alias;
	}
	return PD_RESOLVE_FAILED;
}
