/*
 * Addresses out of a DNS answer (RFC 1035, 4; RFC 3596).
 *
 * Only what resolve.c asks of libunbound's answers: one question, its chain of
 * aliases, its A or AAAA records. Names are compared as they were asked, so a
 * record of another name is never taken.
 * Thread: any.
 */
#ifndef PD_DNSWIRE_H
#define PD_DNSWIRE_H

#include "net/resolve.h"

#define PD_DNSWIRE_NAME_MAX    255 /* RFC 1035, 2.3.4 */
#define PD_DNSWIRE_CHAIN_MAX   16  /* aliases followed */
#define PD_DNSWIRE_RECORDS_MAX 256 /* answer records looked at */

/*
 * A host name as labels in lower case. Letters, digits, "-" and "_" only; a
 * dot at the end is taken. Returns its length, or 0 when it is no host name.
 */
size_t pd_dnswire_name(struct pd_str host, uint8_t out[PD_DNSWIRE_NAME_MAX]);

/*
 * Reads the addresses of name (from pd_dnswire_name) and family. OK with *n
 * from 1 to PD_RESOLVE_MAX, NONE (*n 0) or FAILED: an error code of the
 * server's, a malformed packet, an answer to another question, a chain of
 * aliases too long.
 */
enum pd_resolve_status pd_dnswire_read(struct pd_str packet, struct pd_str name,
    int family, struct pd_addr out[PD_RESOLVE_MAX], size_t *n);

#endif
