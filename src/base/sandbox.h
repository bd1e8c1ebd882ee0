/*
 * Confinement, one function a role. Called after a program has opened what it
 * needs and before it reads the first byte of a stranger's.
 * Thread: the only one of its process.
 */
#ifndef PD_SANDBOX_H
#define PD_SANDBOX_H

#include <stddef.h>

/*
 * For pared-codec: no files, no sockets, no new programs, no executable
 * memory, no signals to others; descriptor 3 and memfds only. memory_max:
 * address space in bytes; cpu_s: CPU seconds for the whole process, 0 for no
 * limit. A forbidden system call kills the process. 0, or -1 with errno.
 */
int pd_sandbox_codec(size_t memory_max, unsigned cpu_s);

#endif
