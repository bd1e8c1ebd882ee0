/*
 * charon's control protocol, VICI: messages over a local socket. Of it what is
 * needed to see sessions and to end them; configuration is loaded by swanctl.
 *
 * swanctl's own listing is text in which a peer's identity stands unquoted: a
 * client could write lines of it. Here every value has its length.
 *
 * A packet is its length (32 bits, network order), a type, for some types a
 * name with its length (8 bits), and a message; a message is a tree of
 * sections, values and lists (README of libvici, "Message format").
 * Thread: main.
 */
#ifndef GW_VICI_H
#define GW_VICI_H

#include "base/str.h"

#define GW_VICI_MESSAGE_MAX (512 * 1024) /* bytes; charon's own limit */
#define GW_VICI_DEPTH_MAX   8

enum gw_vici_type {
	GW_VICI_SECTION = 1, /* name */
	GW_VICI_SECTION_END,
	GW_VICI_VALUE, /* name and value */
	GW_VICI_LIST,  /* name */
	GW_VICI_ITEM,  /* value */
	GW_VICI_LIST_END,
};

struct gw_vici_item {
	enum gw_vici_type type;
	unsigned depth; /* of sections around it; its own not counted */
	struct pd_str name, value;
};

/*
 * Calls item for each element, in order, until it returns other than 0. -1: it
 * did, or the message is not whole, not balanced or too deep.
 */
int gw_vici_parse(struct pd_str message,
    int (*item)(void *arg, const struct gw_vici_item *item), void *arg);

/*
 * Connects; waits until charon listens, at most wait_ms. The descriptor, or -1
 * with errno.
 */
int gw_vici_open(const char *path, int wait_ms);

#define GW_VICI_ARGS_MAX 4

struct gw_vici_call {
	const char *command;
	struct {
		const char *name, *value;
	} args[GW_VICI_ARGS_MAX]; /* up to the first whose name is NULL; of at
				     most 255 bytes each */
	const char *event;        /* the command streams these; NULL: none */
	/* Each message: of the event, then the answer. May be NULL. */
	int (*message)(void *arg, struct pd_str message, bool event);
	void *arg;
};
/* 0, or -1 with errno: EPROTO for an answer that is none, ENOSYS for a command
 * that charon does not know, ECANCELED when message() returned other than 0. */
int gw_vici_call(int fd, const struct gw_vici_call *call);

#endif
