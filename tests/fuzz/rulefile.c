/*
 * A rule file with wrong numbers and a right checksum: refused, or asked
 * without harm. The input says which words of a good file are what instead:
 * offset and value, four bytes each; the rest is cut off the end.
 */
#include <stdlib.h>

#include "filters/block/file.h"
#include "filters/block/match.h"
#include "filters/block/source.h"
#include "require.h"

static const char list[] =
    "||ads.example^\n||x.ads.example^\n||b.example^$third-party,script\n"
    "||b.example/path*x^$domain=a.org|~b.a.org|c.*|/d[0-9]/\n"
    "-banner-$image,important\n@@||b.example/good^\n@@-ok-$domain=a.org\n"
    "/^https?:\\/\\/[a-z]{4,9}\\.example\\/x/$match-case\n"
    "$script,domain=a.org\n*$image,to=b.example|~c.b.example\n$ping\n"
    "||b.example/r.js$script,redirect=noop.js:10\n"
    "*$script,redirect-rule=noop.js\n$removeparam=utm\n"
    "$removeparam=/^x/\n||b.example^$csp=script-src 'none'\n"
    "||b.example^$doc,urlskip=/\\/u=([^&]+)/ -base64\n"
    "||b.example^$uritransform=/a/b/g\n-h-$header=via:/x/\n"
    "-i-$ipaddress=10.*\n@@||b.example^$generichide\n"
    "-banner-$image,important\n-method-$method=get\nexample.org##.ad\n";
static const char hosts[] = "0.0.0.0 exact.example\n0.0.0.0 192.0.2.1\n";
static const char actions[] =
    "{+block{x}}\n.ads*.example:80-90/path.*x\n{-block}\ngood.example\n";

static void
add(struct pd_compiler *c, const char *name, const char *text,
    enum pd_rule_action action)
{
	struct pd_source_params p = {
		.name = pd_str_z(name),
		.path = name,
		.action = action,
	};

	REQUIRE(pd_source_read_text(c, &p, pd_str_z(text), NULL) == 0);
}

static struct pd_compiled
compile(void)
{
	struct pd_compile_options o = { .seed = 1 };
	struct pd_compiler *c = pd_compiler_create(&o);
	struct pd_compiled out;
	const char *why;

	add(c, "list", list, PD_RULE_BLOCK);
	add(c, "hosts", hosts, PD_RULE_BLOCK);
	add(c, "actions", actions, PD_RULE_BLOCK);
	add(c, "deny", "http://*.deny.example/*\n", PD_RULE_DENY);
	REQUIRE(pd_compiler_finish(c, &out, &why) == 0);
	pd_compiler_destroy(c);
	return out;
}

static void
on_found(void *arg, const struct pd_match_found *f)
{
	size_t *sum = arg;

	for (size_t i = 0; i < f->rule.text.n; i++)
		*sum += (unsigned char)f->rule.text.p[i];
	*sum += f->rule.list.n + f->rule.file.n;
}

static bool
on_answer(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	size_t *sum = arg;

	*sum += (size_t)action + value.n + rule->text.n;
	return true;
}

static void
ask(const struct pd_set *set, struct pd_scratch *scratch, const char *url,
    const char *page, bool host_only)
{
	struct pd_match_query q = {
		.source = pd_str_z(page),
		.party = page[0] != '\0' ? PD_SOURCE_KNOWN : PD_SOURCE_UNKNOWN,
		.types = PD_TYPE_ALL,
		.method = PD_METHOD_GET,
		.host_only = host_only,
		.lists = PD_MATCH_LISTS_ALL,
	};
	struct pd_field field = { PD_STR("via"), PD_STR("x"), PD_FIELD_VIA };
	struct pd_fields fields = { .v = &field, .n = 1, .cap = 1 };
	struct pd_addr addr = { .family = AF_INET, .ip = { 10, 0, 0, 1 } };
	struct pd_match_later later = { &fields, &addr };
	struct pd_match_rule rule;
	struct pd_str rewritten;
	struct pd_match m;
	size_t sum = 0;

	REQUIRE(pd_match_split(&q, pd_str_z(url)) == 0);
	pd_match_request(set, scratch, &q, &m);
	if (pd_match_rewrite(set, scratch, &q, &rewritten, &rule))
		sum += rewritten.n;
	pd_match_answer(set, scratch, &q, on_answer, &sum);
	pd_match_later(set, scratch, &q, &later, &m);
	q.lists = 5;
	pd_match_explain(set, scratch, &q, on_found, &sum);
}

static void
ask_all(const struct pd_set *set)
{
	static const char *const urls[] = { "https://x.ads.example/-banner-",
		"http://b.example/path/aax?utm=1&x2=3&u=aHR0cDovL2E=&-h--i-",
		"https://c.b.example/r.js?-method--ok-", "http://192.0.2.1:85/",
		"http://ads1.example:85/path/x", "https://abcd.example/x",
		"http://a.deny.example/" };
	static struct pd_scratch *scratch;
	struct pd_compile_list l;

	if (scratch == NULL)
		scratch = pd_scratch_create();
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		ask(set, scratch, urls[i],
		    i % 2 == 0 ? "www.a.org" : "d1.c.com", false);
		ask(set, scratch, urls[i], "", i % 2 == 0);
	}
	for (size_t i = 0; i <= pd_set_lists(set); i++)
		pd_set_list(set, i, &l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pd_compiled good;
	struct pd_file_head *head;
	struct pd_set *set;
	const char *why;
	unsigned char *bytes;
	size_t n;

	if (good.bytes == NULL)
		good = compile();
	bytes = malloc(good.n);
	REQUIRE(bytes != NULL);
	memcpy(bytes, good.bytes, good.n);
	for (; size >= 8; data += 8, size -= 8) {
		uint32_t at;

		memcpy(&at, data, 4);
		memcpy(bytes + at % (good.n - 3), data + 4, 4);
	}
	n = good.n - size;
	head = (void *)bytes;
	memcpy(head->magic, PD_FILE_MAGIC, sizeof(head->magic));
	head->version = PD_FILE_VERSION;
	head->order = PD_FILE_ORDER;
	head->bytes = n;
	head->checksum = pd_file_checksum(bytes, n);
	set = pd_set_copy(bytes, n, &why);
	free(bytes);
	if (set != NULL)
		ask_all(set);
	pd_set_unref(set);
	return 0;
}
