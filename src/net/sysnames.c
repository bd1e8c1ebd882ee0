#include "net/sysnames.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

#define NAME_MAX_LEN 253

/* One name of one line. 12 bytes: people put block lists into hosts files. */
struct entry {
	uint32_t name; /* offset in text */
	uint32_t name_len;
	uint32_t addr; /* index in addrs */
};

struct pd_sysnames {
	char *text;
	struct entry *entries; /* by name, then by place in the file */
	size_t nentries, entries_max;
	struct pd_addr *addrs; /* lines' addresses; repeated ones once */
	size_t naddrs, addrs_max;
};

static char *
slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t room = 0, n = 0;
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && n < PD_SYSNAMES_LEN_MAX) {
		if (n == room) {
			room = room == 0 ? 4096 : room * 2;
			text = pd_xrealloc(text, room);
		}
		got = read(fd, text + n, room - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	*len = n;
	return text;
}

/* The next word of a line, cutting it off; empty at its end. */
static struct pd_str
next_word(struct pd_str *line)
{
	struct pd_str word;
	size_t n = 0;

	*line = pd_str_trim(*line);
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	word = pd_str_of(line->p, n);
	line->p += n;
	line->n -= n;
	return word;
}

/* A line without its comment and the CR of other systems. */
static struct pd_str
next_line(struct pd_str *rest)
{
	struct pd_str line = pd_str_split(rest, '\n');

	line = pd_str_split(&line, '#');
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static void
add_entry(struct pd_sysnames *s, struct pd_str name)
{
	if (name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n > NAME_MAX_LEN)
		return;
	if (s->nentries == s->entries_max) {
		s->entries_max = s->entries_max == 0 ? 16 : s->entries_max * 2;
		s->entries = pd_xrealloc(
		    s->entries, s->entries_max * sizeof(*s->entries));
	}
	s->entries[s->nentries++] = (struct entry){
		.name = (uint32_t)(name.p - s->text),
		.name_len = (uint32_t)name.n,
		.addr = (uint32_t)(s->naddrs - 1),
	};
}

static void
add_line(struct pd_sysnames *s, struct pd_str line)
{
	struct pd_str word = next_word(&line);
	struct pd_addr a;

	if (pd_addr_parse(word, &a) != 0)
		return;
	if (s->naddrs == 0 || !pd_addr_equal(&s->addrs[s->naddrs - 1], &a)) {
		if (s->naddrs == s->addrs_max) {
			s->addrs_max = s->addrs_max == 0 ? 4 : s->addrs_max * 2;
			s->addrs = pd_xrealloc(
			    s->addrs, s->addrs_max * sizeof(*s->addrs));
		}
		s->addrs[s->naddrs++] = a;
	}
	while ((word = next_word(&line)).n > 0)
		add_entry(s, word);
}

static int
compare_names(struct pd_str a, struct pd_str b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static struct pd_str
entry_name(const struct pd_sysnames *s, const struct entry *e)
{
	return pd_str_of(s->text + e->name, e->name_len);
}

static int
compare_entries(const void *a, const void *b, void *arg)
{
	const struct entry *x = a, *y = b;
	int c = compare_names(entry_name(arg, x), entry_name(arg, y));

	return c != 0 ? c : (x->name > y->name) - (x->name < y->name);
}

struct pd_sysnames *
pd_sysnames_create(const char *hosts_path)
{
	struct pd_sysnames *s = pd_xalloc(sizeof(*s));
	struct pd_str rest;
	size_t len;

	s->text = slurp(hosts_path, &len);
	for (size_t i = 0; i < len; i++)
		s->text[i] = pd_lower(s->text[i]);
	rest = pd_str_of(s->text, len);
	while (rest.n > 0)
		add_line(s, next_line(&rest));
	if (s->nentries > 0)
		qsort_r(s->entries, s->nentries, sizeof(*s->entries),
		    compare_entries, s);
	return s;
}

void
pd_sysnames_destroy(struct pd_sysnames *s)
{
	if (s == NULL)
		return;
	free(s->entries);
	free(s->addrs);
	free(s->text);
	free(s);
}

/* The first entry whose name is not before name. */
static size_t
lower_bound(const struct pd_sysnames *s, struct pd_str name)
{
	size_t lo = 0, hi = s->nentries;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_names(entry_name(s, &s->entries[mid]), name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
find_localhost(struct pd_str host, int family,
    struct pd_addr out[PD_RESOLVE_MAX], size_t *n)
{
	if (!pd_str_caseeq(host, PD_STR("localhost")) &&
	    !pd_str_caseends(host, PD_STR(".localhost")))
		return false;
	if (family == AF_INET)
		out[0] = (struct pd_addr){ .family = AF_INET,
			.ip = { 127, 0, 0, 1 } };
	else
		out[0] =
		    (struct pd_addr){ .family = AF_INET6, .ip = { [15] = 1 } };
	*n = 1;
	return true;
}

bool
pd_sysnames_find(const struct pd_sysnames *s, struct pd_str host, int family,
    struct pd_addr out[PD_RESOLVE_MAX], size_t *n)
{
	char lower[NAME_MAX_LEN];
	bool known = false;

	*n = 0;
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n == 0 || host.n > sizeof(lower))
		return false;
	for (size_t i = 0; i < host.n; i++)
		lower[i] = pd_lower(host.p[i]);
	host.p = lower;
	for (size_t i = lower_bound(s, host); i < s->nentries; i++) {
		const struct entry *e = &s->entries[i];
		const struct pd_addr *a = &s->addrs[e->addr];

		if (!pd_str_eq(entry_name(s, e), host))
			break;
		known = true;
		if (a->family == family && *n < PD_RESOLVE_MAX)
			out[(*n)++] = *a;
	}
	return known || find_localhost(host, family, out, n);
}

size_t
pd_sysnames_servers(
    const char *path, char out[PD_SYSNAMES_SERVERS_MAX][PD_SYSNAMES_SERVER_LEN])
{
	size_t len, n = 0;
	char *text = slurp(path, &len);
	struct pd_str rest = pd_str_of(text, len);

	while (rest.n > 0 && n < PD_SYSNAMES_SERVERS_MAX) {
		struct pd_str line = next_line(&rest);
		struct pd_str ip;
		struct pd_addr a;

		line = pd_str_split(&line, ';');
		if (!pd_str_eq(next_word(&line), PD_STR("nameserver")))
			continue;
		line = next_word(&line);
		ip = line;
		/* A zone ("fe80::1%eth0") is libunbound's to read. */
		ip = pd_str_split(&ip, '%');
		if (line.n >= PD_SYSNAMES_SERVER_LEN ||
		    pd_addr_parse(ip, &a) != 0)
			continue;
		snprintf(
		    out[n++], PD_SYSNAMES_SERVER_LEN, "%.*s", PD_STR_ARG(line));
	}
	free(text);
	if (n == 0)
		strcpy(out[n++], "127.0.0.1");
	return n;
}
