/*
 * What the fuzz targets of HTTP/1 share: a message read to its end, and a
 * second opinion on what was written.
 */
#ifndef H1_CHECK_H
#define H1_CHECK_H

#include <event2/buffer.h>

#include "http/h1.h"

#define CHECK(condition)                  \
	do {                              \
		if (!(condition))         \
			__builtin_trap(); \
	} while (0)

struct h1_message {
	enum pd_h1_result result;
	struct pd_fault fault;
	bool header; /* its section was whole and well-formed */
	bool response;
	struct pd_request req;
	struct pd_response res;
	struct pd_h1_body body;
	struct evbuffer *content;
	size_t taken;
	struct pd_arena *arena;
};

/* Reads what p holds, the first `cut` bytes before the rest, at most room bytes
 * of content a call. */
void h1_read(struct h1_message *m, bool response, enum pd_method method,
    const char *p, size_t n, size_t cut, size_t room);
void h1_finish(struct h1_message *m);

/* Both readings of one input came to the same. */
void h1_check_same(const struct h1_message *a, const struct h1_message *b);

/*
 * Reads a written section by nothing but its CRLF lines, and asserts that it is
 * what fs and the framing say: no byte of any field has become more than its
 * own. host: how many Host fields there must be.
 */
void h1_check_written(struct evbuffer *out, struct pd_str start,
    const struct pd_fields *fs, enum pd_body body, int64_t length, size_t host);

#endif
