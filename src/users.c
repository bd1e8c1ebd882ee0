#include "users.h"

#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/conf_row.h"
#include "base/log.h"

#define USERS_MAX      65536
#define FAILURE_WINDOW 60 /* seconds */

static int
compare_users(const void *a, const void *b)
{
	return strcmp(((const struct pd_user *)a)->name,
	    ((const struct pd_user *)b)->name);
}

struct pd_user *
pd_users_find(struct pd_users *u, const char *name)
{
	struct pd_user key = { .name = (char *)name };

	return u->n == 0
		   ? NULL
		   : bsearch(&key, u->v, u->n, sizeof(key), compare_users);
}

void
pd_users_digest(const struct pd_users *u, const char *name,
    const char *password, unsigned char digest[PD_USERS_DIGEST])
{
	unsigned char text[PD_USERS_CREDENTIALS + 2];
	size_t name_len = strlen(name), password_len = strlen(password);

	memcpy(text, name, name_len + 1);
	memcpy(text + name_len + 1, password, password_len);
	if (HMAC(EVP_sha256(), u->key, PD_USERS_DIGEST, text,
		name_len + 1 + password_len, digest, NULL) == NULL)
		abort();
	explicit_bzero(text, sizeof(text));
}

bool
pd_users_same(const unsigned char *a, const unsigned char *b)
{
	return CRYPTO_memcmp(a, b, PD_USERS_DIGEST) == 0;
}

/* "$y$..." and the like; anything else is a password in clear. */
static bool
is_hash(const char *s)
{
	int sort = s[0] == '$' ? crypt_checksalt(s) : CRYPT_SALT_INVALID;

	return sort == CRYPT_SALT_OK || sort == CRYPT_SALT_METHOD_LEGACY ||
	       sort == CRYPT_SALT_TOO_CHEAP;
}

/* htpasswd's own forms, which crypt(3) does not know: they would be taken for
 * passwords in clear, and let in who read the file. */
static bool
is_foreign_hash(const char *s)
{
	struct pd_str text = pd_str_z(s);

	return pd_str_starts(text, PD_STR("$apr1$")) ||
	       pd_str_starts(text, PD_STR("{SHA}")) ||
	       pd_str_starts(text, PD_STR("{SSHA}"));
}

struct reading {
	const struct pd_conf *conf;
	const struct pd_conf_report *report;
	struct pd_users *users;
	unsigned line;
	unsigned clear; /* the first line with a password in clear; 0: none */
	bool failed;
};

static void
say(struct reading *r, bool error, const char *what)
{
	char text[PD_CONF_LINE];

	r->failed = r->failed || error;
	snprintf(text, sizeof(text), "%.512s:%u: %s", r->conf->auth_passwd_file,
	    r->line, what);
	if (r->report != NULL && r->report->line != NULL)
		r->report->line(r->report->arg, error, text);
}

static void
read_user(struct reading *r, char *line)
{
	struct pd_users *u = r->users;
	char *password = strchr(line, ':');
	struct pd_user *user;

	if (password == NULL || password == line || password[1] == '\0') {
		say(r, true,
		    "not a user; write user:hash, or see pared passwd");
		return;
	}
	*password++ = '\0';
	if (is_foreign_hash(password)) {
		say(r, true,
		    "a hash that cannot be checked here; make it with htpasswd "
		    "-B or pared passwd");
		return;
	}
	if (strlen(line) + strlen(password) > PD_USERS_CREDENTIALS ||
	    u->n >= USERS_MAX) {
		say(r, true, "too long, or too many users; remove some");
		return;
	}
	u->v = pd_xrealloc(u->v, (u->n + 1) * sizeof(*u->v));
	user = &u->v[u->n++];
	*user = (struct pd_user){ .name = pd_xstrdup(line) };
	if (is_hash(password)) {
		user->hash = pd_xstrdup(password);
		return;
	}
	pd_users_digest(u, user->name, password, user->digest);
	user->known = true;
	if (r->clear == 0)
		r->clear = r->line;
}

static void
read_users(struct reading *r, char *text)
{
	for (char *line = text, *next; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		r->line++;
		line[strcspn(line, "\r")] = '\0';
		if (*line != '\0' && *line != '#')
			read_user(r, line);
	}
	if (r->users->n == 0)
		say(r, true, "no user; add one with pared passwd");
	else
		qsort(r->users->v, r->users->n, sizeof(*r->users->v),
		    compare_users);
	for (size_t i = 1; i < r->users->n; i++) {
		char what[200];

		if (strcmp(r->users->v[i - 1].name, r->users->v[i].name) != 0)
			continue;
		snprintf(what, sizeof(what),
		    "user %.100s stands twice; keep one", r->users->v[i].name);
		say(r, true, what);
	}
}

static void
judge_file(struct reading *r)
{
	struct stat st;

	r->line = r->clear;
	if (r->clear > 0)
		say(r, false,
		    "passwords in clear; pared passwd USER makes hashes");
	r->line = 1;
	if (stat(r->conf->auth_passwd_file, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0)
		say(r, false,
		    "everybody on this machine can read it; chmod o= it");
}

static struct pd_users *
users_create(void)
{
	struct pd_users *u = pd_xalloc(sizeof(*u));

	atomic_init(&u->refs, 1);
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->wake, NULL);
	TAILQ_INIT(&u->tasks);
	if (getrandom(u->key, sizeof(u->key), 0) != (ssize_t)sizeof(u->key))
		abort();
	return u;
}

struct pd_users *
pd_users_load(const struct pd_conf *conf, const struct pd_conf_report *report)
{
	struct reading r = {
		.conf = conf, .report = report, .users = users_create()
	};
	size_t len;
	char *text;

	if (conf->auth_mode == 0)
		return r.users;
	r.users->required = true;
	text = pd_conf_read(conf->auth_passwd_file, &len);
	if (text == NULL) {
		char what[200];

		snprintf(what, sizeof(what),
		    "cannot be read: %s; make it with pared passwd",
		    strerror(errno));
		say(&r, true, what);
	} else {
		read_users(&r, text);
		judge_file(&r);
		explicit_bzero(text, len);
		free(text);
	}
	if (r.failed) {
		pd_users_unref(r.users);
		return NULL;
	}
	for (size_t i = 0; i < r.users->n && r.users->any_hash == NULL; i++)
		r.users->any_hash = r.users->v[i].hash;
	return r.users;
}

struct pd_users *
pd_users_ref(struct pd_users *u)
{
	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	return u;
}

void
pd_users_destroy(struct pd_users *u)
{
	pd_auth_drop(u);
	for (size_t i = 0; i < u->n; i++) {
		free(u->v[i].name);
		free(u->v[i].hash);
	}
	if (u->v != NULL)
		explicit_bzero(u->v, u->n * sizeof(*u->v));
	free(u->v);
	pthread_mutex_destroy(&u->lock);
	pthread_cond_destroy(&u->wake);
	explicit_bzero(u, sizeof(*u));
	free(u);
}

void
pd_users_unref(struct pd_users *u)
{
	pthread_t thread;
	bool busy;

	if (u == NULL ||
	    atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (!u->started) {
		pd_users_destroy(u);
		return;
	}
	/* A thread in the middle of a hash for nobody is not waited for: it
	 * frees the set itself. */
	pthread_mutex_lock(&u->lock);
	u->stop = true;
	busy = u->busy;
	thread = u->thread;
	if (busy)
		pthread_detach(thread);
	pthread_cond_signal(&u->wake);
	pthread_mutex_unlock(&u->lock);
	if (!busy) {
		pthread_join(thread, NULL);
		pd_users_destroy(u);
	}
}

/* ---- Clients that give wrong passwords ----------------------------------- */

static time_t
now_s(void)
{
	return (time_t)(pd_clock_ms(CLOCK_MONOTONIC_COARSE) / 1000);
}

/* An IPv6 client is its /64: it may take any address in there. */
static bool
same_client(const struct pd_addr *a, const struct pd_addr *b)
{
	struct pd_addr x = pd_addr_unwrap(a), y = pd_addr_unwrap(b);

	return x.family == y.family &&
	       memcmp(x.ip, y.ip, x.family == AF_INET ? 4 : 8) == 0;
}

/* NULL: nothing is held against the client. */
static struct pd_stranger *
find_stranger(struct pd_users *u, const struct pd_addr *client)
{
	time_t now = now_s();

	for (unsigned i = 0; i < PD_USERS_STRANGERS; i++) {
		struct pd_stranger *s = &u->strangers[i];

		if (s->failures > 0 && now - s->since < FAILURE_WINDOW &&
		    same_client(&s->client, client))
			return s;
	}
	return NULL;
}

bool
pd_users_refused(struct pd_users *u, const struct pd_addr *client,
    const unsigned char digest[PD_USERS_DIGEST])
{
	const struct pd_stranger *s =
	    client != NULL ? find_stranger(u, client) : NULL;

	return s != NULL && (s->failures >= PD_AUTH_FAILURES_MAX ||
				pd_users_same(s->last, digest));
}

bool
pd_users_seen(const struct pd_user *user, const struct pd_addr *client)
{
	for (unsigned i = 0; i < PD_USERS_SEEN && i < user->nseen; i++) {
		if (same_client(&user->seen[i], client))
			return true;
	}
	return false;
}

void
pd_users_see(struct pd_user *user, const struct pd_addr *client)
{
	if (!pd_users_seen(user, client))
		user->seen[user->nseen++ % PD_USERS_SEEN] = *client;
}

void
pd_users_failed(struct pd_users *u, const struct pd_addr *client,
    const unsigned char digest[PD_USERS_DIGEST])
{
	struct pd_stranger *s;
	char text[PD_ADDR_TEXT];

	if (client == NULL || client->family == 0)
		return;
	s = find_stranger(u, client);
	if (s == NULL) {
		/* An unused place, or the one of longest ago. */
		s = &u->strangers[0];
		for (unsigned i = 1; i < PD_USERS_STRANGERS; i++) {
			if (u->strangers[i].since < s->since)
				s = &u->strangers[i];
		}
		*s =
		    (struct pd_stranger){ .client = *client, .since = now_s() };
	}
	s->failures++;
	memcpy(s->last, digest, PD_USERS_DIGEST);
	if (s->failures == PD_AUTH_FAILURES_MAX)
		pd_log_peer(PD_LOG_WARN, 0,
		    "access: %s gave %d wrong passwords and is refused for a "
		    "minute",
		    pd_addr_text(client, text), PD_AUTH_FAILURES_MAX);
}
