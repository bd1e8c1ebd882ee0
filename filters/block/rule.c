#include "filters/block/rule.h"

#include <xxhash.h>

static const struct {
	bool kept;
	const char *sentence;
} skips[PD_RULE_SKIP_KINDS] = {
#define S(id, is_kept, text) [PD_SKIP_##id] = { is_kept, text },
	PD_RULE_SKIPS(S)
#undef S
};

/* As reports show them: "OPTION_VALUE" is "option-value". */
static const char *const skip_names[PD_RULE_SKIP_KINDS] = {
	[PD_SKIP_POPUP] = "popup",
	[PD_SKIP_NO_EFFECT] = "no-effect",
	[PD_SKIP_OPTION_UNKNOWN] = "option-unknown",
	[PD_SKIP_OPTION_UNSUPPORTED] = "option-unsupported",
	[PD_SKIP_OPTION_VALUE] = "option-value",
	[PD_SKIP_OPTION_CLASH] = "option-clash",
	[PD_SKIP_PATTERN] = "pattern",
	[PD_SKIP_PATTERN_WIDE] = "pattern-wide",
	[PD_SKIP_REGEX] = "regex",
	[PD_SKIP_HOST] = "host",
	[PD_SKIP_TOO_LONG] = "too-long",
	[PD_SKIP_BROWSER] = "browser",
	[PD_SKIP_SYNTAX] = "syntax",
};

static const char *const action_names[PD_RULE_ACTIONS] = {
	[PD_RULE_BLOCK] = "block",
	[PD_RULE_REDIRECT] = "redirect-rule",
	[PD_RULE_REMOVEPARAM] = "removeparam",
	[PD_RULE_URLSKIP] = "urlskip",
	[PD_RULE_URITRANSFORM] = "uritransform",
	[PD_RULE_CSP] = "csp",
	[PD_RULE_PERMISSIONS] = "permissions",
	[PD_RULE_REMOVEHEADER] = "removeheader",
	[PD_RULE_GENERICHIDE] = "generichide",
	[PD_RULE_SPECIFICHIDE] = "specifichide",
	[PD_RULE_ELEMHIDE] = "elemhide",
	[PD_RULE_UNTOUCHED] = "untouched",
	[PD_RULE_DENY] = "deny",
	[PD_RULE_REPLACE] = "replace",
	[PD_RULE_REPLACE_TYPE] = "replace-by-type",
};

struct type {
	uint16_t bit;
	struct pd_str name;
};

/* The usual ones first. */
static const struct type types[] = {
	{ PD_TYPE_IMAGE, { "image", 5 } },
	{ PD_TYPE_SCRIPT, { "script", 6 } },
	{ PD_TYPE_XHR, { "xmlhttprequest", 14 } },
	{ PD_TYPE_SUBDOCUMENT, { "subdocument", 11 } },
	{ PD_TYPE_STYLESHEET, { "stylesheet", 10 } },
	{ PD_TYPE_OTHER, { "other", 5 } },
	{ PD_TYPE_FONT, { "font", 4 } },
	{ PD_TYPE_DOCUMENT, { "document", 8 } },
	{ PD_TYPE_PING, { "ping", 4 } },
	{ PD_TYPE_MEDIA, { "media", 5 } },
	{ PD_TYPE_OBJECT, { "object", 6 } },
	{ PD_TYPE_WEBSOCKET, { "websocket", 9 } },
	{ PD_TYPE_CSP_REPORT, { "csp_report", 10 } },
};

/* As lists and browsers' extensions say it, for people who type it. */
static const struct type aliases[] = {
	{ PD_TYPE_DOCUMENT, { "doc", 3 } },
	{ PD_TYPE_DOCUMENT, { "main_frame", 10 } },
	{ PD_TYPE_SUBDOCUMENT, { "frame", 5 } },
	{ PD_TYPE_SUBDOCUMENT, { "sub_frame", 9 } },
	{ PD_TYPE_STYLESHEET, { "css", 3 } },
	{ PD_TYPE_XHR, { "xhr", 3 } },
	{ PD_TYPE_XHR, { "fetch", 5 } },
	{ PD_TYPE_PING, { "beacon", 6 } },
};

const char *
pd_rule_skip_name(enum pd_rule_skip why)
{
	return skip_names[why];
}

const char *
pd_rule_skip_sentence(enum pd_rule_skip why)
{
	return skips[why].sentence;
}

bool
pd_rule_skip_kept(enum pd_rule_skip why)
{
	return skips[why].kept;
}

const char *
pd_rule_action_name(enum pd_rule_action action)
{
	return action_names[action];
}

uint16_t
pd_type_bit(struct pd_str name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (pd_str_eq(name, types[i].name))
			return types[i].bit;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		if (pd_str_eq(name, aliases[i].name))
			return aliases[i].bit;
	}
	return 0;
}

const char *
pd_type_name(uint16_t bit)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (types[i].bit == bit)
			return types[i].name.p;
	}
	return "";
}

uint64_t
pd_rule_id(struct pd_str text)
{
	uint64_t id = XXH3_64bits(text.p, text.n);

	return id != 0 ? id : 1;
}

int
pd_rule_pass_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	(void)arg;
	(void)c;
	return 0;
}

int
pd_rule_pass_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	(void)arg;
	(void)why;
	(void)what;
	(void)text;
	(void)line;
	return 0;
}
