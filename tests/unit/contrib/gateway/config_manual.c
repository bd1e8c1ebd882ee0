#include "config.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/conf_row.h"

#define PAGE PARED_SOURCE "/contrib/gateway/man/gateway.conf.5"

/* The caller frees it. */
static char *
manual(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	gw_config_manual(f);
	fclose(f);
	return text;
}

/* The page of the tree is the one that the tables make; PARED_REWRITE in the
 * environment writes it anew. */
static void
test_page(void **state)
{
	char *made = manual(), *page;
	size_t len;

	(void)state;
	if (getenv("PARED_REWRITE") != NULL) {
		FILE *f = fopen(PAGE, "w");

		assert_non_null(f);
		fputs(made, f);
		assert_int_equal(fclose(f), 0);
	}
	page = pd_conf_read(PAGE, &len);
	assert_non_null(page);
	assert_string_equal(page, made);
	free(page);
	free(made);
}

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	(void)error;
	print_error("%s\n", text);
}

/* What stands in the page between .Bd and .Ed, as a reader would type it. */
static char *
example(const char *from, const char *to)
{
	char *text = malloc((size_t)(to - from) + 1), *q = text;

	while (from < to) {
		if (strncmp(from, "\\(dq", 4) == 0) {
			*q++ = '"';
			from += 4;
		} else {
			assert_true(*from != '\\');
			*q++ = *from++;
		}
	}
	*q = '\0';
	return text;
}

/* Whoever copies an example out of the page has a gateway. */
static void
test_examples(void **state)
{
	static const char begin[] = ".Bd -literal -offset indent\n";
	const struct pd_conf_report report = { .line = on_line };
	char *page = manual();
	size_t n = 0;

	(void)state;
	for (char *p = page; (p = strstr(p, begin)) != NULL; n++) {
		const char *end = strstr(p, ".Ed\n");
		struct gw_config *c;
		char *text;

		assert_non_null(end);
		text = example(p + strlen(begin), end);
		c = gw_config_parse("page", text, &report);
		if (c == NULL)
			fail_msg("refused: %s", text);
		gw_config_free(c);
		free(text);
		p += strlen(begin);
	}
	assert_true(n >= 10);
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
