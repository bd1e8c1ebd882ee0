/*
 * The tokens of a rule: runs of letters and digits that stand in every URL it
 * fits, bounded on both sides, so that they are whole tokens there as well.
 */
#include "filters/block/compile_parts.h"

/* What has been read so far. */
struct scan {
	uint64_t key;
	char *buf;    /* the run, and all runs before it */
	size_t n;     /* bytes in buf */
	size_t start; /* of the run */
	uint32_t place;
	bool running, left; /* left: what precedes is no letter or digit */
	uint8_t before;
	bool floats; /* places are not fixed any more */
	struct pd_token *out;
	size_t nout;
};

uint32_t
pd_token_of(uint64_t key, struct pd_str token)
{
	uint64_t word = 0;

	for (size_t i = 0; i < token.n && i < 8; i++)
		word |= (uint64_t)(unsigned char)token.p[i] << (8 * i);
	if (token.n < 8 && token.n > 0)
		word <<= 64 - 8 * token.n;
	return pd_token_hash(key, word, token.n);
}

static bool
is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The run, if there is one, ends before what is like behind. */
static void
end_run(struct scan *s, uint8_t behind)
{
	struct pd_str text = pd_str_of(s->buf + s->start, s->n - s->start);

	if (!s->running)
		return;
	s->running = false;
	if (s->nout == PD_TOKENS_OF_RULE || text.n > PD_TOKEN_MAX)
		return;
	s->out[s->nout++] = (struct pd_token){
		.hash = pd_token_of(s->key, text),
		.place = s->floats || s->place >= PD_POST_FLOATS
			     ? PD_POST_FLOATS
			     : s->place,
		.before = s->before,
		.behind = behind,
		.text = text,
	};
}

/* Something that is no letter or digit, of a known class or any (0). */
static void
scan_bound(struct scan *s, uint8_t class_)
{
	end_run(s, class_);
	s->left = true;
	s->before = class_;
}

/* Something that may be anything, or nothing. */
static void
scan_unknown(struct scan *s)
{
	if (s->running)
		s->n = s->start;
	s->running = s->left = false;
}

static void
scan_byte(struct scan *s, char c, size_t place)
{
	c = pd_lower(c);
	if (!is_token_byte(c)) {
		scan_bound(s, pd_byte_class[(unsigned char)c]);
		return;
	}
	if (!s->running) {
		if (!s->left)
			return;
		s->running = true;
		s->start = s->n;
		s->place = (uint32_t)place;
		s->left = false;
	}
	s->buf[s->n++] = c;
}

static void
scan_pattern(struct scan *s, const struct pd_rule *r)
{
	struct pd_str p = r->pattern;

	s->left = r->start_anchor || r->host_anchor;
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '*') {
			scan_unknown(s);
			s->floats = true;
		} else if (p.p[i] == '^') {
			scan_bound(s, 0);
		} else {
			scan_byte(s, p.p[i], i);
		}
	}
	if (r->end_anchor)
		end_run(s, PD_BYTE_END);
	scan_unknown(s);
}

/*
 * "(?:www\.)": what follows begins behind the dot. If the group may be missing,
 * it begins there or where the group would.
 */
static void
scan_group(struct scan *s, struct pd_str p, const struct pd_atom *a)
{
	struct pd_str in = pd_str_of(p.p + a->at, a->n);
	bool bound = s->left && !s->running;

	scan_unknown(s);
	if (in.n < 4 || in.p[in.n - 1] != ')' || in.p[in.n - 3] != '\\' ||
	    in.p[in.n - 4] == '\\' || is_token_byte(pd_lower(in.p[in.n - 2])) ||
	    memchr(in.p, '|', in.n) != NULL ||
	    pd_str_starts(in, PD_STR("(?=")) ||
	    pd_str_starts(in, PD_STR("(?!")) ||
	    pd_str_starts(in, PD_STR("(?<")))
		return;
	if (a->least > 0)
		scan_bound(s, pd_byte_class[(unsigned char)in.p[in.n - 2]]);
	else if (bound)
		scan_bound(s, 0);
}

/* A letter or digit that is there just once. */
static void
scan_atom(struct scan *s, struct pd_str p, const struct pd_atom *a)
{
	bool letter = is_token_byte(pd_lower(a->c));

	switch (a->kind) {
	case PD_ATOM_EDGE:
		scan_bound(s, a->c == '$' ? PD_BYTE_END : 0);
		break;
	case PD_ATOM_BYTE:
		if (a->least == 0 || (letter && a->least != 1)) {
			scan_unknown(s);
			break;
		}
		scan_byte(s, a->c, 0);
		if (letter && a->most != 1)
			scan_unknown(s);
		break;
	case PD_ATOM_GROUP:
		scan_group(s, p, a);
		break;
	case PD_ATOM_ONE:
	case PD_ATOM_CLASS:
	case PD_ATOM_PLACE:
	case PD_ATOM_STRANGE:
		scan_unknown(s);
		break;
	}
}

static void
scan_regex(struct scan *s, struct pd_str p)
{
	struct pd_atom a;
	size_t at = 0;

	s->floats = true;
	s->left = false;
	if (!pd_atoms_plain(p))
		return;
	while (pd_atom_next(p, &at, &a))
		scan_atom(s, p, &a);
	scan_unknown(s);
}

/* Privoxy's host part: its labels are whole, with '*', '?' and '[a-z]'. */
static void
scan_host_glob(struct scan *s, struct pd_str p)
{
	s->floats = true;
	s->left = true;
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '.') {
			scan_bound(s, 0);
		} else if (p.p[i] == '[') {
			scan_unknown(s);
			while (i < p.n && p.p[i] != ']')
				i++;
		} else if (p.p[i] == '*' || p.p[i] == '?') {
			scan_unknown(s);
		} else {
			scan_byte(s, p.p[i], 0);
		}
	}
	scan_bound(s, 0);
}

/* A parameter's name stands between '?' or '&' and '=' or '&'. */
static void
scan_parameter(struct scan *s, struct pd_str name)
{
	if (name.n == 0 || name.p[0] == '~' || name.p[0] == '/')
		return;
	s->floats = false;
	scan_bound(s, pd_byte_class['?']);
	for (size_t i = 0; i < name.n; i++)
		scan_byte(s, name.p[i], i);
	scan_bound(s, 0);
}

void
pd_tokens_of_rule(const struct pd_compiler *c, const struct pd_rule *r,
    char *buf, struct pd_tokens *out)
{
	struct scan s = { .key = c->token_key, .buf = buf, .out = out->v };

	switch (r->shape) {
	case PD_RULE_HOST:
		break;
	case PD_RULE_PATTERN:
		scan_pattern(&s, r);
		break;
	case PD_RULE_REGEX:
		scan_regex(&s, r->pattern);
		break;
	case PD_RULE_ACTION_FILE:
		scan_host_glob(&s, r->pattern);
		if (r->path_regex.n > 0)
			scan_regex(&s, r->path_regex);
		break;
	}
	out->n = s.nout;
	if (r->action == PD_RULE_REMOVEPARAM && !r->exception)
		scan_parameter(&s, r->value);
	out->nparameter = s.nout - out->n;
	out->n = s.nout;
}
