/*
 * The first line is method and URL, the others are fields: what is inferred
 * must be one of the types, and a source be a host in the form of a request's.
 */
#include "filters/block/infer.h"

#include "require.h"

#define FIELDS_MAX 40

static void
check_source(struct pd_str source)
{
	REQUIRE(source.n < 256);
	for (size_t i = 0; i < source.n; i++) {
		REQUIRE(source.p[i] > ' ' && source.p[i] < 0x7f);
		REQUIRE(source.p[i] == pd_lower(source.p[i]));
		REQUIRE(memchr("/?#@[]", source.p[i], 6) == NULL);
	}
	if (source.n > 0)
		REQUIRE(source.p[0] != '.' && source.p[source.n - 1] != '.');
}

static void
check(const struct pd_request *req)
{
	struct pd_inferred in;

	pd_infer(req, &in);
	REQUIRE(in.types != 0 && (in.types & ~0x1fffu) == 0);
	REQUIRE(pd_content_kind_name(in.kind) != NULL);
	REQUIRE((in.source.n > 0) == (in.party == PD_SOURCE_KNOWN));
	REQUIRE(in.types != PD_TYPE_DOCUMENT ||
		pd_str_eq(in.source, req->url.authority.host));
	check_source(in.source);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str rest = pd_str_of((const char *)data, size), line, name;
	struct pd_arena *arena = pd_arena_create();
	struct pd_request req = { .method = PD_METHOD_OTHER };

	line = pd_str_split(&rest, '\n');
	req.method = pd_method_of(pd_str_split(&line, ' '));
	if (pd_url_parse(line, arena, &req.url) != PD_URL_OK &&
	    pd_url_parse(PD_STR("http://a.example/x.js"), arena, &req.url) !=
		PD_URL_OK)
		abort();
	while (rest.n > 0 && req.fields.n < FIELDS_MAX) {
		line = pd_str_split(&rest, '\n');
		name = pd_str_split(&line, ':');
		pd_fields_add(&req.fields, arena, name, pd_str_trim(line));
	}
	check(&req);
	pd_arena_destroy(arena);
	return 0;
}
