#include "filters/block/adblock.h"

/* What may follow the name. */
enum value_form {
	VALUE_NONE,
	VALUE_OPTIONAL,
	VALUE_NEEDED,
};

struct option;
typedef int option_fn(struct pd_adblock *a, const struct option *o,
    struct pd_str value, bool negated);

struct option {
	struct pd_str name;
	option_fn *read;
	uint32_t arg; /* types, party, action ... as read() takes it */
	enum value_form form;
	bool negatable;
};

static int
read_type(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	(void)value;
	if (negated)
		a->not_types |= o->arg;
	else
		a->types |= o->arg;
	return 0;
}

static int
read_party(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	(void)value;
	a->rule.party |= (uint8_t)(negated ? o->arg ^ PD_PARTY_BOTH : o->arg);
	return 0;
}

enum flag {
	FLAG_IMPORTANT,
	FLAG_BADFILTER,
	FLAG_MATCH_CASE,
	FLAG_STRICT_FIRST,
	FLAG_STRICT_THIRD,
	FLAG_INLINE_SCRIPT,
	FLAG_INLINE_FONT,
	FLAG_PADDING,
};

static int
read_flag(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	(void)value;
	switch ((enum flag)o->arg) {
	case FLAG_IMPORTANT:
		a->rule.important = true;
		break;
	case FLAG_BADFILTER:
		a->rule.badfilter = true;
		break;
	case FLAG_MATCH_CASE:
		a->rule.match_case = !negated;
		break;
	case FLAG_STRICT_FIRST:
		a->rule.strict_first = true;
		break;
	case FLAG_STRICT_THIRD:
		a->rule.strict_third = true;
		break;
	case FLAG_INLINE_SCRIPT:
		a->inline_script = !negated;
		break;
	case FLAG_INLINE_FONT:
		a->inline_font = !negated;
		break;
	case FLAG_PADDING:
		break;
	}
	return 0;
}

/* An action; only one can be done. */
static int
read_action(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	(void)negated;
	if (a->acts)
		return pd_adblock_refuse(a, PD_SKIP_OPTION_CLASH, o->name);
	a->acts = true;
	a->rule.action = (enum pd_rule_action)o->arg;
	return pd_adblock_value_action(a, o->name, value);
}

/* "redirect=" blocks as well; but an exception takes the redirect alone. */
static int
read_redirect(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	int result = read_action(a, o, value, negated);

	if (result == 0 && !a->rule.exception)
		a->rule.action = PD_RULE_BLOCK;
	return result;
}

/* Older words for a redirect to one thing. */
static int
read_substitute(struct pd_adblock *a, const struct option *o,
    struct pd_str value, bool negated)
{
	a->types |= o->arg;
	value = o->arg != 0 ? PD_STR("noopmp4-1s") : PD_STR("empty");
	return read_redirect(a,
	    &(struct option){ .name = o->name, .arg = PD_RULE_REDIRECT }, value,
	    negated);
}

/* Cosmetic filters off: a rule of its own beside what else is said. */
static int
read_hide(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	(void)value;
	(void)negated;
	a->extra |= 1u << o->arg;
	return 0;
}

enum domains {
	DOMAINS_FROM,
	DOMAINS_TO,
	DOMAINS_DENIED,
};

static int
read_domains(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	(void)negated;
	/* Twice: both would have to hold, which a list cannot say. */
	if (o->arg == DOMAINS_FROM && a->from.n > 0)
		return pd_adblock_refuse(a, PD_SKIP_OPTION_CLASH, o->name);
	return pd_adblock_value_domains(a,
	    o->arg == DOMAINS_FROM ? &a->from : &a->to, o->name, value,
	    o->arg == DOMAINS_DENIED);
}

enum condition {
	CONDITION_METHOD,
	CONDITION_HEADER,
	CONDITION_ADDRESS,
};

static int
read_condition(struct pd_adblock *a, const struct option *o,
    struct pd_str value, bool negated)
{
	(void)negated;
	switch ((enum condition)o->arg) {
	case CONDITION_METHOD:
		return pd_adblock_value_methods(a, o->name, value);
	case CONDITION_HEADER:
		return pd_adblock_value_header(a, o->name, value);
	case CONDITION_ADDRESS:
		return pd_adblock_value_address(a, o->name, value);
	}
	return -1;
}

/* Why an option cannot be followed. */
enum beyond {
	BEYOND_CONDITION, /* never: without it the rule would be wider */
	BEYOND_CHANGE,    /* changes what is not changed here: an exception
			     from that has nothing to do */
	BEYOND_BROWSER,   /* of filters inside a browser */
};

static int
read_beyond(struct pd_adblock *a, const struct option *o, struct pd_str value,
    bool negated)
{
	enum pd_rule_skip why = PD_SKIP_OPTION_UNSUPPORTED;

	(void)value;
	(void)negated;
	if (a->rule.exception && o->arg == BEYOND_CHANGE)
		why = PD_SKIP_NO_EFFECT;
	else if (a->rule.exception && o->arg == BEYOND_BROWSER)
		why = PD_SKIP_BROWSER;
	return pd_adblock_refuse(a, why, o->name);
}

/* Reports of policies go where uBlock Origin and adblock-rust have them. */
#define TYPE_OTHERS (PD_TYPE_OTHER | PD_TYPE_CSP_REPORT)

/* clang-format off */
#define NAME(lit) { lit, sizeof(lit) - 1 }
#define TYPE(lit, bits) { NAME(lit), read_type, bits, VALUE_NONE, true }
#define FLAG(lit, flag) { NAME(lit), read_flag, flag, VALUE_NONE, false }
#define ACTION(lit, action) \
	{ NAME(lit), read_action, action, VALUE_OPTIONAL, false }
#define REDIRECT(lit) \
	{ NAME(lit), read_redirect, PD_RULE_REDIRECT, VALUE_OPTIONAL, false }
#define HIDE(lit, action) { NAME(lit), read_hide, action, VALUE_NONE, false }
#define DOMAINS(lit, which) \
	{ NAME(lit), read_domains, which, VALUE_NEEDED, false }
#define CONDITION(lit, which) \
	{ NAME(lit), read_condition, which, VALUE_NEEDED, false }
#define BEYOND(lit, why) { NAME(lit), read_beyond, why, VALUE_OPTIONAL, true }
/* clang-format on */

/*
 * In order, for the search.
 *
 * "@@||host^$document" frees the page itself, as in uBlock Origin, whose lists
 * have most of them. For Adblock Plus and AdGuard it also frees all that the
 * page loads; a rule does not tell for whom it was written, and the narrow
 * reading blocks what a person can still allow, while the wide one would open
 * sites that a list only meant to let in.
 */
static const struct option options[] = {
	{ NAME("1p"), read_party, PD_PARTY_FIRST, VALUE_NONE, true },
	{ NAME("3p"), read_party, PD_PARTY_THIRD, VALUE_NONE, true },
	{ NAME("all"), read_type, PD_TYPE_ALL | PD_ADBLOCK_TYPE_POPUP,
	    VALUE_NONE, false },
	BEYOND("app", BEYOND_CONDITION),
	FLAG("badfilter", FLAG_BADFILTER),
	TYPE("beacon", PD_TYPE_PING),
	BEYOND("client", BEYOND_CONDITION),
	BEYOND("cname", BEYOND_CHANGE),
	BEYOND("content", BEYOND_BROWSER),
	BEYOND("cookie", BEYOND_CHANGE),
	ACTION("csp", PD_RULE_CSP),
	TYPE("csp-report", PD_TYPE_CSP_REPORT),
	TYPE("csp_report", PD_TYPE_CSP_REPORT),
	TYPE("css", PD_TYPE_STYLESHEET),
	BEYOND("ctag", BEYOND_CONDITION),
	DOMAINS("denyallow", DOMAINS_DENIED),
	BEYOND("dnsrewrite", BEYOND_CHANGE),
	BEYOND("dnstype", BEYOND_CONDITION),
	TYPE("doc", PD_TYPE_DOCUMENT),
	TYPE("document", PD_TYPE_DOCUMENT),
	DOMAINS("domain", DOMAINS_FROM),
	HIDE("ehide", PD_RULE_ELEMHIDE),
	HIDE("elemhide", PD_RULE_ELEMHIDE),
	{ NAME("empty"), read_substitute, 0, VALUE_NONE, false },
	BEYOND("extension", BEYOND_BROWSER),
	{ NAME("first-party"), read_party, PD_PARTY_FIRST, VALUE_NONE, true },
	TYPE("font", PD_TYPE_FONT),
	TYPE("frame", PD_TYPE_SUBDOCUMENT),
	DOMAINS("from", DOMAINS_FROM),
	BEYOND("genericblock", BEYOND_CONDITION),
	HIDE("generichide", PD_RULE_GENERICHIDE),
	HIDE("ghide", PD_RULE_GENERICHIDE),
	CONDITION("header", CONDITION_HEADER),
	BEYOND("hls", BEYOND_CHANGE),
	TYPE("image", PD_TYPE_IMAGE),
	FLAG("important", FLAG_IMPORTANT),
	{ NAME("inline-font"), read_flag, FLAG_INLINE_FONT, VALUE_NONE, true },
	{ NAME("inline-script"), read_flag, FLAG_INLINE_SCRIPT, VALUE_NONE,
	    true },
	CONDITION("ipaddress", CONDITION_ADDRESS),
	BEYOND("jsinject", BEYOND_BROWSER),
	BEYOND("jsonprune", BEYOND_CHANGE),
	{ NAME("match-case"), read_flag, FLAG_MATCH_CASE, VALUE_NONE, true },
	TYPE("media", PD_TYPE_MEDIA),
	CONDITION("method", CONDITION_METHOD),
	{ NAME("mp4"), read_substitute, PD_TYPE_MEDIA, VALUE_NONE, false },
	BEYOND("network", BEYOND_CONDITION),
	FLAG("noop", FLAG_PADDING),
	TYPE("object", PD_TYPE_OBJECT),
	TYPE("object-subrequest", PD_TYPE_OBJECT),
	TYPE("other", TYPE_OTHERS),
	ACTION("permissions", PD_RULE_PERMISSIONS),
	TYPE("ping", PD_TYPE_PING),
	TYPE("popunder", PD_ADBLOCK_TYPE_POPUP),
	TYPE("popup", PD_ADBLOCK_TYPE_POPUP),
	ACTION("queryprune", PD_RULE_REMOVEPARAM),
	{ NAME("reason"), read_flag, FLAG_PADDING, VALUE_NEEDED, false },
	REDIRECT("redirect"),
	ACTION("redirect-rule", PD_RULE_REDIRECT),
	BEYOND("referrerpolicy", BEYOND_CHANGE),
	ACTION("removeheader", PD_RULE_REMOVEHEADER),
	ACTION("removeparam", PD_RULE_REMOVEPARAM),
	BEYOND("replace", BEYOND_CHANGE),
	BEYOND("requestheader", BEYOND_CONDITION),
	REDIRECT("rewrite"),
	TYPE("script", PD_TYPE_SCRIPT),
	HIDE("shide", PD_RULE_SPECIFICHIDE),
	HIDE("specifichide", PD_RULE_SPECIFICHIDE),
	BEYOND("stealth", BEYOND_CHANGE),
	FLAG("strict-first-party", FLAG_STRICT_FIRST),
	FLAG("strict-third-party", FLAG_STRICT_THIRD),
	FLAG("strict1p", FLAG_STRICT_FIRST),
	FLAG("strict3p", FLAG_STRICT_THIRD),
	TYPE("stylesheet", PD_TYPE_STYLESHEET),
	TYPE("subdocument", PD_TYPE_SUBDOCUMENT),
	{ NAME("third-party"), read_party, PD_PARTY_THIRD, VALUE_NONE, true },
	DOMAINS("to", DOMAINS_TO),
	BEYOND("top", BEYOND_CONDITION),
	ACTION("uritransform", PD_RULE_URITRANSFORM),
	BEYOND("urlblock", BEYOND_CONDITION),
	ACTION("urlskip", PD_RULE_URLSKIP),
	ACTION("urltransform", PD_RULE_URITRANSFORM),
	TYPE("webrtc", PD_ADBLOCK_TYPE_WEBRTC),
	TYPE("websocket", PD_TYPE_WEBSOCKET),
	TYPE("xhr", PD_TYPE_XHR),
	TYPE("xmlhttprequest", PD_TYPE_XHR),
	BEYOND("xmlprune", BEYOND_CHANGE),
};

static int
compare_names(struct pd_str a, struct pd_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		if (pd_lower(a.p[i]) != b.p[i])
			return pd_lower(a.p[i]) < b.p[i] ? -1 : 1;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

static const struct option *
find_option(struct pd_str name)
{
	size_t low = 0, high = sizeof(options) / sizeof(options[0]);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = compare_names(name, options[mid].name);

		if (order == 0)
			return &options[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static bool
is_name_byte(char c)
{
	c = pd_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

/* The name that s begins with, as an option does: then '=', ',' or the end. */
static bool
starts_option(struct pd_str s, struct pd_str *name)
{
	size_t from = s.n > 0 && s.p[0] == '~', n = from;

	while (n < s.n && is_name_byte(s.p[n]))
		n++;
	*name = pd_str_of(s.p + from, n - from);
	return n > from && (n == s.n || s.p[n] == '=' || s.p[n] == ',');
}

/* "_", "___": to tell the parts of a long rule apart. */
static bool
is_padding(struct pd_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] != '_')
			return false;
	}
	return name.n > 0;
}

/*
 * The first '$' that an option known here follows. Values may hold another one
 * ("$replace=/a$/b/"), and so may patterns: thus where no option is known, the
 * last that something like one follows, so that the rule is refused for it.
 */
struct pd_str
pd_adblock_options_split(struct pd_str body, struct pd_str *rest)
{
	const char *p = body.p, *end = body.p + body.n, *last = NULL;
	struct pd_str name;

	*rest = pd_str_of(NULL, 0);
	while (p < end && (p = memchr(p, '$', (size_t)(end - p))) != NULL) {
		struct pd_str tail = pd_str_of(p + 1, (size_t)(end - p) - 1);

		if ((p == body.p || p[-1] != '\\') &&
		    starts_option(tail, &name)) {
			last = p;
			if (is_padding(name) || find_option(name) != NULL)
				break;
		}
		p++;
	}
	if (last == NULL)
		return body;
	*rest = pd_str_of(last + 1, (size_t)(end - last) - 1);
	return pd_str_of(body.p, (size_t)(last - body.p));
}

/* Up to a comma that an option follows and that is not escaped. */
static struct pd_str
next_option(struct pd_str *rest)
{
	struct pd_str one = *rest, name;

	for (size_t i = 0; i < one.n; i++) {
		if (one.p[i] != ',' || (i > 0 && one.p[i - 1] == '\\') ||
		    !starts_option(
			pd_str_of(one.p + i + 1, one.n - i - 1), &name))
			continue;
		*rest = pd_str_of(one.p + i + 1, one.n - i - 1);
		one.n = i;
		return one;
	}
	*rest = pd_str_of(NULL, 0);
	return one;
}

/* A carriage return in a policy would be a new field of the response. */
static bool
has_control(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c == 0x7f)
			return true;
	}
	return false;
}

static int
read_option(struct pd_adblock *a, struct pd_str value)
{
	struct pd_str name = pd_str_split(&value, '=');
	bool has_value = value.p != NULL;
	bool negated = name.n > 0 && name.p[0] == '~';
	const struct option *o;

	if (negated)
		name = pd_str_of(name.p + 1, name.n - 1);
	if (is_padding(name) && !has_value)
		return 0;
	o = find_option(name);
	if (o == NULL)
		return pd_adblock_refuse(a, PD_SKIP_OPTION_UNKNOWN, name);
	/* What cannot be followed cannot be followed wrongly. */
	if (o->read != read_beyond &&
	    ((negated && !o->negatable) ||
		(has_value && o->form == VALUE_NONE) ||
		(value.n == 0 && o->form == VALUE_NEEDED) ||
		has_control(value)))
		return pd_adblock_refuse(a, PD_SKIP_OPTION_VALUE, o->name);
	return o->read(a, o, value, negated);
}

/* Of a rule that names none. */
static uint32_t
default_types(enum pd_rule_action action)
{
	switch (action) {
	case PD_RULE_CSP:
	case PD_RULE_PERMISSIONS:
		return PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT;
	case PD_RULE_REMOVEPARAM:
	case PD_RULE_URLSKIP:
	case PD_RULE_URITRANSFORM:
	case PD_RULE_REMOVEHEADER:
		return PD_TYPE_ALL;
	default:
		return PD_TYPE_DEFAULT;
	}
}

/* Types as the rule has them. An empty rest is fine beside rules of their own:
 * "popup,generichide" is the second alone. */
static int
settle_types(struct pd_adblock *a)
{
	struct pd_rule *r = &a->rule;
	uint32_t types = a->types != 0 ? a->types : default_types(r->action);

	types &= ~a->not_types;
	r->types = types & PD_TYPE_ALL;
	r->explicit_types = ((a->types | a->not_types) & PD_TYPE_ALL) != 0;
	if (r->types != 0 || a->extra != 0 || a->inline_script ||
	    a->inline_font)
		return 0;
	if (types & PD_ADBLOCK_TYPE_POPUP)
		return pd_adblock_refuse(a, PD_SKIP_POPUP, PD_STR("popup"));
	if (types & PD_ADBLOCK_TYPE_WEBRTC)
		return pd_adblock_refuse(
		    a, PD_SKIP_NO_EFFECT, PD_STR("webrtc"));
	return pd_adblock_refuse(a, PD_SKIP_OPTION_CLASH, PD_STR("types"));
}

int
pd_adblock_options(struct pd_adblock *a, struct pd_str rest)
{
	struct pd_rule *r = &a->rule;

	r->party = 0;
	while (rest.n > 0) {
		struct pd_str one = next_option(&rest);

		if (read_option(a, one) < 0)
			return -1;
	}
	if (r->party == 0)
		r->party = PD_PARTY_BOTH;
	r->from = (struct pd_rule_domains){ a->from.v, a->from.n };
	r->to = (struct pd_rule_domains){ a->to.v, a->to.n };
	return settle_types(a);
}
