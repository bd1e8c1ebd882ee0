/*
 * pared check: is the configuration right, and what does it come to? Also what
 * is made from the option table: conf/pared.conf and its manual page.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "setup.h"

static const char usage[] =
    "usage: pared check [-c FILE] [-o NAME=VALUE]... [--ziproxy] [--json]\n"
    "       pared check --defaults | --manual\n"
    "\n"
    "  pared check                      is " PD_CMD_CONF " right?\n"
    "  pared check -c ziproxy.conf      and what becomes of each option?\n"
    "  pared check --defaults           every option, at its default\n"
    "\n"
    "  -c FILE         read FILE\n"
    "  -o NAME=VALUE   as if this line stood at the end of the file\n"
    "  -z, --ziproxy   read the file as Ziproxy does, whatever it holds\n"
    "  --json          the result as JSON\n"
    "  --manual        the options as pared.conf(5), in mdoc\n";

struct findings {
	bool json;
	char *messages; /* JSON objects, separated by commas */
	size_t len;
	FILE *out;
	unsigned n;
};

static void
on_line(void *arg, bool error, const char *text)
{
	struct findings *f = arg;

	if (!f->json) {
		fprintf(stderr, "%s%s\n", error ? "" : "note: ", text);
		return;
	}
	fprintf(f->out,
	    "%s\n    {\"level\": \"%s\", \"text\": ", f->n++ > 0 ? "," : "",
	    error ? "error" : "note");
	pd_json_write(f->out, pd_str_z(text));
	putc('}', f->out);
}

/* What a reader wants to see at a glance. */
static void
print_summary(const struct pd_setup *setup)
{
	const struct pd_conf *c = setup->conf;
	char buf[PD_ADDR_TEXT];
	struct pd_addr a;

	fputs("  listens on ", stdout);
	if (c->address.n == 0)
		printf(" 127.0.0.1:%d [::1]:%d", (int)c->port, (int)c->port);
	for (size_t i = 0; i < c->address.n; i++) {
		if (pd_addr_parse(pd_str_z(c->address.v[i]), &a) < 0)
			continue;
		a.port = (uint16_t)c->port;
		printf(" %s", pd_addr_text_port(&a, buf));
	}
	printf("\n  serves      %s, %s\n",
	    c->only_from_set ? "whom OnlyFrom names"
			     : "this machine and private networks",
	    c->auth_mode == 0 ? "without a password" : "with a password");
	if (c->next_proxy != NULL)
		printf(
		    "  parent      %s:%d\n", c->next_proxy, (int)c->next_port);
	printf("  lists       %zu, %zu rules\n", c->nsources,
	    pd_block_rules(setup->rules));
	printf("  access log  %s\n",
	    c->access_log != NULL ? c->access_log : "off");
}

static void
print_json(const char *path, const struct pd_conf *c, struct findings *f)
{
	printf("{\n  \"ok\": %s,\n  \"file\": ", c != NULL ? "true" : "false");
	if (path != NULL)
		pd_json_write(stdout, pd_str_z(path));
	else
		fputs("null", stdout);
	fflush(f->out);
	printf(",\n  \"ziproxy\": %s,\n  \"messages\": [%s%s]",
	    c != NULL && c->ziproxy ? "true" : "false", f->messages,
	    f->n > 0 ? "\n  " : "");
	if (c != NULL && c->ziproxy) {
		fputs(",\n  \"options\": ", stdout);
		if (pd_conf_write_ziproxy_table(path, stdout, true) < 0)
			fputs("[]", stdout);
	}
	fputs("}\n", stdout);
}

static int
check(const char *path, const char *const *overrides, size_t noverrides,
    bool ziproxy, bool json)
{
	struct findings f = { .json = json };
	struct pd_conf_report report = { on_line, &f };
	struct pd_setup *setup = NULL;
	struct pd_conf *c;
	bool ok;

	f.out = open_memstream(&f.messages, &f.len);
	if (f.out == NULL)
		abort();
	c = pd_conf_load(path, overrides, noverrides, ziproxy, &report);
	/* All that it names is read too, as `pared run` would. */
	if (c != NULL)
		setup = pd_setup_create(c, &report);
	ok = setup != NULL;
	c = ok ? setup->conf : NULL;
	if (json) {
		print_json(path, c, &f);
	} else if (ok) {
		printf("%s: ok\n", path != NULL ? path : "defaults");
		print_summary(setup);
		if (c->ziproxy && path != NULL) {
			putchar('\n');
			pd_conf_write_ziproxy_table(path, stdout, false);
		}
	}
	fclose(f.out);
	free(f.messages);
	pd_setup_unref(setup);
	return ok ? PD_CMD_OK : PD_CMD_FAIL;
}

static int
finish_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return PD_CMD_OK;
	fprintf(stderr, "pared check: cannot write: %s\n", strerror(errno));
	return PD_CMD_FAIL;
}

int
pd_cmd_check(int argc, char **argv)
{
	enum { OPT_DEFAULTS = 256, OPT_MANUAL, OPT_JSON };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "option", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ "defaults", no_argument, NULL, OPT_DEFAULTS },
		{ "manual", no_argument, NULL, OPT_MANUAL },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "ziproxy", no_argument, NULL, 'z' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = access(PD_CMD_CONF, F_OK) == 0 ? PD_CMD_CONF : NULL;
	const char **overrides =
	    pd_xalloc(((size_t)argc + 1) * sizeof(*overrides));
	size_t noverrides = 0;
	bool json = false, ziproxy = false;
	int opt, rc = PD_CMD_USAGE;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "c:o:hz", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'o':
			overrides[noverrides++] = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			rc = finish_stdout();
			goto done;
		case OPT_DEFAULTS:
			pd_conf_write_defaults(stdout);
			rc = finish_stdout();
			goto done;
		case OPT_MANUAL:
			pd_conf_write_manual(stdout);
			rc = finish_stdout();
			goto done;
		case OPT_JSON:
			json = true;
			break;
		case 'z':
			ziproxy = true;
			break;
		default:
			fputs(usage, stderr);
			goto done;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "pared check: what is \"%.100s\"?\n\n%s",
		    argv[optind], usage);
		goto done;
	}
	rc = check(path, overrides, noverrides, ziproxy, json);
	if (finish_stdout() != PD_CMD_OK)
		rc = PD_CMD_FAIL;
done:
	free(overrides);
	return rc;
}
