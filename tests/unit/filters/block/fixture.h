/* What the block tests share: reports kept for looking at, files, URLs. */
#ifndef PD_TEST_BLOCK_FIXTURE_H
#define PD_TEST_BLOCK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "filters/block/block.h"

/* Lines of a Ziproxy list that are none. */
#define ZIPROXY_WRONG               \
	"a.example/*\n"             \
	"ftp://a.example/\n"        \
	"http:///x\n"               \
	"http://a.example:x/\n"     \
	"http://a.example:99999/\n" \
	"http://u@a.example/\n"     \
	"http://a.example/#x\n"     \
	"http://a.example/ b\n"     \
	"http://a?b/c\n"            \
	"http://*.exa mple/\n"
#define ZIPROXY_NWRONG 10

struct report {
	char text[16384];
	unsigned lines, errors;
	struct pd_conf_report report;
};

static inline void
report_line(void *arg, bool error, const char *text)
{
	struct report *r = arg;
	size_t at = strlen(r->text);

	r->lines++;
	r->errors += error;
	snprintf(r->text + at, sizeof(r->text) - at, "%s\n", text);
}

static inline const struct pd_conf_report *
report_begin(struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->report.line = report_line;
	r->report.arg = r;
	return &r->report;
}

#define assert_told(r, part) assert_non_null(strstr((r)->text, (part)))

/* A file with that text; free() and unlink() it. */
static inline char *
file_of(struct pd_str text)
{
	char *path = strdup("/tmp/pared-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
	return path;
}

static inline void
file_end(char *path)
{
	unlink(path);
	free(path);
}

#endif
