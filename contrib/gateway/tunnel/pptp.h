/*
 * PPTP by pptpd and pppd. (Its steps: gw_pptp_plan() in plan.h.)
 *
 * pppd tells of a session's begin and end by running what is in
 * /etc/ppp/ip-up.d and ip-down.d; a file of ours there calls `hook ppp-up` and
 * `hook ppp-down`, which keep a line for each session in RUN-DIR/ppp/LINK.
 * Thread: main.
 */
#ifndef GW_PPTP_H
#define GW_PPTP_H

#include <time.h>

#include "client.h"
#include "system.h"

struct gw_ppp {
	char link[GW_LINK_MAX + 1];    /* "ppp0" */
	char client[GW_TITLE_MAX + 1]; /* as pppd has authenticated it */
	char address[PD_ADDR_TEXT];    /* inside */
	char remote[PD_ADDR_TEXT];     /* outside, or "-" */
	pid_t pid;                     /* of its pppd */
	time_t since;
};

/*
 * What the environment of a hook says. 0; -1: a word is not of its grammar, or
 * the session is none of a PPTP tunnel's pool: somebody else's.
 */
int gw_ppp_from_env(const struct gw_config *c,
    const char *(*get)(const char *name), struct gw_ppp *out);
/* A line of RUN-DIR/ppp: 0 or -1. */
int gw_ppp_parse(const char *line, struct gw_ppp *out);
void gw_ppp_print(const struct gw_ppp *s, char line[256]);

/* Those that are there; the caller frees *v. Returns how many. */
int gw_ppp_sessions(struct gw_system *sys, struct gw_ppp **v);
/* Ends a client's sessions at once. 0, also when it has none; -1 after
 * gw_fail(). */
int gw_pptp_disconnect(struct gw_system *sys, const char *client);

/* For tunnel/status.h. */
void gw_pptp_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json);

#endif
