/*
 * What a request asks for and from which page, from its header alone: browsers
 * tell neither plainly (Fetch Standard; W3C Fetch Metadata).
 * Thread: any; pure.
 */
#ifndef PD_BLOCK_INFER_H
#define PD_BLOCK_INFER_H

#include "filters/block/match.h"

/* What kind of thing was asked for, so that a stand-in fits. */
enum pd_content_kind {
	PD_CONTENT_OTHER, /* fetch, beacon, ping: an empty answer */
	PD_CONTENT_DOCUMENT,
	PD_CONTENT_PAGE, /* a document or a frame: it does not tell */
	PD_CONTENT_FRAME,
	PD_CONTENT_IMAGE,
	PD_CONTENT_SCRIPT,
	PD_CONTENT_STYLE,
	PD_CONTENT_FONT,
	PD_CONTENT_MEDIA,
	PD_CONTENT_JSON,
	PD_CONTENT_VAST,
};

struct pd_inferred {
	enum pd_content_kind kind;
	uint16_t types;       /* PD_TYPE_*: all that it may be; never 0 */
	struct pd_str source; /* host of the page, lower case; may be empty; a
				 slice of the request or in buf */
	enum pd_source_party party; /* KNOWN if and only if source is there */
	char buf[256];
};

/*
 * Source points into the request or into *out: out must not be copied. A page
 * of its own is its own source. CONNECT: OTHER, source unknown. OPTIONS: as the
 * fetch that follows it. A browser that tells no source is on another site
 * (THIRD), of a program it is UNKNOWN.
 */
void pd_infer(const struct pd_request *req, struct pd_inferred *out);
const char *pd_content_kind_name(enum pd_content_kind kind);

#endif
