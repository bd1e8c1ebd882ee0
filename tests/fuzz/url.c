/*
 * URLs and authorities: what is accepted keeps to the allowed bytes and
 * lengths, and reads the same when it is written again from its parts.
 * The first byte picks what is read.
 */
#include "http/url.h"

#include "require.h"

static void
check_host(struct pd_str host, enum pd_host_kind kind)
{
	REQUIRE(host.n > 0 && host.n <= 253);
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		REQUIRE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '.' ||
			(kind == PD_HOST_NAME &&
			    (c == '-' || c == '_' || c == '~')) ||
			(kind == PD_HOST_IPV6 && c == ':'));
	}
	if (kind == PD_HOST_NAME)
		REQUIRE(host.p[0] != '.' && host.p[host.n - 1] != '.');
}

static struct pd_str
rewrite(const struct pd_authority *a, struct pd_arena *arena)
{
	bool v6 = a->kind == PD_HOST_IPV6;

	return pd_arena_printf(arena, "%s%.*s%s:%u", v6 ? "[" : "",
	    PD_STR_ARG(a->host), v6 ? "]" : "", a->port);
}

static void
check_authority(const struct pd_authority *a, struct pd_arena *arena)
{
	struct pd_authority again;

	check_host(a->host, a->kind);
	REQUIRE((a->kind == PD_HOST_NAME) == (a->addr.family == 0));
	REQUIRE(a->kind != PD_HOST_IPV4 || a->addr.family == AF_INET);
	REQUIRE(a->kind != PD_HOST_IPV6 || a->addr.family == AF_INET6);
	REQUIRE(a->kind == PD_HOST_NAME || a->addr.port == a->port);
	if (a->port == 0)
		return;
	REQUIRE(pd_authority_parse(rewrite(a, arena), 1, arena, &again) ==
		PD_URL_OK);
	REQUIRE(pd_authority_same(a, &again) && !again.lax);
	REQUIRE(
	    a->kind == PD_HOST_NAME || pd_addr_equal(&a->addr, &again.addr));
}

static void
fuzz_url(struct pd_str s, struct pd_arena *arena)
{
	struct pd_url url, again;

	if (pd_url_parse(s, arena, &url) != PD_URL_OK)
		return;
	check_authority(&url.authority, arena);
	REQUIRE(pd_url_path_ok(url.path));
	REQUIRE(url.authority.port != 0);
	s = pd_arena_printf(arena, "%s://%.*s%.*s",
	    url.scheme == PD_SCHEME_HTTPS ? "https" : "http",
	    PD_STR_ARG(rewrite(&url.authority, arena)), PD_STR_ARG(url.path));
	REQUIRE(pd_url_parse(s, arena, &again) == PD_URL_OK);
	REQUIRE(again.scheme == url.scheme);
	REQUIRE(pd_str_eq(again.path, url.path));
	REQUIRE(pd_authority_same(&again.authority, &url.authority));
}

static void
fuzz_host_ascii(struct pd_str s, struct pd_arena *arena)
{
	struct pd_str host = pd_url_host_ascii(s, arena);
	struct pd_authority a;

	if (host.n == 0)
		return;
	REQUIRE(pd_authority_parse(host, 1, arena, &a) == PD_URL_OK);
	REQUIRE(pd_str_eq(a.host, host));
	check_host(host, a.kind);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_arena *arena;
	struct pd_authority a;
	struct pd_str s;

	if (size == 0)
		return 0;
	arena = pd_arena_create();
	s = pd_str_of((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'a':
		if (pd_authority_parse(s, 80, arena, &a) == PD_URL_OK)
			check_authority(&a, arena);
		break;
	case 'c':
		if (pd_authority_parse(s, 0, arena, &a) == PD_URL_OK)
			check_authority(&a, arena);
		break;
	case 'i':
		fuzz_host_ascii(s, arena);
		break;
	default:
		fuzz_url(s, arena);
	}
	pd_arena_destroy(arena);
	return 0;
}
