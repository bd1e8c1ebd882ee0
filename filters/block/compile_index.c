/*
 * The tables of the file: hosts by hash, postings by token and by host.
 */
#include <stdlib.h>

#include "filters/block/compile_parts.h"

void
pd_compile_table(const struct pd_table_entry *v, size_t n, struct pd_grow *out)
{
	uint32_t bits = 1, labels = 0, *head, *first, *infos, *prints;
	size_t nbuckets, words;
	unsigned char *tags;

	while (bits < PD_TABLE_BITS_MAX && (n >> bits) >= PD_TABLE_BUCKET)
		bits++;
	nbuckets = (size_t)1 << bits;
	words = PD_TABLE_HEAD + nbuckets + 1 + 2 * n;
	head = pd_grow_add(out, words * sizeof(uint32_t) + n + PD_TABLE_PAD);
	memset(head, 0, words * sizeof(uint32_t) + n + PD_TABLE_PAD);
	first = head + PD_TABLE_HEAD;
	infos = first + nbuckets + 1;
	prints = infos + n;
	tags = (unsigned char *)(prints + n);
	for (size_t i = 0; i < n; i++) {
		first[pd_table_bucket(v[i].hash, bits) + 1]++;
		if (v[i].labels > labels)
			labels = v[i].labels;
	}
	for (size_t b = 1; b <= nbuckets; b++)
		first[b] += first[b - 1];
	/* first[b] runs on to where b + 1 begins, and is set back after. */
	for (size_t i = 0; i < n; i++) {
		uint32_t at = first[pd_table_bucket(v[i].hash, bits)]++;

		infos[at] = v[i].info;
		prints[at] = pd_table_print(v[i].hash);
		tags[at] = pd_table_tag(v[i].hash);
	}
	memmove(first + 1, first, nbuckets * sizeof(*first));
	first[0] = 0;
	head[0] = bits;
	head[1] = (uint32_t)n;
	head[2] = labels;
}

static uint32_t
rule_of(const struct pd_index_post *p)
{
	return p->post.rule & PD_POST_RULE_MASK;
}

/* By class, place and rule: the order of the lists stays. */
static int
compare(const void *a, const void *b)
{
	const struct pd_index_post *x = a, *y = b;

	if (x->class_ != y->class_)
		return x->class_ < y->class_ ? -1 : 1;
	if (x->where != y->where)
		return x->where < y->where ? -1 : 1;
	return rule_of(x) < rule_of(y) ? -1 : rule_of(x) > rule_of(y);
}

/* The same with the class behind the place. */
static int
compare_where(const void *a, const void *b)
{
	const struct pd_index_post *x = a, *y = b;

	if (x->where != y->where)
		return x->where < y->where ? -1 : 1;
	return compare(a, b);
}

/* v holds tokens' hashes in order, so that buckets are in order as well. */
static void
write_tokens(const struct pd_index_post *v, size_t n, struct pd_grow *section)
{
	uint32_t bits = 1, *head, *first;
	size_t words, nbuckets;

	while (bits < PD_TOKENS_BITS_MAX && (size_t)1 << bits < n)
		bits++;
	nbuckets = (size_t)1 << bits;
	words = PD_TOKENS_HEAD + 2 * n + nbuckets + 1;
	head = pd_grow_add(section, words * sizeof(uint32_t));
	memset(head, 0, words * sizeof(uint32_t));
	head[0] = bits;
	head[1] = (uint32_t)n;
	first = head + PD_TOKENS_HEAD + 2 * n;
	for (size_t i = 0; i < n; i++) {
		memcpy(head + PD_TOKENS_HEAD + 2 * i, &v[i].post,
		    sizeof(v[i].post));
		first[((uint32_t)v[i].where >> (32 - bits)) + 1]++;
	}
	for (size_t b = 1; b <= nbuckets; b++)
		first[b] += first[b - 1];
}

void
pd_compile_tokens(struct pd_grow *posts, struct pd_grow *section,
    struct pd_grow *map, struct pd_file_class_at classes[PD_CLASSES])
{
	struct pd_index_post *v = (void *)posts->p;
	size_t n = posts->n / sizeof(*v), at = 0, nmap = PD_TOKEN_MAP_MIN;
	uint8_t *bytes;

	if (n > 0)
		qsort(v, n, sizeof(*v), compare);
	for (uint8_t class_ = 0; class_ < PD_CLASSES; class_++) {
		size_t end = at;

		while (end < n && v[end].class_ == class_)
			end++;
		classes[class_].tokens =
		    (uint32_t)(section->n / sizeof(uint32_t));
		write_tokens(n > 0 ? v + at : NULL, end - at, section);
		at = end;
	}
	while (nmap < PD_TOKEN_MAP_MAX && nmap < n * 8)
		nmap *= 2;
	bytes = pd_grow_add(map, nmap);
	memset(bytes, 0, nmap);
	for (size_t i = 0; i < n; i++)
		bytes[v[i].where & (nmap - 1)] |= pd_class_bit(v[i].class_);
}

/* The classes of a group of postings as bits. */
static uint16_t
classes_of(const struct pd_index_post *v, size_t n)
{
	uint16_t classes = 0;

	for (size_t i = 0; i < n && v[i].where == v[0].where; i++)
		classes |= (uint16_t)(1u << v[i].class_);
	return classes;
}

void
pd_compile_groups(
    struct pd_grow *posts, struct pd_grow *entries, const struct pd_groups *out)
{
	struct pd_index_post *v = (void *)posts->p;
	size_t n = posts->n / sizeof(*v);

	if (n > 0)
		qsort(v, n, sizeof(*v), compare_where);
	if (out->first->n == 0)
		pd_grow_word(out->first, 0);
	for (size_t i = 0; i < n; i++) {
		size_t ngroups = out->first->n / sizeof(uint32_t) - 1;
		uint32_t end;

		if (i == 0 || v[i].where != v[i - 1].where) {
			struct pd_table_entry e = {
				.hash = v[i].where,
				.info = PD_HOST_FILE_GROUP
					    << PD_HOST_FILE_SHIFT |
					(uint32_t)ngroups,
				.labels = v[i].labels,
			};
			uint16_t classes = classes_of(v + i, n - i);

			memcpy(pd_grow_add(entries, sizeof(e)), &e, sizeof(e));
			memcpy(pd_grow_add(out->classes, sizeof(classes)),
			    &classes, sizeof(classes));
			pd_grow_word(out->first, 0);
		}
		v[i].post.rule |= (uint32_t)v[i].class_ << PD_POST_CLASS_SHIFT;
		memcpy(pd_grow_add(out->posts, sizeof(v[i].post)), &v[i].post,
		    sizeof(v[i].post));
		/* The last word is where the present group ends. */
		end = (uint32_t)(out->posts->n / sizeof(v[i].post));
		memcpy(out->first->p + out->first->n - sizeof(end), &end,
		    sizeof(end));
	}
}
