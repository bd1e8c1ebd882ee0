/* The command `client`, as it is typed: what it writes, shows and refuses.
 * Nothing is up here, so nothing is applied. */
#include "cmd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "engine.h"

#define KEY "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* What main.c and fault.c have. */
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
	(void)p;
}

void
gw_fault(const char *where)
{
	(void)where;
}

static char dir[] = "/tmp/cmd_client.XXXXXX";
static struct gw_config *conf;
/* What the last command wrote. */
static char *out, *err;

static char *
path(const char *name)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

static int
redirect(int fd, const char *name, int flags)
{
	int saved = dup(fd), to = open(path(name), flags, 0600);

	assert_true(saved >= 0 && to >= 0);
	dup2(to, fd);
	close(to);
	return saved;
}

static void
restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/* Words divided by blanks, "client" in front; input for stdin. */
static int
run(const char *words, const char *input)
{
	char *copy = pd_xstrdup(words), *argv[20] = { (char *)"client" };
	int argc = 1, rc, in, to, complaints;

	for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	assert_int_equal(gw_write_file(path("in"), input, 0600), 0);
	free(out);
	free(err);
	fflush(stdout);
	in = redirect(STDIN_FILENO, "in", O_RDONLY);
	to = redirect(STDOUT_FILENO, "out", O_WRONLY | O_CREAT | O_TRUNC);
	complaints =
	    redirect(STDERR_FILENO, "err", O_WRONLY | O_CREAT | O_TRUNC);
	clearerr(stdin);
	rc = gw_cmd_client(conf, argc, argv);
	fflush(stdout);
	fflush(stderr);
	restore(STDIN_FILENO, in);
	restore(STDOUT_FILENO, to);
	restore(STDERR_FILENO, complaints);
	out = gw_read_file(path("out"));
	err = gw_read_file(path("err"));
	assert_non_null(out);
	assert_non_null(err);
	free(copy);
	return rc;
}

static void
expect(const char *words, int rc, const char *to, const char *complaint)
{
	assert_int_equal(run(words, ""), rc);
	if (to != NULL && strstr(out, to) == NULL)
		fail_msg("%s: %s", words, out);
	if (complaint != NULL && strstr(err, complaint) == NULL)
		fail_msg("%s: %s", words, err);
}

static char *
stored(const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "home/clients/%s.conf", name);
	return gw_read_file(path(file));
}

static void
test_wireguard(void **state)
{
	char *text;

	(void)state;
	expect("add kim --tunnel phones", GW_OK, "PrivateKey = ",
	    "client kim of tunnel phones: 10.77.0.2, fd77::2; the gateway is "
	    "not up yet");
	/* No terminal: a .conf, and nothing but it. */
	assert_null(strstr(out, "\033"));
	text = stored("kim");
	assert_non_null(text);
	assert_null(strstr(text, "private-key"));
	free(text);
	expect("show kim", GW_OK, "# PrivateKey", "is not known here");
	expect("show kim --qr", GW_FAIL, "", "of no use");
	expect("add kim --tunnel phones", GW_FAIL, "", "is there already");
	expect("add kim --tunnel phones --again --psk", GW_OK,
	    "Address = 10.77.0.2/32, fd77::2/128", NULL);
	expect("add kim --tunnel phones --again", GW_OK, "PresharedKey", NULL);
	expect("add kay --tunnel phones --keep", GW_OK, "10.77.0.3/32", NULL);
	expect("show kay --qr", GW_OK, "\033[38;5;16", NULL);
	expect("show kay --svg", GW_OK, "<svg ", NULL);
	expect("add zoe --tunnel phones --public-key " KEY, GW_OK,
	    "# PrivateKey", NULL);
	assert_null(strstr(err, "again"));
	expect("add eve --tunnel phones --public-key " KEY, GW_FAIL, "",
	    "client zoe has this key");
	expect("list", GW_OK, "kim              phones       10.77.0.2", NULL);
	expect("list --json", GW_OK,
	    "{\"name\":\"kay\",\"tunnel\":\"phones\","
	    "\"addresses\":[\"10.77.0.3\"",
	    NULL);
	text = gw_read_file(path("home.devices.conf"));
	assert_non_null(strstr(text, "device kim {"));
	free(text);
	expect("revoke kin", GW_FAIL, "", "did you mean \"kim\"?");
	expect("revoke kim", GW_OK, "", "is revoked");
	assert_null(stored("kim"));
	text = gw_read_file(path("home.devices.conf"));
	assert_null(strstr(text, "kim"));
	free(text);
	expect("add new --tunnel phones", GW_OK, "10.77.0.2/32", NULL);
}

static void
test_wrong(void **state)
{
	(void)state;
	expect("", GW_USAGE, "", "add, list, show or revoke?");
	expect("ad kim", GW_USAGE, "", "did you mean \"add\"?");
	expect("add", GW_USAGE, "", "it wants a name");
	expect("add ../kim", GW_USAGE, "", "cannot be a name");
	/* What is wrong is the last line, not the usage. */
	assert_null(strstr(err, "usage:"));
	expect("add kim --conf --qr", GW_USAGE, "", "one at a time");
	expect("add kim", GW_FAIL, "", "say which with --tunnel");
	expect("add kim --tunnel phone", GW_FAIL, "", "did you mean");
	expect("add kim --tunnel phones --public-key x", GW_FAIL, "",
	    "is no WireGuard key");
	expect("add kim --tunnel phones --qr --public-key " KEY, GW_FAIL, "",
	    "of no use; leave out --public-key");
	assert_null(stored("kim"));
	expect("add kim --tunnel phones --password-stdin", GW_FAIL, "",
	    "--password-stdin is of no use");
	expect("add kim --tunnel phones --mobileconfig", GW_FAIL, "",
	    "there is no --mobileconfig");
	expect("add kim --tunnel phones --address 1.2.3", GW_FAIL, "",
	    "\"1.2.3\" is no address");
	expect("add kim --tunnel phones --address 10.9.9.9", GW_FAIL, "",
	    "is no host's address");
	expect("add nobody --tunnel phones --again", GW_FAIL, "",
	    "leave --again out");
	expect("show nobody", GW_FAIL, "", "there is no client");
	assert_null(stored("kim"));
	assert_null(stored("nobody"));
}

static void
test_eap(void **state)
{
	char *text, *password;

	(void)state;
	expect("add ann --tunnel native", GW_OK, "password  ", NULL);
	password = strstr(out, "password  ") + 10;
	/* 16 letters of 32 in fours: 80 bits. */
	assert_int_equal(
	    strspn(password, "abcdefghijkmnpqrstuvwxyz23456789-"), 19);
	expect(
	    "show ann --mobileconfig", GW_OK, "<key>AuthPassword</key>", NULL);
	assert_null(strstr(err, "password"));
	/* Neither file has a place for it. */
	expect("show ann --sswan", GW_OK, "\"ikev2-eap\"",
	    "the device asks for user ann and password ");
	expect("show ann --ps1", GW_OK, "Add-VpnConnection",
	    "the device asks for user ann and password ");
	expect("show ann --android", GW_OK, "MSCHAPv2", NULL);
	expect("show ann --p12", GW_FAIL, "", "not certificates");
	assert_int_equal(run("add bob --tunnel native --password-stdin",
			     "correct horse\nnext\n"),
	    GW_OK);
	text = stored("bob");
	assert_non_null(strstr(text, "password = \"correct horse\""));
	free(text);
	assert_int_equal(
	    run("add cat --tunnel native --password-stdin", "short\n"),
	    GW_FAIL);
	assert_int_equal(
	    run("add cat --tunnel native --password-stdin", ""), GW_FAIL);
	assert_null(stored("cat"));
}

static void
test_certificate(void **state)
{
	struct stat st;
	char *text;

	(void)state;
	expect("add dan --tunnel office", GW_FAIL, "", "handed over in a file");
	expect("add dan --tunnel office --android", GW_FAIL, "",
	    "takes RSA certificates alone");
	expect("add dan --tunnel office --mobileconfig", GW_OK,
	    "com.apple.security.pkcs12", "the certificate's password is ");
	text = stored("dan");
	assert_non_null(strstr(text, "certificate = \"dan.crt\""));
	assert_null(strstr(text, "password"));
	free(text);
	expect("show dan --sswan", GW_FAIL, "", "was not kept");
	expect("add dan --tunnel office --again --keep --ps1", GW_OK,
	    "Import-PfxCertificate", NULL);
	assert_int_equal(stat(path("home/clients/dan.p12"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	expect("show dan", GW_OK, " (the certificate's)", NULL);
	expect("show dan --sswan", GW_OK, "\"p12\"",
	    "the certificate's password is ");
	expect("revoke dan", GW_OK, "", "is revoked");
	assert_int_equal(access(path("home/clients/dan.p12"), F_OK), -1);
	text = gw_read_file(path("home/authority/revoked"));
	assert_non_null(strstr(text, "dan"));
	free(text);
}

/* No client is made that would not know whom to dial; IKEv2 has a name. */
static void
test_no_endpoint(void **state)
{
	char *endpoint = conf->endpoint;

	(void)state;
	conf->endpoint = NULL;
	expect("add joe --tunnel phones", GW_FAIL, "", "what do clients dial?");
	expect("add joe --tunnel ipad", GW_FAIL, "", "what do clients dial?");
	assert_null(stored("joe"));
	expect("add joe --tunnel native", GW_OK, "server    vpn.example.org",
	    NULL);
	expect("revoke joe", GW_OK, "", "is revoked");
	conf->endpoint = endpoint;
}

/* What cannot be shown is not made. */
static void
test_damaged(void **state)
{
	char *key = gw_read_file(path("home/authority/ca.key"));

	(void)state;
	assert_non_null(key);
	assert_int_equal(
	    gw_write_file(path("home/authority/ca.key"), "x", 0600), 0);
	expect("add ivy --tunnel native", GW_FAIL, "", "cannot be read");
	assert_null(stored("ivy"));
	expect("add ivy --tunnel far", GW_FAIL, "", "tunnel far: key: ");
	assert_null(stored("ivy"));
	assert_int_equal(
	    gw_write_file(path("home/authority/ca.key"), key, 0600), 0);
	free(key);
}

/* A client that is given a key instead of its certificate: that opens nothing
 * any more. */
static void
test_moved(void **state)
{
	char *text;

	(void)state;
	expect("add fay --tunnel office --sswan", GW_OK, NULL, NULL);
	expect("add fay --tunnel phones --again", GW_OK, "PrivateKey", NULL);
	text = gw_read_file(path("home/authority/revoked"));
	assert_non_null(text);
	assert_non_null(strstr(text, " fay\n"));
	free(text);
	expect("revoke fay", GW_OK, "", "is revoked");
}

/* The tunnel's network was changed: what is told to be done about it works. */
static void
test_unfit(void **state)
{
	char *text, *at;

	(void)state;
	expect("add una --tunnel phones", GW_OK, "Address = 10.77.", NULL);
	text = stored("una");
	at = strstr(text, "10.77.");
	assert_non_null(at);
	memcpy(at, "10.99.", 6);
	assert_int_equal(
	    gw_write_file(path("home/clients/una.conf"), text, 0600), 0);
	free(text);
	expect("add una --tunnel phones --again", GW_OK, "Address = 10.77.",
	    "client una of tunnel phones: 10.77.");
	expect("revoke una", GW_OK, "", "is revoked");
}

/* Files that the shell made for everybody. */
static void
test_readers(void **state)
{
	(void)state;
	expect("add gus --tunnel native", GW_OK, NULL, NULL);
	assert_null(strstr(err, "chmod"));
	assert_int_equal(chmod(path("out"), 0644), 0);
	expect("show gus", GW_OK, NULL, "chmod 600");
	expect("show gus --mobileconfig", GW_OK, NULL, "chmod 600");
	expect("list", GW_OK, NULL, NULL);
	assert_null(strstr(err, "chmod"));
	assert_int_equal(chmod(path("out"), 0600), 0);
}

/* Nobody reads what is shown: the client is there, and that is said. */
static void
test_nobody_reads(void **state)
{
	int ends[2], saved;
	char *text;

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as main.c has it */
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	assert_int_equal(
	    gw_cmd_client(conf, 5,
		(char *[]){ (char *)"client", (char *)"add", (char *)"hal",
		    (char *)"--tunnel", (char *)"phones", NULL }),
	    GW_FAIL);
	restore(STDOUT_FILENO, saved);
	clearerr(stdout);
	text = stored("hal");
	assert_non_null(text);
	free(text);
}

static int
setup(void **state)
{
	char *text;

	(void)state;
	if (mkdtemp(dir) == NULL ||
	    asprintf(&text,
		"gateway home {\n endpoint = \"vpn.example.org\"\n"
		" state-dir = \"%s\"\n run-dir = \"%s/run\"\n}\n"
		"tunnel phones {\n type = \"wireguard\"\n"
		" address = {\"10.77.0.1/24\", \"fd77::1/64\"}\n}\n"
		"tunnel far {\n type = \"wireguard\"\n listen = 51821\n"
		" address = {\"10.76.0.1/24\"}\n"
		" key = \"/nonexistent/far.key\"\n}\n"
		"tunnel ipad {\n type = \"pptp\"\n"
		" i-know-it-is-broken = true\n"
		" address = {\"192.168.77.1/32\"}\n"
		" pool = {\"192.168.77.9-192.168.77.19\"}\n}\n"
		"tunnel native {\n type = \"ikev2\"\n"
		" name = \"vpn.example.org\"\n pool = {\"10.78.0.0/24\"}\n"
		" address = {\"10.78.0.1/32\"}\n}\n"
		"tunnel office {\n type = \"ikev2\"\n"
		" name = \"vpn.example.org\"\n auth = \"certificate\"\n"
		" pool = {\"10.79.0.0/24\"}\n"
		" address = {\"10.79.0.1/32\"}\n}\n",
		dir, dir) < 0)
		return -1;
	conf = gw_config_parse("test.conf", text, &gw_cmd_report);
	free(text);
	return conf != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	const char *const argv[] = { "rm", "-rf", dir, NULL };
	struct gw_run r = { .argv = argv };

	(void)state;
	gw_run(&r);
	free(r.output);
	free(r.complaints);
	free(out);
	free(err);
	gw_config_free(conf);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wireguard),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_eap),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_no_endpoint),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_nobody_reads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
