#include "tunnel/session.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

static void
print_line(const struct gw_session *s, FILE *out)
{
	fprintf(out,
	    "  %s: %s, from %s, for %" PRIu64 " s; %" PRIu64
	    " bytes from it, %" PRIu64 " to it\n",
	    s->client, s->addresses, s->remote, s->seconds, s->bytes_in,
	    s->bytes_out);
}

static void
print_addresses(struct pd_str rest, FILE *out)
{
	const char *comma = "";

	fputc('[', out);
	while (rest.n > 0) {
		fputs(comma, out);
		pd_json_write(out, pd_str_split(&rest, ' '));
		comma = ", ";
	}
	fputc(']', out);
}

static void
print_json(const struct gw_session *s, FILE *out)
{
	fputs("{\"client\": ", out);
	pd_json_write(out, pd_str_z(s->client));
	fputs(", \"addresses\": ", out);
	print_addresses(pd_str_z(s->addresses), out);
	fputs(", \"from\": ", out);
	pd_json_write(out, pd_str_z(s->remote));
	fprintf(out,
	    ", \"seconds\": %" PRIu64 ", \"bytes-in\": %" PRIu64
	    ", \"bytes-out\": %" PRIu64 "}",
	    s->seconds, s->bytes_in, s->bytes_out);
}

void
gw_sessions_print(const struct gw_session *v, size_t n, const char *connection,
    FILE *out, bool json)
{
	const char *comma = "";

	if (json)
		fputs("{\"sessions\": [", out);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].connection, connection) != 0)
			continue;
		if (!json) {
			print_line(&v[i], out);
			continue;
		}
		fputs(comma, out);
		print_json(&v[i], out);
		comma = ", ";
	}
	if (json)
		fputs("]}", out);
}
