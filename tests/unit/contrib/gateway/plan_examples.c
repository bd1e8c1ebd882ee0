/*
 * What each example comes to: the steps, as `plan` shows them, on a machine
 * with fixed facts, against tests/corpus/gateway_plan/NAME.txt. PARED_REWRITE
 * in the environment writes those files anew; what changed is then for a
 * reader to judge.
 */
#include "plan.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/conf_row.h"

#define EXAMPLES PARED_SOURCE "/contrib/gateway/examples/"
#define GOLDEN   PARED_SOURCE "/tests/corpus/gateway_plan/"

static const char *const examples[] = { "containers", "island", "island-client",
	"nat64", "native", "phones", "qos", "seed-pptp", "slim-edge",
	"slim-edge-node", "uplinks" };

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	(void)error;
	print_error("%s\n", text);
}

static struct gw_config *
load(const char *name)
{
	const struct pd_conf_report report = { .line = on_line };
	char path[512];

	snprintf(path, sizeof(path), EXAMPLES "%s.conf", name);
	return gw_config_load(path, &report);
}

static struct gw_plan *
plan(const struct gw_config *c)
{
	static const struct gw_facts facts = { .uplink = "eth0",
		.uplink_ra = true,
		.ipv6_default = true,
		.uplink_mtu = 1500 };
	static const struct gw_clients none = { 0 };

	return gw_plan_create(c, &none, &facts);
}

/* Every step by its line, its text below it; the notes at the end. */
static char *
describe(const struct gw_plan *p)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < p->n; i++) {
		const struct gw_step *s = p->v[i];

		fprintf(out, "%s: ", s->kind->name);
		s->kind->describe(s, out);
		putc('\n', out);
		if (s->text != NULL && !s->secret)
			fprintf(out, "%s", s->text);
	}
	for (size_t i = 0; i < p->notes.n; i++)
		fprintf(out, "note: %s\n", p->notes.v[i]);
	fclose(out);
	return text;
}

static void
expect_golden(const char *name, const char *made)
{
	char path[512], *golden;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), GOLDEN "%s.txt", name);
	if (getenv("PARED_REWRITE") != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(made, f);
		assert_int_equal(fclose(f), 0);
	}
	golden = pd_conf_read(path, &len);
	if (golden == NULL)
		fail_msg("no %s", path);
	assert_string_equal(made, golden);
	free(golden);
}

static void
test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct gw_config *c = load(examples[i]);
		struct gw_plan *p;
		char *made;

		assert_non_null(c);
		p = plan(c);
		assert_true(p->n > 0);
		made = describe(p);
		expect_golden(examples[i], made);
		free(made);
		gw_plan_destroy(p);
		gw_config_free(c);
	}
}

/* The same words give the same steps: nothing of a plan is of chance, time or
 * place, or a second `up` would find drift. */
static void
test_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct gw_config *c = load(examples[i]);
		struct gw_plan *a = plan(c), *b = plan(c);
		char *x = describe(a), *y = describe(b);

		assert_string_equal(x, y);
		free(x);
		free(y);
		gw_plan_destroy(a);
		gw_plan_destroy(b);
		gw_config_free(c);
	}
}

/* A step's arguments are what a journal holds, a line each: no control
 * characters, no secrets, and keys that tell it from every other. */
static void
test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct gw_config *c = load(examples[i]);
		struct gw_plan *p = plan(c);

		for (size_t j = 0; j < p->n; j++) {
			const struct gw_step *s = p->v[j];

			assert_true(s->nkeys >= 1 && s->nkeys <= s->nargs);
			assert_true(j == 0 || p->phases[j] < GW_NPHASES);
			for (size_t k = 0; k < s->nargs; k++) {
				const char *q = s->args[k].value;

				for (; *q != '\0'; q++)
					assert_true((unsigned char)*q >= ' ');
			}
			for (size_t k = 0; k < j; k++)
				assert_false(gw_step_same(s, p->v[k]));
		}
		gw_plan_destroy(p);
		gw_config_free(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
