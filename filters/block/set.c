#include "filters/block/set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/io.h"
#include "filters/block/set_view.h"

#define COPY_PIECE ((size_t)256 * 1024) /* bytes read at once */

static const char no_memory[] = "there is no memory for the rule file";

static atomic_uint_fast64_t serials;

/* Takes the mapping. */
static struct pd_set *
create(unsigned char *bytes, size_t n, const char *magic, const char **why)
{
	struct pd_set *s = pd_xalloc(sizeof(*s));

	s->bytes = bytes;
	s->n = n;
	s->head = (const void *)bytes;
	atomic_init(&s->refs, 1);
	*why = pd_set_check(s, magic);
	if (*why != NULL) {
		pd_set_unref(s);
		return NULL;
	}
	s->serial = atomic_fetch_add(&serials, 1) + 1;
	s->regexes = pd_regexes_create(s->nregexes);
	return s;
}

static bool
size_ok(size_t n)
{
	return n >= sizeof(struct pd_file_head) && n <= PD_SET_BYTES_MAX;
}

static int
create_memory(void)
{
	return memfd_create("pared-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/* n bytes of memory that nobody can change any more, not even by another
 * mapping. */
static unsigned char *
seal(int memory, size_t n)
{
	void *p;

	if (fcntl(memory, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return NULL;
	p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, memory, 0);
	return p != MAP_FAILED ? p : NULL;
}

/* All n bytes of a file, piece by piece. */
static const char *
copy_file(int memory, int fd, size_t n)
{
	unsigned char *piece = pd_xalloc(COPY_PIECE);
	const char *why = NULL;
	ssize_t got;

	while (n > 0 && why == NULL) {
		got = read(fd, piece, n < COPY_PIECE ? n : COPY_PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			why = "the rule file cannot be read";
		else if (got == 0)
			why = "the rule file was cut while it was read";
		else if (pd_io_write(memory, piece, (size_t)got) < 0)
			why = no_memory;
		else
			n -= (size_t)got;
	}
	free(piece);
	return why;
}

/* NULL: it may be one, by its size and its first bytes. */
static const char *
look_at_file(int fd, size_t *n)
{
	char magic[sizeof(((struct pd_file_head *)NULL)->magic)];
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "the rule file is no regular file";
	if (st.st_size <= 0 || !size_ok((size_t)st.st_size) ||
	    pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
	    memcmp(magic, PD_FILE_MAGIC, sizeof(magic)) != 0)
		return "it is no rule file";
	*n = (size_t)st.st_size;
	return NULL;
}

struct pd_set *
pd_set_open(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char *bytes = NULL;
	int memory = -1;
	size_t n = 0;

	*why = "the rule file cannot be opened";
	if (fd < 0)
		return NULL;
	*why = look_at_file(fd, &n);
	if (*why != NULL)
		goto close_fd;
	*why = no_memory;
	memory = create_memory();
	if (memory < 0)
		goto close_fd;
	*why = copy_file(memory, fd, n);
	if (*why != NULL)
		goto close_memory;
	*why = no_memory;
	bytes = seal(memory, n);
close_memory:
	close(memory);
close_fd:
	close(fd);
	return bytes != NULL ? create(bytes, n, PD_FILE_MAGIC, why) : NULL;
}

static unsigned char *
copy(const unsigned char *bytes, size_t n)
{
	int memory = create_memory();
	unsigned char *p = NULL;

	if (memory < 0)
		return NULL;
	if (pd_io_write(memory, bytes, n) == 0)
		p = seal(memory, n);
	close(memory);
	return p;
}

struct pd_set *
pd_set_copy(const unsigned char *bytes, size_t n, const char **why)
{
	unsigned char *sealed;

	*why = "it is no rule file";
	if (!size_ok(n))
		return NULL;
	*why = no_memory;
	sealed = copy(bytes, n);
	return sealed != NULL ? create(sealed, n, PD_FILE_MAGIC, why) : NULL;
}

const char *
pd_set_verify_cosmetic(const unsigned char *bytes, size_t n)
{
	const char *why = "it is no rule file";
	unsigned char *sealed;
	struct pd_set *s;

	if (!size_ok(n))
		return why;
	sealed = copy(bytes, n);
	if (sealed == NULL)
		return no_memory;
	s = create(sealed, n, PD_FILE_COSMETIC, &why);
	pd_set_unref(s);
	return why;
}

struct pd_set *
pd_set_ref(struct pd_set *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
pd_set_unref(struct pd_set *s)
{
	if (s == NULL ||
	    atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pd_regexes_destroy(s->regexes);
	munmap(s->bytes, s->n);
	free(s);
}

uint64_t
pd_set_key(const struct pd_set *s)
{
	return s->head->key;
}

int64_t
pd_set_built(const struct pd_set *s)
{
	return s->head->built;
}

size_t
pd_set_bytes(const struct pd_set *s)
{
	return s->n;
}

size_t
pd_set_rules(const struct pd_set *s)
{
	return s->head->nrules;
}

size_t
pd_set_lists(const struct pd_set *s)
{
	return s->nlists;
}

void
pd_set_list(const struct pd_set *s, size_t list, struct pd_compile_list *out)
{
	const struct pd_file_list *l;

	*out = (struct pd_compile_list){ .name = PD_STR("") };
	if (list >= s->nlists)
		return;
	l = &s->lists[list];
	*out = (struct pd_compile_list){
		.name = pd_set_text(s, l->name, l->name_n),
		.url = pd_set_text(s, l->url, l->url_n),
		.title = pd_set_text(s, l->title, l->title_n),
		.expires_s = l->expires_s,
		.rules = l->rules,
		.cosmetics = l->cosmetics,
		.folded_same = l->folded_same,
		.folded_covered = l->folded_covered,
		.badfiltered = l->badfiltered,
	};
	memcpy(out->skipped, l->skipped, sizeof(out->skipped));
}

size_t
pd_set_files(const struct pd_set *s)
{
	return s->nfiles;
}

struct pd_str
pd_set_file(const struct pd_set *s, size_t i, size_t *list)
{
	const struct pd_file_file *f = &s->files[i];

	*list = f->list;
	return pd_set_text(s, f->name, f->name_n);
}

void
pd_set_sections(const struct pd_set *s,
    void (*each)(void *arg, const char *name, size_t n), void *arg)
{
	for (size_t i = 0; i < PD_SECTIONS; i++)
		each(arg, pd_file_section_names[i], s->head->sections[i].n);
}
