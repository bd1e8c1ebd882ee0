/*
 * A list of blocked names, which a user wrote and unbound reads as root: what
 * comes of it are lines of few kinds, and the same again when they are read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kind/names.h"
#include "require.h"

static char *
written(const char *text, struct gw_names_left *left)
{
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	REQUIRE(file != NULL);
	gw_names_write(file, text, left);
	REQUIRE(fclose(file) == 0);
	REQUIRE(strlen(out) == len);
	return out;
}

static size_t
count(const char *line, size_t n, char c)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += line[i] == c;
	return found;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *once, *twice;
	struct gw_names_left left;

	once = written(text, &left);
	for (const char *line = once; *line != '\0';) {
		size_t n = strcspn(line, "\n");

		REQUIRE(line[n] == '\n');
		REQUIRE(strncmp(line, "local-zone: \"", 13) == 0 ||
			strncmp(line, "local-data: \"", 13) == 0);
		REQUIRE(count(line, n, '"') == 2 && count(line, n, ' ') <= 3);
		line += n + 1;
	}
	twice = written(once, &left);
	REQUIRE(strcmp(once, twice) == 0 && left.n == 0);
	free(twice);
	free(once);
	free(text);
	return 0;
}
