/*
 * Privoxy's "PCRE-HOST-PATTERN:", an expression over the host and one over the
 * path, as one over the whole URL.
 * Thread: any. For parse_privoxy.c.
 */
#ifndef PD_BLOCK_PRIVOXY_HOST_H
#define PD_BLOCK_PRIVOXY_HOST_H

#include "filters/block/regex.h"

/*
 * s: "host-expression/path-expression", the path may be absent. What could
 * reach beyond the host ("[^a]", \S) or is anchored in its middle is not
 * taken: empty then, and when it is too long.
 */
struct pd_str
pd_privoxy_host_regex(struct pd_str s, char text[PD_REGEX_LEN_MAX]);

#endif
