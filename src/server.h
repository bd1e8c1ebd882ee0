/*
 * The daemon: listeners, workers, helpers, configuration; gives connections
 * their handler; reload, reopening of logs, draining, the end.
 * Thread: main.
 */
#ifndef PD_SERVER_H
#define PD_SERVER_H

#include "base/conf.h"

struct pd_server_params {
	const char *conf_path;
	const char *const *overrides; /* "Name=value" */
	size_t noverrides;
	bool ziproxy; /* read the file as Ziproxy does */
};

/*
 * Runs until TERM or INT. Errors were reported on stderr. Returns the exit
 * code: 0, or 1 when it could not start.
 */
int pd_server_run(const struct pd_server_params *params);

#endif
