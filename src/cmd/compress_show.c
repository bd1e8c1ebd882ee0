#include "cmd/compress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/bar.h"
#include "filters/image/plan_text.h"

/* The columns beside the name, with what parts them. */
#define NUMBERS    42
#define NAME_LEAST 16
#define NAME_MOST  120 /* of a pipe's lines */

static double
saved(uint64_t before, uint64_t after)
{
	return before > 0 ? 100 * (1 - (double)after / (double)before) : 0;
}

/* --- Names -----------------------------------------------------------------
 */

/* Bytes of the character at p: of UTF-8, well formed and no control; else 0. */
static size_t
character(const char *p)
{
	unsigned char c = (unsigned char)p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	if (c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xc2) || c > 0xf4)
		return 0;
	if (c == 0xc2 && (unsigned char)p[1] < 0xa0)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static size_t
count_characters(const char *name)
{
	size_t n = 0;

	for (; *name != '\0'; n++) {
		size_t len = character(name);

		name += len > 0 ? len : 1;
	}
	return n;
}

/* As wide as the column: its end, as that tells most of a path; what could
 * talk to a terminal as '?'. */
static void
print_name(const char *name, size_t width)
{
	size_t n = count_characters(name), skip = 0;

	if (n > width) {
		fputs("..", stdout);
		skip = n - width + 2;
	}
	for (size_t i = 0; *name != '\0'; i++) {
		size_t len = character(name);

		if (i >= skip && len == 0)
			putchar('?');
		else if (i >= skip)
			fwrite(name, 1, len, stdout);
		name += len > 0 ? len : 1;
	}
	if (n < width)
		printf("%*s", (int)(width - n), "");
}

static size_t
name_width(const struct pd_compress_tree *t)
{
	size_t widest = NAME_LEAST, most = NAME_MOST;
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		most = size.ws_col > NUMBERS + NAME_LEAST
			   ? size.ws_col - NUMBERS
			   : NAME_LEAST;
	for (size_t i = 0; i < t->n; i++) {
		size_t n = count_characters(t->v[i].name);

		if (n > widest)
			widest = n;
	}
	return widest < most ? widest : most;
}

/* --- One file --------------------------------------------------------------
 */

static void
print_row(const struct pd_compress_show *s, const struct pd_compress_file *f)
{
	const char *from =
	    f->from == PD_IMAGE_NONE ? "-" : pd_plan_format_name(f->from);

	print_name(f->name, s->width);
	if (f->failed)
		printf(" %-4s  failed\n", from);
	else if (f->why != NULL)
		printf(" %-4s  %-4s %10" PRIu64 " %10" PRIu64 "      -\n", from,
		    "same", f->before, f->after);
	else
		printf(" %-4s  %-4s %10" PRIu64 " %10" PRIu64 " %5.1f %%\n",
		    from, pd_plan_format_name(f->to), f->before, f->after,
		    saved(f->before, f->after));
}

static void
explain_result(const struct pd_compress_file *f)
{
	if (f->why == NULL) {
		printf("  %-7s %s, %" PRIu64 " bytes: %.1f %% saved; %.1f ms "
		       "of CPU\n",
		    "result", pd_plan_format_name(f->to), f->after,
		    saved(f->before, f->after), f->cpu_us / 1000.0);
		if (f->width != f->info.width || f->height != f->info.height)
			printf("  %-7s %u x %u\n", "", f->width, f->height);
		return;
	}
	/* Else the plan has said it. */
	if (f->verdict == PD_PLAN_TRY || !f->sniffed)
		printf("  %-7s stays as it is: %s\n", "result", f->why);
}

static struct pd_plan_text
text_of(const struct pd_compress_show *s, const struct pd_compress_file *f)
{
	return (struct pd_plan_text){
		.info = &f->info,
		.len = f->before,
		.wish = s->wish,
		.conf = s->conf,
		.verdict = f->verdict,
		.plan = &f->plan,
	};
}

static void
explain(const struct pd_compress_show *s, const struct pd_compress_file *f)
{
	const struct pd_plan_text text = text_of(s, f);

	if (s->shown > 0)
		putchar('\n');
	print_name(f->path, count_characters(f->path));
	putchar('\n');
	if (f->failed) {
		printf("  %-7s it failed\n", "result");
		return;
	}
	if (f->sniffed)
		pd_plan_text(stdout, &text);
	explain_result(f);
}

static void
json_file(const struct pd_compress_show *s, const struct pd_compress_file *f)
{
	const struct pd_plan_text text = text_of(s, f);

	fputs(s->shown > 0 ? ",\n    {" : "\n    {", stdout);
	fputs("\"name\": ", stdout);
	pd_json_write(stdout, pd_str_z(f->name));
	fputs(", \"path\": ", stdout);
	pd_json_write(stdout, pd_str_z(f->path));
	printf(", \"from\": \"%s\", \"to\": \"%s\", \"before\": %" PRIu64
	       ", \"after\": %" PRIu64 ", \"saved\": %.2f, \"smaller\": %s, "
	       "\"failed\": %s, \"cpu_ms\": %.3f, \"why\": ",
	    pd_plan_format_name(f->from), pd_plan_format_name(f->to), f->before,
	    f->after, saved(f->before, f->after),
	    f->why == NULL && !f->failed ? "true" : "false",
	    f->failed ? "true" : "false", f->cpu_us / 1000.0);
	if (f->why != NULL)
		pd_json_write(stdout, pd_str_z(f->why));
	else
		fputs("null", stdout);
	if (s->explain && f->sniffed) {
		fputs(",\n     ", stdout);
		pd_plan_json(stdout, &text);
	}
	putchar('}');
}

static void
count(struct pd_compress_show *s, const struct pd_compress_file *f)
{
	struct pd_compress_sum *sum = &s->sums[f->from];

	s->failed = s->failed || f->failed;
	sum->files++;
	sum->smaller += f->why == NULL && !f->failed;
	sum->before += f->before;
	sum->after += f->after;
	sum->cpu_us += f->cpu_us;
}

/* --- All of them -----------------------------------------------------------
 */

void
pd_compress_show_begin(struct pd_compress_show *s)
{
	s->width = name_width(s->tree);
	if (s->json) {
		fputs("{\n  \"files\": [", stdout);
	} else if (!s->explain) {
		print_name("name", s->width);
		printf(" %-4s  %-4s %10s %10s %7s\n", "from", "to", "before",
		    "after", "saved");
	}
}

void
pd_compress_show_file(void *arg, const struct pd_compress_file *f, size_t i)
{
	struct pd_compress_show *s = arg;

	(void)i;
	if (f->kind != PD_COMPRESS_FILE) {
		s->failed = s->failed || f->failed;
		return;
	}
	pd_bar_clear();
	count(s, f);
	if (s->json)
		json_file(s, f);
	else if (s->explain)
		explain(s, f);
	else
		print_row(s, f);
	if (!s->json)
		fflush(stdout);
	s->shown++;
}

static void
print_sum(const char *name, const struct pd_compress_sum *sum)
{
	char cpu[32];

	snprintf(cpu, sizeof(cpu), "%.2f", (double)sum->cpu_us / 1e6);
	printf("%-6s %7" PRIu64 " %7" PRIu64 " %11" PRIu64 " %11" PRIu64
	       " %5.1f %% %8s s\n",
	    name, sum->files, sum->smaller, sum->before, sum->after,
	    saved(sum->before, sum->after), cpu);
}

static void
json_sum(const char *name, const struct pd_compress_sum *sum)
{
	printf("\"%s\": {\"files\": %" PRIu64 ", \"smaller\": %" PRIu64
	       ", \"before\": %" PRIu64 ", \"after\": %" PRIu64
	       ", \"saved\": %.2f, \"cpu_ms\": %.3f}",
	    name, sum->files, sum->smaller, sum->before, sum->after,
	    saved(sum->before, sum->after), (double)sum->cpu_us / 1e3);
}

static const char *
sum_name(size_t i)
{
	return i == PD_IMAGE_NONE
		   ? "other"
		   : pd_plan_format_name((enum pd_image_format)i);
}

static void
show_sums(const struct pd_compress_show *s, const struct pd_compress_sum *all)
{
	const char *before = "";

	if (s->json)
		fputs("\n  ],\n  \"formats\": {", stdout);
	else
		printf("\n%-6s %7s %7s %11s %11s %7s %10s\n", "from", "files",
		    "smaller", "before", "after", "saved", "CPU");
	/* What is no image comes last. */
	for (size_t k = 1; k <= PD_COMPRESS_FORMATS; k++) {
		size_t i = k % PD_COMPRESS_FORMATS;

		if (s->sums[i].files == 0)
			continue;
		if (s->json) {
			printf("%s\n    ", before);
			json_sum(sum_name(i), &s->sums[i]);
			before = ",";
		} else {
			print_sum(sum_name(i), &s->sums[i]);
		}
	}
	if (s->json) {
		fputs("\n  },\n  ", stdout);
		json_sum("all", all);
		fputs("\n}\n", stdout);
	} else {
		print_sum("all", all);
	}
}

void
pd_compress_show_end(const struct pd_compress_show *s, uint64_t cpu_us)
{
	struct pd_compress_sum all = { .cpu_us = cpu_us };

	for (size_t i = 0; i < PD_COMPRESS_FORMATS; i++) {
		all.files += s->sums[i].files;
		all.smaller += s->sums[i].smaller;
		all.before += s->sums[i].before;
		all.after += s->sums[i].after;
	}
	if (s->json || !s->explain)
		show_sums(s, &all);
}
