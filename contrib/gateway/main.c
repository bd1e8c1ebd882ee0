/*
 * The table of commands, and which configuration they are about.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "cmd.h"
#include "setup.h"

/* What a command is given beside its words. */
enum want {
	WANT_PLAN,
	WANT_CONFIG,
	WANT_PATH,
};

struct command {
	const char *name;
	enum want want;
	int (*plan)(const struct gw_plan *p, int argc, char **argv);
	int (*config)(const struct gw_config *c, int argc, char **argv);
	int (*path)(const char *path, int argc, char **argv);
	const char *what; /* NULL: not for people */
	bool root;        /* nobody else can do it */
};

static const struct command commands[] = {
	{ "check", WANT_PLAN, .plan = gw_cmd_check,
	    .what = "will it work here? what to do where it will not" },
	{ "plan", WANT_PLAN, .plan = gw_cmd_plan,
	    .what = "show every step that `up` takes; needs no root" },
	{ "try", WANT_PLAN, .plan = gw_cmd_try,
	    .what = "up, and back again unless you confirm in time",
	    .root = true },
	{ "keep", WANT_PLAN, .plan = gw_cmd_keep, .what = "confirm a trial" },
	{ "up", WANT_PLAN, .plan = gw_cmd_up,
	    .what = "do what is missing; nothing, the second time",
	    .root = true },
	{ "status", WANT_PLAN, .plan = gw_cmd_status,
	    .what = "is all as planned? who is connected?" },
	{ "down", WANT_PLAN, .plan = gw_cmd_down,
	    .what = "take back all that was done", .root = true },
	{ "run", WANT_PATH, .path = gw_cmd_run,
	    .what = "up, stay, repair, and down at the end: the service",
	    .root = true },
	{ "client", WANT_CONFIG, .config = gw_cmd_client,
	    .what = "add, list, show and revoke devices" },
	{ "hook", WANT_PLAN, .plan = gw_cmd_hook },
};

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void
usage(FILE *out)
{
	fputs("usage: pared-gateway COMMAND [-c FILE] [OPTION...]\n\n", out);
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (commands[i].what != NULL)
			fprintf(out, "  %-8s %s\n", commands[i].name,
			    commands[i].what);
	}
	fputs("\n  -c FILE  the configuration; else " GW_CMD_CONF ". A bare "
	      "name is\n"
	      "           " GW_CMD_CONF_DIR "/NAME.conf\n\n"
	      "  pared-gateway plan -c phones.conf\n"
	      "  pared-gateway try 60 -c phones.conf\n\n"
	      "Each command explains itself with -h. See pared-gateway(8) and "
	      "gateway.conf(5).\n",
	    out);
}

/* ---- reports ------------------------------------------------------------ */

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", error ? "error" : "warning", text);
}

const struct pd_conf_report gw_cmd_report = { on_line, NULL };

void
gw_cmd_notes(const struct gw_plan *p)
{
	for (size_t i = 0; i < p->notes.n; i++)
		fprintf(stderr, "warning: %s\n", p->notes.v[i]);
	if (p->clients->unread)
		fputs("warning: clients may not be read by this user, and "
		      "are left out\n",
		    stderr);
}

/* ---- words -------------------------------------------------------------- */

/* "-c FILE", "-cFILE", "--config FILE", "--config=FILE": how many words it
 * takes, 0 when this is not it. *value stays NULL when FILE is missing. */
static int
conf_option(int argc, char **argv, int i, const char **value)
{
	const char *word = argv[i];

	*value = NULL;
	if (strncmp(word, "--config=", 9) == 0) {
		*value = word + 9;
		return 1;
	}
	if (strncmp(word, "-c", 2) == 0 && word[2] != '\0') {
		*value = word + 2;
		return 1;
	}
	if (strcmp(word, "-c") != 0 && strcmp(word, "--config") != 0)
		return 0;
	if (i + 1 < argc)
		*value = argv[i + 1];
	return 2;
}

/*
 * Takes the configuration's name out of the words, wherever it stands. The
 * number of words left, -1 when the name is missing.
 */
static int
take_conf(int argc, char **argv, const char **conf)
{
	int n = 0;

	for (int i = 0; i < argc;) {
		const char *value;
		int taken = conf_option(argc, argv, i, &value);

		if (taken == 0) {
			argv[n++] = argv[i++];
			continue;
		}
		if (value == NULL)
			return -1;
		*conf = value;
		i += taken;
	}
	argv[n] = NULL;
	return n;
}

static bool
has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], word) == 0)
			return true;
	}
	return false;
}

/* A bare name is that of a file of /etc/pared; to be freed. */
static char *
conf_path(const char *given)
{
	char *path;

	if (given == NULL)
		return pd_xstrdup(GW_CMD_CONF);
	if (!gw_is_name(given, GW_TITLE_MAX) || strchr(given, '.') != NULL)
		return pd_xstrdup(given);
	if (asprintf(&path, GW_CMD_CONF_DIR "/%s.conf", given) < 0)
		abort();
	return path;
}

/* ---- running one -------------------------------------------------------- */

static int
with_config(const struct command *c, const char *path, int argc, char **argv)
{
	struct gw_config *conf = gw_config_load(path, &gw_cmd_report);
	int rc;

	if (conf == NULL)
		return GW_FAIL;
	rc = c->config(conf, argc, argv);
	gw_config_free(conf);
	return rc;
}

static int
with_plan(const struct command *c, const char *path, int argc, char **argv)
{
	struct gw_setup s;
	int rc;

	if (gw_setup_read(&s, path) < 0) {
		if (c->plan == gw_cmd_down)
			fputs("pared-gateway: without its file, a gateway "
			      "comes down by name: pared-gateway down --name "
			      "NAME\n",
			    stderr);
		return GW_FAIL;
	}
	rc = c->plan(s.plan, argc, argv);
	gw_setup_finish(&s);
	return rc;
}

/* The words are read before the file: who mistypes one is told of that,
 * whatever has become of the file; and `down --name` is done with it. */
static int
run(const struct command *c, const char *path, int argc, char **argv)
{
	int rc;

	/* gateway.conf(5), when this is built. */
	if (c->plan == gw_cmd_check && has_word(argc, argv, "--manual")) {
		gw_config_manual(stdout);
		return pd_cmd_end(GW_OK);
	}
	rc = c->want == WANT_PATH     ? c->path(NULL, argc, argv)
	     : c->want == WANT_CONFIG ? c->config(NULL, argc, argv)
				      : c->plan(NULL, argc, argv);
	if (rc != PD_CMD_GO)
		return rc;
	if (c->root && geteuid() != 0) {
		fprintf(stderr, "pared-gateway: %s: run it as root\n", c->name);
		return GW_FAIL;
	}
	return c->want == WANT_PATH     ? c->path(path, argc, argv)
	       : c->want == WANT_CONFIG ? with_config(c, path, argc, argv)
					: with_plan(c, path, argc, argv);
}

static int
unknown(const char *word)
{
	struct pd_str_near near = pd_str_near(word);

	if (word[0] == '-') {
		fprintf(stderr,
		    "pared-gateway: options follow the command: pared-gateway "
		    "COMMAND %.100s\n",
		    word);
		return GW_USAGE;
	}
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (commands[i].what != NULL)
			pd_str_near_try(&near, commands[i].name);
	}
	fprintf(stderr, "pared-gateway: there is no command \"%.100s\"", word);
	pd_cmd_suggest(&near);
	putc('\n', stderr);
	usage(stderr);
	return GW_USAGE;
}

/*
 * Whatever we were started by (a hook of pppd's, a script with an odd umask,
 * `up -v | head`), from here on it is the same.
 */
static void
settle(void)
{
	int fd;

	/* Else a journal that is opened is standard output, and is printed
	 * into. */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	/* Who no longer listens ends no change half way. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Directories that others look into are for all, and no file of a
	 * child's may be written by all. */
	(void)umask(022);
	/*
	 * Keys and passwords are wiped where they were typed, made or sent; in
	 * the plan and in texts of files they stay for as long as these. What
	 * is promised is this: they get into no core, and no other process of
	 * the user's can look.
	 */
	(void)prctl(PR_SET_DUMPABLE, 0);
}

int
main(int argc, char **argv)
{
	const char *given = NULL, *word;
	char *path;
	int rc;

	settle();
	pd_cmd_program = "pared-gateway";
	argc = take_conf(argc, argv, &given);
	if (argc < 0) {
		fputs("pared-gateway: -c wants a file\n", stderr);
		return GW_USAGE;
	}
	word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
		puts("pared-gateway " PARED_VERSION);
		return pd_cmd_end(GW_OK);
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
	    strcmp(word, "-h") == 0) {
		usage(stdout);
		return pd_cmd_end(GW_OK);
	}
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (strcmp(word, commands[i].name) != 0)
			continue;
		path = conf_path(given);
		rc = run(&commands[i], path, argc - 1, argv + 1);
		free(path);
		return rc;
	}
	if (word[0] != '\0')
		return unknown(word);
	usage(stderr);
	return GW_USAGE;
}
