#include "filters/block/parse.h"

/* Names that hosts files give to the machine itself. */
static bool
is_own_name(struct pd_str host)
{
	static const char *const names[] = { "localhost",
		"localhost.localdomain", "localhost4", "localhost6",
		"localhost4.localdomain4", "localhost6.localdomain6", "local",
		"broadcasthost", "ip6-localhost", "ip6-loopback",
		"ip6-localnet", "ip6-mcastprefix", "ip6-allnodes",
		"ip6-allrouters", "ip6-allhosts", "0.0.0.0", "127.0.0.1", "::1",
		"::" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (pd_str_eq(host, pd_str_z(names[i])))
			return true;
	}
	return false;
}

/* Whether names at this address are meant to be blocked. */
static bool
is_sink(const struct pd_addr *addr)
{
	enum pd_addr_kind kind = pd_addr_kind(addr);

	return kind == PD_ADDR_UNSPECIFIED || kind == PD_ADDR_LOOPBACK;
}

static int
add_names(struct pd_lines *l, struct pd_str names, bool sink,
    struct pd_set *set, uint8_t list)
{
	struct pd_set_entry e = { .list = list, .line = l->line };
	char buf[PD_HOST_TEXT], shown[PD_LINES_SHOWN];
	enum pd_host_form form;
	struct pd_str word;

	while ((word = pd_lines_word(&names)).n > 0) {
		form = pd_host_normal(word, buf, &e.host);
		e.address = form == PD_HOST_FORM_ADDRESS;
		if (form == PD_HOST_FORM_BAD)
			pd_lines_wrong(l, "\"%s\" is no host name; left out",
			    pd_lines_show(word, shown));
		else if (is_own_name(e.host))
			continue;
		else if (!sink)
			pd_lines_wrong(l,
			    "\"%s\" is given a real address, which blocks "
			    "nothing; left out (0.0.0.0 blocks)",
			    pd_lines_show(word, shown));
		else if (pd_set_add(set, &e) < 0)
			return -1;
	}
	return 0;
}

int
pd_parse_hosts(struct pd_lines *l, struct pd_set *set, uint8_t list)
{
	char shown[PD_LINES_SHOWN];
	struct pd_str line, word, address;
	struct pd_addr addr;

	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(pd_str_split(&line, '#'));
		if (line.n == 0)
			continue;
		word = pd_lines_word(&line);
		/* "fe80::1%lo0 localhost" stands in every macOS file. */
		address = word;
		address = pd_str_split(&address, '%');
		if (pd_addr_parse_lax(address, &addr) < 0 &&
		    pd_addr_parse(address, &addr) < 0) {
			pd_lines_wrong(l, "\"%s\" is no address; left out",
			    pd_lines_show(word, shown));
		} else if (pd_str_trim(line).n == 0) {
			pd_lines_wrong(l, "an address and no name; left out");
		} else if (add_names(l, line, is_sink(&addr), set, list) < 0) {
			return -1;
		}
	}
	return 0;
}
