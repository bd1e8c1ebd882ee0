#include "filters/describe.h"

#include "filters/chain.h"
#include "filters/coding/decode.h"
#include "filters/coding/encode.h"
#include "filters/image/image.h"
#include "filters/image/wish.h"
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
	bool coding = false, image = false;

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
		coding |= is_coding(pd_filter_table[i]);
		image |= pd_filter_table[i] == &pd_image_filter;
	}
	if (!coding && !image)
		return;
	pd_filter_body_changed(msg, -1);
	msg->response->body = PD_BODY_NONE;
	if (coding)
		pd_filter_vary(msg, PD_STR("Accept-Encoding"));
	if (image)
		pd_wish_vary_all(msg);
}

/*
 * 304 updates the stored response that it confirms (RFC 9111, 3.2). Asked by a
 * strong tag, that is the origin's own. Asked by a weak one or by date, it may
 * be what a filter made: then it must not get the original's digests or strong
 * tag, and a Vary, which takes the stored one's place, must still name what our
 * answer had hung on; which filter made that is not known any more.
 */
static void
describe_unchanged(struct pd_message *msg)
{
	struct pd_str asked =
	    pd_fields_value(&msg->request->fields, PD_FIELD_IF_NONE_MATCH);

	if (asked.n > 0 && memmem(asked.p, asked.n, "W/", 2) == NULL)
		return;
	pd_filter_body_changed(msg, -1);
	msg->response->body = PD_BODY_NONE;
	if (pd_fields_find(&msg->response->fields, PD_FIELD_VARY) == NULL)
		return;
	pd_filter_vary(msg, PD_STR("Accept-Encoding"));
	pd_wish_vary_all(msg);
}

void
pd_describe(struct pd_message *msg)
{
	if (msg->response->status == 304)
		describe_unchanged(msg);
	else if (msg->request->method == PD_METHOD_HEAD)
		describe_head(msg);
}
