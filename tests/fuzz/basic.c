/*
 * Bytes as the value of Proxy-Authorization, against one user whose password
 * stands in clear: only what decodes to it is let in.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pd_users *
make_users(void)
{
	char file[] = "/tmp/pared-fuzz-XXXXXX";
	struct pd_conf conf = { .auth_mode = 1, .auth_passwd_file = file };
	struct pd_users *u;
	int fd = mkstemp(file);

	if (fd < 0 || write(fd, "ann:pw\n", 7) != 7)
		abort();
	close(fd);
	u = pd_users_load(&conf, NULL);
	unlink(file);
	if (u == NULL)
		abort();
	return u;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pd_users *users;
	struct pd_arena *arena = pd_arena_create();
	struct pd_request req = { .method = PD_METHOD_GET };
	struct pd_auth_job *job;
	struct pd_str user;
	enum pd_auth_result result;

	if (users == NULL)
		users = make_users();
	pd_fields_add(&req.fields, arena, PD_STR("Proxy-Authorization"),
	    pd_str_of((const char *)data, size));
	result = pd_auth_check(
	    users, &req, NULL, arena, &user, NULL, &job, NULL, NULL);
	assert(result != PD_AUTH_WAIT && job == NULL);
	assert((result == PD_AUTH_OK) == (user.n > 0));
	if (result == PD_AUTH_OK)
		assert(pd_str_eq(user, PD_STR("ann")) &&
		       memmem(data, size, "YW5uOnB3", 8) != NULL);
	pd_arena_destroy(arena);
	return 0;
}
