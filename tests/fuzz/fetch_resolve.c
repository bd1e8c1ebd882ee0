/*
 * References: the first line is the address of what holds it, the rest the
 * reference. What comes out never has more dots to climb by than a URL may, and
 * keeps the scheme and host unless it names its own.
 */
#include "fetch.h"

#include "http/url.h"
#include "require.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str rest = pd_str_of((const char *)data, size);
	struct pd_str line = pd_str_split(&rest, '\n'), to;
	struct pd_arena *arena = pd_arena_create();
	struct pd_url base, url;

	if (pd_url_parse(line, arena, &base) == PD_URL_OK) {
		to = pd_fetch_resolve(&base, rest, arena);
		REQUIRE(memchr(to.p, '#', to.n) == NULL);
		if (pd_url_parse(to, arena, &url) == PD_URL_OK && rest.n > 1 &&
		    rest.p[0] == '/' && rest.p[1] != '/')
			REQUIRE(
			    url.scheme == base.scheme &&
			    pd_authority_same(&url.authority, &base.authority));
	}
	pd_arena_destroy(arena);
	return 0;
}
