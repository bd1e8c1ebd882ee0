#include "filters/block/parse.h"

/* What is wrong with the line, or NULL and the host. */
static const char *
read_domain(struct pd_str line, char buf[PD_HOST_TEXT], struct pd_parse_host *h)
{
	struct pd_str word = pd_lines_word(&line);
	bool below = true;

	line = pd_str_trim(line);
	if (line.n > 0 && line.p[0] != '#' && line.p[0] != '!')
		return "more than one word";
	h->text = word;
	if (pd_str_starts(word, PD_STR("*.")))
		word = pd_str_of(word.p + 2, word.n - 2);
	else if (word.n > 0 && word.p[0] == '.')
		word = pd_str_of(word.p + 1, word.n - 1);
	else
		below = false;
	h->form = pd_host_normal(word, buf, &h->host);
	switch (h->form) {
	case PD_HOST_FORM_NAME:
		return NULL;
	case PD_HOST_FORM_LABEL:
		/* One stray word must not block all of .com. */
		return below ? NULL
			     : "a single label (a top-level domain is written "
			       "\"*.zip\")";
	case PD_HOST_FORM_ADDRESS:
		return below ? "an address has nothing below it" : NULL;
	case PD_HOST_FORM_BAD:
		break;
	}
	return "no host name";
}

int
pd_parse_domains(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink)
{
	char buf[PD_HOST_TEXT];
	struct pd_parse_host h = { .below = true };
	struct pd_parse_wrong wrong = { .skip = PD_SKIP_HOST };
	struct pd_str line;

	(void)p;
	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(line);
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == '!')
			continue;
		h.line = l->line;
		wrong.text = line;
		wrong.why = read_domain(line, buf, &h);
		if ((wrong.why != NULL ? pd_parse_leave(l, sink, &wrong)
				       : pd_parse_put_host(sink, &h)) < 0)
			return -1;
	}
	return 0;
}
