/*
 * Descriptors, where the system's calls want a loop around them.
 * Thread: any.
 */
#ifndef PD_IO_H
#define PD_IO_H

#include <stddef.h>

/* All n bytes, however many calls that takes. 0, or -1 with errno. */
int pd_io_write(int fd, const void *bytes, size_t n);

#endif
