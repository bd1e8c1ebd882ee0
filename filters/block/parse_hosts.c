#include "filters/block/parse.h"

/* Names that hosts files give to the machine itself. */
static bool
is_own_name(struct pd_str host)
{
	static const struct pd_str names[] = { PD_STR("localhost"),
		PD_STR("localhost.localdomain"), PD_STR("localhost4"),
		PD_STR("localhost6"), PD_STR("localhost4.localdomain4"),
		PD_STR("localhost6.localdomain6"), PD_STR("local"),
		PD_STR("broadcasthost"), PD_STR("ip6-localhost"),
		PD_STR("ip6-loopback"), PD_STR("ip6-localnet"),
		PD_STR("ip6-mcastprefix"), PD_STR("ip6-allnodes"),
		PD_STR("ip6-allrouters"), PD_STR("ip6-allhosts"),
		PD_STR("0.0.0.0"), PD_STR("127.0.0.1"), PD_STR("::1"),
		PD_STR("::") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (pd_str_eq(host, names[i]))
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
put_name(struct pd_lines *l, struct pd_str word, bool sinks,
    const struct pd_parse_params *p, const struct pd_rule_sink *sink)
{
	char buf[PD_HOST_TEXT];
	struct pd_parse_host h = {
		.text = word,
		.line = l->line,
		.below = p->subdomains,
	};
	struct pd_parse_wrong wrong = { .skip = PD_SKIP_HOST, .text = word };

	h.form = pd_host_normal(word, buf, &h.host);
	if (h.form == PD_HOST_FORM_BAD) {
		wrong.why = "no host name";
		return pd_parse_leave(l, sink, &wrong);
	}
	if (is_own_name(h.host))
		return sink->skip(
		    sink->arg, PD_SKIP_NO_EFFECT, PD_STR(""), word, l->line);
	if (!sinks) {
		wrong.skip = PD_SKIP_NO_EFFECT;
		wrong.why = "is given a real address, which blocks nothing "
			    "(0.0.0.0 blocks)";
		return pd_parse_leave(l, sink, &wrong);
	}
	/* One stray word must not take all of .com with it. */
	if (h.form == PD_HOST_FORM_LABEL)
		h.below = false;
	return pd_parse_put_host(sink, &h);
}

static int
parse_line(struct pd_lines *l, struct pd_str line,
    const struct pd_parse_params *p, const struct pd_rule_sink *sink)
{
	struct pd_parse_wrong wrong = { .skip = PD_SKIP_SYNTAX, .text = line };
	struct pd_str word = pd_lines_word(&line);
	/* "fe80::1%lo0 localhost" stands in every macOS file. */
	struct pd_str address = word, zone = word;
	struct pd_addr addr;
	bool sinks;

	address = pd_str_split(&zone, '%');
	if (pd_addr_parse_lax(address, &addr) < 0 &&
	    pd_addr_parse(address, &addr) < 0) {
		wrong.text = word;
		wrong.why = "no address";
		return pd_parse_leave(l, sink, &wrong);
	}
	if (pd_str_trim(line).n == 0) {
		wrong.why = "an address and no name";
		return pd_parse_leave(l, sink, &wrong);
	}
	sinks = is_sink(&addr);
	while ((word = pd_lines_word(&line)).n > 0) {
		if (put_name(l, word, sinks, p, sink) < 0)
			return -1;
	}
	return 0;
}

int
pd_parse_hosts(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink)
{
	struct pd_str line;

	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(pd_str_split(&line, '#'));
		/* "!" begins no host; some lists have such comments. */
		if (line.n == 0 || line.p[0] == '!')
			continue;
		if (parse_line(l, line, p, sink) < 0)
			return -1;
	}
	return 0;
}
