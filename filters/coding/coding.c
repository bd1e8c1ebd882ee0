#include "filters/coding/coding.h"

#include "base/conf.h"

static const char *const names[PD_CODING_COUNT] = {
	[PD_CODING_IDENTITY] = "identity",
	[PD_CODING_GZIP] = "gzip",
	[PD_CODING_DEFLATE] = "deflate",
	[PD_CODING_BR] = "br",
	[PD_CODING_ZSTD] = "zstd",
};

/*
 * Files that are gzip by themselves. Some origins label them with the coding
 * too, and then everyone expects the file as it lies there.
 */
static const char *const archives[] = {
	"application/gzip",
	"application/x-gzip",
	"application/x-gtar*",
	"application/x-tar*",
	"application/x-tgz",
	"application/x-compress*",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
pd_coding_name(enum pd_coding c)
{
	return names[c];
}

static enum pd_coding
coding_of(struct pd_str name)
{
	if (pd_str_caseeq(name, PD_STR("x-gzip")))
		return PD_CODING_GZIP;
	for (unsigned i = 0; i < PD_CODING_COUNT; i++) {
		if (pd_str_caseeq(name, pd_str_z(names[i])))
			return (enum pd_coding)i;
	}
	return PD_CODING_COUNT;
}

struct pd_codings
pd_coding_read(const struct pd_fields *response)
{
	struct pd_codings codings = { .known = true };
	struct pd_str rest, item;
	enum pd_coding c;

	PD_FIELDS_EACH (f, response) {
		if (f->id != PD_FIELD_CONTENT_ENCODING)
			continue;
		rest = f->value;
		while (pd_list_next(&rest, &item)) {
			c = coding_of(item);
			if (c == PD_CODING_IDENTITY)
				continue;
			if (c == PD_CODING_COUNT ||
			    codings.n == PD_CODING_LAYERS) {
				codings.known = false;
				return codings;
			}
			codings.v[codings.n++] = c;
		}
	}
	return codings;
}

bool
pd_coding_is_coded(const struct pd_fields *response)
{
	struct pd_codings codings = pd_coding_read(response);

	return !codings.known || codings.n > 0;
}

/* Whether Accept-Encoding names it: "*" is not enough. */
static bool
named(const struct pd_fields *request, enum pd_coding c)
{
	return pd_fields_have_token(
	    request, PD_FIELD_ACCEPT_ENCODING, pd_str_z(names[c]));
}

/* 0..1000, or -1 where it is not listed. */
static int
weight_of(const struct pd_fields *request, enum pd_coding c)
{
	struct pd_str name = pd_str_z(names[c]);

	/* RFC 9110, 8.4.1.3: x-gzip is gzip. */
	if (c == PD_CODING_GZIP && !named(request, c) &&
	    pd_fields_have_token(
		request, PD_FIELD_ACCEPT_ENCODING, PD_STR("x-gzip")))
		name = PD_STR("x-gzip");
	return pd_list_weight(request, PD_FIELD_ACCEPT_ENCODING, name);
}

bool
pd_coding_accepted(const struct pd_fields *request, enum pd_coding c)
{
	if (pd_fields_find(request, PD_FIELD_ACCEPT_ENCODING) == NULL)
		return true;
	return weight_of(request, c) > 0;
}

static bool
matches(struct pd_str glob, bool xst, struct pd_str type)
{
	struct pd_str sub = type, family;

	if (pd_str_glob(glob, type))
		return true;
	family = pd_str_split(&sub, '/');
	if (!xst || !pd_str_starts(sub, PD_STR("x-")))
		return false;
	/* "application/x-foo" where "application/foo" stands. */
	if (!pd_str_casestarts(glob, family) || glob.n <= family.n ||
	    glob.p[family.n] != '/')
		return false;
	glob = pd_str_of(glob.p + family.n + 1, glob.n - family.n - 1);
	return pd_str_glob(glob, pd_str_of(sub.p + 2, sub.n - 2));
}

static bool
listed(const char *const *globs, size_t n, bool xst, struct pd_str type)
{
	if (type.n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (matches(pd_str_z(globs[i]), xst, type))
			return true;
	}
	return false;
}

bool
pd_coding_compressible(const struct pd_conf *conf, struct pd_str type)
{
	const struct pd_strings *set = &conf->compress_types;

	return listed((const char *const *)set->v, set->n,
	    conf->compress_types_xst, type);
}

struct pd_str
pd_coding_type(const struct pd_message *msg)
{
	return pd_media_type(
	    pd_fields_value(&msg->response->fields, PD_FIELD_CONTENT_TYPE),
	    msg->arena);
}

enum pd_coding
pd_coding_choose(const struct pd_message *msg, bool big)
{
	/* Best first: a later one must be liked more to win. */
	static const enum pd_coding order[] = { PD_CODING_BR, PD_CODING_ZSTD,
		PD_CODING_GZIP };
	const struct pd_fields *request = &msg->request->fields;
	enum pd_coding best = PD_CODING_IDENTITY;
	int w, best_weight;

	if (!msg->conf->encode_text ||
	    pd_fields_find(request, PD_FIELD_ACCEPT_ENCODING) == NULL ||
	    !pd_coding_compressible(msg->conf, pd_coding_type(msg)))
		return PD_CODING_IDENTITY;
	/* What only equals identity still wins, so start one below it. */
	best_weight = pd_list_weight(
	    request, PD_FIELD_ACCEPT_ENCODING, PD_STR("identity"));
	best_weight = best_weight > 0 ? best_weight - 1 : 0;
	for (size_t i = 0; i < COUNT(order); i++) {
		/* Who says "*" hardly means a coding made after him. */
		if (order[i] != PD_CODING_GZIP &&
		    (!big || !named(request, order[i])))
			continue;
		w = weight_of(request, order[i]);
		if (w > best_weight) {
			best_weight = w;
			best = order[i];
		}
	}
	return best;
}

/*
 * On recorded pages the origins' gzip becomes 12 % smaller as br, and only 1
 * of 208 bodies larger. As zstd it becomes 9 % smaller, but a third of them
 * larger; so it is br or nothing. A br or zstd body stays as it is.
 */
static bool
recode(const struct pd_message *msg, const struct pd_codings *codings, bool big)
{
	const struct pd_response *res = msg->response;

	if (codings->n != 1 || (codings->v[0] != PD_CODING_GZIP &&
				   codings->v[0] != PD_CODING_DEFLATE))
		return false;
	if (res->body == PD_BODY_LENGTH &&
	    res->content_length < PD_CODING_RECODE_MIN)
		return false;
	/* Its flushes cost more than the better coding gains. */
	if (pd_str_eq(pd_coding_type(msg), PD_STR("text/event-stream")))
		return false;
	return pd_coding_choose(msg, big) == PD_CODING_BR;
}

bool
pd_coding_unwanted(
    const struct pd_message *msg, const struct pd_codings *codings, bool big)
{
	const struct pd_fields *request = &msg->request->fields;
	struct pd_str type = pd_coding_type(msg);

	/*
	 * Without Accept-Encoding the client asked for nothing; but we did, in
	 * its name. It gets text plain, and a file as the origin has it.
	 */
	if (pd_fields_find(request, PD_FIELD_ACCEPT_ENCODING) == NULL)
		return msg->conf->override_accept_encoding &&
		       pd_coding_compressible(msg->conf, type);
	for (unsigned i = 0; i < codings->n; i++) {
		if (!pd_coding_accepted(request, codings->v[i]))
			return codings->v[i] != PD_CODING_GZIP ||
			       !listed(archives, COUNT(archives), false, type);
	}
	return recode(msg, codings, big);
}
