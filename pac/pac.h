/*
 * Rules and options to a proxy auto-config script: tiny, ES3, plain ASCII.
 * Thread: any.
 */
#ifndef PD_PAC_H
#define PD_PAC_H

#include "base/arena.h"

struct pd_pac_params {
	struct pd_str proxy; /* "192.0.2.1:8080", "[::1]:8080" */
	const struct pd_str
	    *direct; /* host names that go DIRECT (the probes) */
	size_t ndirect;
	struct pd_str portal; /* "pared.internal": always to the proxy */
};

/*
 * The script, in the arena; under 4 KiB with the built-in probes.
 *
 * DIRECT go: the hosts of direct, the proxy's own host, names without a dot,
 * .local, .localhost, .lan, .internal, .home.arpa, and literals that are
 * private, link-local or loopback. Everything else goes to "PROXY p; DIRECT":
 * a phone that leaves the proxy's network, or whose proxy is down, stays online
 * (without pared's savings and blocking) instead of going dead until somebody
 * finds the setting. A refusal (403) by the proxy never leads to DIRECT. The
 * portal has no DIRECT: its name exists behind the proxy only.
 *
 * What could break out of the script's strings makes a script that says DIRECT
 * (proxy, portal) or is left out (direct).
 */
struct pd_str
pd_pac_write(const struct pd_pac_params *params, struct pd_arena *arena);

#endif
