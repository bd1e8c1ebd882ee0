/*
 * Content on its way: the request's to the origin, the response's from the
 * origin through the chain to the client. Each turn moves what the other side
 * has room for; who cannot go on stops reading.
 */
#include "exchange_steps.h"

enum pd_step
pd_exchange_upload(struct pd_exchange *ex)
{
	const struct pd_fields *trailers = NULL;
	struct pd_fault fault;
	size_t room;

	if (ex->upload == NULL)
		ex->upload = pd_exchange_buffer();
	while (!ex->upload_done) {
		enum pd_read got;
		size_t n;

		room = pd_upstream_room(ex->up);
		if (room == 0) {
			/* What can leave at once brings no drained(). */
			pd_upstream_flush(ex->up);
			room = pd_upstream_room(ex->up);
		}
		if (room == 0)
			return NEXT;
		got =
		    pd_wire_read(ex->wire, ex->upload, room, &trailers, &fault);
		n = evbuffer_get_length(ex->upload);
		if (got == PD_READ_BAD)
			return pd_exchange_fail(ex, fault.status, fault.what);
		if (n > 0)
			pd_upstream_send(ex->up, ex->upload);
		if (got == PD_READ_WHOLE) {
			ex->upload_done = true;
			pd_upstream_end(ex->up, trailers);
			return NEXT;
		}
		if (n == 0)
			break;
	}
	pd_upstream_flush(ex->up);
	return NEXT;
}

static void
send_header(struct pd_exchange *ex)
{
	if (ex->msg.header_sent)
		return;
	ex->msg.header_sent = true;
	pd_wire_respond(ex->wire, &ex->res);
}

static enum pd_step
end_response(struct pd_exchange *ex)
{
	bool same = ex->chain == NULL;

	send_header(ex);
	ex->bytes_out = ex->wire->sent;
	/* A digest in a trailer is of content that the filters changed. */
	pd_wire_end(ex->wire, same ? ex->trailers : NULL);
	ex->wire = NULL;
	return pd_exchange_finish(ex);
}

/* Takes content from the origin: straight, or into the chain. */
static enum pd_step
take_content(struct pd_exchange *ex, struct evbuffer *to, size_t room)
{
	struct pd_fault fault;
	size_t before = evbuffer_get_length(to);
	enum pd_read got;

	if (ex->trailers != NULL)
		return NEXT;
	got = pd_upstream_read(ex->up, to, room, &ex->trailers, &fault);
	ex->bytes_in += evbuffer_get_length(to) - before;
	return got == PD_READ_BAD ? pd_exchange_fail(ex, 502, fault.what)
				  : NEXT;
}

/* One turn through the chain. WAIT: nothing more can be done now. */
static enum pd_step
turn_chain(struct pd_exchange *ex, size_t room)
{
	size_t high = (size_t)ex->setup->conf->buffer_high;
	size_t held = evbuffer_get_length(ex->raw), before;
	enum pd_flow flow;

	if (take_content(ex, ex->raw, held < high ? high - held : 0) == STOP)
		return STOP;
	before = evbuffer_get_length(ex->raw);
	flow = pd_chain_run(
	    ex->chain, ex->raw, ex->ready, room, ex->trailers != NULL);
	if (flow == PD_FLOW_FAIL)
		return pd_exchange_fail(
		    ex, 502, "the content could not be decoded");
	if (pd_chain_header_ready(ex->chain))
		send_header(ex);
	if (evbuffer_get_length(ex->ready) > 0)
		pd_wire_send(ex->wire, ex->ready);
	else if (flow != PD_FLOW_END && evbuffer_get_length(ex->raw) == before)
		return WAIT;
	if (flow == PD_FLOW_END)
		return end_response(ex);
	return flow == PD_FLOW_WAIT ? WAIT : NEXT;
}

static enum pd_step
turn_straight(struct pd_exchange *ex, size_t room)
{
	if (take_content(ex, ex->ready, room) == STOP)
		return STOP;
	send_header(ex);
	if (evbuffer_get_length(ex->ready) > 0)
		pd_wire_send(ex->wire, ex->ready);
	else if (ex->trailers == NULL)
		return WAIT;
	return ex->trailers != NULL ? end_response(ex) : NEXT;
}

enum pd_step
pd_exchange_relay(struct pd_exchange *ex)
{
	enum pd_step flow = NEXT;
	size_t room = pd_wire_room(ex->wire);

	while (flow == NEXT && room > 0) {
		flow = ex->chain != NULL ? turn_chain(ex, room)
					 : turn_straight(ex, room);
		if (flow == STOP)
			return STOP;
		room = pd_wire_room(ex->wire);
		if (flow == WAIT || room == 0) {
			pd_wire_flush(ex->wire);
			room = pd_wire_room(ex->wire);
		}
	}
	/* What waits for the client and what waits for us share one limit. */
	pd_upstream_limit(ex->up, room);
	pd_upstream_expect(ex->up, room > 0);
	return WAIT;
}
