#include "filters/block/allow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "filters/block/host.h"

/* Bytes of the file: as many lines of the longest kind as there may be. */
#define FILE_MAX ((size_t)PD_ALLOW_MAX * (PD_HOST_TEXT + PD_ADDR_TEXT + 24))

/* How long another process may hold the lock: it writes a few lines. */
#define LOCK_TRIES   50
#define LOCK_WAIT_NS (2 * 1000 * 1000)

struct entry {
	struct pd_addr client; /* family 0: every device */
	int64_t until;
	uint8_t host_n;
	char host[PD_HOST_TEXT];
};

/* Which file it was: a rewritten one has another inode. */
struct stamp {
	bool there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct pd_allow {
	char *path;               /* NULL: memory only */
	_Atomic size_t count;     /* n, for those who hold no lock */
	_Atomic int64_t looked_s; /* when the file was looked at */
	pthread_mutex_t lock;
	/* Under it. */
	struct entry *v; /* the first to end first; room for PD_ALLOW_MAX */
	size_t n;
	struct stamp stamp; /* of the file that v is from */
};

static struct pd_str
host_of(const struct entry *e)
{
	return pd_str_of(e->host, e->host_n);
}

/* Without port and zone; IPv4 as such, however it came. */
static struct pd_addr
canonical(const struct pd_addr *a)
{
	struct sockaddr_storage ss;
	struct pd_addr c;

	if (a == NULL || pd_addr_to_sockaddr(a, &ss) == 0)
		return (struct pd_addr){ .family = 0 };
	c = pd_addr_from_sockaddr((const struct sockaddr *)&ss);
	c.port = 0;
	c.scope = 0;
	return c;
}

/* The entry for just this client and host, or n. */
static size_t
find_same(
    const struct pd_allow *a, const struct pd_addr *client, struct pd_str host)
{
	size_t i = 0;

	while (i < a->n && !(pd_addr_equal(&a->v[i].client, client) &&
			       pd_str_eq(host_of(&a->v[i]), host)))
		i++;
	return i;
}

static void
drop(struct pd_allow *a, size_t i)
{
	a->n--;
	memmove(&a->v[i], &a->v[i + 1], (a->n - i) * sizeof(*a->v));
}

/* For one more of the client's (family 0: of every device). 0, or -1 when all
 * places are others'. */
static int
make_room(struct pd_allow *a, const struct pd_addr *client)
{
	bool everyone = client->family == 0;
	size_t own = 0, first = a->n;

	/* Who may lose one: the client itself; to every device, a client. */
	for (size_t i = a->n; i-- > 0;) {
		bool same = pd_addr_equal(&a->v[i].client, client);

		own += same;
		if (same != everyone)
			first = i;
	}
	if (a->n < PD_ALLOW_MAX && (everyone || own < PD_ALLOW_CLIENT_MAX))
		return 0;
	if (first == a->n && !everyone) {
		errno = ENOBUFS;
		return -1;
	}
	drop(a, first < a->n ? first : 0);
	return 0;
}

static int
insert(struct pd_allow *a, const struct pd_addr *client, struct pd_str host,
    int64_t until)
{
	size_t at = find_same(a, client, host);
	struct entry *e;

	if (at < a->n)
		drop(a, at);
	else if (make_room(a, client) < 0)
		return -1;
	for (at = a->n; at > 0 && a->v[at - 1].until > until; at--)
		;
	e = &a->v[at];
	memmove(e + 1, e, (a->n - at) * sizeof(*e));
	a->n++;
	*e = (struct entry){
		.client = *client, .until = until, .host_n = (uint8_t)host.n
	};
	memcpy(e->host, host.p, host.n);
	return 0;
}

/* "com" would be half of all there is. */
static bool
is_too_wide(struct pd_str host)
{
	return memchr(host.p, '.', host.n) == NULL && !pd_host_is_address(host);
}

/* "1795305600 10.0.0.7 example.org". 0 or -1. */
static int
take_line(struct pd_allow *a, struct pd_str line)
{
	struct pd_str until_text, client_text, host;
	struct pd_addr client = { .family = 0 };
	char buf[PD_HOST_TEXT];
	int64_t until;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	until_text = pd_str_split(&line, ' ');
	client_text = pd_str_split(&line, ' ');
	if (pd_str_u63(until_text, &until) < 0)
		return -1;
	if (!pd_str_eq(client_text, PD_STR("*"))) {
		if (pd_addr_parse(client_text, &client) < 0)
			return -1;
		client = canonical(&client);
	}
	if (pd_host_normal(line, buf, &host) == PD_HOST_FORM_BAD ||
	    is_too_wide(host))
		return -1;
	return insert(a, &client, host, until);
}

/* Takes the place of what there was. Returns how many lines are wrong. */
static size_t
take_text(struct pd_allow *a, struct pd_str text)
{
	size_t wrong = 0;

	a->n = 0;
	while (text.n > 0) {
		struct pd_str line = pd_str_split(&text, '\n');

		if (line.n > 0 && line.p[0] != '#' && take_line(a, line) < 0)
			wrong++;
	}
	return wrong;
}

static struct stamp
stamp_of(const struct stat *st)
{
	return (struct stamp){ .there = true,
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.changed = st->st_mtim };
}

static bool
same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->there == b->there &&
	       (!a->there || (a->device == b->device && a->inode == b->inode &&
				 a->size == b->size &&
				 a->changed.tv_sec == b->changed.tv_sec &&
				 a->changed.tv_nsec == b->changed.tv_nsec));
}

/* All of an open file, FILE_MAX bytes at most. n or -1. */
static ssize_t
read_all(int fd, char *buf)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < FILE_MAX && got != 0) {
		got = read(fd, buf + n, FILE_MAX - n);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			n += (size_t)got;
	}
	return (ssize_t)n;
}

/* Reads the file, if it is another. A file that cannot be read changes nothing:
 * what a person let through stays until it ends. */
static void
refresh(struct pd_allow *a, size_t *wrong)
{
	struct stamp now = { .there = false };
	struct stat st;
	char *buf;
	ssize_t n;
	int fd;

	if (a->path == NULL)
		return;
	if (stat(a->path, &st) == 0)
		now = stamp_of(&st);
	else if (errno != ENOENT)
		return;
	if (same_stamp(&now, &a->stamp))
		return;
	if (!now.there) {
		a->n = 0;
		a->stamp = now;
		goto counted;
	}
	fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return;
	buf = pd_xalloc(FILE_MAX);
	n = -1;
	/* The name may mean yet another file by now. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read_all(fd, buf);
	if (n >= 0) {
		*wrong = take_text(a, pd_str_of(buf, (size_t)n));
		a->stamp = stamp_of(&st);
	}
	free(buf);
	close(fd);
counted:
	atomic_store_explicit(&a->count, a->n, memory_order_release);
}

struct pd_allow *
pd_allow_open(const char *path, size_t *wrong)
{
	struct pd_allow *a = pd_xalloc(sizeof(*a));
	size_t n = 0;

	a->path = path != NULL ? pd_xstrdup(path) : NULL;
	a->v = pd_xalloc((PD_ALLOW_MAX + 1) * sizeof(*a->v));
	atomic_init(&a->looked_s, INT64_MIN);
	pthread_mutex_init(&a->lock, NULL);
	refresh(a, &n);
	if (wrong != NULL)
		*wrong = n;
	return a;
}

void
pd_allow_close(struct pd_allow *a)
{
	if (a == NULL)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a->v);
	free(a->path);
	free(a);
}

/*
 * Who changes the file holds the lock of another beside it: the file itself is
 * replaced. Never waits long, for it may be a worker that asks.
 */
static int
lock_file(const char *path, const struct stat *dir)
{
	const struct timespec wait = { .tv_nsec = LOCK_WAIT_NS };
	struct stat st;
	char *name;
	int fd, tries = 0;

	if (asprintf(&name, "%s.lock", path) < 0)
		abort();
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	free(name);
	if (fd < 0)
		return -1;
	/* Made by root, it is for the daemon as well; unless it is another name
	 * of a file that the daemon should not have. */
	if (geteuid() == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1 && fchown(fd, dir->st_uid, dir->st_gid) < 0)
		goto fail;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    ++tries == LOCK_TRIES)
			goto fail;
		nanosleep(&wait, NULL);
	}
	return fd;
fail:
	close(fd);
	return -1;
}

static void
write_entries(FILE *out, const struct pd_allow *a)
{
	char text[PD_ADDR_TEXT];

	fputs("# What is let through for a while: see pared allow, pared(1).\n",
	    out);
	for (size_t i = 0; i < a->n; i++) {
		const struct entry *e = &a->v[i];

		fprintf(out, "%" PRId64 " %s %.*s\n", e->until,
		    e->client.family == 0 ? "*"
					  : pd_addr_text(&e->client, text),
		    PD_STR_ARG(host_of(e)));
	}
}

/*
 * To a file beside it, renamed into place: nobody ever reads half of it. Not
 * synced, because a worker may be waiting, and what a power cut takes away is
 * some minutes of leave. 0 or -1.
 */
static int
write_file(struct pd_allow *a, const struct stat *dir)
{
	FILE *out = NULL;
	struct stat st;
	char *temp;
	int fd, rc = -1, err;

	if (asprintf(&temp, "%s.XXXXXX", a->path) < 0)
		abort();
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		goto free_temp;
	/* Devices and what they ask for are nobody else's matter. */
	if (fchmod(fd, 0640) < 0 ||
	    (geteuid() == 0 && fchown(fd, dir->st_uid, dir->st_gid) < 0))
		goto remove_temp;
	out = fdopen(fd, "w");
	if (out == NULL)
		goto remove_temp;
	write_entries(out, a);
	if (fflush(out) != 0 || ferror(out) || fstat(fd, &st) < 0 ||
	    rename(temp, a->path) < 0)
		goto remove_temp;
	a->stamp = stamp_of(&st);
	rc = 0;
remove_temp:
	err = errno;
	if (rc < 0)
		unlink(temp);
	if (out != NULL)
		fclose(out);
	else
		close(fd);
	errno = err;
free_temp:
	free(temp);
	return rc;
}

/* The directory that the file is in. */
static int
stat_directory(const char *path, struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (slash == NULL)
		return stat(".", st);
	if (asprintf(&dir, "%.*s", (int)(slash - path) + 1, path) < 0)
		abort();
	rc = stat(dir, st);
	free(dir);
	return rc;
}

static int
change(struct pd_allow *a, const struct pd_addr *client, bool everyone,
    struct pd_str host, unsigned minutes, int64_t now_s)
{
	/* What is over goes with the next that comes. */
	for (size_t i = a->n; i-- > 0;) {
		if (a->v[i].until <= now_s)
			drop(a, i);
	}
	if (minutes > 0)
		return insert(a, client, host, now_s + (int64_t)minutes * 60);
	for (size_t i = a->n; i-- > 0;) {
		if (pd_str_eq(host_of(&a->v[i]), host) &&
		    (everyone || pd_addr_equal(&a->v[i].client, client)))
			drop(a, i);
	}
	return 0;
}

/* Under a's lock. */
static int
change_file(struct pd_allow *a, const struct pd_addr *client, bool everyone,
    struct pd_str host, unsigned minutes, int64_t now_s)
{
	size_t room = (PD_ALLOW_MAX + 1) * sizeof(*a->v), n, wrong;
	struct entry *before;
	struct stat dir;
	int fd, rc, err;

	if (stat_directory(a->path, &dir) < 0)
		return -1;
	fd = lock_file(a->path, &dir);
	if (fd < 0)
		return -1;
	refresh(a, &wrong);
	n = a->n;
	before = pd_xalloc(room);
	memcpy(before, a->v, room);
	rc = change(a, client, everyone, host, minutes, now_s);
	if (rc == 0)
		rc = write_file(a, &dir);
	if (rc < 0) {
		err = errno;
		memcpy(a->v, before, room);
		a->n = n;
		errno = err;
	}
	free(before);
	close(fd);
	return rc;
}

int
pd_allow_set(struct pd_allow *a, const struct pd_addr *client,
    struct pd_str host, unsigned minutes, int64_t now_s)
{
	struct pd_addr who = canonical(client);
	bool everyone = client == NULL;
	char buf[PD_HOST_TEXT];
	struct pd_str name;
	int rc = 0;

	if ((!everyone && who.family == 0) || minutes > PD_ALLOW_MINUTES_MAX ||
	    pd_host_normal(host, buf, &name) == PD_HOST_FORM_BAD ||
	    (minutes > 0 && is_too_wide(name))) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&a->lock);
	if (a->path != NULL)
		rc = change_file(a, &who, everyone, name, minutes, now_s);
	else
		rc = change(a, &who, everyone, name, minutes, now_s);
	atomic_store_explicit(&a->count, a->n, memory_order_release);
	pthread_mutex_unlock(&a->lock);
	return rc;
}

/* Whether host is name or below it. */
static bool
is_below(struct pd_str host, struct pd_str name)
{
	size_t n = host.n - name.n;

	if (host.n < name.n || memcmp(host.p + n, name.p, name.n) != 0)
		return false;
	return n == 0 || host.p[n - 1] == '.';
}

/* Once a second at most, by one thread. */
static bool
is_due(struct pd_allow *a, int64_t now_s)
{
	int64_t last = atomic_load_explicit(&a->looked_s, memory_order_relaxed);

	return a->path != NULL && last != now_s &&
	       atomic_compare_exchange_strong_explicit(&a->looked_s, &last,
		   now_s, memory_order_relaxed, memory_order_relaxed);
}

bool
pd_allow_find(struct pd_allow *a, const struct pd_addr *client,
    struct pd_str host, struct pd_str page, int64_t now_s, int64_t *until)
{
	bool due = is_due(a, now_s), found = false;
	struct pd_addr who;
	size_t wrong;

	if (!due && atomic_load_explicit(&a->count, memory_order_acquire) == 0)
		return false;
	who = canonical(client);
	pthread_mutex_lock(&a->lock);
	if (due)
		refresh(a, &wrong);
	/* From the last to end: the first that fits is the answer. */
	for (size_t i = a->n; i-- > 0 && !found;) {
		const struct entry *e = &a->v[i];

		if (e->until <= now_s)
			break;
		found =
		    (e->client.family == 0 ||
			pd_addr_equal(&e->client, &who)) &&
		    (is_below(host, host_of(e)) || is_below(page, host_of(e)));
		if (found && until != NULL)
			*until = e->until;
	}
	pthread_mutex_unlock(&a->lock);
	return found;
}

void
pd_allow_each(struct pd_allow *a, int64_t now_s,
    void (*each)(void *arg, const struct pd_addr *client, struct pd_str host,
	int64_t until_s),
    void *arg)
{
	struct entry *copy;
	size_t n, wrong;

	pthread_mutex_lock(&a->lock);
	refresh(a, &wrong);
	n = a->n;
	copy = pd_xalloc((n + 1) * sizeof(*copy));
	memcpy(copy, a->v, n * sizeof(*copy));
	pthread_mutex_unlock(&a->lock);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &copy[i];

		if (e->until > now_s)
			each(arg, e->client.family == 0 ? NULL : &e->client,
			    host_of(e), e->until);
	}
	free(copy);
}
