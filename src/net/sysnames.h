/*
 * What this machine itself says of names: /etc/hosts, "localhost", and the name
 * servers of /etc/resolv.conf. It works without any server.
 *
 * Not here: search domains. A proxy is asked for whole names.
 * Thread: any; immutable once created.
 */
#ifndef PD_SYSNAMES_H
#define PD_SYSNAMES_H

#include "net/resolve.h"

/* Of a hosts file the first 4 MiB are read. */
#define PD_SYSNAMES_LEN_MAX     (4 * 1024 * 1024)
#define PD_SYSNAMES_SERVERS_MAX 3  /* MAXNS of resolv.conf(5) */
#define PD_SYSNAMES_SERVER_LEN  64 /* with the NUL */

struct pd_sysnames;

/* Reads a hosts file. One that cannot be read counts as empty. */
struct pd_sysnames *pd_sysnames_create(const char *hosts_path);
void pd_sysnames_destroy(struct pd_sysnames *s); /* NULL is fine */

/*
 * Whether the name is known here, for whatever family; then out has its *n
 * addresses of this one, perhaps none. "localhost" and what ends in
 * ".localhost" is always known (RFC 6761, 6.3).
 */
bool pd_sysnames_find(const struct pd_sysnames *s, struct pd_str host,
    int family, struct pd_addr out[PD_RESOLVE_MAX], size_t *n);

/*
 * The name servers of a resolv.conf, as text. Without any it is the one on
 * this machine (resolv.conf(5)), so that the result is never 0.
 */
size_t pd_sysnames_servers(const char *path,
    char out[PD_SYSNAMES_SERVERS_MAX][PD_SYSNAMES_SERVER_LEN]);

#endif
