/*
 * What tests of the portal share: three rules, and a request to it. After
 * cmocka.h.
 */
#ifndef PD_TEST_PORTAL_HELP_H
#define PD_TEST_PORTAL_HELP_H

#include "base/stats.h"
#include "portal.h"
#include "tests/support/rules.h"
#include "tests/unit/arena_help.h"
#include "tests/unit/reply_help.h"

static struct pd_probe_set *probes;
static struct pd_stats stats[2];
static const struct pd_stats *const all_stats[] = { &stats[0], &stats[1] };
static struct pd_conf conf;
static char *portal_names[] = { "proxy.example.org" };
static struct pd_block_set *rules;
static struct pd_scratch *scratch;
static const int64_t now = 1795288702;

static inline int
begin_portal(void **state)
{
	static char suffixes[] =
	    "/usr/share/publicsuffix/public_suffix_list.dat";
	static struct pd_conf lists = { .suffixes = suffixes };

	(void)state;
	rules = test_rules(&lists, "te<st",
	    "! Title: A & B\n||ads.test^\n"
	    "/banner/*$image\n"
	    "@@||good.ads.test^\n");
	scratch = pd_scratch_create();
	return 0;
}

static inline int
end_portal(void **state)
{
	(void)state;
	pd_block_unref(rules);
	pd_scratch_destroy(scratch);
	return 0;
}

static inline int
begin(void **state)
{
	begin_arena(state);
	memset(stats, 0, sizeof(stats));
	conf = (struct pd_conf){ .portal_names = { portal_names, 1 } };
	probes = pd_probe_load(&conf, NULL);
	return 0;
}

static inline int
end(void **state)
{
	pd_probe_destroy(probes);
	return end_arena(state);
}

struct ask {
	const char *method, *host, *path; /* host: of Host */
	bool through, draining;
	const char *field, *value;
	const char *content, *origin; /* of POST */
};

static inline void
ask(const struct ask *a, struct pd_reply *r)
{
	static struct pd_addr client, local;
	struct pd_request req = {
		.method = pd_method_of(
		    pd_str_z(a->method != NULL ? a->method : "GET")),
		.form = a->through ? PD_FORM_ABSOLUTE : PD_FORM_ORIGIN,
	};
	struct pd_portal_params params = {
		.conf = &conf,
		.request = &req,
		.probes = probes,
		.client = &client,
		.local = &local,
		.through_proxy = a->through,
		.draining = a->draining,
		.stats = all_stats,
		.nstats = 2,
		.rules = rules,
		.scratch = scratch,
		.now_s = now,
		.content = pd_str_z(a->content),
	};

	assert_int_equal(pd_addr_parse(PD_STR("192.0.2.9"), &client), 0);
	assert_int_equal(pd_addr_parse(PD_STR("192.0.2.1"), &local), 0);
	local.port = 8080;
	if (a->host != NULL)
		assert_int_equal(pd_authority_parse(pd_str_z(a->host), 80,
				     arena, &req.url.authority),
		    PD_URL_OK);
	req.url.path = pd_str_z(a->path);
	if (a->field != NULL)
		pd_fields_add(
		    &req.fields, arena, pd_str_z(a->field), pd_str_z(a->value));
	if (a->origin != NULL)
		pd_fields_add(
		    &req.fields, arena, PD_STR("Origin"), pd_str_z(a->origin));
	memset(r, 0, sizeof(*r));
	pd_portal_answer(&params, arena, r);
	assert_int_equal(r->response.content_length, r->content.n);
}

#endif
