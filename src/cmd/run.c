#include "cmd/cmd.h"
#include "server.h"

static const char usage[] =
    "usage: pared run [-c FILE] [-o NAME=VALUE]... [-z]\n"
    "\n"
    "Runs the proxy in the foreground. HUP reads the configuration again,\n"
    "USR1 opens the logs again, TERM ends after what is under way (a second\n"
    "TERM at once).\n"
    "\n"
    "  -c FILE        configuration: pared.conf(5), or a ziproxy.conf\n"
    "  -o NAME=VALUE  overrides an option of it, as in -o Port=3128\n"
    "  -z, --ziproxy  read FILE as Ziproxy would, whatever is in it\n";

int
pd_cmd_run(int argc, char **argv)
{
	struct pd_server_params params = { 0 };
	struct pd_cmd_values overrides = { 0 };
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &params.conf_path },
		{ "option", 'o', .values = &overrides },
		{ "ziproxy", 'z', .flag = &params.ziproxy },
		{ 0 },
	};
	struct pd_cmd_line line = { "run", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO) {
		params.overrides = overrides.v;
		params.noverrides = overrides.n;
		rc = pd_server_run(&params);
	}
	pd_cmd_values_free(&overrides);
	return rc;
}
