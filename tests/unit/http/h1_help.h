/*
 * What the tests of HTTP/1 share: feeding bytes whole or in pieces, and the
 * outcome as one line of text, so that two outcomes are compared at once.
 */
#ifndef H1_HELP_H
#define H1_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <event2/buffer.h>

#include "http/h1.h"

#define H1_TEXT_MAX (256 * 1024)

/* A literal with its length: it may hold NUL. */
#define BYTES(lit) (lit), sizeof(lit) - 1

struct h1_outcome {
	enum pd_h1_result result;
	struct pd_fault fault;
	size_t taken; /* bytes of the input that were needed for the result */
	char *text; /* the message, its content and trailers; freed by caller */
};

/* How a message is read. */
struct h1_role {
	bool response;
	enum pd_method method; /* that a response answers */
	struct pd_h1_limits limits;
};

/*
 * Feeds n bytes, step at a time (0: at random pieces by seed), until the
 * message with its content is whole or refused; room bytes of content a call.
 */
struct h1_outcome h1_feed(const struct h1_role *role, const char *p, size_t n,
    size_t step, unsigned seed, size_t room);

/* The outcome whole; asserts that every way to feed it gives the same. */
struct h1_outcome
h1_all_ways(const struct h1_role *role, const char *p, size_t n);

/* One input, and what must come of it. */
struct h1_row {
	const char *bytes;
	size_t n;
	int status;       /* that it is refused with; 0: accepted; -1: more */
	const char *text; /* of an accepted one; NULL: any */
};

/* Fed in every way. */
void h1_check(const struct h1_role *role, const struct h1_row *row);

#define CHECK_ALL(role, rows)                                          \
	for (size_t i_ = 0; i_ < sizeof(rows) / sizeof(*(rows)); i_++) \
	h1_check((role), &(rows)[i_])

/* A header section as text, written by the module. */
char *h1_written(struct evbuffer *b);

#endif
