/*
 * What nft says of others' chains, whose names and comments others chose. First
 * byte: by which links drops count.
 */
#include <stdlib.h>
#include <string.h>

#include "kind/foreign.h"
#include "require.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const links[] = { NULL, "*",
		"{ \"eth0\", \"eth1\" }, \"eth0\"" };
	struct gw_foreign f = { .chain = "FORWARD" };
	struct gw_foreigns found;
	char *text;

	if (size == 0)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (gw_foreign_chains(text, "forward", "gateway-home", &found) == 0) {
		for (size_t i = 0; i < found.n; i++) {
			/* They become words of nft's language. */
			REQUIRE(strpbrk(found.v[i].table, " ;{}\"\n") == NULL);
			REQUIRE(strpbrk(found.v[i].chain, " ;{}\"\n") == NULL);
		}
	}
	REQUIRE(gw_foreign_rules(
		    text, "gateway:home", links[data[0] % 3], &f) <= 0);
	REQUIRE((f.nours > 0) == (f.ours != NULL));
	free(f.ours);
	gw_foreign_free(&found);
	free(text);
	return 0;
}
