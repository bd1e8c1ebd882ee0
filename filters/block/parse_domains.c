#include "filters/block/parse.h"

/* What is wrong with the line, or NULL and the entry's host. */
static const char *
read_domain(struct pd_str line, char buf[PD_HOST_TEXT], struct pd_set_entry *e)
{
	struct pd_str word = pd_lines_word(&line);
	bool below = true;

	line = pd_str_trim(line);
	if (line.n > 0 && line.p[0] != '#' && line.p[0] != '!')
		return "more than one word";
	if (pd_str_starts(word, PD_STR("*.")))
		word = pd_str_of(word.p + 2, word.n - 2);
	else if (word.n > 0 && word.p[0] == '.')
		word = pd_str_of(word.p + 1, word.n - 1);
	else
		below = false;
	switch (pd_host_normal(word, buf, &e->host)) {
	case PD_HOST_FORM_BAD:
		return "no host name";
	case PD_HOST_FORM_LABEL:
		/* One stray word must not block all of .com. */
		if (!below)
			return "a single label (a top-level domain is written "
			       "\"*.zip\")";
		e->address = false;
		return NULL;
	case PD_HOST_FORM_NAME:
		e->address = false;
		return NULL;
	case PD_HOST_FORM_ADDRESS:
		e->address = true;
		return below ? "an address has nothing below it" : NULL;
	}
	return "no host name";
}

int
pd_parse_domains(struct pd_lines *l, struct pd_set *set, uint8_t list)
{
	char buf[PD_HOST_TEXT], shown[PD_LINES_SHOWN];
	struct pd_set_entry e = { .list = list, .subdomains = true };
	struct pd_str line;
	const char *wrong;

	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(line);
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == '!')
			continue;
		wrong = read_domain(line, buf, &e);
		e.line = l->line;
		if (wrong != NULL)
			pd_lines_wrong(l, "\"%s\": %s; left out",
			    pd_lines_show(line, shown), wrong);
		else if (pd_set_add(set, &e) < 0)
			return -1;
	}
	return 0;
}
