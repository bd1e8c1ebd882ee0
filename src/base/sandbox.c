#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The sanitizers reserve terabytes of address space and write to stderr when
 * they find something; confinement gives way to them there and only there. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define NOBODY    65534
#define SOCKET_FD 3
#define FDS_MAX   16 /* the socket, stdio, and what comes with a job */

static int
limit(int what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) != 0)
		return -1;
	/* Never asks for more than there is: that needs a privilege. */
	if (r.rlim_max == RLIM_INFINITY || r.rlim_max > most)
		r.rlim_max = most;
	r.rlim_cur = r.rlim_max;
	return setrlimit(what, &r);
}

static int
limit_resources(size_t memory_max, unsigned cpu_s)
{
	if (!SANITIZED && memory_max > 0 && limit(RLIMIT_AS, memory_max) != 0)
		return -1;
	if (cpu_s > 0 && limit(RLIMIT_CPU, cpu_s) != 0)
		return -1;
	if (limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_NPROC, 0) != 0 ||
	    limit(RLIMIT_NOFILE, FDS_MAX) != 0)
		return -1;
	return 0;
}

/* Only the socket stays; stdio leads nowhere. */
static int
drop_descriptors(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    (!SANITIZED && dup2(null, STDERR_FILENO) < 0))
		return -1;
	/* An old kernel (before 5.9) has no close_range(); what the parent
	 * opens is CLOEXEC in any case. */
	if (close_range(SOCKET_FD + 1, ~0U, 0) != 0 && errno != ENOSYS)
		return -1;
	return 0;
}

static int
drop_privileges(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { 0 };

	if (geteuid() == 0) {
		/* As far as it goes: in a user namespace nobody may not exist,
		 * and a unit may have taken CAP_SETUID already. What root has
		 * beyond others goes below, whatever happened here. */
		if (setgroups(0, NULL) != 0 ||
		    setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) != 0)
			errno = 0;
	}
	if (syscall(SYS_capset, &head, none) != 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* What a codec needs between two messages, and nothing that takes a path, a
 * process or an address. Memory may be mapped, never to be executed. */
static int
allow_codec(scmp_filter_ctx ctx)
{
	static const int plain[] = {
		SCMP_SYS(read),
		SCMP_SYS(write),
		SCMP_SYS(pwrite64),
		SCMP_SYS(lseek),
		SCMP_SYS(close),
		SCMP_SYS(brk),
		SCMP_SYS(munmap),
		SCMP_SYS(mremap),
		SCMP_SYS(madvise),
		SCMP_SYS(futex),
		SCMP_SYS(poll),
		SCMP_SYS(ppoll),
		/* Real calls where the vDSO cannot read the clock. */
		SCMP_SYS(clock_gettime),
		SCMP_SYS(gettimeofday),
		SCMP_SYS(time),
		SCMP_SYS(sysinfo), /* the C library's qsort() */
		SCMP_SYS(rt_sigreturn),
		SCMP_SYS(restart_syscall),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
	};
	static const int sanitizers[] = {
		SCMP_SYS(getpid),
		SCMP_SYS(gettid),
		SCMP_SYS(sched_yield),
		SCMP_SYS(sigaltstack),
		SCMP_SYS(rt_sigaction),
		SCMP_SYS(rt_sigprocmask),
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain[i], 0);
	for (size_t i = 0;
	     SANITIZED && i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++)
		rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sanitizers[i], 0);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1,
	    SCMP_A0(SCMP_CMP_EQ, SOCKET_FD));
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
	    SCMP_A0(SCMP_CMP_EQ, SOCKET_FD));
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
	    SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS));
	return rc == 0 ? 0 : -1;
}

static int
filter_calls(int (*allow)(scmp_filter_ctx ctx))
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (ctx == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = allow(ctx);
	if (rc == 0) {
		rc = seccomp_load(ctx);
		if (rc < 0)
			errno = -rc;
	} else {
		errno = EINVAL;
	}
	/* Under the filter already: frees memory and nothing else. */
	seccomp_release(ctx);
	return rc == 0 ? 0 : -1;
}

int
pd_sandbox_codec(size_t memory_max, unsigned cpu_s)
{
	if (drop_descriptors() != 0 || drop_privileges() != 0 ||
	    limit_resources(memory_max, cpu_s) != 0)
		return -1;
	return filter_calls(allow_codec);
}
