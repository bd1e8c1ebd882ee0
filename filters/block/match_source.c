/*
 * The host of the page: its site, and which of the domains that rules name it
 * is or is under. Asked for each request of a page, so the last few are kept.
 */
#include "filters/block/match_ask.h"

/* The info of a hash, or false. Tables of domains have one entry each. */
static bool
look_up(const struct pd_view_table *t, uint64_t hash, uint32_t *info)
{
	uint32_t b = pd_table_bucket(hash, t->bits);
	uint32_t at = t->first[b], end = t->first[b + 1];

	for (; at < end; at += 16) {
		uint32_t same =
		    pd_ask_equal_tags(t->tags + at, pd_table_tag(hash));

		if (end - at < 16)
			same &= ((uint32_t)1 << (end - at)) - 1;
		for (; same != 0; same &= same - 1) {
			uint32_t k = at + (uint32_t)__builtin_ctz(same);

			if (t->prints[k] == pd_table_print(hash)) {
				*info = t->infos[k];
				return true;
			}
		}
	}
	return false;
}

/* Labels of the public suffix, at least one: the rule "*" when no other
 * prevails (publicsuffix.org, "Formal Algorithm"). */
static size_t
suffix_labels(
    const struct pd_set *set, const struct pd_host_suffix *v, size_t n)
{
	size_t labels = 1;
	uint32_t flags;

	for (size_t i = 0; i < n; i++) {
		if (!look_up(&set->suffixes, v[i].hash, &flags))
			break;
		if ((flags & PD_SUFFIX_EXCEPTION) != 0)
			return i;
		if ((flags & PD_SUFFIX_RULE) != 0)
			labels = i + 1;
		if ((flags & PD_SUFFIX_WILDCARD) != 0)
			labels = i + 2;
	}
	return labels;
}

uint32_t
pd_ask_site_labels(const struct pd_set *set, const struct pd_host_suffix *v,
    size_t n, bool address, size_t labels)
{
	size_t suffix;

	if (address || n == 0)
		return 0;
	suffix = suffix_labels(set, v, n);
	return suffix < labels ? (uint32_t)suffix + 1 : 0;
}

uint32_t
pd_ask_domains(const struct pd_set *set, struct pd_str host, bool address,
    uint32_t ids[PD_ASK_IDS], uint64_t *site, uint32_t *site_labels)
{
	const struct pd_host_key *key = &set->head->host_key;
	struct pd_host_suffix v[PD_HOST_LABELS_MAX];
	size_t n = pd_host_suffixes(key, host, address, PD_HOST_LABELS_MAX, v);
	uint32_t nids = 0, info;
	size_t suffix;

	*site = n > 0 ? v[n - 1].hash : 0;
	*site_labels = pd_ask_site_labels(set, v, n, address, n);
	if (*site_labels > 0)
		*site = v[*site_labels - 1].hash;
	if (set->domains.n == 0)
		return 0;
	suffix = address ? 0 : suffix_labels(set, v, n);
	for (size_t i = 0; i < n && i < set->domains.labels; i++) {
		if (look_up(&set->domains, v[i].hash, &info) &&
		    nids < PD_ASK_IDS)
			ids[nids++] = info;
	}
	if (suffix == 0 || suffix >= n)
		return nids;
	n = pd_host_entities(key, host, suffix, set->domains.labels, v);
	for (size_t i = 0; i < n; i++) {
		if (look_up(&set->domains, v[i].hash, &info) &&
		    nids < PD_ASK_IDS)
			ids[nids++] = info;
	}
	return nids;
}

const struct pd_ask_source *
pd_ask_source(
    const struct pd_set *set, struct pd_scratch *s, struct pd_str host)
{
	struct pd_ask_source *c;

	if (host.n == 0 || host.n >= PD_HOST_TEXT)
		return NULL;
	c = &s->sources[(host.n ^ (unsigned char)host.p[0] ^
			    (unsigned char)host.p[host.n / 2]) %
			PD_ASK_SOURCES];
	if (c->serial == set->serial && c->host_n == host.n &&
	    memcmp(c->host, host.p, host.n) == 0)
		return c;
	c->serial = set->serial;
	c->host_n = host.n;
	for (size_t i = 0; i < host.n; i++)
		c->host[i] = pd_lower(host.p[i]);
	host.p = c->host;
	c->nids = pd_ask_domains(set, host, pd_host_is_address(host), c->ids,
	    &c->site, &c->site_labels);
	c->classes = 0;
	for (uint32_t i = 0; i < c->nids; i++)
		c->classes |= set->source_classes[c->ids[i]];
	return c;
}

bool
pd_match_is_suffix(const struct pd_set *set, struct pd_str host)
{
	struct pd_host_suffix v[PD_HOST_LABELS_MAX];
	bool address = pd_host_is_address(host);
	size_t n = pd_host_suffixes(
	    &set->head->host_key, host, address, PD_HOST_LABELS_MAX, v);

	return !address && n > 0 &&
	       pd_ask_site_labels(set, v, n, address, n) == 0;
}
