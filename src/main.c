/*
 * The subcommand table, nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "run", pd_cmd_run, "run the proxy in the foreground" },
	{ "check", pd_cmd_check,
	    "check a configuration, or print its defaults" },
	{ "compress", pd_cmd_compress, "make image files smaller" },
	{ "lists", pd_cmd_lists, "fetch, compile and judge block lists" },
	{ "why", pd_cmd_why, "why is a URL blocked?" },
	{ "allow", pd_cmd_allow, "let a host through for some minutes" },
	{ "match", pd_cmd_match, "judge requests from stdin, and measure" },
	{ "passwd", pd_cmd_passwd, "make a line for AuthPasswdFile" },
};

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void
usage(FILE *out)
{
	fputs("usage: pared COMMAND [OPTION...]\n\n", out);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("  version  print the version\n"
	      "  help     print this\n\n"
	      "  pared run -c /etc/pared/pared.conf\n"
	      "  pared check -c /etc/ziproxy/ziproxy.conf\n\n"
	      "Each command explains itself with -h. See pared(1).\n",
	    out);
}

static int
unknown(const char *word)
{
	struct pd_str_near near = pd_str_near(word);

	for (size_t i = 0; i < NCOMMANDS; i++)
		pd_str_near_try(&near, commands[i].name);
	fprintf(stderr, "pared: there is no command \"%.100s\"", word);
	pd_cmd_suggest(&near);
	putc('\n', stderr);
	usage(stderr);
	return PD_CMD_USAGE;
}

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
		puts("pared " PARED_VERSION);
		return 0;
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
	    strcmp(word, "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (word[0] == '\0') {
		usage(stderr);
		return 2;
	}
	return unknown(word);
}
