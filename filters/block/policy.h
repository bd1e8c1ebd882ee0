/*
 * Which lists apply to whom and when, and where none does.
 *
 *     lists { policy kids { clients = {"10.77.1.0/24"} lists = {"adult"}
 *             schedule = {"mon-fri 20:00-07:00"} } }
 *     site "*.example.org" { lists = "off" }
 *
 * The first policy that names the client and whose schedule (base/window.h) is
 * on says which; else each list that is not `default = false`. Lists that are
 * no source of the configuration (Ziproxy's options) always apply.
 * Thread: built by main, then immutable.
 */
#ifndef PD_BLOCK_POLICY_H
#define PD_BLOCK_POLICY_H

#include "base/conf.h"

struct pd_policies;

/* name: of the list at each number, in the order of the rule file. */
struct pd_policies *pd_policies_create(
    const struct pd_conf *conf, const struct pd_str *names, size_t n);
void pd_policies_destroy(struct pd_policies *p); /* NULL is fine */

/* Whether any policy tells lists apart: then the same rule in two lists must
 * stay two. From the configuration alone. */
bool pd_policies_tell_apart(const struct pd_conf *conf);

/* 1 << list for each that applies now. client NULL: one that no policy names.
 * name: *name is the policy's, or "". Wall clock and local time. */
uint64_t pd_policies_lists(const struct pd_policies *p,
    const struct pd_addr *client, int64_t now_s, struct pd_str *name);

/* Whether the client may let things through for a while: no policy that names
 * it says otherwise, on or not. */
bool pd_policies_may_allow(
    const struct pd_policies *p, const struct pd_addr *client);

/* Lists are off for the site: page is the host of the page, in the form of
 * pd_host_normal(). Of several sites that hold it, the longest name counts. */
bool pd_policies_site_off(const struct pd_policies *p, struct pd_str page);

#endif
