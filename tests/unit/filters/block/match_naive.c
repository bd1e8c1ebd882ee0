/*
 * The matcher against one that knows no index: random rules over few words, so
 * that many fit, held one by one against random URLs by plain loops.
 */
#include "filters/block/match.h"

#include "rules_help.h"

#define RULES  60
#define ROUNDS 40
#define URLS   150

static uint64_t state_of_random = 88172645463325252u;

static uint32_t
draw(uint32_t n)
{
	uint64_t *x = &state_of_random;

	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)(*x >> 33) % n;
}

static const char *
pick(const char *const *v, size_t n)
{
	return v[draw((uint32_t)n)];
}

#define PICK(v) pick((v), sizeof(v) / sizeof((v)[0]))

static const char *const words[] = { "ad", "ads", "banner", "a", "x1", "js",
	"adsadsadsads", "bannerbannerbanner", "Track", "com", "www" };
static const char *const signs[] = { "/", ".", "-", "_", "=", "?", "&", "%",
	"//" };
static const char *const hosts[] = { "a.com", "www.a.com", "ads.a.com", "b.org",
	"x.b.org", "ad.co.uk", "www.ad.co.uk", "banner.net", "x1.banner.net",
	"a.long-name-with-signs.example.com" };

static void
random_part(char *out, size_t room, bool pattern)
{
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0, parts = 1 + draw(4); i < parts; i++) {
		const char *sign = PICK(signs);

		if (pattern && draw(3) == 0)
			sign = draw(2) == 0 ? "*" : "^";
		if (draw(4) > 0)
			n += (size_t)snprintf(out + n, room - n, "%s", sign);
		n += (size_t)snprintf(out + n, room - n, "%s", PICK(words));
		assert_true(n < room);
	}
	if (draw(3) == 0)
		snprintf(out + n, room - n, "%s",
		    pattern && draw(2) == 0 ? "^" : PICK(signs));
}

struct naive {
	char pattern[256];
	bool host, start, end, whole_host;
	bool match_case, exception, important;
	uint16_t types;
	uint8_t party;
	char from[64]; /* a host, "" for any */
	bool from_negated;
	char to[64];
};

/* ---- the rule as a parser would give it -------------------------------- */

static void
give(struct pd_compiler *c, const struct naive *n, uint32_t line)
{
	const struct pd_rule_sink *sink = pd_compiler_sink(c);
	struct pd_rule_domain from = {
		.name = pd_str_z(n->from),
		.negated = n->from_negated,
	};
	struct pd_rule_domain to = { .name = pd_str_z(n->to) };
	char text[64];
	int len = snprintf(text, sizeof(text), "rule %u", line);
	struct pd_rule r = {
		.action = PD_RULE_BLOCK,
		.shape = n->whole_host ? PD_RULE_HOST : PD_RULE_PATTERN,
		.text = pd_str_of(text, (size_t)len),
		.line = line,
		.pattern = pd_str_z(n->pattern),
		.exception = n->exception,
		.important = n->important,
		.host_anchor = n->host,
		.start_anchor = n->start,
		.end_anchor = n->end,
		.match_case = n->match_case,
		.types = n->types,
		.party = n->party,
		.from = { &from, n->from[0] != '\0' },
		.to = { &to, n->to[0] != '\0' },
	};

	assert_int_equal(sink->rule(sink->arg, &r), 0);
}

/* ---- and held against a URL without any index -------------------------- */

static bool
separates(char c)
{
	return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		 (c >= '0' && c <= '9') || strchr("_.%-", c) != NULL);
}

/* Recursive, as it is defined; the patterns here are short. */
static bool
glob(const char *p, const char *u, bool end, bool match_case)
{
	if (*p == '\0')
		return !end || *u == '\0';
	if (*p == '*')
		return glob(p + 1, u, end, match_case) ||
		       (*u != '\0' && glob(p, u + 1, end, match_case));
	if (*p == '^' && *u == '\0')
		return p[1] == '\0';
	if (*u == '\0')
		return false;
	if (*p == '^' ? !separates(*u)
		      : (match_case ? *p != *u : pd_lower(*p) != pd_lower(*u)))
		return false;
	return glob(p + 1, u + 1, end, match_case);
}

static bool
is_below(const char *host, const char *name)
{
	size_t h = strlen(host), n = strlen(name);

	return h >= n && strcmp(host + h - n, name) == 0 &&
	       (h == n || host[h - n - 1] == '.');
}

static bool
pattern_fits(const struct naive *n, const char *url, const char *host)
{
	const char *from = strstr(url, "//") + 2;

	if (n->whole_host)
		return is_below(host, n->pattern);
	if (n->start)
		return glob(n->pattern, url, n->end, n->match_case);
	if (n->host) {
		for (size_t i = 0; i < strlen(host); i++) {
			if ((i == 0 || host[i - 1] == '.') &&
			    glob(n->pattern, from + i, n->end, n->match_case))
				return true;
		}
		return false;
	}
	for (const char *u = url;; u++) {
		if (glob(n->pattern, u, n->end, n->match_case))
			return true;
		if (*u == '\0')
			return false;
	}
}

/* By the small suffix list of these tests. */
static const char *
site(const char *host)
{
	static const char *const sites[] = { "a.com", "b.org", "ad.co.uk",
		"banner.net", "example.com" };

	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		if (is_below(host, sites[i]))
			return sites[i];
	}
	fail();
	return "";
}

static bool
fits(const struct naive *n, const char *url, const char *host, const char *page,
    uint16_t type)
{
	bool first = strcmp(site(host), site(page)) == 0;

	return (n->types & type) != 0 &&
	       (n->party & (first ? PD_PARTY_FIRST : PD_PARTY_THIRD)) != 0 &&
	       (n->from[0] == '\0' ||
		   is_below(page, n->from) != n->from_negated) &&
	       (n->to[0] == '\0' || is_below(host, n->to)) &&
	       pattern_fits(n, url, host);
}

static enum pd_match_kind
judge(const struct naive *v, const char *url, const char *host,
    const char *page, uint16_t type)
{
	bool block = false, allow = false, important = false;

	for (size_t i = 0; i < RULES; i++) {
		if (!fits(&v[i], url, host, page, type))
			continue;
		if (v[i].exception)
			allow = true;
		else if (v[i].important)
			important = block = true;
		else
			block = true;
	}
	if (!block)
		return PD_MATCH_NONE;
	return allow && !important ? PD_MATCH_ALLOW : PD_MATCH_BLOCK;
}

/* ------------------------------------------------------------------------ */

static void
random_rule(struct naive *n)
{
	char part[200];

	memset(n, 0, sizeof(*n));
	random_part(part, sizeof(part), true);
	n->host = draw(3) == 0;
	n->whole_host = n->host && draw(2) == 0;
	n->start = !n->host && draw(8) == 0;
	n->end = !n->whole_host && draw(8) == 0;
	n->match_case = !n->whole_host && draw(8) == 0;
	if (n->whole_host)
		snprintf(n->pattern, sizeof(n->pattern), "%s", PICK(hosts));
	else if (n->host)
		snprintf(n->pattern, sizeof(n->pattern), "%s%s%s", PICK(hosts),
		    draw(2) == 0 ? "^" : "", part);
	else if (n->start)
		snprintf(n->pattern, sizeof(n->pattern), "https:%s%s",
		    draw(2) == 0 ? "//" : "*", part);
	else if (draw(12) > 0)
		snprintf(n->pattern, sizeof(n->pattern), "%s", part);
	n->exception = draw(4) == 0;
	n->important = !n->exception && draw(8) == 0;
	n->types = draw(2) == 0 ? PD_TYPE_DEFAULT : (uint16_t)(1u << draw(5));
	n->party = draw(2) == 0 ? PD_PARTY_BOTH : (uint8_t)(1 + draw(2));
	if (draw(3) == 0) {
		snprintf(n->from, sizeof(n->from), "%s", PICK(hosts));
		n->from_negated = draw(3) == 0;
	}
	if (draw(6) == 0)
		snprintf(n->to, sizeof(n->to), "%s", PICK(hosts));
	/* A rule for everything says nothing in this test. */
	if (n->pattern[0] == '\0' && n->from[0] == '\0')
		snprintf(n->from, sizeof(n->from), "%s", PICK(hosts));
}

static enum pd_match_kind
ask_both(struct rules *r, const struct naive *v)
{
	char url[512], part[200];
	const char *host = PICK(hosts), *page = PICK(hosts);
	struct pd_match_query q = {
		.source = pd_str_z(page),
		.types = (uint16_t)(1u << draw(5)),
		.method = PD_METHOD_GET,
		.lists = PD_MATCH_LISTS_ALL,
	};
	enum pd_match_kind want;
	struct pd_match m;

	random_part(part, sizeof(part), false);
	snprintf(url, sizeof(url), "https://%s%s/%s", host,
	    draw(8) == 0 ? ":8443" : "", part);
	assert_int_equal(pd_match_split(&q, pd_str_z(url)), 0);
	pd_match_request(r->set, r->scratch, &q, &m);
	want = judge(v, url, host, page, q.types);
	if (m.kind == want)
		return want;
	for (size_t i = 0; i < RULES; i++) {
		if (fits(&v[i], url, host, page, q.types))
			print_error("fits: %zu %s%s%s%s%s from=%s%s to=%s\n",
			    i + 1, v[i].exception ? "@@" : "",
			    v[i].host    ? "||"
			    : v[i].start ? "|"
					 : "",
			    v[i].pattern, v[i].end ? "|" : "",
			    v[i].match_case ? " case" : "",
			    v[i].from_negated ? "~" : "", v[i].from, v[i].to);
	}
	fail_msg(
	    "%s on %s: want %d, got %s", url, page, want, rules_show(r, &m));
	return want;
}

static void
agrees_with_a_matcher_without_index(void **state)
{
	char *path = suffix_file();
	unsigned kinds[5] = { 0 };

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		static struct naive v[RULES];
		struct rules r;

		rules_begin(&r);
		r.options.seed = round + 1;
		r.options.suffixes = path;
		r.compiler = pd_compiler_create(&r.options);
		pd_compiler_begin_list(r.compiler, PD_STR("l"), PD_STR(""));
		pd_compiler_begin_file(r.compiler, PD_STR("f"));
		for (uint32_t i = 0; i < RULES; i++) {
			random_rule(&v[i]);
			give(r.compiler, &v[i], i + 1);
		}
		rules_end(&r);
		for (unsigned i = 0; i < URLS; i++)
			kinds[ask_both(&r, v)]++;
		rules_free(&r);
	}
	/* None of them is rare, or it would say little. */
	assert_true(kinds[PD_MATCH_NONE] > ROUNDS * URLS / 10);
	assert_true(kinds[PD_MATCH_ALLOW] > ROUNDS * URLS / 20);
	assert_true(kinds[PD_MATCH_BLOCK] > ROUNDS * URLS / 10);
	file_end(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_matcher_without_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
