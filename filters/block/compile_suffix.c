/*
 * The public suffix list (publicsuffix.org), with its private section: each
 * rule's hash, and of each name that a rule ends in, so that a walk from the
 * right may stop at the first that is not there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "filters/block/compile_parts.h"

static void
add_suffix(const struct pd_compiler *c, struct pd_grow *entries,
    struct pd_str name, uint32_t flags)
{
	struct pd_host_suffix all[PD_HOST_LABELS_MAX];
	size_t n = pd_host_suffixes(
	    &c->host_key, name, false, PD_HOST_LABELS_MAX, all);

	for (size_t i = 0; i < n; i++) {
		struct pd_table_entry e = {
			.hash = all[i].hash,
			.info = i + 1 == n ? flags : PD_SUFFIX_INNER,
			.labels = (uint32_t)i + 1,
		};

		memcpy(pd_grow_add(entries, sizeof(e)), &e, sizeof(e));
	}
}

static void
take_line(
    const struct pd_compiler *c, struct pd_grow *entries, struct pd_str line)
{
	uint32_t flags = PD_SUFFIX_RULE;
	char buf[PD_HOST_TEXT];
	struct pd_str name;

	/* "Each line is only read up to the first whitespace." */
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == ' ' || line.p[i] == '\t' ||
		    line.p[i] == '\r') {
			line.n = i;
			break;
		}
	}
	if (line.n == 0 || pd_str_starts(line, PD_STR("//")))
		return;
	if (line.p[0] == '!') {
		line = pd_str_of(line.p + 1, line.n - 1);
		flags = PD_SUFFIX_EXCEPTION;
	} else if (pd_str_starts(line, PD_STR("*."))) {
		line = pd_str_of(line.p + 2, line.n - 2);
		flags = PD_SUFFIX_WILDCARD;
	}
	switch (pd_host_normal(line, buf, &name)) {
	case PD_HOST_FORM_LABEL:
	case PD_HOST_FORM_NAME:
		add_suffix(c, entries, name, flags);
		break;
	case PD_HOST_FORM_BAD:
	case PD_HOST_FORM_ADDRESS:
		break;
	}
}

static int
compare(const void *a, const void *b)
{
	const struct pd_table_entry *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* One entry a name, with the flags of all. */
static void
merge(struct pd_grow *entries)
{
	struct pd_table_entry *v = (void *)entries->p;
	size_t n = entries->n / sizeof(*v), out = 0;

	if (n == 0)
		return;
	qsort(v, n, sizeof(*v), compare);
	for (size_t i = 1; i < n; i++) {
		if (v[i].hash == v[out].hash)
			v[out].info |= v[i].info;
		else
			v[++out] = v[i];
	}
	entries->n = (out + 1) * sizeof(*v);
}

int
pd_compile_suffixes(
    const struct pd_compiler *c, struct pd_grow *entries, const char **why)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f;
	int result = 0;

	if (c->options.suffixes == NULL)
		return 0;
	f = fopen(c->options.suffixes, "re");
	if (f == NULL) {
		*why = "the public suffix list cannot be opened";
		return -1;
	}
	while ((n = getline(&line, &cap, f)) >= 0) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		take_line(c, entries, pd_str_of(line, (size_t)n));
	}
	if (ferror(f)) {
		*why = "the public suffix list cannot be read";
		result = -1;
	} else if (entries->n == 0) {
		*why = "the public suffix list holds no suffix";
		result = -1;
	}
	free(line);
	fclose(f);
	merge(entries);
	return result;
}
