/* Ports that another program has, and pared's own; on the loopback. */
#include "check_help.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket on a port that was free. */
static int
bind_any(int family, int type, unsigned *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage is;
	struct sockaddr *sa = family == AF_INET6 ? (struct sockaddr *)&six
						 : (struct sockaddr *)&four;
	socklen_t len = sizeof(is);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, sa,
			  family == AF_INET6 ? (socklen_t)sizeof(six)
					     : (socklen_t)sizeof(four)) < 0)
		skip();
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&is, &len), 0);
	*port = family == AF_INET6
		    ? ntohs(((struct sockaddr_in6 *)(void *)&is)->sin6_port)
		    : ntohs(((struct sockaddr_in *)(void *)&is)->sin_port);
	return fd;
}

static void
look(unsigned listen_port, unsigned proxy)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "gateway home { uplink = \"lo\" proxy = %u }\n"
	    "tunnel phones { type = \"wireguard\" listen = %u "
	    "address = {\"10.77.0.1/24\"} }\n",
	    proxy, listen_port);
	check_help_make(text);
	gw_check_ports(&check);
}

static void
taken(int family)
{
	const struct gw_finding *f;
	char what[64];
	unsigned port;
	int fd = bind_any(family, SOCK_DGRAM, &port);

	look(port, 8080);
	snprintf(what, sizeof(what), "udp port %u, for tunnel phones", port);
	f = check_help_find(what);
	assert_non_null(f);
	assert_int_equal(f->level, GW_ERROR);
	assert_non_null(strstr(f->remedy, "ss -lunp"));
	close(fd);
	check_help_finish(NULL);
	look(port, 8080);
	assert_null(check_help_find(what));
}

static void
test_taken(void **state)
{
	(void)state;
	taken(AF_INET);
}

static void
test_taken_ipv6(void **state)
{
	(void)state;
	taken(AF_INET6);
}

static void
test_pared(void **state)
{
	const struct gw_finding *f;
	unsigned port;
	int fd = bind_any(AF_INET, SOCK_STREAM, &port);

	(void)state;
	look(51820, port);
	f = check_help_find("listens for this machine alone");
	assert_non_null(f);
	assert_int_equal(f->level, GW_WARN);
	assert_non_null(strstr(f->remedy, "Address"));
	close(fd);
	check_help_finish(NULL);
	look(51820, port);
	assert_non_null(check_help_find("nothing listens on port"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, check_help_finish)
	const struct CMUnitTest tests[] = {
		TEST(test_taken),
		TEST(test_taken_ipv6),
		TEST(test_pared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
