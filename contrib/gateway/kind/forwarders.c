/*
 * Who else forwards: programs that turn forwarding on for themselves look only
 * whether it is on, and would be cut off by a gateway that turns it off as it
 * found it. Their traces are a bridge, or a chain at the hook forward.
 *
 * Chains are asked for by netlink, not by nft, so that `down` needs no program.
 */
/* linux/in.h, which netfilter.h brings, gives way to this one only. */
#include <netinet/in.h>

#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kind/sysctl.h"
#include "netlink.h"
#include "rules.h"

/* Docker, libvirt, LXC, LXD, Incus, Podman, Kubernetes' plugins, systemd's
 * containers. */
static const char *const bridges[] = {
	"docker*",
	"br-????????????",
	"virbr*",
	"lxcbr*",
	"lxdbr*",
	"incusbr*",
	"podman*",
	"cni*",
	"flannel*",
	"cali*",
	"kube-*",
	"vb-*",
	"ve-*",
};

static void
list_links(FILE *out)
{
	DIR *dir = opendir("/proc/sys/net/ipv4/conf");
	struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		for (size_t i = 0; i < sizeof(bridges) / sizeof(bridges[0]);
		     i++) {
			if (fnmatch(bridges[i], e->d_name, 0) == 0)
				fprintf(out, "%s ", e->d_name);
		}
	}
	if (dir != NULL)
		closedir(dir);
}

/* One word: nftables takes names with blanks. */
static void
put_name(FILE *out, const struct nlattr *name)
{
	const unsigned char *at = nla_data(name);

	for (int i = 0; i < nla_len(name) && at[i] != '\0'; i++)
		putc(isgraph(at[i]) ? at[i] : '?', out);
}

static int
list_chain(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct nlattr *tb[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	FILE *out = arg;

	(void)sys;
	gw_nl_attrs(h, sizeof(struct nfgenmsg), tb, NFTA_CHAIN_MAX);
	if (tb[NFTA_CHAIN_HOOK] == NULL || tb[NFTA_CHAIN_TABLE] == NULL ||
	    tb[NFTA_CHAIN_NAME] == NULL ||
	    nla_parse_nested(hook, NFTA_HOOK_MAX, tb[NFTA_CHAIN_HOOK], NULL) <
		0 ||
	    ntohl(gw_nl_u32(hook[NFTA_HOOK_HOOKNUM])) != NF_INET_FORWARD)
		return 0;
	/* A gateway's own tables. */
	if (strncmp(nla_data(tb[NFTA_CHAIN_TABLE]), GW_RULES_TABLE,
		strlen(GW_RULES_TABLE)) == 0)
		return 0;
	put_name(out, tb[NFTA_CHAIN_TABLE]);
	putc('/', out);
	put_name(out, tb[NFTA_CHAIN_NAME]);
	putc(' ', out);
	return 0;
}

static void
list_chains(struct gw_system *sys, FILE *out)
{
	static const uint8_t families[] = { NFPROTO_INET, NFPROTO_IPV4,
		NFPROTO_IPV6 };
	struct nl_sock *sock = nl_socket_alloc();

	if (sock != NULL && nl_connect(sock, NETLINK_NETFILTER) == 0) {
		for (size_t i = 0; i < sizeof(families); i++) {
			struct nfgenmsg head = { .nfgen_family = families[i] };
			struct nl_msg *m = gw_nl_request(
			    NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
			    NLM_F_DUMP, &head, sizeof(head));

			/* Refused, or no nftables: none that can be seen. */
			(void)gw_nl_dump_on(sys, sock, m, list_chain, out);
		}
	}
	nl_socket_free(sock);
}

char *
gw_forwarders(struct gw_system *sys)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	list_links(out);
	list_chains(sys, out);
	fclose(out);
	return text;
}
