#include "filters/block/hits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/io.h"

#define VERSION     2
#define PROBES_MAX  64 /* slots looked at for one id */
#define DAY_SECONDS 86400
/* What no id is; a rule whose id it is shares a slot with another number. */
#define ID_NONE    UINT64_C(0)
#define ID_INSTEAD UINT64_C(1)

static const char magic[8] = "PDHITS\n";

/* The file: this, then the slots in use. Numbers are of this machine's order.
 */
struct header {
	char magic[8];
	uint32_t version;
	uint32_t order; /* bytes 1 2 3 4 as a number */
	uint32_t slots;
	uint32_t unused;
	int64_t since; /* seconds since 1970 */
	uint64_t lost;
	char rest[24];
};

struct record {
	uint64_t id;
	uint32_t count;
	uint32_t day;
};

_Static_assert(sizeof(struct header) == 64, "the header's size is the file's");
_Static_assert(sizeof(struct record) == 16, "a record's size is the file's");

struct slot {
	_Atomic uint64_t id;
	_Atomic uint32_t count;
	_Atomic uint32_t day;
};

struct pd_hits {
	_Atomic unsigned refs;
	_Atomic bool dirty; /* the file does not have all */
	char *path;         /* that was asked for; NULL: memory only */
	bool saves;
	int64_t since;
	_Atomic uint64_t lost;
	struct slot *slots; /* PD_HITS_SLOTS */
};

static uint32_t
byte_order(void)
{
	static const unsigned char bytes[4] = { 1, 2, 3, 4 };
	uint32_t order;

	memcpy(&order, bytes, sizeof(order));
	return order;
}

/* NULL: it is a table that this program can use, in a file of size bytes. */
static const char *
check_header(const struct header *h, off_t size)
{
	if (memcmp(h->magic, magic, sizeof(magic)) != 0)
		return "it is not a file of hits";
	if (h->version != VERSION || h->order != byte_order())
		return "it is of another version of pared";
	if (h->since <= 0 || h->slots > PD_HITS_SLOTS ||
	    size != (off_t)(sizeof(*h) + h->slots * sizeof(struct record)))
		return "it is damaged";
	return NULL;
}

/* ---- the table --------------------------------------------------------- */

/* Ids are hashes already; a multiplication spreads those that are not. */
static size_t
home_of(uint64_t id)
{
	_Static_assert(PD_HITS_SLOTS == 1u << 16, "the top 16 bits");
	return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

/* The slot that has the id, or the empty one that would get it, or NULL. */
static struct slot *
slot_of(struct slot *slots, uint64_t id, uint64_t *has)
{
	size_t at = home_of(id);

	for (size_t i = 0; i < PROBES_MAX; i++) {
		struct slot *s = &slots[(at + i) % PD_HITS_SLOTS];

		*has = atomic_load_explicit(&s->id, memory_order_relaxed);
		if (*has == id || *has == ID_NONE)
			return s;
	}
	return NULL;
}

static void
count_up(struct slot *s, int64_t now_s)
{
	uint32_t day = now_s > 0 ? (uint32_t)(now_s / DAY_SECONDS) : 0;
	uint32_t n = atomic_load_explicit(&s->count, memory_order_relaxed);

	while (n < UINT32_MAX &&
	       !atomic_compare_exchange_weak_explicit(&s->count, &n, n + 1,
		   memory_order_relaxed, memory_order_relaxed))
		;
	/* Written once a day only, so that the line is dirtied by the count. */
	if (atomic_load_explicit(&s->day, memory_order_relaxed) != day)
		atomic_store_explicit(&s->day, day, memory_order_relaxed);
}

/* After the change: whoever takes the mark away sees it. Read first, so that
 * the line is not written to at each hit. */
static void
mark_dirty(struct pd_hits *h)
{
	if (!atomic_load(&h->dirty))
		atomic_store(&h->dirty, true);
}

void
pd_hits_add(struct pd_hits *h, uint64_t id, int64_t now_s)
{
	struct slot *s;
	uint64_t has;

	if (h == NULL)
		return;
	if (id == ID_NONE)
		id = ID_INSTEAD;
	/* Somebody else may take the empty slot first: then look on from the
	 * start, each time past one more that is taken. */
	while ((s = slot_of(h->slots, id, &has)) != NULL) {
		if (has == id ||
		    atomic_compare_exchange_strong_explicit(&s->id, &has, id,
			memory_order_relaxed, memory_order_relaxed)) {
			count_up(s, now_s);
			mark_dirty(h);
			return;
		}
	}
	atomic_fetch_add_explicit(&h->lost, 1, memory_order_relaxed);
	mark_dirty(h);
}

static void
read_slot(const struct slot *s, struct pd_hits_count *c)
{
	c->count = atomic_load_explicit(&s->count, memory_order_relaxed);
	c->day = atomic_load_explicit(&s->day, memory_order_relaxed);
}

bool
pd_hits_get(const struct pd_hits *h, uint64_t id, struct pd_hits_count *c)
{
	struct slot *s;
	uint64_t has;

	*c = (struct pd_hits_count){ 0, 0 };
	if (id == ID_NONE)
		id = ID_INSTEAD;
	s = slot_of(h->slots, id, &has);
	if (s == NULL || has != id)
		return false;
	read_slot(s, c);
	return true;
}

uint64_t
pd_hits_lost(const struct pd_hits *h)
{
	return atomic_load_explicit(&h->lost, memory_order_relaxed);
}

int64_t
pd_hits_since(const struct pd_hits *h)
{
	return h->since;
}

void
pd_hits_each(const struct pd_hits *h,
    void (*each)(void *arg, uint64_t id, const struct pd_hits_count *c),
    void *arg)
{
	for (size_t i = 0; i < PD_HITS_SLOTS; i++) {
		const struct slot *s = &h->slots[i];
		uint64_t id =
		    atomic_load_explicit(&s->id, memory_order_relaxed);
		struct pd_hits_count c;

		if (id == ID_NONE)
			continue;
		read_slot(s, &c);
		each(arg, id, &c);
	}
}

/* ---- the file ---------------------------------------------------------- */

/* Opens a regular file, without ever waiting for a pipe's other end. */
static int
open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static int
read_all(int fd, void *to, size_t n)
{
	char *p = to;

	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

/* Into a table that nobody else has yet. */
static void
take_records(struct pd_hits *h, const struct record *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slot *s = NULL;
		uint64_t has;

		if (v[i].id != ID_NONE)
			s = slot_of(h->slots, v[i].id, &has);
		if (s == NULL) {
			h->lost += v[i].count;
			continue;
		}
		s->id = v[i].id;
		s->count = v[i].count;
		s->day = v[i].day;
	}
}

/* NULL, or what is wrong; then the table is as it was. */
static const char *
read_file(struct pd_hits *h, int fd)
{
	const char *why = "it is damaged";
	struct header head;
	struct record *v;
	struct stat st;

	if (fstat(fd, &st) < 0 || read_all(fd, &head, sizeof(head)) < 0)
		return why;
	why = check_header(&head, st.st_size);
	if (why != NULL)
		return why;
	v = pd_xalloc((head.slots + 1) * sizeof(*v));
	if (read_all(fd, v, head.slots * sizeof(*v)) < 0) {
		why = "it cannot be read";
	} else {
		h->since = head.since;
		h->lost = head.lost;
		take_records(h, v, head.slots);
	}
	free(v);
	return why;
}

static struct pd_hits *
create(const char *path)
{
	struct pd_hits *h = pd_xalloc(sizeof(*h));

	h->refs = 1;
	h->path = path != NULL ? pd_xstrdup(path) : NULL;
	h->since = time(NULL);
	h->slots = pd_xalloc(PD_HITS_SLOTS * sizeof(*h->slots));
	return h;
}

struct pd_hits *
pd_hits_open(const char *path, const char **why)
{
	struct pd_hits *h = create(path);
	int fd;

	*why = NULL;
	if (path == NULL)
		return h;
	fd = open_file(path);
	if (fd >= 0) {
		*why = read_file(h, fd);
		close(fd);
	} else if (errno != ENOENT) {
		/* One that may not be touched is left where it is. */
		*why = "it cannot be opened";
		return h;
	}
	h->saves = true;
	if (fd >= 0 && *why == NULL)
		return h;
	/* Now, so that who may not write learns of it at the start. */
	h->dirty = true;
	if (pd_hits_save(h) < 0 && errno != ENOENT)
		*why = "it cannot be written";
	return h;
}

struct pd_hits *
pd_hits_open_read(const char *path, const char **why)
{
	struct pd_hits *h;
	int fd = open_file(path);

	if (fd < 0) {
		*why =
		    errno == ENOENT ? "it is not there" : "it cannot be opened";
		return NULL;
	}
	h = create(path);
	*why = read_file(h, fd);
	close(fd);
	if (*why != NULL) {
		pd_hits_unref(h);
		return NULL;
	}
	return h;
}

struct pd_hits *
pd_hits_ref(struct pd_hits *h)
{
	atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
	return h;
}

void
pd_hits_unref(struct pd_hits *h)
{
	if (h == NULL ||
	    atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
		return;
	pd_hits_save(h);
	free(h->slots);
	free(h->path);
	free(h);
}

bool
pd_hits_is_of(const struct pd_hits *h, const char *path)
{
	if (h->path == NULL || path == NULL)
		return h->path == NULL && path == NULL;
	return strcmp(h->path, path) == 0;
}

/* What is in use, malloc()ed; others may add meanwhile. */
static struct record *
copy_slots(const struct pd_hits *h, uint32_t *n)
{
	struct record *v = pd_xalloc(PD_HITS_SLOTS * sizeof(*v));

	*n = 0;
	for (size_t i = 0; i < PD_HITS_SLOTS; i++) {
		const struct slot *s = &h->slots[i];
		struct record r = {
			.id =
			    atomic_load_explicit(&s->id, memory_order_relaxed),
		};
		struct pd_hits_count c;

		if (r.id == ID_NONE)
			continue;
		read_slot(s, &c);
		r.count = c.count;
		r.day = c.day;
		v[(*n)++] = r;
	}
	return v;
}

static int
write_file(const struct pd_hits *h, int fd)
{
	struct header head = {
		.version = VERSION,
		.order = byte_order(),
		.since = h->since,
		.lost = pd_hits_lost(h),
	};
	struct record *v = copy_slots(h, &head.slots);
	int rc = -1;

	memcpy(head.magic, magic, sizeof(magic));
	/* Synced: a name that has nothing behind it after a power cut would
	 * cost the counts of months. */
	if (fchmod(fd, 0640) == 0 &&
	    pd_io_write(fd, &head, sizeof(head)) == 0 &&
	    pd_io_write(fd, v, head.slots * sizeof(*v)) == 0 && fsync(fd) == 0)
		rc = 0;
	free(v);
	return rc;
}

/* Put in place whole: nobody ever reads half of it. */
int
pd_hits_save(struct pd_hits *h)
{
	int fd, rc = -1, err;
	char *temp;

	if (h == NULL || !h->saves || !atomic_exchange(&h->dirty, false))
		return 0;
	if (asprintf(&temp, "%s.XXXXXX", h->path) < 0)
		abort();
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd >= 0) {
		rc = write_file(h, fd);
		if (rc == 0)
			rc = rename(temp, h->path);
		err = errno;
		if (rc < 0)
			unlink(temp);
		close(fd);
		errno = err;
	}
	if (rc < 0)
		atomic_store(&h->dirty, true);
	free(temp);
	return rc;
}
