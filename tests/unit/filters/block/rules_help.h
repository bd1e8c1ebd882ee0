/* Lists as text, compiled and asked; answers as text. */
#ifndef PD_TEST_BLOCK_RULES_HELP_H
#define PD_TEST_BLOCK_RULES_HELP_H

#include "filters/block/match.h"
#include "filters/block/source.h"
#include "fixture.h"

struct rules {
	struct pd_compile_options options;
	struct pd_compiler *compiler;
	struct pd_compiled out;
	struct pd_set *set;
	struct pd_scratch *scratch;
	uint64_t lists;
	enum pd_method method;
	bool host_only;
	char text[4096];
};

/* A small public suffix list, as a file. */
static inline char *
suffix_file(void)
{
	return file_of(PD_STR("// ===BEGIN ICANN DOMAINS===\n"
			      "com\n"
			      "net\n"
			      "org\n"
			      "example\n"
			      "uk\n"
			      "co.uk\n"
			      "*.ck\n"
			      "!www.ck\n"
			      "jp\n"
			      "*.kobe.jp\n"
			      "!city.kobe.jp\n"
			      "\n"
			      "// ===BEGIN PRIVATE DOMAINS===\n"
			      "github.io\t// Pages\n"
			      "s3.amazonaws.com\n"
			      "\xe5\x85\xac\xe5\x8f\xb8.cn\n"));
}

static inline void
rules_begin(struct rules *r)
{
	memset(r, 0, sizeof(*r));
	r->options.seed = 7;
	r->lists = PD_MATCH_LISTS_ALL;
	r->method = PD_METHOD_GET;
}

static inline void
rules_list_of(struct rules *r, const char *name, const char *text,
    enum pd_rule_action action)
{
	struct pd_source_params p = {
		.name = pd_str_z(name),
		.file_name = pd_str_z(name),
		.path = name,
		.action = action,
	};
	struct report report;

	if (r->compiler == NULL)
		r->compiler = pd_compiler_create(&r->options);
	assert_int_equal(pd_source_read_text(r->compiler, &p, pd_str_z(text),
			     report_begin(&report)),
	    0);
}

static inline void
rules_list(struct rules *r, const char *name, const char *text)
{
	rules_list_of(r, name, text, PD_RULE_BLOCK);
}

static inline void
rules_end(struct rules *r)
{
	const char *why = NULL;

	assert_int_equal(pd_compiler_finish(r->compiler, &r->out, &why), 0);
	pd_compiler_destroy(r->compiler);
	r->compiler = NULL;
	r->set = pd_set_copy(r->out.bytes, r->out.n, &why);
	if (r->set == NULL)
		fail_msg("%s", why);
	assert_null(pd_set_verify_cosmetic(r->out.cosmetic, r->out.ncosmetic));
	r->scratch = pd_scratch_create();
}

static inline void
rules_free(struct rules *r)
{
	pd_scratch_destroy(r->scratch);
	pd_set_unref(r->set);
	free(r->out.bytes);
	free(r->out.cosmetic);
}

/* One list, in one go. */
static inline void
rules_of(struct rules *r, const char *text)
{
	rules_begin(r);
	rules_list(r, "list", text);
	rules_end(r);
}

static inline void
rules_query(const struct rules *r, struct pd_match_query *q, const char *type,
    const char *source, const char *url)
{
	struct pd_str types = pd_str_z(type);

	*q = (struct pd_match_query){
		.method = r->method,
		.host_only = r->host_only,
		.lists = r->lists,
	};
	while (types.n > 0)
		q->types |= pd_type_bit(pd_str_split(&types, '|'));
	assert_int_equal(pd_match_split(q, pd_str_z(url)), 0);
	if (strcmp(source, "third") == 0) {
		q->party = PD_SOURCE_THIRD;
	} else if (strcmp(source, "unknown") == 0) {
		q->party = PD_SOURCE_UNKNOWN;
	} else {
		q->source = pd_match_host(pd_str_z(source));
		assert_true(q->source.n > 0);
	}
}

static inline const char *
rules_show(struct rules *r, const struct pd_match *m)
{
	static const char *const kinds[] = { "none", "allow", "block", "deny",
		"replace" };
	int n = snprintf(r->text, sizeof(r->text), "%s", kinds[m->kind]);

	if (m->kind != PD_MATCH_NONE || m->untouched)
		n += snprintf(r->text + n, sizeof(r->text) - (size_t)n,
		    "%s %.*s %.*s:%u", m->untouched ? " untouched" : "",
		    PD_STR_ARG(m->rule.text), PD_STR_ARG(m->rule.file),
		    m->rule.line);
	if (m->redirect.n > 0)
		n += snprintf(r->text + n, sizeof(r->text) - (size_t)n,
		    " -> %.*s", PD_STR_ARG(m->redirect));
	if (m->replace_by_type)
		snprintf(r->text + n, sizeof(r->text) - (size_t)n, " by-type");
	return r->text;
}

/* "none", "block RULE FILE:LINE -> RESOURCE" ... */
static inline const char *
ask(struct rules *r, const char *type, const char *source, const char *url)
{
	struct pd_match_query q;
	struct pd_match m;

	rules_query(r, &q, type, source, url);
	pd_match_request(r->set, r->scratch, &q, &m);
	return rules_show(r, &m);
}

/* What becomes of the URL, or "". */
static inline const char *
rewrite(struct rules *r, const char *type, const char *source, const char *url)
{
	struct pd_match_query q;
	struct pd_match_rule rule;
	struct pd_str out;

	rules_query(r, &q, type, source, url);
	if (!pd_match_rewrite(r->set, r->scratch, &q, &out, &rule))
		return "";
	assert_true(rule.text.n > 0);
	snprintf(r->text, sizeof(r->text), "%.*s", PD_STR_ARG(out));
	return r->text;
}

#define assert_ask(r, type, source, url, want) \
	assert_string_equal(ask((r), (type), (source), (url)), (want))
#define assert_rewrite(r, type, source, url, want) \
	assert_string_equal(rewrite((r), (type), (source), (url)), (want))

#endif
