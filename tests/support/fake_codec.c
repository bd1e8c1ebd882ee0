/*
 * A pared-codec that misbehaves in the way its first argument names, for tests
 * of what pared makes of it. "slow300": is 300 ms longer, and then right.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/ipc.h"
#include "base/sandbox.h"
#include "filters/image/job.h"

#define SOCKET_FD 3

/* A WebP of 1x1, which no test sends. */
static const uint8_t webp_1x1[] = "RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0"
				  "\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe"
				  "\x07";

static void
nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void
put_bytes(int fd, const void *p, size_t n, off_t at)
{
	if (pwrite(fd, p, n, at) != (ssize_t)n)
		_exit(4);
}

/* The result's bytes: a WebP whose head says width x height. */
static size_t
put_result(int fd, const struct pd_job_ask *ask)
{
	uint8_t p[sizeof(webp_1x1) + 128] = { 0 };
	bool turned = ask->orientation >= 5;
	uint32_t width = turned ? ask->set.to_height : ask->set.to_width;
	uint32_t height = turned ? ask->set.to_width : ask->set.to_height;
	uint32_t bits = (width - 1) | (height - 1) << 14;

	memcpy(p, webp_1x1, sizeof(webp_1x1) - 1);
	for (unsigned i = 0; i < 4; i++)
		p[21 + i] = (uint8_t)(bits >> 8 * i);
	put_bytes(fd, p, sizeof(p), 0);
	return sizeof(p);
}

static void
answer_with(const struct pd_job_answer *answer, size_t len, int fd)
{
	pd_ipc_send(SOCKET_FD, answer, len, &fd, fd >= 0 ? 1 : 0);
}

/* Before the answer. */
static void
misbehave(const char *mode, const int *fds, const struct pd_job_ask *ask)
{
	if (strcmp(mode, "die") == 0)
		_exit(1);
	if (strcmp(mode, "abort") == 0)
		abort();
	if (strcmp(mode, "hang") == 0)
		nap(60000);
	if (strncmp(mode, "slow", 4) == 0)
		nap(mode[4] != '\0' ? atol(mode + 4) : 30);
	if (strcmp(mode, "keep") == 0)
		mmap(NULL, ask->set.out_max, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fds[PD_JOB_FD_OUT], 0);
	if (strcmp(mode, "file") == 0 || strcmp(mode, "socket") == 0) {
		if (pd_sandbox_codec(0, 0) != 0)
			_exit(3);
		if (strcmp(mode, "file") == 0)
			open("/etc/passwd", O_RDONLY | O_CLOEXEC);
		else
			socket(AF_INET, SOCK_STREAM, 0);
	}
}

static void
answer_ask(const char *mode, const int *fds, const struct pd_job_ask *ask)
{
	struct pd_job_answer answer = {
		.magic = PD_JOB_ANSWER,
		.status = PD_JOB_DONE,
		.width = ask->orientation >= 5 ? ask->set.to_height
					       : ask->set.to_width,
		.height = ask->orientation >= 5 ? ask->set.to_width
						: ask->set.to_height,
		.frames = 1,
		.format = PD_IMAGE_WEBP,
		.output = ask->set.outputs & PD_JOB_WEBP_LOSSY
			      ? PD_JOB_WEBP_LOSSY
			      : PD_JOB_WEBP_LOSSLESS,
	};
	size_t len = sizeof(answer);
	int fd = -1;

	misbehave(mode, fds, ask);
	answer.out_len = (uint32_t)put_result(fds[PD_JOB_FD_OUT], ask);
	if (strcmp(mode, "short") == 0)
		len -= 4;
	else if (strcmp(mode, "magic") == 0)
		answer.magic++;
	else if (strcmp(mode, "status") == 0)
		answer.status = 77;
	else if (strcmp(mode, "larger") == 0)
		answer.out_len = ask->in_len + 1;
	else if (strcmp(mode, "length") == 0)
		answer.out_len = 17;
	else if (strcmp(mode, "format") == 0)
		answer.format = PD_IMAGE_JPEG;
	else if (strcmp(mode, "output") == 0)
		answer.output = PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS;
	else if (strcmp(mode, "frames") == 0)
		answer.frames++;
	else if (strcmp(mode, "size") == 0)
		answer.width++;
	else if (strcmp(mode, "lie") == 0)
		put_bytes(fds[PD_JOB_FD_OUT], "\x01\0\0\0", 4, 21);
	else if (strcmp(mode, "fd") == 0)
		fd = SOCKET_FD;
	else if (strcmp(mode, "nothing") == 0)
		answer = (struct pd_job_answer){ .magic = PD_JOB_ANSWER,
			.status = PD_JOB_LARGER };
	answer_with(&answer, len, fd);
	if (strcmp(mode, "twice") == 0)
		answer_with(&answer, len, fd);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "good";
	struct pd_job_ask ask;
	int fds[PD_IPC_FDS];

	if (strcmp(mode, "stillborn") == 0)
		return 1;
	while (pd_ipc_recv(SOCKET_FD, &ask, sizeof(ask), fds) == 1) {
		answer_ask(mode, fds, &ask);
		for (size_t i = 0; i < PD_IPC_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		if (strcmp(mode, "once") == 0)
			return 0;
	}
	return 0;
}
