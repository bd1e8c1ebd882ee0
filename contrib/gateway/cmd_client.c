/*
 * pared-gateway client: list, show and revoke; adding is cmd_client_add.c's.
 */
#include "cmd_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "apply.h"
#include "authority.h"
#include "base/arena.h"
#include "base/json.h"
#include "tunnel/pptp.h"

static const char usage[] =
    "usage: pared-gateway client add NAME [-c FILE] [OPTION...]\n"
    "       pared-gateway client list [-c FILE] [--json]\n"
    "       pared-gateway client show NAME [-c FILE] [FORM]\n"
    "       pared-gateway client revoke NAME [-c FILE]\n"
    "\n"
    "The devices of the tunnels. Each explains itself with -h.\n";

static const char list_usage[] =
    "usage: pared-gateway client list [-c FILE] [--json]\n"
    "\n"
    "All clients, their tunnels and addresses.\n"
    "\n"
    "  --json  the same as data\n";

static const char show_usage[] =
    "usage: pared-gateway client show NAME [-c FILE] [FORM]\n"
    "\n"
    "What the device is given. A private key that was not kept is gone:\n"
    "client add NAME --again makes a new one.\n"
    "\n" GW_FORM_USAGE;

static const char revoke_usage[] =
    "usage: pared-gateway client revoke NAME [-c FILE]\n"
    "\n"
    "It may connect no more, and is cut off at once if the gateway is up.\n";

/* ---- the store ---------------------------------------------------------- */

int
gw_store_open(const struct gw_config *c, struct gw_clients *clients, bool whole)
{
	char *dir = gw_clients_dir(c);
	int fd = -1;

	*clients = (struct gw_clients){ 0 };
	if (gw_clients_mkdirs(c) == 0)
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		fprintf(stderr, "error: %s: %s%s\n", dir, strerror(errno),
		    errno == EACCES ? "; clients are root's to change" : "");
	} else if (gw_clients_load(c, clients, &gw_cmd_report) < 0 && whole) {
		gw_clients_free(clients);
		close(fd);
		fd = -1;
	}
	free(dir);
	return fd;
}

char *
gw_store_authority(const struct gw_system *sys)
{
	char *dir;

	if (asprintf(&dir, "%s/authority", sys->state_dir) < 0)
		abort();
	return dir;
}

int
gw_store_apply(const struct gw_config *c, struct gw_system *sys,
    const struct gw_client *left)
{
	struct gw_clients clients;
	/* What is wrong with others was told when the store was opened. */
	int r = gw_clients_load(c, &clients, NULL);
	char *devices = gw_clients_devices(c);
	const struct gw_tunnel *t;

	if (gw_clients_publish(c, &clients) < 0) {
		fprintf(stderr, "error: %s: %s\n", devices, strerror(errno));
		r = -1;
	}
	free(devices);
	gw_clients_free(&clients);
	if (gw_apply_clients(c) < 0)
		r = -1;
	/* WireGuard's peer is gone by that, and charon sends away whom it does
	 * not know any more; pppd never looks again. */
	t = left != NULL ? gw_config_tunnel(c, left->tunnel) : NULL;
	if (t != NULL && t->type == GW_PPTP &&
	    gw_pptp_disconnect(sys, left->name) < 0) {
		fprintf(stderr, "error: %s\n", sys->why);
		r = -1;
	}
	return r;
}

/* ---- list --------------------------------------------------------------- */

static void
write_addresses(const struct gw_client *cl, bool json)
{
	for (size_t i = 0; i < cl->address_text.n; i++) {
		if (json)
			printf("%s\"%s\"", i > 0 ? "," : "",
			    cl->address_text.v[i]);
		else
			printf(
			    "%s%s", i > 0 ? ", " : "", cl->address_text.v[i]);
	}
}

static void
write_member(const char *name, const char *value)
{
	if (value == NULL)
		return;
	printf(",\"%s\":", name);
	pd_json_write(stdout, pd_str_z(value));
}

static void
list_json(const struct gw_clients *clients)
{
	fputs("[", stdout);
	for (size_t i = 0; i < clients->n; i++) {
		const struct gw_client *cl = &clients->v[i];

		fputs(i > 0 ? ",\n" : "\n", stdout);
		fputs("{\"name\":", stdout);
		pd_json_write(stdout, pd_str_z(cl->name));
		write_member("tunnel", cl->tunnel);
		fputs(",\"addresses\":[", stdout);
		write_addresses(cl, true);
		fputs("]", stdout);
		write_member("public_key", cl->public_key);
		write_member("created", cl->created);
		fputs("}", stdout);
	}
	fputs("\n]\n", stdout);
}

static int
list(const struct gw_config *c, int argc, char **argv)
{
	bool json = false;
	const struct pd_cmd_option options[] = {
		{ "json", .flag = &json },
		{ 0 },
	};
	struct pd_cmd_line line = { "client list", list_usage, options,
		.most = 0 };
	struct gw_clients clients;
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc != PD_CMD_GO || c == NULL)
		return rc;
	rc = gw_clients_load(c, &clients, &gw_cmd_report) < 0 ? GW_FAIL : GW_OK;
	if (clients.unread) {
		fputs("error: clients may be read by root alone\n", stderr);
		return GW_FAIL;
	}
	if (json)
		list_json(&clients);
	for (size_t i = 0; i < clients.n && !json; i++) {
		const struct gw_client *cl = &clients.v[i];

		printf("%-16s %-12s ", cl->name, cl->tunnel);
		write_addresses(cl, false);
		putchar('\n');
	}
	if (clients.n == 0 && !json)
		fputs("no client yet; add one with client add NAME\n", stderr);
	gw_clients_free(&clients);
	return pd_cmd_end(rc);
}

/* ---- show and revoke ---------------------------------------------------- */

static const struct gw_client *
find(const struct gw_clients *clients, const char *name)
{
	const struct gw_client *cl = gw_clients_find(clients, name);
	struct pd_str_near near = pd_str_near(name);

	if (cl != NULL)
		return cl;
	for (size_t i = 0; i < clients->n; i++)
		pd_str_near_try(&near, clients->v[i].name);
	fprintf(stderr, "error: there is no client \"%.64s\"%s", name,
	    clients->unread ? " that this user may read" : "");
	pd_cmd_suggest(&near);
	return NULL;
}

static int
show(const struct gw_config *c, int argc, char **argv)
{
	bool flags[GW_NFORMS] = { false };
	const struct pd_cmd_option options[] = {
		GW_FORM_OPTIONS(flags),
		{ 0 },
	};
	struct pd_cmd_line line = { "client show", show_usage, options,
		.most = 1 };
	struct gw_clients clients;
	struct gw_system sys;
	const struct gw_client *cl;
	enum gw_form form;
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && line.nwords == 0)
		return pd_cmd_wrong(&line, "it wants a client's name");
	if (rc == PD_CMD_GO)
		rc = gw_form_of(&line, flags, &form);
	if (rc != PD_CMD_GO || c == NULL)
		return rc;
	rc = GW_FAIL;
	gw_clients_load(c, &clients, &gw_cmd_report);
	gw_system_of(&sys, c);
	cl = find(&clients, line.words[0]);
	if (cl != NULL)
		rc = gw_form_show(c, &sys, cl, form, NULL);
	gw_system_finish(&sys);
	gw_clients_free(&clients);
	return pd_cmd_end(rc);
}

/* The file first: whatever fails after it, the next `up` knows him no more. */
static int
remove_client(const struct gw_config *c, const struct gw_client *cl)
{
	struct gw_system sys;
	char *authority, *kept;
	int rc = GW_OK;
	bool cut;

	gw_system_of(&sys, c);
	authority = gw_store_authority(&sys);
	if (asprintf(&kept, "%s/clients/%s.p12", sys.state_dir, cl->name) < 0)
		abort();
	if (gw_remove_file(cl->path) < 0) {
		fprintf(stderr, "error: %s: %s\n", cl->path, strerror(errno));
		rc = GW_FAIL;
	}
	(void)gw_remove_file(kept);
	if (cl->certificate != NULL &&
	    gw_authority_revoke(&sys, authority, cl->name) < 0) {
		fprintf(stderr, "error: %s\n", sys.why);
		rc = GW_FAIL;
	}
	cut = gw_store_apply(c, &sys, cl) == 0;
	if (rc == GW_OK)
		fprintf(stderr, "client %s of tunnel %s is revoked%s\n",
		    cl->name, cl->tunnel,
		    !gw_is_up(c) ? "; the gateway is not up"
		    : cut        ? " and cut off"
				 : ", and may not be cut off yet");
	if (!cut)
		rc = GW_FAIL;
	free(kept);
	free(authority);
	gw_system_finish(&sys);
	return rc;
}

static int
revoke_one(const struct gw_config *c, int argc, char **argv)
{
	const struct pd_cmd_option options[] = { { 0 } };
	struct pd_cmd_line line = { "client revoke", revoke_usage, options,
		.most = 1 };
	struct gw_clients clients;
	const struct gw_client *cl;
	int rc = pd_cmd_parse(&line, argc, argv), fd;

	if (rc != PD_CMD_GO)
		return rc;
	if (line.nwords == 0)
		return pd_cmd_wrong(&line, "it wants a client's name");
	if (c == NULL)
		return rc;
	fd = gw_store_open(c, &clients, false);
	if (fd < 0)
		return GW_FAIL;
	cl = find(&clients, line.words[0]);
	rc = cl != NULL ? remove_client(c, cl) : GW_FAIL;
	gw_clients_free(&clients);
	close(fd);
	return pd_cmd_end(rc);
}

/* ---- which -------------------------------------------------------------- */

int
gw_cmd_client(const struct gw_config *c, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct gw_config *c, int argc, char **argv);
	} commands[] = {
		{ "add", gw_cmd_client_add },
		{ "list", list },
		{ "show", show },
		{ "revoke", revoke_one },
	};
	const struct pd_cmd_option options[] = { { 0 } };
	struct pd_cmd_line line = { "client", usage, options, .most = 0 };
	struct pd_str_near near;
	int rc;

	for (size_t i = 0;
	     argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(c, argc - 1, argv + 1);
	}
	if (argc > 1 && argv[1][0] != '-') {
		near = pd_str_near(argv[1]);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]);
		     i++)
			pd_str_near_try(&near, commands[i].name);
		fprintf(stderr, "%s client: there is no command \"%.64s\"",
		    pd_cmd_program, argv[1]);
		pd_cmd_suggest(&near);
		return GW_USAGE;
	}
	rc = pd_cmd_parse(&line, argc, argv);
	return rc == PD_CMD_GO ? pd_cmd_wrong(&line, "add, list, show or "
						     "revoke?")
			       : rc;
}
