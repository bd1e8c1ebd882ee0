/*
 * A whole list of whatever syntax: "!#if", the header, the summary. What is on
 * under "!#if" is a part of all lines.
 */
#include <stdlib.h>

#include "filters/block/lines.h"
#include "filters/block/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
include(void *arg, struct pd_str name, uint32_t line)
{
	size_t *sum = arg;

	for (size_t i = 0; i < name.n; i++)
		*sum += (unsigned char)name.p[i] + line;
}

static void
read_directed(struct pd_str text)
{
	char *symbols[] = { "a", "ext_ublock" };
	size_t sum = 0;
	struct pd_lines_directives d = { .symbols = symbols,
		.nsymbols = 2,
		.arg = &sum,
		.include = include };
	struct pd_lines all, on;
	struct pd_str line, other = PD_STR("");

	pd_lines_memory(&all, text, "list", NULL);
	pd_lines_memory(&on, text, "list", NULL);
	pd_lines_direct(&on, &d);
	while (pd_lines_next(&on, &line)) {
		do {
			if (!pd_lines_next(&all, &other))
				abort();
		} while (all.line < on.line);
		if (!pd_str_eq(line, other))
			abort();
	}
	pd_lines_finish(&all);
	pd_lines_finish(&on);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str text = pd_str_of((const char *)data, size);
	struct pd_source_summary sum;
	const char *why;

	read_directed(text);
	if (pd_source_summarise(text, &sum, &why) < 0 && why == NULL)
		abort();
	if (memchr(sum.title, '\0', sizeof(sum.title)) == NULL ||
	    sum.format == NULL)
		abort();
	return 0;
}
