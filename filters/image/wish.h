/*
 * What a client, by its request and by the configuration, wants of an image:
 * formats, how much may be lost, how wide a picture is of use; and what a cache
 * behind us must know of that.
 *
 * Client Hints (RFC 8942) are taken as they come: we do not ask for them by
 * Accept-CH, the origin's pages do, and browsers send them to no other.
 * Pure but for the header. Thread: any.
 */
#ifndef PD_WISH_H
#define PD_WISH_H

#include <stdbool.h>
#include <stddef.h>

#include "filters/filter.h"
#include "filters/image/plan.h"

/* False: images are off here. No load and no deadline in it. */
bool pd_wish(const struct pd_message *msg, struct pd_plan_wish *wish);

/*
 * Adds to Vary what the answer to any client would have hung on. Others' caches
 * must not give one client's variant to another, so what counts is not what
 * came of it here: the original too is one of several answers.
 *
 * info: of a whole image of len bytes; plan: for this client on an idle
 * machine. What hangs on the client's address (device) or on the page that
 * shows the image (site) stays out: a cache cannot know the one, and Vary:
 * Referer would leave it nothing.
 */
void pd_wish_vary(struct pd_message *msg, const struct pd_image_info *info,
    size_t len, const struct pd_plan *plan);
/* The same of what pd_sniff() saw of a beginning. */
void pd_wish_vary_beginning(
    struct pd_message *msg, const struct pd_image_info *info);
/* The same where nothing is known of the image. */
void pd_wish_vary_all(struct pd_message *msg);

#endif
