/*
 * Questions to `pared why` and the portal: URL, type and page as three lines,
 * judged by a list that has a rule of each kind. Every answer can be written.
 */
#include "why.h"

#include "base/arena.h"
#include "require.h"
#include "tests/support/rules.h"

static const char list[] = "||ads.test^\n"
			   "||ads.test^$script,third-party\n"
			   "@@||good.ads.test^\n"
			   "/banner/*$image\n"
			   "/ad[0-9]+/\n"
			   "||shop.test^$removeparam=utm_source\n"
			   "||skip.test^$urlskip=?to\n"
			   "||video.test/ad.js$script,redirect=noopjs\n"
			   "||page.test^$document\n"
			   "||page.test^$csp=script-src 'none'\n"
			   "-only-$domain=site.test|~www.site.test\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pd_conf conf;
	static struct pd_block_set *rules;
	static struct pd_scratch *scratch;
	struct pd_str rest = pd_str_of((const char *)data, size);
	struct pd_why_params p = { .now_s = 1795288702 };
	static struct pd_why why;
	char *text = NULL;
	size_t n;
	FILE *f;

	if (rules == NULL) {
		rules = test_rules(&conf, "test", list);
		scratch = pd_scratch_create();
	}
	p.rules = rules;
	p.scratch = scratch;
	p.arena = pd_arena_create();
	p.url = pd_str_split(&rest, '\n');
	p.type = pd_str_split(&rest, '\n');
	p.source = pd_str_split(&rest, '\n');
	if (pd_why_ask(&p, &why) == NULL) {
		f = open_memstream(&text, &n);
		REQUIRE(f != NULL);
		pd_why_write_json(f, &why, p.arena);
		fclose(f);
		free(text);
		REQUIRE(why.sentence.n > 0);
	}
	pd_arena_destroy(p.arena);
	return 0;
}
