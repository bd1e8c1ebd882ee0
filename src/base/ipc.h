/*
 * Messages between a program and its helper: a fixed struct and at most two
 * descriptors over a SOCK_SEQPACKET socket; and sealed memory to hand bytes in.
 * Thread: any, one at a time a socket.
 */
#ifndef PD_IPC_H
#define PD_IPC_H

#include <stddef.h>
#include <stdint.h>

#define PD_IPC_FDS 2

/*
 * Sends len bytes and nfds descriptors as one message. 0, or -1 with errno
 * (EAGAIN when the socket is full).
 */
int
pd_ipc_send(int sock, const void *msg, size_t len, const int *fds, size_t nfds);

/*
 * Receives one message of exactly len bytes. Descriptors are CLOEXEC; fds not
 * sent are -1. 1 for a message, 0 when the other side is gone, -1 with errno:
 * EAGAIN, or EBADMSG for any other length or more descriptors (all closed).
 */
int pd_ipc_recv(int sock, void *msg, size_t len, int fds[PD_IPC_FDS]);

/* A memfd of size bytes (the bytes stay writable), not growable, not
 * shrinkable. -1 with errno. */
int pd_ipc_memory(const char *name, size_t size);
/* Seals a memfd against every change; -1 when it cannot be. */
int pd_ipc_seal(int fd);
/* Maps a memfd read-only after checking that it is sealed against shrinking
 * and holds at least size bytes. NULL with errno. */
void *pd_ipc_map(int fd, size_t size);

#endif
