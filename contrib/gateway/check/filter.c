/*
 * The packet filter: whether the kernel takes our rules, and who else drops.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"
#include "kind/foreign.h"

#define OPEN_PRIORITY (-140) /* of our chains that mark: mangle + 10 */

/*
 * Nothing is loaded. Who is not root may try it in namespaces of his own, where
 * the system lets him have some.
 */
static void
try_rules(struct gw_check *c, const char *text)
{
	const char *const argv[] = { "unshare", "-Urn", "nft", "-c", "-f", "-",
		NULL };
	struct gw_run r = { .argv = c->root ? argv + 2 : argv, .input = text };

	if (gw_run(&r) < 0) {
		if (!c->root &&
		    strstr(r.complaints, "unshare") == r.complaints) {
			gw_find(c, GW_NOTE,
			    "the rules could not be tried by this user");
			gw_remedy(c, "run it as root");
		} else if (r.status != 127) { /* else told: not installed */
			gw_find(c, GW_ERROR,
			    "the kernel does not take the rules: %.*s",
			    (int)strcspn(r.complaints, "\n"), r.complaints);
			if (strstr(r.complaints, strerror(EPERM)) != NULL)
				gw_remedy(c, "run it with the capability "
					     "CAP_NET_ADMIN");
			else
				gw_remedy(c,
				    "nftables needs Linux 5.10 with "
				    "NF_TABLES_INET, NFT_NAT, NFT_FIB_INET "
				    "and NFT_REJECT");
		}
	}
	free(r.output);
	free(r.complaints);
}

static void
tell_foreign(struct gw_check *c, const struct gw_foreign *f)
{
	const char *what = strcmp(f->hook, "input") == 0
			       ? "what comes to this machine"
			       : "clients' packets";

	if (f->priority <= OPEN_PRIORITY) {
		gw_find(c, GW_ERROR,
		    "nft table %s %s, chain %s drops %s (%s), and stands "
		    "before all of ours (priority %d)",
		    f->family, f->table, f->chain, what, f->why, f->priority);
		gw_remedy(c,
		    "accept there by hand what is to pass, or give the chain "
		    "a priority above %d",
		    OPEN_PRIORITY);
		return;
	}
	if (c->plan->conf->foreign_open || f->nours > 0 || f->open)
		return;
	gw_find(c, GW_ERROR,
	    "nft table %s %s, chain %s drops %s (%s), whatever our rules say",
	    f->family, f->table, f->chain, what, f->why);
	gw_remedy(c,
	    "foreign-drop = \"open\" in %s; or by hand: nft insert rule %s %s "
	    "%s '" GW_OPEN_MATCH " accept'",
	    c->plan->conf->path, f->family, f->table, f->chain);
}

/* 0; -1: they cannot be looked at, which was told. */
static int
find_foreign(struct gw_check *c, enum gw_chain hook, const char *name)
{
	struct gw_foreigns found;

	if (!gw_rules_has_open(c->plan->rules, hook))
		return 0;
	if (gw_foreign_find(
		c->sys, name, gw_plan_links(c->plan, hook), &found) < 0) {
		gw_find(c, GW_WARN, "chains of others cannot be looked at: %s",
		    c->sys->why);
		return -1;
	}
	for (size_t i = 0; i < found.n; i++) {
		if (found.v[i].why != NULL)
			tell_foreign(c, &found.v[i]);
	}
	gw_foreign_free(&found);
	return 0;
}

/* iptables of old, whose tables nft does not see. */
static void
find_legacy(struct gw_check *c, const char *names, const char *program)
{
	const char *const chains[] = { "FORWARD", "INPUT" };
	char *tables = gw_read_file(names);
	bool filter = tables != NULL && strstr(tables, "filter\n") != NULL;

	free(tables);
	for (size_t i = 0; filter && i < 2; i++) {
		const char *const argv[] = { program, "-S", chains[i], NULL };
		struct gw_run r = { .argv = argv };

		if (gw_run(&r) == 0 && strstr(r.output, " DROP\n") != NULL &&
		    strncmp(r.output, "-P", 2) == 0 &&
		    strstr(r.output, " DROP\n") < strchr(r.output, '\n')) {
			gw_find(c, GW_ERROR,
			    "%s: policy of chain %s is DROP, whatever our "
			    "rules say",
			    program, chains[i]);
			gw_remedy(c,
			    "%s -I %s -m mark --mark 0x%x/0x%x -j ACCEPT",
			    program, chains[i], GW_OPEN, GW_OPEN);
		}
		free(r.output);
		free(r.complaints);
	}
}

static bool
file_says(const char *path, const char *word)
{
	char *text = gw_read_file(path);
	bool says = text != NULL && strstr(text, word) != NULL;

	free(text);
	return says;
}

/* Who else loads rules, and what becomes of ours when he does. */
static void
find_managers(struct gw_check *c)
{
	static const char wants[] = "/etc/systemd/system/sysinit.target.wants/"
				    "nftables.service";

	if (access(wants, F_OK) == 0 &&
	    file_says("/etc/nftables.conf", "flush ruleset"))
		gw_find(c, GW_NOTE,
		    "nftables.service flushes all rules when it starts or "
		    "reloads, ours with them: `pared-gateway run` puts them "
		    "back, `up` alone does not notice");
	if (file_says("/etc/ufw/ufw.conf", "ENABLED=yes"))
		gw_find(c, GW_NOTE,
		    "ufw is on: its reload takes our rule out of its chains; "
		    "`pared-gateway run` puts it back");
	if (access("/run/firewalld", F_OK) == 0 ||
	    access("/run/firewalld.pid", F_OK) == 0) {
		gw_find(c, GW_NOTE,
		    "firewalld is there: from version 2.1 on nobody else may "
		    "change its table");
		gw_remedy(c, "firewall-cmd --zone=trusted --add-interface=LINK "
			     "for each tunnel");
	}
}

void
gw_check_filter(struct gw_check *c)
{
	const struct gw_plan *p = c->plan;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i]->kind == &gw_kind_nft)
			try_rules(c, p->v[i]->text);
	}
	if (!gw_rules_has_open(p->rules, GW_CHAIN_INPUT) &&
	    !gw_rules_has_open(p->rules, GW_CHAIN_FORWARD))
		return;
	find_managers(c);
	if (!c->root) {
		gw_find(c, GW_NOTE,
		    "whether chains of others drop what is to pass, only root "
		    "can see");
		gw_remedy(c, "run it as root");
		return;
	}
	if (find_foreign(c, GW_CHAIN_INPUT, "input") == 0)
		(void)find_foreign(c, GW_CHAIN_FORWARD, "forward");
	find_legacy(c, "/proc/net/ip_tables_names", "iptables-legacy");
	find_legacy(c, "/proc/net/ip6_tables_names", "ip6tables-legacy");
}
