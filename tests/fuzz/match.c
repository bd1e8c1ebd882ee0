/*
 * Rules and a request from the same stranger: whatever is asked, the answers
 * agree with one another. The first line is the request, "TYPES PAGE URL"; the
 * rest is a list.
 */
#include <stdlib.h>

#include "filters/block/match.h"
#include "filters/block/source.h"
#include "require.h"

struct found {
	unsigned winners, blocks;
};

static void
on_found(void *arg, const struct pd_match_found *f)
{
	struct found *found = arg;

	REQUIRE(f->rule.text.n > 0 && f->rule.list.n > 0);
	found->winners += f->role == PD_ROLE_WINNER;
	found->blocks += f->action == PD_RULE_BLOCK && !f->exception;
}

static bool
on_answer(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	unsigned *n = arg;

	REQUIRE(rule->text.n > 0 && (value.n > 0 || action != PD_RULE_CSP));
	++*n;
	return *n < 5;
}

static void
ask(const struct pd_set *set, struct pd_scratch *scratch,
    struct pd_match_query *q)
{
	struct found found = { 0, 0 };
	struct pd_match_rule rule;
	struct pd_match m, again;
	struct pd_str url;
	unsigned n = 0;

	pd_match_request(set, scratch, q, &m);
	if (m.kind == PD_MATCH_BLOCK || m.kind == PD_MATCH_ALLOW)
		REQUIRE(m.rule.text.n > 0);
	REQUIRE(m.redirect.n == 0 || m.kind == PD_MATCH_BLOCK);
	if (pd_match_rewrite(set, scratch, q, &url, &rule)) {
		REQUIRE(url.n > 0 && url.n <= PD_MATCH_URL_MAX);
		REQUIRE(!pd_str_eq(url, q->url) && rule.text.n > 0);
		REQUIRE(pd_match_host(url).n > 0);
	}
	pd_match_answer(set, scratch, q, on_answer, &n);
	pd_match_request(set, scratch, q, &again);
	REQUIRE(again.kind == m.kind && again.rule.id == m.rule.id);
	pd_match_explain(set, scratch, q, on_found, &found);
	if (pd_scratch_overflows(scratch) == 0) {
		REQUIRE(found.winners > 0 || m.kind == PD_MATCH_NONE);
		REQUIRE(found.blocks > 0 || m.kind == PD_MATCH_NONE);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str list = pd_str_of((const char *)data, size), line, word;
	struct pd_compile_options options = { .seed = 1 };
	struct pd_source_params p = {
		.name = PD_STR("list"),
		.path = "list",
		.action = PD_RULE_BLOCK,
	};
	struct pd_match_query q = {
		.method = PD_METHOD_GET,
		.lists = PD_MATCH_LISTS_ALL,
	};
	struct pd_compiled out;
	struct pd_compiler *c;
	struct pd_scratch *scratch;
	struct pd_set *set;
	const char *why;

	line = pd_str_split(&list, '\n');
	word = pd_str_split(&line, ' ');
	for (size_t i = 0; i < word.n; i++)
		q.types |= (uint16_t)(1u << (unsigned char)word.p[i] % 13);
	q.source = pd_str_split(&line, ' ');
	q.party = q.source.n > 0 ? PD_SOURCE_KNOWN : PD_SOURCE_UNKNOWN;
	q.host_only = word.n > 0 && word.p[0] == 'C';
	if (line.p == NULL || list.p == NULL || pd_match_split(&q, line) < 0)
		return 0;
	c = pd_compiler_create(&options);
	if (pd_source_read_text(c, &p, list, NULL) == 0) {
		REQUIRE(pd_compiler_finish(c, &out, &why) == 0);
		set = pd_set_copy(out.bytes, out.n, &why);
		REQUIRE(set != NULL);
		REQUIRE(pd_set_verify_cosmetic(out.cosmetic, out.ncosmetic) ==
			NULL);
		scratch = pd_scratch_create();
		ask(set, scratch, &q);
		pd_scratch_destroy(scratch);
		pd_set_unref(set);
		free(out.bytes);
		free(out.cosmetic);
	}
	pd_compiler_destroy(c);
	return 0;
}
