#include "forward.h"

/* The one protocol that Upgrade is passed on for. h2c is not: its frames would
 * not be read here. */
static const struct pd_str websocket = { "websocket", 9 };

static bool
offers_websocket(const struct pd_request *req)
{
	return req->upgrade && req->method == PD_METHOD_GET &&
	       req->body == PD_BODY_NONE &&
	       pd_fields_have_token(&req->fields, PD_FIELD_UPGRADE, websocket);
}

/* Via's element for a message that came as HTTP/1.minor (RFC 9110, 7.6.3). */
static struct pd_str
via_of(struct pd_str via, uint8_t minor, struct pd_arena *arena)
{
	if (minor > 0)
		return via;
	return pd_arena_printf(arena, "1.0%.*s", (int)via.n - 3, via.p + 3);
}

/* A copy: what the client sent stays as it was, for the log and a retry. */
static struct pd_fields
copy_fields(const struct pd_fields *from, struct pd_arena *arena)
{
	struct pd_fields to = *from;

	to.cap = from->n + 4;
	to.v = pd_arena_alloc(arena, to.cap * sizeof(*to.v));
	if (from->n > 0)
		memcpy(to.v, from->v, from->n * sizeof(*to.v));
	return to;
}

/* OPTIONS of a URI without path and query: of the server as a whole, which only
 * the last proxy says with "*" (RFC 9112, 3.2.4). */
static bool
asks_server(const struct pd_request *req)
{
	return req->method == PD_METHOD_OPTIONS &&
	       pd_str_eq(req->url.path, PD_STR("/")) &&
	       (req->target.n == 0 || req->target.p[req->target.n - 1] != '/');
}

static struct pd_str
origin_target(const struct pd_request *req)
{
	return asks_server(req) ? PD_STR("*") : req->url.path;
}

/* To a parent: with the port always there where it is CONNECT. */
static struct pd_str
parent_target(const struct pd_request *req, struct pd_arena *arena)
{
	const struct pd_authority *a = &req->url.authority;

	if (req->method == PD_METHOD_CONNECT)
		return req->target;
	return pd_arena_printf(arena, "http://%.*s%.*s", PD_STR_ARG(a->text),
	    PD_STR_ARG(asks_server(req) ? PD_STR("") : req->url.path));
}

/*
 * A date, or a weak tag, in If-Range: what the client has may be what a filter
 * made of the content, and the origin, whose content has not changed, would
 * send the rest of another. Range may always be ignored (RFC 9110, 14.2); what
 * plays while it loads is never filtered, and keeps it.
 */
static void
resume_safely(struct pd_fields *fs)
{
	struct pd_str by = pd_fields_value(fs, PD_FIELD_IF_RANGE);
	struct pd_str dest = pd_fields_value(fs, PD_FIELD_SEC_FETCH_DEST);

	if (by.n == 0 || pd_str_starts(by, PD_STR("\"")) ||
	    pd_str_eq(dest, PD_STR("video")) ||
	    pd_str_eq(dest, PD_STR("audio")))
		return;
	pd_fields_remove(fs, PD_FIELD_IF_RANGE);
	pd_fields_remove(fs, PD_FIELD_RANGE);
}

void
pd_forward_request(const struct pd_request *req,
    const struct pd_forward_params *params, struct pd_forward *out)
{
	struct pd_arena *arena = params->arena;
	const struct pd_conf *conf = params->conf;
	struct pd_fields *fs = &out->request.fields;

	out->request = *req;
	out->connection = NULL;
	out->target =
	    params->to_parent ? parent_target(req, arena) : origin_target(req);
	*fs = copy_fields(&req->fields, arena);
	pd_fields_strip_hop(fs, arena);
	if (!req->expect_continue)
		pd_fields_remove(fs, PD_FIELD_EXPECT);
	/* Whose address it was is nobody's matter behind us. */
	pd_fields_remove(fs, PD_FIELD_X_FORWARDED_FOR);
	pd_fields_remove(fs, PD_FIELD_FORWARDED);
	if (offers_websocket(req)) {
		pd_fields_set(fs, arena, PD_FIELD_UPGRADE, websocket);
		out->connection = "upgrade";
	}
	if (req->method == PD_METHOD_CONNECT)
		out->request.body = PD_BODY_NONE;
	pd_fields_add_id(
	    fs, arena, PD_FIELD_VIA, via_of(params->via, req->minor, arena));
	if (!params->untouched)
		resume_safely(fs);
	if (conf->user_agent != NULL && !params->untouched)
		pd_fields_set(
		    fs, arena, PD_FIELD_USER_AGENT, pd_str_z(conf->user_agent));
}

void
pd_forward_response(struct pd_response *res, struct pd_arena *arena,
    struct pd_str via, bool upgrade)
{
	pd_fields_strip_hop(&res->fields, arena);
	if (upgrade)
		pd_fields_set(&res->fields, arena, PD_FIELD_UPGRADE, websocket);
	pd_fields_add_id(
	    &res->fields, arena, PD_FIELD_VIA, via_of(via, res->minor, arena));
	if (res->status >= 200 &&
	    pd_fields_find(&res->fields, PD_FIELD_DATE) == NULL)
		pd_fields_add_id(&res->fields, arena, PD_FIELD_DATE,
		    pd_arena_str(arena, pd_http_date()));
	/* That the origin closes its connection is not the client's matter. */
	res->close = false;
}

/*
 * Key pins (RFC 7469) and Expect-CT (RFC 9163): a client must ignore them in an
 * answer that came without TLS, and none has known them since 2022. Origins
 * send them all the same, and they are long: 217 KB of the 677 KB that the
 * header sections of 797 recorded answers come to.
 */
void
pd_forward_drop_void(struct pd_fields *fields)
{
	static const struct pd_str names[] = {
		{ "Public-Key-Pins", 15 },
		{ "Public-Key-Pins-Report-Only", 27 },
		{ "Expect-CT", 9 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		pd_fields_remove_name(fields, names[i]);
}

bool
pd_forward_loops(const struct pd_fields *fields, struct pd_str via)
{
	struct pd_str name = via;

	pd_str_split(&name, ' ');
	PD_FIELDS_EACH (f, fields) {
		struct pd_str rest = f->value, item;

		if (f->id != PD_FIELD_VIA)
			continue;
		while (pd_list_next(&rest, &item)) {
			pd_str_split(&item, ' ');
			item = pd_str_trim(item);
			if (pd_str_eq(pd_str_split(&item, ' '), name))
				return true;
		}
	}
	return false;
}

bool
pd_forward_count_down(struct pd_fields *fields, struct pd_arena *arena)
{
	const struct pd_field *f =
	    pd_fields_find(fields, PD_FIELD_MAX_FORWARDS);
	int64_t n;

	if (f == NULL || pd_str_u63(f->value, &n) < 0)
		return true;
	if (n == 0)
		return false;
	pd_fields_set(fields, arena, PD_FIELD_MAX_FORWARDS,
	    pd_arena_printf(arena, "%lld", (long long)n - 1));
	return true;
}

bool
pd_forward_upgraded(const struct pd_request *req, const struct pd_response *res)
{
	return offers_websocket(req) &&
	       pd_fields_have_token(&res->fields, PD_FIELD_UPGRADE, websocket);
}
