#include "filters/describe.h"

#include "filters/chain.h"
#include "filters/coding/decode.h"
#include "filters/coding/encode.h"
#include "filters/join.h"

static bool
is_coding(const struct pd_filter_type *type)
{
	return type == &pd_decode_filter || type == &pd_encode_filter ||
	       type == &pd_encode_whole_filter;
}

/*
 * HEAD: the filters are asked as if it were GET. Whether they would succeed in
 * making the content smaller only the content can tell.
 */
static void
describe_head(struct pd_message *msg)
{
	struct pd_request request = *msg->request;
	struct pd_response response = *msg->response;
	struct pd_message get = *msg;
	bool coding = false, other = false;

	request.method = PD_METHOD_GET;
	response.body =
	    response.content_length >= 0 ? PD_BODY_LENGTH : PD_BODY_CHUNKED;
	get.request = &request;
	get.response = &response;
	if (!pd_join_may(&get))
		return;
	for (size_t i = 0; pd_filter_table[i] != NULL; i++) {
		if (!pd_filter_table[i]->wants(&get))
			continue;
		if (is_coding(pd_filter_table[i]))
			coding = true;
		else
			other = true;
	}
	if (!coding && !other)
		return;
	pd_filter_body_changed(msg, -1);
	msg->response->body = PD_BODY_NONE;
	if (coding)
		pd_filter_vary(msg, PD_STR("Accept-Encoding"));
	if (other)
		pd_filter_vary(msg, PD_STR("Accept"));
}

/*
 * 304 names the stored response that it confirms: where the client asked by
 * the weak form that it had from us, the origin's strong one would be another.
 */
static void
describe_unchanged(struct pd_message *msg)
{
	struct pd_fields *fields = &msg->response->fields;
	struct pd_str tag = pd_fields_value(fields, PD_FIELD_ETAG), weak;
	struct pd_str asked =
	    pd_fields_value(&msg->request->fields, PD_FIELD_IF_NONE_MATCH);

	if (asked.n == 0 || !pd_str_starts(tag, PD_STR("\"")))
		return;
	weak = pd_arena_printf(msg->arena, "W/%.*s", PD_STR_ARG(tag));
	if (memmem(asked.p, asked.n, weak.p, weak.n) != NULL)
		pd_fields_set(fields, msg->arena, PD_FIELD_ETAG, weak);
}

void
pd_describe(struct pd_message *msg)
{
	if (msg->response->status == 304)
		describe_unchanged(msg);
	else if (msg->request->method == PD_METHOD_HEAD)
		describe_head(msg);
}
