/*
 * Who is there, of tunnels whose clients log in: IKEv2 and PPTP.
 * Thread: main.
 */
#ifndef GW_SESSION_H
#define GW_SESSION_H

#include <stdint.h>
#include <stdio.h>

#include "config.h"

struct gw_session {
	/* The tunnel's, or charon's, which holds that and the client's. */
	char connection[2 * GW_TITLE_MAX + 32];
	char client[256];   /* as it proved to be: EAP's name, or that in its
			       certificate; signs that are no ASCII are '?' */
	char remote[64];    /* its address outside, or "-" */
	char addresses[96]; /* inside, divided by blanks */
	char id[16];        /* charon's number, or the link */
	bool in;            /* has proved who it is, and was not told to go */
	size_t children;    /* of IKEv2: associations that carry packets */
	uint64_t seconds;   /* since it came */
	uint64_t bytes_in, bytes_out; /* from and to the client */
};

/* Those of a connection: a line each, or {"sessions": [...]}. */
void gw_sessions_print(const struct gw_session *v, size_t n,
    const char *connection, FILE *out, bool json);

#endif
