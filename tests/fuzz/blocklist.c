/*
 * The list syntaxes: format, hosts, domains, Ziproxy's, probes. What was read
 * is asked for again, line by line.
 */
#include <stdlib.h>

#include "filters/block/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pd_host_key key = { 0x1234, 0x5678 };

static void
ignore(void *arg, bool error, const char *text)
{
	(void)arg;
	(void)error;
	if (strlen(text) > 1023)
		abort();
}

static const struct pd_conf_report report = { ignore, NULL };

/* A single word that is a host must be found where it was listed. */
static void
ask_hosts(const struct pd_set *set, struct pd_str text, bool domains)
{
	char buf[PD_HOST_TEXT];
	struct pd_set_hit hit;
	struct pd_lines l;
	struct pd_str line, host;
	enum pd_host_form form;

	pd_lines_memory(&l, text, "list", NULL);
	while (pd_lines_next(&l, &line)) {
		line = pd_str_trim(line);
		form = pd_host_normal(line, buf, &host);
		if (form == PD_HOST_FORM_BAD)
			continue;
		if (!pd_set_find(
			set, host, form == PD_HOST_FORM_ADDRESS, &hit) &&
		    domains && form >= PD_HOST_FORM_NAME)
			abort();
	}
	pd_lines_finish(&l);
}

static void
parse_hosts(struct pd_str text, bool domains)
{
	struct pd_set *set = pd_set_create(&key);
	struct pd_lines l;

	pd_lines_memory(&l, text, "list", &report);
	if ((domains ? pd_parse_domains : pd_parse_hosts)(&l, set, 126) < 0)
		abort();
	pd_lines_finish(&l);
	pd_set_freeze(set);
	ask_hosts(set, text, domains);
	pd_set_destroy(set);
}

static void
ask_urls(const struct pd_urls *urls, struct pd_str text)
{
	struct pd_urls_hit hits[PD_URLS_LISTS];
	struct pd_lines l;
	struct pd_str line;

	pd_lines_memory(&l, text, "list", NULL);
	while (pd_lines_next(&l, &line)) {
		struct pd_arena *arena = pd_arena_create();
		struct pd_url url = { .scheme = PD_SCHEME_HTTP };
		struct pd_block_query q = { .url = &url };

		if (pd_url_parse(pd_str_trim(line), arena, &url) == PD_URL_OK) {
			pd_urls_match(urls, &q, url.authority.host, hits);
			q.method = PD_METHOD_CONNECT;
			pd_urls_match(urls, &q, url.authority.host, hits);
		}
		pd_arena_destroy(arena);
	}
	pd_lines_finish(&l);
}

static void
parse_urls(struct pd_str text)
{
	struct pd_urls *urls = pd_urls_create(&key);
	struct pd_lines l;

	pd_lines_memory(&l, text, "list", &report);
	if (pd_parse_ziproxy(&l, urls, PD_URLS_DENY) < 0)
		abort();
	pd_lines_finish(&l);
	pd_urls_freeze(urls);
	ask_urls(urls, text);
	pd_urls_destroy(urls);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str text;

	if (size == 0)
		return 0;
	text = pd_str_of((const char *)data + 1, size - 1);
	pd_parse_refusal(pd_parse_format(text, data[0] & 1));
	switch (data[0] % 3) {
	case 0:
		parse_hosts(text, false);
		break;
	case 1:
		parse_hosts(text, true);
		break;
	default:
		parse_urls(text);
		break;
	}
	return 0;
}
