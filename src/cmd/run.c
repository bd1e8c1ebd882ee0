#include <getopt.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "server.h"

#define OVERRIDES_MAX 64

static void
usage(FILE *out)
{
	fputs(
	    "usage: pared run [-c FILE] [-o NAME=VALUE]...\n\n"
	    "Runs the proxy in the foreground. HUP reads the configuration\n"
	    "again, USR1 opens the logs again, TERM ends after what is under\n"
	    "way (a second TERM at once).\n\n"
	    "  -c FILE        configuration: pared.conf(5), or a ziproxy.conf\n"
	    "  -o NAME=VALUE  overrides an option of it, as in -o Port=3128\n"
	    "  -z             read FILE as Ziproxy would, whatever is in it\n",
	    out);
}

int
pd_cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "option", required_argument, NULL, 'o' },
		{ "ziproxy", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *overrides[OVERRIDES_MAX];
	struct pd_server_params params = { .overrides = overrides };
	int opt;

	while ((opt = getopt_long(argc, argv, "c:o:zh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			params.conf_path = optarg;
			break;
		case 'o':
			if (params.noverrides == OVERRIDES_MAX) {
				fputs("pared run: too many -o\n", stderr);
				return 2;
			}
			overrides[params.noverrides++] = optarg;
			break;
		case 'z':
			params.ziproxy = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "pared run: what is \"%s\"?\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	return pd_server_run(&params);
}
