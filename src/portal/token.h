/*
 * Who may write: a page of ours, shown to the same device.
 *
 * A token is a keyed hash of the device's address, under a key that lives as
 * long as the process: another site cannot read it, and one of another device
 * is of no use. Browsers also say where a form came from; that must be here.
 * Thread: any.
 */
#ifndef PD_PORTAL_TOKEN_H
#define PD_PORTAL_TOKEN_H

#include "base/addr.h"
#include "http/http.h"

#define PD_TOKEN_TEXT 33 /* 32 hexadecimal digits and a NUL */

void pd_token_make(const struct pd_addr *client, char out[PD_TOKEN_TEXT]);
/* In constant time. */
bool pd_token_ok(const struct pd_addr *client, struct pd_str token);

/* Whether the request comes from a page of the origin that it goes to: by
 * Sec-Fetch-Site, Origin and Referer, as far as they are there. */
bool pd_token_same_origin(const struct pd_request *req, struct pd_arena *arena);

#endif
