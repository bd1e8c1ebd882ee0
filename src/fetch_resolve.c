/*
 * References to addresses (RFC 3986, 5.2), as Location and "!#include" hold
 * them.
 */
#include "fetch.h"
#include "http/url.h"

static const char *
scheme_name(const struct pd_url *url)
{
	return url->scheme == PD_SCHEME_HTTPS ? "https" : "http";
}

/* RFC 3986, 3.1: letters first, then a colon before any slash. */
static bool
has_scheme(struct pd_str ref)
{
	for (size_t i = 0; i < ref.n; i++) {
		char c = pd_lower(ref.p[i]);

		if (c == ':')
			return i > 0;
		if (!(c >= 'a' && c <= 'z') &&
		    (i == 0 || !((c >= '0' && c <= '9') || c == '+' ||
				   c == '-' || c == '.')))
			return false;
	}
	return false;
}

/* "." and ".." off a path that begins with a slash (RFC 3986, 5.2.4). */
static struct pd_str
remove_dots(struct pd_str path, struct pd_arena *arena)
{
	char *out = pd_arena_alloc(arena, path.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < path.n;) {
		size_t end = i + 1;
		struct pd_str part;
		bool last;

		while (end < path.n && path.p[end] != '/')
			end++;
		part = pd_str_of(path.p + i, end - i);
		last = end == path.n;
		i = end;
		if (pd_str_eq(part, PD_STR("/.")) ||
		    pd_str_eq(part, PD_STR("/.."))) {
			if (part.n == 3) {
				while (n > 0 && out[--n] != '/')
					;
			}
			if (last)
				out[n++] = '/';
			continue;
		}
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	return pd_str_of(out, n);
}

/* Up to and with the last slash, the query left out. */
static struct pd_str
folder(struct pd_str path)
{
	struct pd_str rest = path;
	struct pd_str only = pd_str_split(&rest, '?');

	while (only.n > 0 && only.p[only.n - 1] != '/')
		only.n--;
	return only;
}

struct pd_str
pd_fetch_resolve(
    const struct pd_url *base, struct pd_str ref, struct pd_arena *arena)
{
	struct pd_str host = base->authority.text, rest, path, query;
	const char *scheme = scheme_name(base), *mark;

	rest = pd_str_trim(ref);
	ref = pd_str_split(&rest, '#');
	if (has_scheme(ref))
		return pd_arena_str(arena, ref);
	if (pd_str_starts(ref, PD_STR("//")))
		return pd_arena_printf(
		    arena, "%s:%.*s", scheme, PD_STR_ARG(ref));
	if (ref.n == 0)
		return pd_arena_printf(arena, "%s://%.*s%.*s", scheme,
		    PD_STR_ARG(host), PD_STR_ARG(base->path));
	query = ref;
	path = pd_str_split(&query, '?');
	mark = query.p != NULL ? "?" : "";
	if (path.n == 0) {
		rest = base->path;
		path = pd_str_split(&rest, '?');
	} else if (path.p[0] != '/') {
		path = pd_arena_printf(arena, "%.*s%.*s",
		    PD_STR_ARG(folder(base->path)), PD_STR_ARG(path));
	}
	path = remove_dots(path, arena);
	return pd_arena_printf(arena, "%s://%.*s%.*s%s%.*s", scheme,
	    PD_STR_ARG(host), PD_STR_ARG(path), mark, PD_STR_ARG(query));
}
