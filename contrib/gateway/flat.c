#include "flat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_scan.h"
#include "system.h"

/* Files in files; who reads a configuration allows less. */
#define DEPTH_MAX 8

static int put_file(FILE *out, const char *path, unsigned depth);

/* The body is as it was written, comments and all. */
static void
put_section(FILE *out, const struct pd_conf_statement *st)
{
	fputs(st->name, out);
	if (st->title != NULL) {
		fputs(" \"", out);
		for (const char *at = st->title; *at != '\0'; at++) {
			if (*at == '"' || *at == '\\')
				putc('\\', out);
			putc(*at, out);
		}
		putc('"', out);
	}
	fprintf(out, " {%s}\n", st->body);
}

/* A name without a directory is that of a file beside the one that has it. */
static int
put_include(FILE *out, const char *file, const char *name, unsigned depth)
{
	const char *slash = name[0] == '/' ? NULL : strrchr(file, '/');
	int dir = slash != NULL ? (int)(slash - file) + 1 : 0, rc;
	char *path;

	if (asprintf(&path, "%.*s%s", dir, file, name) < 0)
		abort();
	rc = put_file(out, path, depth + 1);
	free(path);
	return rc;
}

static int
put_file(FILE *out, const char *path, unsigned depth)
{
	char *text = depth < DEPTH_MAX ? gw_read_file(path) : NULL;
	const struct pd_conf_scan_params params = { .text = text };
	struct pd_conf_scan scan;
	int rc = 0;

	if (depth == DEPTH_MAX)
		errno = ELOOP;
	if (text == NULL)
		return -1;
	pd_conf_scan_init(&scan, &params);
	for (size_t i = 0; i < scan.n && rc == 0; i++) {
		const struct pd_conf_statement *st = &scan.v[i];

		if (st->kind == PD_CONF_INCLUDE)
			rc = put_include(out, path, st->title, depth);
		else if (st->kind == PD_CONF_SECTION)
			put_section(out, st);
	}
	pd_conf_scan_finish(&scan);
	free(text);
	return rc;
}

char *
gw_flat_read(const char *path)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int rc, saved;

	if (out == NULL)
		abort();
	rc = put_file(out, path, 0);
	saved = errno;
	fclose(out);
	if (rc == 0)
		return text;
	free(text);
	errno = saved;
	return NULL;
}
