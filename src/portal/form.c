#include "portal/form.h"

static struct pd_str
decode(struct pd_str s, struct pd_arena *arena)
{
	char *p = pd_arena_alloc(arena, s.n + 1), *at = p;

	for (size_t i = 0; i < s.n; i++) {
		bool escape = s.p[i] == '%' && s.n - i > 2 &&
			      pd_hex_digit(s.p[i + 1]) >= 0 &&
			      pd_hex_digit(s.p[i + 2]) >= 0;

		if (escape) {
			*at++ = (char)(pd_hex_digit(s.p[i + 1]) << 4 |
				       pd_hex_digit(s.p[i + 2]));
			i += 2;
		} else {
			*at++ = s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	return pd_str_of(p, (size_t)(at - p));
}

bool
pd_form_get(struct pd_str form, struct pd_str name, struct pd_arena *arena,
    struct pd_str *value)
{
	while (form.n > 0) {
		struct pd_str rest = pd_str_split(&form, '&');
		struct pd_str found = pd_str_split(&rest, '=');

		if (!pd_str_eq(found, name))
			continue;
		*value = decode(rest, arena);
		return true;
	}
	*value = PD_STR("");
	return false;
}

struct pd_str
pd_form_escape(struct pd_str s, struct pd_arena *arena)
{
	char *p = pd_arena_alloc(arena, 3 * s.n + 1), *at = p;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], lower = pd_lower(c);

		if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_' || c == '~') {
			*at++ = c;
			continue;
		}
		at = pd_percent(at, c);
	}
	return pd_str_of(p, (size_t)(at - p));
}
