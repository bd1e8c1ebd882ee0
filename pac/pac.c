#include "pac/pac.h"

#include "base/embed.h"

/* Of the hosts that go DIRECT; Chromium takes no PAC above 1 MiB. */
#define DIRECT_MAX (32 * 1024)

PD_EMBED(pac_script, "pac/proxy.js.in");

struct writer {
	char *p;
	size_t n, cap;
};

static void
put(struct writer *w, struct pd_str s)
{
	if (s.n > w->cap - w->n)
		s.n = w->cap - w->n;
	if (s.n > 0)
		memcpy(w->p + w->n, s.p, s.n);
	w->n += s.n;
}

/* What needs no escape in a string of the script. */
static bool
is_plain(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = pd_lower(s.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) &&
		    (c == '\0' || strchr("-_.:[]", c) == NULL))
			return false;
	}
	return s.n > 0;
}

/* ",a.example,b.example,": one search finds any of them. */
static struct pd_str
join_direct(const struct pd_pac_params *params, struct pd_arena *arena)
{
	struct writer w = { .cap = DIRECT_MAX };

	w.p = pd_arena_alloc(arena, w.cap);
	put(&w, PD_STR(","));
	for (size_t i = 0; i < params->ndirect; i++) {
		struct pd_str host = params->direct[i];

		if (!is_plain(host) || host.n + 1 > w.cap - w.n)
			continue;
		put(&w, host);
		put(&w, PD_STR(","));
	}
	return pd_str_of(w.p, w.n);
}

/* The host of "host:port" or "[::1]:port". */
static struct pd_str
host_of(struct pd_str proxy)
{
	const char *colon = memrchr(proxy.p, ':', proxy.n);

	if (colon != NULL)
		proxy.n = (size_t)(colon - proxy.p);
	if (proxy.n > 1 && proxy.p[0] == '[' && proxy.p[proxy.n - 1] == ']')
		proxy = pd_str_of(proxy.p + 1, proxy.n - 2);
	return proxy;
}

struct value {
	struct pd_str name, text;
};

static void
put_line(struct writer *w, struct pd_str line, const struct value *values,
    size_t nvalues)
{
	while (line.n > 0) {
		struct pd_str name;

		put(w, pd_str_split(&line, '@'));
		if (line.p == NULL)
			break;
		name = pd_str_split(&line, '@');
		for (size_t i = 0; i < nvalues; i++) {
			if (pd_str_eq(name, values[i].name))
				put(w, values[i].text);
		}
	}
	put(w, PD_STR("\n"));
}

struct pd_str
pd_pac_write(const struct pd_pac_params *params, struct pd_arena *arena)
{
	struct pd_str script = PD_EMBEDDED(pac_script);
	struct pd_str direct = join_direct(params, arena), line;
	struct pd_str way = pd_arena_printf(
	    arena, "PROXY %.*s; DIRECT", PD_STR_ARG(params->proxy));
	const struct value values[] = {
		{ PD_STR("PROXY"), params->proxy },
		{ PD_STR("SELF"), host_of(params->proxy) },
		{ PD_STR("PORTAL"), params->portal },
		{ PD_STR("DIRECT"), direct },
		{ PD_STR("WAY"), way },
	};
	struct writer w = { .n = 0 };

	/* Nothing that could not be a proxy gets into a script. */
	if (!is_plain(params->proxy) || !is_plain(params->portal))
		return PD_STR("function FindProxyForURL(url, host) {\n"
			      "  return \"DIRECT\";\n}\n");
	w.cap = script.n + direct.n + 8 * (way.n + params->portal.n);
	w.p = pd_arena_alloc(arena, w.cap);
	while (script.n > 0) {
		line = pd_str_split(&script, '\n');
		/* Comments are for who reads the tree, not for the phone. */
		if (line.n > 0 &&
		    !pd_str_starts(pd_str_trim(line), PD_STR("//")))
			put_line(&w, line, values,
			    sizeof(values) / sizeof(values[0]));
	}
	return pd_str_of(w.p, w.n);
}
