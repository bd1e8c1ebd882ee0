#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

/* What getopt_long() returns for the first of a table; then one up. */
#define FIRST 256

const char *pd_cmd_program = "pared";

void
pd_cmd_values_free(struct pd_cmd_values *values)
{
	free(values->v);
	*values = (struct pd_cmd_values){ NULL, 0 };
}

void
pd_cmd_suggest(const struct pd_str_near *near)
{
	if (near->name != NULL)
		fprintf(stderr, "; did you mean \"%s\"?", near->name);
	putc('\n', stderr);
}

static int
show_usage(const struct pd_cmd_line *line)
{
	fprintf(stderr, "\n%s", line->usage);
	return PD_CMD_USAGE;
}

int
pd_cmd_wrong(const struct pd_cmd_line *line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s %s: ", pd_cmd_program, line->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
	return show_usage(line);
}

/* No such option, or the beginning of two. */
static int
unknown(const struct pd_cmd_line *line, char *word)
{
	char *name = word + 2;
	struct pd_str_near near;

	if (optopt != 0)
		return pd_cmd_wrong(line, "there is no option -%c", optopt);
	name[strcspn(name, "=")] = '\0';
	near = pd_str_near(name);
	for (const struct pd_cmd_option *o = line->options; o->name != NULL;
	     o++)
		pd_str_near_try(&near, o->name);
	fprintf(stderr, "%s %s: there is no option --%.100s", pd_cmd_program,
	    line->name, name);
	if (near.name != NULL)
		fprintf(stderr, "; did you mean --%s?", near.name);
	putc('\n', stderr);
	return show_usage(line);
}

static int
bad_option(const struct pd_cmd_line *line, int result, char *word)
{
	const struct pd_cmd_option *o;

	for (o = line->options; o->name != NULL; o++) {
		if (optopt != FIRST + (int)(o - line->options) &&
		    (o->letter == '\0' || optopt != o->letter))
			continue;
		if (result != ':')
			return pd_cmd_wrong(
			    line, "--%s takes no value", o->name);
		if (optopt < FIRST)
			return pd_cmd_wrong(line, "-%c wants a value", optopt);
		return pd_cmd_wrong(line, "--%s wants a value", o->name);
	}
	return unknown(line, word);
}

static void
take(const struct pd_cmd_option *o, int argc)
{
	struct pd_cmd_values *values = o->values;

	if (o->flag != NULL)
		*o->flag = true;
	if (o->value != NULL)
		*o->value = optarg;
	if (values == NULL)
		return;
	if (values->v == NULL)
		values->v = pd_xalloc((size_t)argc * sizeof(*values->v));
	values->v[values->n++] = optarg;
}

static const struct pd_cmd_option *
chosen(const struct pd_cmd_line *line, int result)
{
	const struct pd_cmd_option *o = line->options;

	if (result >= FIRST)
		return o + (result - FIRST);
	while (o->letter != result)
		o++;
	return o;
}

static int
take_options(const struct pd_cmd_line *line, int argc, char **argv,
    const char *letters, const struct option *options)
{
	int result;

	opterr = 0;
	optind = 0;
	while (
	    (result = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (result == 'h') {
			fputs(line->usage, stdout);
			return pd_cmd_end(PD_CMD_OK);
		}
		if (result == '?' || result == ':')
			return bad_option(line, result, argv[optind - 1]);
		take(chosen(line, result), argc);
	}
	return PD_CMD_GO;
}

int
pd_cmd_parse(struct pd_cmd_line *line, int argc, char **argv)
{
	size_t n = 0;
	struct option *options;
	char *letters, *at;
	int rc;

	while (line->options[n].name != NULL)
		n++;
	options = pd_xalloc((n + 2) * sizeof(*options));
	at = letters = pd_xalloc(2 * n + 3);
	*at++ = ':';
	*at++ = 'h';
	for (size_t i = 0; i < n; i++) {
		const struct pd_cmd_option *o = &line->options[i];

		options[i] = (struct option){ .name = o->name,
			.has_arg =
			    o->flag != NULL ? no_argument : required_argument,
			.val = FIRST + (int)i };
		if (o->letter != '\0')
			*at++ = o->letter;
		if (o->letter != '\0' && o->flag == NULL)
			*at++ = ':';
	}
	options[n] = (struct option){ .name = "help", .val = 'h' };
	rc = take_options(line, argc, argv, letters, options);
	free(options);
	free(letters);
	if (rc != PD_CMD_GO)
		return rc;
	line->words = argv + optind;
	line->nwords = (size_t)(argc - optind);
	if (line->nwords > line->most)
		return pd_cmd_wrong(
		    line, "what is \"%.100s\"?", line->words[line->most]);
	return PD_CMD_GO;
}

const char *
pd_cmd_conf_path(const char *given)
{
	if (given == NULL && access(PD_CMD_CONF, F_OK) == 0)
		return PD_CMD_CONF;
	return given;
}

int
pd_cmd_end(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	fprintf(
	    stderr, "%s: cannot write: %s\n", pd_cmd_program, strerror(errno));
	return PD_CMD_FAIL;
}
