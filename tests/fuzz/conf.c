/*
 * Bytes as a configuration file, in the way that their content asks for and in
 * Ziproxy's; and as overrides. No file that they name is touched.
 *
 * What is accepted must be whole: every limit inside its range, and what
 * pd_conf_text() writes readable again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_row.h"
#include "base/window.h"

static void
on_line(void *arg, bool error, const char *text)
{
	size_t *n = arg;

	(void)error;
	assert(strchr(text, '\n') == NULL || strlen(text) > 0);
	(*n)++;
}

static void
write_section(const struct pd_conf_section *section, const void *base)
{
	for (size_t i = 0; i < section->nrows; i++)
		free(pd_conf_text(base, &section->rows[i]));
}

static void
check_sections(const struct pd_conf *c)
{
	struct pd_window w;

	write_section(&pd_conf_lists, c);
	for (size_t i = 0; i < c->nsources; i++) {
		assert(strchr(c->sources[i].name, '/') == NULL);
		assert(
		    c->sources[i].name[0] > ' ' && c->sources[i].url != NULL);
		write_section(&pd_conf_source, &c->sources[i]);
	}
	for (size_t i = 0; i < c->npolicies; i++) {
		const struct pd_conf_policy *p = &c->policies[i];

		assert(p->clients.n > 0);
		for (size_t j = 0; j < p->schedule.n; j++)
			assert(pd_window_parse(
				   pd_str_z(p->schedule.v[j]), &w) == NULL);
		write_section(&pd_conf_policy, p);
	}
	for (size_t i = 0; i < c->nsites; i++) {
		assert(strpbrk(c->sites[i].host, "*/[] ") == NULL);
		assert(i == 0 ||
		       strcmp(c->sites[i - 1].host, c->sites[i].host) < 0);
		assert(!c->sites[i].lists_unset ||
		       c->sites[i].images != PD_CONF_LEVEL_UNSET);
		write_section(&pd_conf_site, &c->sites[i]);
	}
	for (size_t i = 0; i < c->ndevices; i++) {
		const struct pd_conf_device *d = &c->devices[i];

		assert(d->clients.n > 0 && d->name[0] > ' ');
		assert(d->level != PD_CONF_LEVEL_UNSET || d->max_width > 0);
		assert(d->max_width == 0 || d->max_width >= 320);
		write_section(&pd_conf_device, d);
	}
}

static void
check(const struct pd_conf *c)
{
	assert(c->port >= 1 && c->port <= 65535);
	assert(c->buffer_low < c->buffer_high);
	assert(c->header_max >= c->request_line_max);
	assert(c->access_log_format != PD_LOG_FORMAT_AUTO);
	assert(c->auth_mode == 0 || c->auth_passwd_file != NULL);
	check_sections(c);
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		if (pd_conf_rows[i].type != PD_CONF_HEADING &&
		    pd_conf_rows[i].text != NULL)
			free(pd_conf_text(c, &pd_conf_rows[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t lines = 0;
	struct pd_conf_report report = { on_line, &lines };
	struct pd_conf_parse_params params = { .path = "fuzz",
		.report = &report };
	char *text = malloc(size + 1);
	const char *override = text;
	struct pd_conf *c;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	params.text = text;
	for (int i = 0; i < 2; i++) {
		params.ziproxy = i == 1;
		c = pd_conf_parse(&params);
		assert(c != NULL || lines > 0);
		if (c != NULL)
			check(c);
		pd_conf_unref(c);
	}
	params.text = NULL;
	params.ziproxy = false;
	params.overrides = &override;
	params.noverrides = 1;
	pd_conf_unref(pd_conf_parse(&params));

	/* Whatever came before, a good file is still read well: libconfuse
	 * keeps its scanner's state from one file to the next. */
	params.text = "Port = 81\nlists { source a { url = /b } }";
	params.noverrides = 0;
	c = pd_conf_parse(&params);
	assert(c != NULL && c->port == 81 && c->nsources == 1);
	pd_conf_unref(c);
	free(text);
	return 0;
}
