#include "base/conf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_load.h"

char *
pd_conf_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text;
	int err = 0;

	if (f == NULL)
		return NULL;
	text = pd_xalloc(PD_CONF_FILE_MAX + 1);
	*len = fread(text, 1, PD_CONF_FILE_MAX + 1, f);
	if (ferror(f))
		err = errno;
	else if (*len > PD_CONF_FILE_MAX)
		err = EFBIG;
	else if (memchr(text, '\0', *len) != NULL)
		err = EILSEQ;
	fclose(f);
	if (err != 0) {
		free(text);
		errno = err;
		return NULL;
	}
	text[*len] = '\0';
	return pd_xrealloc(text, *len + 1);
}

struct pd_conf *
pd_conf_load(const char *path, const char *const *overrides, size_t noverrides,
    bool ziproxy, const struct pd_conf_report *report)
{
	struct pd_conf_parse_params params = {
		.path = path,
		.overrides = overrides,
		.noverrides = noverrides,
		.ziproxy = ziproxy,
		.look = true,
		.report = report,
	};
	char *text = NULL, line[PD_CONF_LINE];
	struct pd_conf *c;
	size_t len;

	if (path != NULL) {
		text = pd_conf_read(path, &len);
		if (text == NULL) {
			snprintf(line, sizeof(line),
			    "%.512s: cannot be read: %s; name another file",
			    path,
			    errno == EILSEQ ? "it is not text"
					    : strerror(errno));
			if (report != NULL && report->line != NULL)
				report->line(report->arg, true, line);
			return NULL;
		}
	}
	params.text = text;
	c = pd_conf_parse(&params);
	free(text);
	return c;
}

struct pd_conf *
pd_conf_ref(struct pd_conf *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
pd_conf_unref(struct pd_conf *c)
{
	struct pd_conf_draft *d = (struct pd_conf_draft *)c;

	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	pd_conf_section_clear(&pd_conf_file, d);
	pd_conf_free_sections(c);
	free(c->path);
	free(d);
}

char *
pd_conf_codec(const struct pd_conf *c)
{
	char own[PATH_MAX], *slash, *path;
	ssize_t n;

	if (c->codec_path != NULL)
		return pd_xstrdup(c->codec_path);
	n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (n <= 0)
		return pd_xstrdup("pared-codec");
	own[n] = '\0';
	slash = strrchr(own, '/');
	if (slash != NULL)
		*slash = '\0';
	if (asprintf(&path, "%s/pared-codec", own) < 0)
		abort();
	return path;
}

size_t
pd_conf_frozen_diff(const struct pd_conf *old, const struct pd_conf *new_,
    const struct pd_conf_report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		char *was, *is, line[2 * PD_CONF_LINE];

		if (!row->frozen)
			continue;
		was = pd_conf_text(old, row);
		is = pd_conf_text(new_, row);
		if (strcmp(was, is) != 0) {
			n++;
			snprintf(line, sizeof(line),
			    "%.512s: %s is now %.400s; it stays %.400s until a "
			    "restart",
			    new_->path != NULL ? new_->path : "defaults",
			    row->name, is, was);
			if (report != NULL && report->line != NULL)
				report->line(report->arg, false, line);
		}
		free(was);
		free(is);
	}
	return n;
}
