/*
 * Clients of tunnels, one file each below the state directory, written by
 * `client add` alone; what a person wrote is never rewritten. A file is of the
 * configuration's syntax:
 *
 *     client phone {
 *         tunnel = "phones"
 *         address = {"10.77.0.2", "fd77::2"}
 *         public-key = "..."          # WireGuard
 *         preshared-key = "..."       # WireGuard, optional
 *         password = "..."            # IKEv2 with EAP, PPTP
 *         certificate = "phone.crt"   # IKEv2 with certificates
 *         created = "2026-11-22T10:00:00Z"
 *     }
 *
 * Mode 0600 in a directory of mode 0700. An ordinary user who may not read it
 * plans without clients, and is told so.
 *
 * Beside them is what pared may be given: STATE-DIR/NAME.devices.conf, a device
 * section for each client, whose names then stand in the access log.
 * Thread: main.
 */
#ifndef GW_CLIENT_H
#define GW_CLIENT_H

#include "config.h"

#define GW_CLIENT_WHY 256 /* bytes of a reason */

struct gw_client {
	char *name;
	char *tunnel; /* title */
	struct pd_strings address_text;
	struct pd_prefixes address; /* single ones */
	char *public_key, *preshared_key, *password, *certificate, *created;
	char *private_key; /* only with --keep */
	bool unfit;        /* its address is none of its tunnel's: told, and not
			      served */
	char *path;        /* its file */
};

struct gw_clients {
	struct gw_client *v; /* by name */
	size_t n;
	bool unread; /* the directory exists and may not be read */
};

/* The folder: STATE-DIR/NAME/clients. The caller frees it. */
char *gw_clients_dir(const struct gw_config *c);
/* Makes it, for nobody else to look into. 0 or -1 with errno. */
int gw_clients_mkdirs(const struct gw_config *c);
/*
 * All that are there. 0, or -1 when a file was wrong (reported; the others are
 * read).
 */
int gw_clients_load(const struct gw_config *c, struct gw_clients *out,
    const struct pd_conf_report *report);
void gw_clients_free(struct gw_clients *clients);
const struct gw_client *
gw_clients_find(const struct gw_clients *clients, const char *name);

/* The next that is of a tunnel, after before (NULL: the first). */
const struct gw_client *gw_clients_next(const struct gw_clients *clients,
    const struct gw_tunnel *t, const struct gw_client *before);

/* ---- what `client` does to the store ---- */

/* One file's text; path is also where its name comes from. 0, or -1 after it
 * was reported. What is in *out is freed by gw_client_free() in either case. */
int gw_client_parse(const char *path, const char *text,
    const struct pd_conf_report *report, struct gw_client *out);
void gw_client_free(struct gw_client *cl); /* what it holds; keys are wiped */
/* As it stands in its file. */
void gw_client_write(const struct gw_client *cl, FILE *out);
/* Writes its file, whole or not at all. 0 or -1 with errno. */
int gw_client_save(const struct gw_config *c, const struct gw_client *cl);
/* STATE-DIR/NAME.devices.conf anew, if it is not so already; from the first
 * client on, as a gateway without any needs none. 0 or -1 with errno. */
int
gw_clients_publish(const struct gw_config *c, const struct gw_clients *clients);
/* Where that is. The caller frees it. */
char *gw_clients_devices(const struct gw_config *c);

/* Networks that clients of WireGuard or IKEv2 have their addresses from. */
const struct gw_nets *gw_client_nets(const struct gw_tunnel *t);
/* Adds a copy of an address to the client's. */
void gw_client_add_address(struct gw_client *cl, const struct pd_addr *a);
/*
 * The addresses that were asked for are checked, and where none was, the
 * lowest free one of each family of the tunnel's networks is taken (PPTP: of
 * its pool). Ours and other clients' are not free, nor are an IPv4 network's
 * first and last, nor an IPv6 network's first (RFC 4291, 2.6.1). 0, or -1 with
 * what to do about it in why.
 */
int gw_client_place(const struct gw_config *c, const struct gw_clients *clients,
    const struct gw_tunnel *t, struct gw_client *cl, char why[GW_CLIENT_WHY]);

/* The command `client`, its words from "client" on. */
int gw_cmd_client(const struct gw_config *c, int argc, char **argv);

#endif
