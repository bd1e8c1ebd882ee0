/*
 * One rule as a list says it: what the parsers make and the compiler takes.
 *
 * The strings of a rule are borrowed from the line and the parser: they are
 * valid until the sink returns.
 * Thread: any; nothing here is shared.
 */
#ifndef PD_BLOCK_RULE_H
#define PD_BLOCK_RULE_H

#include "base/str.h"

/*
 * Types of requests, as bits: a rule has those that it is for, a request those
 * that it may be. Any common bit fits, in exceptions too, so that doubt errs
 * towards passing.
 */
#define PD_TYPE_DOCUMENT    0x0001u
#define PD_TYPE_SUBDOCUMENT 0x0002u
#define PD_TYPE_SCRIPT      0x0004u
#define PD_TYPE_STYLESHEET  0x0008u
#define PD_TYPE_IMAGE       0x0010u
#define PD_TYPE_FONT        0x0020u
#define PD_TYPE_MEDIA       0x0040u
#define PD_TYPE_OBJECT      0x0080u
#define PD_TYPE_XHR         0x0100u
#define PD_TYPE_WEBSOCKET   0x0200u
#define PD_TYPE_PING        0x0400u
#define PD_TYPE_CSP_REPORT  0x0800u
#define PD_TYPE_OTHER       0x1000u
#define PD_TYPE_ALL         0x1fffu
/* Of a rule that names no types: not a page of its own. */
#define PD_TYPE_DEFAULT (PD_TYPE_ALL & ~PD_TYPE_DOCUMENT)

/* Which party a rule is for; both bits unless it says one. */
#define PD_PARTY_FIRST 0x01u
#define PD_PARTY_THIRD 0x02u
#define PD_PARTY_BOTH  (PD_PARTY_FIRST | PD_PARTY_THIRD)

enum pd_rule_action {
	/* Decide whether a request passes. */
	PD_RULE_BLOCK, /* value: the resource of $redirect, or empty */
	/* Change what passes. value: what the option says, without its name. */
	PD_RULE_REDIRECT,     /* $redirect-rule: if blocked, by this resource */
	PD_RULE_REMOVEPARAM,  /* "": the whole query; "name", "~name", "/re/" */
	PD_RULE_URLSKIP,      /* "?url", "&1", "-base64", "+https" ... */
	PD_RULE_URITRANSFORM, /* "/re/replacement/flags" */
	/* Change the response. */
	PD_RULE_CSP,          /* a policy; documents only */
	PD_RULE_PERMISSIONS,  /* Permissions-Policy; '|' between */
	PD_RULE_REMOVEHEADER, /* a field's name; "request:name" */
	/* Cosmetic exceptions: kept for a filter of pages, decide nothing. */
	PD_RULE_GENERICHIDE,
	PD_RULE_SPECIFICHIDE,
	PD_RULE_ELEMHIDE,
	/* Ziproxy's lists, in the order in which they are asked. */
	PD_RULE_UNTOUCHED,    /* URLNoProcessing */
	PD_RULE_DENY,         /* URLDeny */
	PD_RULE_REPLACE,      /* URLReplaceData */
	PD_RULE_REPLACE_TYPE, /* URLReplaceDataCT */
	PD_RULE_ACTIONS,
};

enum pd_rule_shape {
	/* A host, and unless exact everything below it: pattern is a name in
	 * the form of pd_host_normal(). Covers "||name^" alone. */
	PD_RULE_HOST,
	/* Adblock's: '*' and '^' in pattern, the anchors apart; compared with
	 * the whole URL, without case unless match_case. */
	PD_RULE_PATTERN,
	/* PCRE2 over the whole URL; pattern is what stands between the '/'. */
	PD_RULE_REGEX,
	/* Privoxy's: pattern is the host part ("", ".name", "ad*.", labels
	 * with * ? [a-z]), path_regex a regular expression at the start of the
	 * path, or empty, port "" or "80" or "8000-9000,80". */
	PD_RULE_ACTION_FILE,
};

struct pd_rule_domain {
	struct pd_str name; /* lower case, Punycode */
	bool negated;       /* "~name" */
	bool entity;        /* "name.*": name holds "name" */
	bool regex;         /* "/re/": name is what stands between */
};

struct pd_rule_domains {
	const struct pd_rule_domain *v;
	size_t n; /* 0: for all */
};

struct pd_rule {
	enum pd_rule_action action;
	enum pd_rule_shape shape;
	struct pd_str text; /* as it stands in the list, trimmed */
	uint32_t line;
	struct pd_str pattern, path_regex, port;
	struct pd_str value; /* of the action */
	/* Single bits, each an option or an anchor of its own. */
	bool exception;    /* "@@" */
	bool important;    /* beats exceptions that are not */
	bool badfilter;    /* takes away every rule that says the same else */
	bool exact;        /* HOST: not what is below it */
	bool host_anchor;  /* "||" */
	bool start_anchor; /* "|" at the start */
	bool end_anchor;   /* "|" at the end */
	bool match_case;
	bool strict_first;   /* strict1p: the same host */
	bool strict_third;   /* strict3p: another host */
	bool ordered;        /* Privoxy's: of one list's, the last one wins */
	bool explicit_types; /* says what types it is for */
	uint16_t types;      /* PD_TYPE_*; never 0 */
	uint8_t party;       /* PD_PARTY_* */
	uint32_t methods;    /* 1 << enum pd_method; 0: all */
	struct pd_rule_domains from, to; /* domain=; to= with denyallow= as ~ */
	/* Further conditions, each empty for none. */
	struct pd_str header;     /* "name", "name:value", "name:/re/" of the
				     response: judged when it is there */
	struct pd_str ip_address; /* "10.0.0.1", "10.*", "/re/", "lan",
				     "loopback": judged when it is known */
	struct pd_str top;        /* of the page that holds all; not known */
};

/* A rule for what a page shows: parsed and kept, applied by none yet. */
struct pd_cosmetic {
	struct pd_str text; /* as it stands in the list, trimmed */
	uint32_t line;
	struct pd_str hosts; /* before the mark: "a.org,~b.a.org", or empty */
	struct pd_str body; /* after it: a selector, "+js(...)", "^script..." */
	enum pd_cosmetic_kind {
		PD_COSMETIC_CSS,
		PD_COSMETIC_PROCEDURAL,      /* :has-text() and such */
		PD_COSMETIC_STYLE,           /* "#$#" */
		PD_COSMETIC_SCRIPT,          /* "##+js()", "#%#" */
		PD_COSMETIC_HTML,            /* "##^", "$$" */
		PD_COSMETIC_RESPONSE_HEADER, /* "##^responseheader(name)" */
		PD_COSMETIC_KINDS,
	} kind;
	bool exception; /* "#@#" */
};

/*
 * Why a line makes no rule. Each is counted by list; none is dropped in
 * silence. S(name, kept, sentence): kept tells that the line is accepted
 * although nothing here can apply it.
 */
#define PD_RULE_SKIPS(S)                                                     \
	S(POPUP, true, "only for popup windows, which a proxy does not see") \
	S(NO_EFFECT, true, "has nothing to act on in a proxy")               \
	S(OPTION_UNKNOWN, false, "an option that is not known")              \
	S(OPTION_UNSUPPORTED, false, "an option that a proxy cannot apply")  \
	S(OPTION_VALUE, false, "an option with a wrong value")               \
	S(OPTION_CLASH, false, "options that exclude each other")            \
	S(PATTERN, false, "not a pattern")                                   \
	S(PATTERN_WIDE, false, "a pattern that would match everything")      \
	S(REGEX, false, "a regular expression that does not compile")        \
	S(HOST, false, "not a host name")                                    \
	S(TOO_LONG, false, "longer than a rule may be")                      \
	S(BROWSER, true, "for filters inside a browser only")                \
	S(SYNTAX, false, "not a rule of this kind of list")

enum pd_rule_skip {
#define S(name, kept, sentence) PD_SKIP_##name,
	PD_RULE_SKIPS(S)
#undef S
	    PD_RULE_SKIP_KINDS,
};

/* Where parsers put what they find. Each returns 0, or -1 to stop. */
struct pd_rule_sink {
	void *arg;
	int (*rule)(void *arg, const struct pd_rule *r);
	int (*cosmetic)(void *arg, const struct pd_cosmetic *c);
	/* what: the option or the part that is wrong, may be empty. */
	int (*skip)(void *arg, enum pd_rule_skip why, struct pd_str what,
	    struct pd_str text, uint32_t line);
};
/* The other two, for those who want the rules alone. */
int pd_rule_pass_cosmetic(void *arg, const struct pd_cosmetic *c);
int pd_rule_pass_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line);

const char *pd_rule_skip_name(enum pd_rule_skip why); /* "option-value" */
const char *pd_rule_skip_sentence(enum pd_rule_skip why);
bool pd_rule_skip_kept(enum pd_rule_skip why);
const char *pd_rule_action_name(enum pd_rule_action action); /* "removeparam" */
/* What a rule's hits are counted by: a hash of its trimmed text alone; of a
 * line of a hosts or domain list, of the host alone. Never 0. */
uint64_t pd_rule_id(struct pd_str text);
/* "script", "xmlhttprequest", "xhr" too. 0: none of them. */
uint16_t pd_type_bit(struct pd_str name);
const char *pd_type_name(uint16_t bit); /* of one bit */

#endif
