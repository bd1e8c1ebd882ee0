/*
 * Bytes from one evbuffer to another.
 * Thread: any, one at a time a buffer.
 */
#ifndef PD_BUF_H
#define PD_BUF_H

#include <stddef.h>

struct evbuffer;

/*
 * Moves the first n bytes of from (as many as there are, at most) behind those
 * of to. Large pieces change hands; small ones are copied, because each read
 * has a block of memory of its own: a peer that sends byte by byte would make
 * us hold a block for every byte.
 */
void pd_buf_move(struct evbuffer *from, struct evbuffer *to, size_t n);

#endif
