/*
 * One list fetched, with all that it includes, to one text.
 */
#include "update_part.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/worker.h"
#include "fetch.h"
#include "filters/block/lines.h"
#include "http/url.h"

/* For all of one download: a list over a thin link takes its time, and what
 * stands still ends by ConnTimeout. */
#define FETCH_TIMEOUT_MS (60 * 60 * 1000)
#define INCLUDES_MAX     64

/* ---- fetching ---------------------------------------------------------- */

static void
on_progress(void *arg, size_t got, size_t total)
{
	struct pd_update_job *j = arg;
	const struct pd_update_report *report = j->run->report;

	if (report != NULL && report->progress != NULL)
		report->progress(report->arg, j->source->name, got, total);
}

static void
on_fetched(void *arg, const struct pd_fetch_result *result)
{
	struct pd_update_job *j = arg;

	j->fetched = true;
	j->status = result->error == NULL ? result->status : 0;
	if (result->error != NULL)
		snprintf(j->why, sizeof(j->why), "%s", result->error);
	j->etag = pd_arena_str(j->arena, result->etag);
	j->last_modified = pd_arena_str(j->arena, result->last_modified);
	evbuffer_add_buffer(j->content, result->content);
	event_base_loopbreak(pd_worker_base(j->run->worker));
}

/* 200 with j->content, 304, or 0 with j->why. */
static int
fetch(struct pd_update_job *j, struct pd_str url,
    const struct pd_update_meta *have)
{
	struct pd_update_work *r = j->run;
	struct pd_fetch_params params = {
		.conf = r->params->conf,
		.ca_file = r->params->ca_file,
		.url = url,
		.content_max = PD_UPDATE_LIST_MAX,
		.timeout_ms = FETCH_TIMEOUT_MS,
	};
	struct pd_fetch *f;

	if (have != NULL) {
		params.etag = have->etag;
		params.last_modified = have->last_modified;
	}
	evbuffer_drain(j->content, evbuffer_get_length(j->content));
	j->fetched = false;
	f = pd_fetch_start(r->worker, &params, on_progress, on_fetched, j);
	while (!j->fetched) {
		if (event_base_loop(pd_worker_base(r->worker),
			EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
			pd_fetch_cancel(f);
			snprintf(j->why, sizeof(j->why), "the loop failed");
			return 0;
		}
	}
	return j->status;
}

/* ---- includes ---------------------------------------------------------- */

/* The file that "!#include NAME" names, if it is below the list's own folder;
 * any other line stays, for the parser to report. */
static struct pd_str
included(struct pd_str line)
{
	struct pd_str name;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (!pd_lines_include(line, &name))
		return PD_STR("");
	if (name.n == 0 || *name.p == '/' ||
	    memchr(name.p, ':', name.n) != NULL ||
	    memchr(name.p, '?', name.n) != NULL ||
	    memchr(name.p, '#', name.n) != NULL ||
	    memchr(name.p, '\\', name.n) != NULL ||
	    memmem(name.p, name.n, "..", 2) != NULL)
		return PD_STR("");
	return name;
}

/* Fetches one more file and puts it before what is yet to be read. */
static int
include(struct pd_update_job *j, struct pd_str name, struct evbuffer *rest)
{
	struct pd_url base;
	struct pd_str url;
	char why[PD_UPDATE_WHY_MAX];

	if (++j->includes > INCLUDES_MAX) {
		snprintf(j->why, sizeof(j->why), "includes more than %d files",
		    INCLUDES_MAX);
		return -1;
	}
	if (pd_url_parse(pd_str_z(j->source->url), j->arena, &base) !=
	    PD_URL_OK)
		return -1;
	url = pd_fetch_resolve(&base, name, j->arena);
	if (fetch(j, url, NULL) != 200) {
		snprintf(why, sizeof(why), "%s", j->why);
		snprintf(j->why, sizeof(j->why), "\"!#include %.*s\": %.300s",
		    name.n < 100 ? (int)name.n : 100, name.p, why);
		return -1;
	}
	evbuffer_add(j->content, "\n", 1);
	evbuffer_prepend_buffer(rest, j->content);
	evbuffer_add_printf(j->text, "! included: %.*s\n", PD_STR_ARG(name));
	return 0;
}

/* j->content to j->text, with all that it includes. */
static int
expand(struct pd_update_job *j)
{
	struct evbuffer *rest;
	struct evbuffer_ptr found = evbuffer_search(j->content, "!#", 2, NULL);
	size_t n;
	char *line;
	int rc = 0;

	if (found.pos < 0)
		return evbuffer_add_buffer(j->text, j->content);
	rest = evbuffer_new();
	if (rest == NULL)
		abort();
	evbuffer_add_buffer(rest, j->content);
	while (rc == 0 &&
	       (line = evbuffer_readln(rest, &n, EVBUFFER_EOL_LF)) != NULL) {
		struct pd_str name = included(pd_str_of(line, n));

		if (name.n > 0) {
			rc = include(j, name, rest);
		} else {
			evbuffer_add(j->text, line, n);
			evbuffer_add(j->text, "\n", 1);
		}
		free(line);
		if (evbuffer_get_length(j->text) + evbuffer_get_length(rest) >
		    PD_UPDATE_LIST_MAX) {
			snprintf(j->why, sizeof(j->why),
			    "is too long with what it includes");
			rc = -1;
		}
	}
	evbuffer_add_buffer(j->text, rest); /* a last line without its end */
	evbuffer_free(rest);
	return rc;
}

int
pd_update_get(struct pd_update_job *j)
{
	int status = fetch(j, pd_str_z(j->source->url), &j->meta);

	return status == 200 && expand(j) < 0 ? 0 : status;
}
