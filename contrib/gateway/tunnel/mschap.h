/*
 * What MS-CHAPv2 (RFC 2759) takes for a password, and what strongSwan and pppd
 * make of it. IKEv2 with EAP and PPTP both know their clients by it.
 * Thread: any.
 */
#ifndef GW_MSCHAP_H
#define GW_MSCHAP_H

#define GW_PASSWORD_MAX 128 /* signs; MS-CHAPv2's own limit is 256 */

/* NULL: it can be used; else why not, as the end of a sentence. password may
 * be NULL. */
const char *gw_mschap_unusable(const char *password);

#endif
