/*
 * kind "authority": the authority for IKEv2 and its server's certificate.
 *
 *     dir     where its files are (key)
 *     server  host name or address of the server (key); "" for none: whoever
 *             brings a certificate of his own needs the authority for
 *             clients' certificates alone
 *
 * It stays when the gateway goes down.
 */
#include "authority.h"

#include "system.h"

static const char *
server_of(const struct gw_step *s)
{
	const char *server = gw_step_need(s, "server");

	return server[0] != '\0' ? server : NULL;
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "authority %s", gw_step_need(s, "dir"));
	if (server_of(s) != NULL)
		fprintf(out, ", certificate for %s", server_of(s));
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	(void)sys;
	return gw_authority_state(gw_step_need(s, "dir"), server_of(s));
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	return gw_authority_prepare(sys, gw_step_need(s, "dir"), server_of(s));
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	(void)sys;
	(void)s;
	return 0;
}

const struct gw_kind gw_kind_authority = {
	.name = "authority",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
};
