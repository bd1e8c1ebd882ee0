/*
 * Loaded into user-mode Linux (world): on processors whose XSAVE area is larger
 * than the 2696 bytes that its 6.1 kernel knows (AMX), the host refuses the
 * short PTRACE_SETREGSET, and the kernel panics with "ptrace set fp regs
 * failed". Zeroes behind what it gives are those registers' initial state, and
 * the host takes no more than it has.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#define SETREGSET 0x4205 /* PTRACE_SETREGSET */
#define AREA      65536

long
ptrace(int request, ...)
{
	static long (*next)(int, pid_t, void *, void *);
	static unsigned char area[AREA];
	struct iovec wide = { area, sizeof(area) };
	const struct iovec *given;
	void *addr, *data;
	va_list ap;
	pid_t pid;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);
	if (next == NULL)
		next = (long (*)(int, pid_t, void *, void *))dlsym(
		    RTLD_NEXT, "ptrace");
	given = data;
	if (request == SETREGSET && (long)addr == NT_X86_XSTATE &&
	    given->iov_len < sizeof(area)) {
		memset(area, 0, sizeof(area));
		memcpy(area, given->iov_base, given->iov_len);
		data = &wide;
	}
	return next(request, pid, addr, data);
}
