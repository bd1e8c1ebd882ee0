/*
 * What the gateway is told of sessions: charon's messages, in which a peer
 * chose some bytes, and lines that the hook of pppd noted. First byte: which.
 * Whatever comes, what is shown is plain text, and a line that was taken reads
 * the same when it is written again.
 */
#include <stdlib.h>

#include "require.h"
#include "tunnel/ikev2.h"
#include "tunnel/pptp.h"

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

static void
try_message(struct pd_str message)
{
	struct gw_session *v = NULL;
	size_t n = 0;

	(void)gw_ikev2_take_sessions(message, &v, &n);
	for (size_t i = 0; i < n; i++) {
		REQUIRE(is_plain(v[i].connection) && is_plain(v[i].client));
		REQUIRE(is_plain(v[i].remote) && is_plain(v[i].addresses));
		REQUIRE(is_plain(v[i].id));
	}
	free(v);
}

static void
try_line(struct pd_str text)
{
	char *line = strndup(text.p, text.n), again[256];
	struct gw_ppp a, b;

	if (gw_ppp_parse(line, &a) == 0) {
		gw_ppp_print(&a, again);
		REQUIRE(gw_ppp_parse(again, &b) == 0);
		REQUIRE(strcmp(a.link, b.link) == 0 && a.pid == b.pid);
		REQUIRE(strcmp(a.client, b.client) == 0);
		REQUIRE(strchr(a.link, '/') == NULL && a.pid > 1);
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str rest;

	if (size == 0)
		return 0;
	rest = pd_str_of((const char *)data + 1, size - 1);
	if (data[0] == 'p')
		try_line(rest);
	else
		try_message(rest);
	return 0;
}
