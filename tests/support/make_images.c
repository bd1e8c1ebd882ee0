/*
 * Writes the seeds of the image fuzzers: tests/corpus/sniff, codec and job come
 * from here.
 *
 *     make_images sniff|codec|job DIRECTORY
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filters/image/job.h"
#include "images.h"

static const char *dir;
static bool with_head;

/* head: two bytes, for the codec alone. Frees b. */
static void
write_seed(const char *name, const char *head, struct image_bytes b)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (f == NULL || (with_head && fwrite(head, 1, 2, f) != 2) ||
	    fwrite(b.p, 1, b.n, f) != b.n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
	free(b.p);
}

static int
write_messages(void)
{
	struct image_want w = { .width = 20, .height = 17, .noise = 9 };
	struct image_bytes jpeg = make_jpeg(&w), ask, answer;
	const struct pd_job_ask question = {
		.magic = PD_JOB_ASK,
		.in_len = 2000,
		.set.out_max = 1900,
		.set.lossy_max = 1800,
		.width = 20,
		.height = 17,
		.frames = 1,
		.source = PD_IMAGE_PNG,
		.set.to_width = 20,
		.set.to_height = 17,
		.set.outputs = PD_JOB_JPEG,
		.orientation = 1,
		.set.quality_jpeg = 70,
		.set.quality_webp = 72,
		.until_ms = UINT64_MAX,
	};
	const struct pd_job_answer reply = {
		.magic = PD_JOB_ANSWER,
		.status = PD_JOB_DONE,
		.out_len = (uint32_t)jpeg.n,
		.width = 20,
		.height = 17,
		.frames = 1,
		.format = PD_IMAGE_JPEG,
		.output = PD_JOB_JPEG,
	};

	ask.n = sizeof(question);
	ask.p = malloc(ask.n);
	memcpy(ask.p, &question, ask.n);
	answer.n = sizeof(question) + sizeof(reply) + jpeg.n;
	answer.p = malloc(answer.n);
	memcpy(answer.p, &question, sizeof(question));
	memcpy(answer.p + sizeof(question), &reply, sizeof(reply));
	memcpy(answer.p + sizeof(question) + sizeof(reply), jpeg.p, jpeg.n);
	free(jpeg.p);
	write_seed("ask", NULL, ask);
	write_seed("answer", NULL, answer);
	return 0;
}

static void
write_newer(struct image_want *w, const struct image_bytes *p3)
{
	write_seed("apng.png", "\x20P", make_apng(w, 3));
	write_seed("plain.webp", "\x20P", make_webp(w, false));
	write_seed("plain.avif", "\x08P", make_avif(w));
	w->alpha = true;
	w->noise = 90;
	write_seed("lossless.webp", "\x20P", make_webp(w, true));
	write_seed("frames.webp", "\x20P", make_webp_anim(w, 3));
	write_seed("alpha.avif", "\x08P", make_avif(w));
	write_seed("frames.avif", "\x08P", make_avif_seq(w, 3));
	w->orientation = 6;
	w->icc = p3->p;
	w->icc_len = p3->n;
	write_seed("p3.webp", "\x20P", make_webp(w, false));
	write_seed("p3.avif", "\x08P", make_avif(w));
	w->icc = NULL;
	w->orientation = 0;
}

int
main(int argc, char **argv)
{
	struct image_want w = { .width = 20, .height = 17, .noise = 9 };
	struct image_bytes p3;

	if (argc != 3)
		return 2;
	with_head = strcmp(argv[1], "codec") == 0;
	dir = argv[2];
	if (strcmp(argv[1], "job") == 0)
		return write_messages();
	p3 = make_display_p3();
	/* The head's low bits are enum pd_job_output. */
	write_seed("plain.jpg", "\x04P", make_jpeg(&w));
	w.progressive = true;
	write_seed("progressive.jpg", "\x10P", make_jpeg(&w));
	w.h = w.v = 1;
	w.orientation = 6;
	write_seed("turned.jpg", "\x01P", make_jpeg(&w));
	w.cmyk = true;
	w.progressive = false;
	write_seed("cmyk.jpg", "\x04P", make_jpeg(&w));
	w.cmyk = false;
	w.orientation = 0;
	w.icc = p3.p;
	w.icc_len = p3.n;
	write_seed("p3.jpg", "\x84P", make_jpeg(&w));
	write_seed("p3.png", "\x82P", make_png(&w));
	w.icc = NULL;
	w.mpf = true;
	w.grey = true;
	write_seed("mpf.jpg", "\x01P", make_jpeg(&w));
	w.grey = false;
	w.alpha = true;
	write_seed("alpha.png", "\x0cP", make_png(&w));
	w.interlaced = w.palette = true;
	write_seed("palette.png", "\x02P", make_png(&w));
	write_seed("alpha.gif", "\x0cP", make_gif(&w, 1));
	w.alpha = false;
	write_seed("plain.gif", "\x03P", make_gif(&w, 1));
	write_seed("frames.gif", "\x02P", make_gif(&w, 2));
	w.palette = false;
	w.depth16 = w.animated = true;
	write_seed("frames.png", "\x02P", make_png(&w));
	w.depth16 = w.animated = false;
	write_newer(&w, &p3);
	free(p3.p);
	return 0;
}
