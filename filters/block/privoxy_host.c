#include "filters/block/privoxy_host.h"

struct text {
	char *p;
	size_t n;
	bool full;
};

static void
add(struct text *t, struct pd_str s)
{
	if (s.n > PD_REGEX_LEN_MAX - t->n) {
		t->full = true;
		return;
	}
	if (s.n > 0)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

/* Whether an escape is of one byte that a host can have, or of none. */
static bool
is_tame_escape(char c)
{
	return c == '.' || c == '-' || c == '_' || c == 'd' || c == 'w' ||
	       c == 'b';
}

/*
 * Copies what stands between the anchors, each '.' as a byte of a host.
 * *choice: there is a '|' outside of all groups. False: not to be taken.
 */
static bool
add_body(struct text *t, struct pd_str s, bool *choice)
{
	bool class = false;
	unsigned depth = 0;

	*choice = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\') {
			if (i + 1 == s.n || !is_tame_escape(s.p[i + 1]))
				return false;
			add(t, pd_str_of(s.p + i, 2));
			i++;
			continue;
		}
		if (class) {
			class = c != ']';
		} else if (c == '[') {
			/* "[]a]" has a ']' in it for Privoxy. */
			if (i + 1 == s.n || s.p[i + 1] == '^' ||
			    s.p[i + 1] == ']')
				return false;
			class = true;
		} else if (c == '^' || c == '$') {
			return false;
		} else if (c == '(') {
			depth++;
		} else if (c == ')') {
			if (depth-- == 0)
				return false;
		} else if (c == '|') {
			*choice |= depth == 0;
		} else if (c == '.') {
			add(t, PD_STR("[^/:]"));
			continue;
		}
		add(t, pd_str_of(&s.p[i], 1));
	}
	return !class && depth == 0;
}

struct pd_str
pd_privoxy_host_regex(struct pd_str s, char text[PD_REGEX_LEN_MAX])
{
	static const struct pd_str none = { "", 0 };
	struct text t = { .p = text };
	struct pd_str path = s, host = pd_str_split(&path, '/');
	bool start = host.n > 0 && host.p[0] == '^', end, choice;

	if (start)
		host = pd_str_of(host.p + 1, host.n - 1);
	end = host.n > 0 && host.p[host.n - 1] == '$' &&
	      (host.n == 1 || host.p[host.n - 2] != '\\');
	host.n -= end;
	add(&t, PD_STR("^[a-z]+://"));
	if (!start)
		add(&t, PD_STR("[^/:]*?"));
	add(&t, PD_STR("(?:"));
	if (host.n == 0 || !add_body(&t, host, &choice) ||
	    (choice && (start || end)))
		return none;
	add(&t, end ? PD_STR(")") : PD_STR(")[^/:]*"));
	add(&t, PD_STR("(?::\\d+)?"));
	if (path.p != NULL && path.n > 0) {
		add(&t, PD_STR("(?:/"));
		add(&t, path);
		add(&t, PD_STR(")"));
	} else {
		add(&t, PD_STR("/"));
	}
	return t.full ? none : pd_str_of(t.p, t.n);
}
