/*
 * pared passwd: a user's password, hashed, for AuthPasswdFile.
 */
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_row.h"
#include "cmd/cmd.h"

#define PASSWORD_MAX 512 /* bytes; crypt(3) of libxcrypt takes as many */
#define NAME_MAX_LEN 256

static const char usage[] =
    "usage: pared passwd [-f FILE] USER\n"
    "\n"
    "  pared passwd ann >> /etc/pared/passwd     asks for ann's password\n"
    "  pared passwd -f /etc/pared/passwd ann     adds or changes ann\n"
    "  printf %s \"$secret\" | pared passwd ann    without a terminal\n"
    "\n"
    "Prints USER:HASH for AuthPasswdFile (see pared.conf(5)). A running pared\n"
    "reads the file again when it reloads.\n";

static int
complain(const char *what)
{
	fprintf(stderr, "pared passwd: %s\n", what);
	return -1;
}

/* One line from stdin, without its end. 0 or -1. */
static int
read_line(char buf[PASSWORD_MAX + 2])
{
	size_t n = 0;
	ssize_t got;
	char c;

	for (;;) {
		got = read(STDIN_FILENO, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == '\n')
			break;
		if (n > PASSWORD_MAX)
			return complain("the password is too long");
		buf[n++] = c;
	}
	if (got < 0)
		return complain("cannot read the password");
	buf[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			return complain("a password has no control characters");
	}
	if (n == 0)
		return complain("the password is empty");
	return n <= PASSWORD_MAX ? 0 : complain("the password is too long");
}

/*
 * The same, asked for on a terminal without showing it. Signals from keys are
 * off meanwhile, so that none leaves the terminal mute; ^C comes as a control
 * character, and ends it too.
 */
static int
ask_line(const char *prompt, char buf[PASSWORD_MAX + 2])
{
	struct termios old, mute;
	int rc;

	if (tcgetattr(STDIN_FILENO, &old) < 0)
		return read_line(buf);
	mute = old;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute);
	rc = read_line(buf);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputc('\n', stderr);
	return rc;
}

static int
get_password(char buf[PASSWORD_MAX + 2])
{
	char again[PASSWORD_MAX + 2];
	int rc = -1;

	if (!isatty(STDIN_FILENO))
		return read_line(buf);
	if (ask_line("Password: ", buf) < 0)
		return -1;
	if (ask_line("Again: ", again) == 0)
		rc = strcmp(buf, again) == 0
			 ? 0
			 : complain("they are not the same");
	explicit_bzero(again, sizeof(again));
	return rc;
}

static bool
name_ok(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f ||
		    name[i] == ':')
			return false;
	}
	return n > 0 && n <= NAME_MAX_LEN && name[0] != '#';
}

/* "user:$y$..."; the caller frees it. */
static char *
make_line(const char *name, const char *password)
{
	struct crypt_data *data = pd_xalloc(sizeof(*data));
	char *setting = crypt_gensalt_ra("$y$", 0, NULL, 0), *line = NULL;
	const char *hash =
	    setting != NULL ? crypt_r(password, setting, data) : NULL;

	if (hash == NULL || hash[0] == '*')
		fprintf(
		    stderr, "pared passwd: cannot hash: %s\n", strerror(errno));
	else if (asprintf(&line, "%s:%s\n", name, hash) < 0)
		abort();
	explicit_bzero(data, sizeof(*data));
	free(data);
	free(setting);
	return line;
}

/* Copies a users file, this user's line replaced or added at the end. */
static void
copy_users(FILE *out, const char *text, const char *name, const char *line)
{
	size_t name_len = strlen(name);
	bool put = false;

	for (const char *p = text; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (strncmp(p, name, name_len) == 0 && p[name_len] == ':') {
			if (!put)
				fputs(line, out);
			put = true;
		} else {
			fprintf(out, "%.*s\n", (int)n, p);
		}
		p += n + (p[n] == '\n');
	}
	if (!put)
		fputs(line, out);
}

/* Beside it and renamed, so that nobody ever reads half of it. 0 or -1. */
static int
change_file(const char *path, const char *name, const char *line)
{
	struct stat st = { .st_mode = 0600 };
	size_t len;
	char *text = pd_conf_read(path, &len), *temp = NULL;
	FILE *out = NULL;
	int fd = -1, rc = -1;

	if (text == NULL && errno != ENOENT)
		goto fail;
	if (text != NULL && stat(path, &st) < 0)
		goto fail;
	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		abort();
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		goto fail;
	/* A group that may read it goes on reading it. */
	if (text != NULL && fchown(fd, st.st_uid, st.st_gid) < 0)
		goto fail;
	if (fchmod(fd, st.st_mode & 0777) < 0)
		goto fail;
	out = fdopen(fd, "w");
	if (out == NULL)
		goto fail;
	fd = -1;
	copy_users(out, text, name, line);
	if (fflush(out) != 0 || ferror(out) || fsync(fileno(out)) < 0 ||
	    rename(temp, path) < 0)
		goto fail;
	rc = 0;
fail:
	if (rc < 0) {
		fprintf(
		    stderr, "pared passwd: %s: %s\n", path, strerror(errno));
		if (temp != NULL)
			unlink(temp);
	}
	if (out != NULL)
		fclose(out);
	if (fd >= 0)
		close(fd);
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	free(temp);
	return rc;
}

int
pd_cmd_passwd(int argc, char **argv)
{
	char password[PASSWORD_MAX + 2], *text = NULL;
	const char *file = NULL, *name;
	const struct pd_cmd_option options[] = {
		{ "file", 'f', .value = &file },
		{ 0 },
	};
	struct pd_cmd_line line = { "passwd", usage, options, .most = 1 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && line.nwords == 0)
		rc = pd_cmd_wrong(&line, "which user?");
	if (rc != PD_CMD_GO)
		return rc;
	name = line.words[0];
	if (!name_ok(name)) {
		complain("a user's name is short, and has no colon");
		return PD_CMD_USAGE;
	}
	if (get_password(password) == 0)
		text = make_line(name, password);
	explicit_bzero(password, sizeof(password));
	if (text == NULL)
		return PD_CMD_FAIL;
	rc = PD_CMD_OK;
	if (file != NULL)
		rc = change_file(file, name, text) == 0 ? PD_CMD_OK
							: PD_CMD_FAIL;
	else
		fputs(text, stdout);
	free(text);
	return pd_cmd_end(rc);
}
