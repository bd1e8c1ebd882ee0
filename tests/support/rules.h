/* Rules of one list, given as text, for tests of what asks them. */
#ifndef PD_TEST_RULES_H
#define PD_TEST_RULES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filters/block/block.h"

/*
 * *conf is the caller's, static: it gets the list and outlives the rules, which
 * hold it and do not free it. The file is gone again on return.
 */
static inline struct pd_block_set *
test_rules(struct pd_conf *conf, const char *name, const char *text)
{
	static char path[] = "/tmp/pared-rules-XXXXXX", title[64];
	static struct pd_conf_source source = { .name = title, .url = path };
	struct pd_block_set *rules;
	size_t n = strlen(text);
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		abort();
	close(fd);
	snprintf(title, sizeof(title), "%s", name);
	conf->refs = 1;
	conf->sources = &source;
	conf->nsources = 1;
	rules = pd_block_look(conf, NULL);
	unlink(path);
	if (rules == NULL)
		abort();
	return rules;
}

#endif
