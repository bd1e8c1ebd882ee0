/*
 * The rules of a gateway's configuration for tests, on a machine whose uplink
 * is eth0. Stands behind gateway_conf.h.
 */
#ifndef PD_TEST_GATEWAY_RULES_H
#define PD_TEST_GATEWAY_RULES_H

#include "plan.h"

static struct gw_config *planned_conf;
static struct gw_plan *planned;

static inline int
plan_end(void **state)
{
	(void)state;
	gw_plan_destroy(planned);
	gw_config_free(planned_conf);
	planned = NULL;
	planned_conf = NULL;
	return 0;
}

static inline void
plan_rules(const char *text)
{
	static const struct gw_facts facts = {
		.uplink = "eth0", .ipv6_default = true, .uplink_mtu = 1500
	};
	static const struct gw_clients none = { 0 };

	plan_end(NULL);
	planned_conf = parse(text);
	if (planned_conf == NULL)
		fail_msg("refused: %s", told);
	planned = gw_plan_create(planned_conf, &none, &facts);
}

/* By its kind and its first argument; NULL when there is none. */
static inline const struct gw_step *
find_step(const char *kind, const char *key)
{
	for (size_t i = 0; i < planned->n; i++) {
		const struct gw_step *s = planned->v[i];

		if (strcmp(s->kind->name, kind) == 0 &&
		    (key == NULL || strcmp(s->args[0].value, key) == 0))
			return s;
	}
	return NULL;
}

static inline void
expect_rule(const char *piece)
{
	const struct gw_step *s = find_step("nft", NULL);

	assert_non_null(s);
	if (strstr(s->text, piece) == NULL)
		fail_msg("\"%s\" is not in %s", piece, s->text);
}

static inline void
expect_no_rule(const char *piece)
{
	const struct gw_step *s = find_step("nft", NULL);

	assert_non_null(s);
	if (strstr(s->text, piece) != NULL)
		fail_msg("\"%s\" is in %s", piece, s->text);
}

#endif
