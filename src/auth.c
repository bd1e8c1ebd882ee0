/*
 * Proxy-Authorization against the set of users. What was right before is
 * answered here and now; the rest goes to one thread that hashes, and comes
 * back to the worker as posted work.
 */
#include "auth.h"

#include <crypt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/worker.h"
#include "users.h"

#define TASKS_MAX  16           /* passwords waiting to be hashed */
#define STACK_SIZE (512 * 1024) /* of the hashing thread */

/* A password to hash, and all who wait for it: a browser asks for many things
 * at once. */
struct pd_auth_task {
	TAILQ_ENTRY(pd_auth_task) link;
	TAILQ_HEAD(, pd_auth_job) jobs;
	struct pd_user *user; /* NULL: nobody; hashed for the time it takes */
	char *password;
	unsigned char digest[PD_USERS_DIGEST];
};

struct pd_auth_job {
	TAILQ_ENTRY(pd_auth_job) link;
	struct pd_auth_task *task; /* NULL once posted; under the lock */
	struct pd_users *users;
	struct pd_worker *worker;
	struct pd_addr client;
	enum pd_auth_result result;
	void (*done)(
	    void *arg, enum pd_auth_result result); /* NULL: cancelled */
	void *arg;
};

static void
task_destroy(struct pd_auth_task *t)
{
	explicit_bzero(t->password, strlen(t->password));
	free(t->password);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

void
pd_auth_drop(struct pd_users *u)
{
	struct pd_auth_task *t;

	while ((t = TAILQ_FIRST(&u->tasks)) != NULL) {
		TAILQ_REMOVE(&u->tasks, t, link);
		task_destroy(t);
	}
}

/* On the worker. */
static void
deliver(void *arg)
{
	struct pd_auth_job *job = arg;
	void (*done)(void *, enum pd_auth_result) = job->done;
	enum pd_auth_result result = job->result;
	void *done_arg = job->arg;

	pd_users_unref(job->users);
	free(job);
	if (done != NULL)
		done(done_arg, result);
}

/* Whether the password is right; the only slow thing, done without the lock. */
static bool
hash_matches(const struct pd_users *u, const struct pd_auth_task *t)
{
	const char *setting = t->user != NULL ? t->user->hash : u->any_hash;
	struct crypt_data *data = pd_xalloc(sizeof(*data));
	const char *made = crypt_r(t->password, setting, data);
	size_t n = strlen(setting);
	unsigned char diff = 0;
	bool ok;

	ok = made != NULL && made[0] != '*' && strlen(made) == n;
	for (size_t i = 0; ok && i < n; i++)
		diff |= (unsigned char)(made[i] ^ setting[i]);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return ok && diff == 0 && t->user != NULL;
}

/* Under the lock. */
static void
finish_task(struct pd_users *u, struct pd_auth_task *t, bool ok)
{
	struct pd_auth_job *job;

	TAILQ_REMOVE(&u->tasks, t, link);
	u->ntasks--;
	if (ok) {
		memcpy(t->user->digest, t->digest, PD_USERS_DIGEST);
		t->user->known = true;
	}
	/* One failure, however many requests it was in. */
	job = TAILQ_FIRST(&t->jobs);
	if (!ok && job != NULL)
		pd_users_failed(u, &job->client, t->digest);
	while ((job = TAILQ_FIRST(&t->jobs)) != NULL) {
		TAILQ_REMOVE(&t->jobs, job, link);
		job->task = NULL;
		if (ok && job->client.family != 0)
			pd_users_see(t->user, &job->client);
		job->result = ok ? PD_AUTH_OK : PD_AUTH_WRONG;
		pd_worker_post(job->worker, deliver, job);
	}
	task_destroy(t);
}

static void *
hash_all(void *arg)
{
	struct pd_users *u = arg;
	bool detached = false;

	pthread_setname_np(pthread_self(), "pared/auth");
	pthread_mutex_lock(&u->lock);
	while (!u->stop) {
		struct pd_auth_task *t = TAILQ_FIRST(&u->tasks);
		bool ok;

		if (t == NULL) {
			pthread_cond_wait(&u->wake, &u->lock);
			continue;
		}
		u->busy = true;
		pthread_mutex_unlock(&u->lock);
		ok = hash_matches(u, t);
		pthread_mutex_lock(&u->lock);
		/* Stopped meanwhile: nobody waits for us. */
		detached = u->stop;
		u->busy = false;
		finish_task(u, t, ok);
	}
	pthread_mutex_unlock(&u->lock);
	if (detached)
		pd_users_destroy(u);
	return NULL;
}

/* Under the lock. */
static bool
start_thread(struct pd_users *u)
{
	pthread_attr_t attr;
	sigset_t all, old;

	if (u->started)
		return true;
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	/* Signals are main's. */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	u->started = pthread_create(&u->thread, &attr, hash_all, u) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!u->started)
		pd_log_peer(PD_LOG_ERROR, 0,
		    "access: no thread to check passwords with");
	return u->started;
}

static int
base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 4648, 4; padding may be missing. Bytes written, or -1. */
static int
base64_decode(struct pd_str s, char *out, size_t most)
{
	uint32_t bits = 0;
	size_t n = 0;

	while (s.n > 0 && s.p[s.n - 1] == '=')
		s.n--;
	if (s.n % 4 == 1)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		int v = base64_value(s.p[i]);

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 0)
			continue;
		if (n >= most)
			return -1;
		out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	return (int)n;
}

/*
 * "Basic dXNlcjpwYXNz" to name and password, both in buf (RFC 7617). Controls
 * are refused (RFC 7617, 2). 0 or -1.
 */
static int
read_basic(struct pd_str value, char buf[PD_USERS_CREDENTIALS + 1],
    const char **password)
{
	struct pd_str rest = pd_str_trim(value), scheme;
	char *colon;
	int n;

	scheme = pd_str_split(&rest, ' ');
	if (!pd_str_caseeq(scheme, PD_STR("Basic")))
		return -1;
	n = base64_decode(pd_str_trim(rest), buf, PD_USERS_CREDENTIALS);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			return -1;
	}
	buf[n] = '\0';
	colon = strchr(buf, ':');
	if (colon == NULL)
		return -1;
	*colon = '\0';
	*password = colon + 1;
	return 0;
}

struct question {
	struct pd_users *users;
	const struct pd_addr *client;
	const char *name, *password;
	unsigned char digest[PD_USERS_DIGEST];
};

/* Under the lock: an answer that needs no hashing, or WAIT. */
static enum pd_auth_result
answer_now(const struct question *q)
{
	struct pd_users *u = q->users;
	struct pd_user *user = pd_users_find(u, q->name);
	bool right = user != NULL && user->known &&
		     pd_users_same(user->digest, q->digest);

	if (right && q->client != NULL && pd_users_seen(user, q->client))
		return PD_AUTH_OK;
	if (pd_users_refused(u, q->client, q->digest))
		return PD_AUTH_WRONG;
	if (right) {
		if (q->client != NULL)
			pd_users_see(user, q->client);
		return PD_AUTH_OK;
	}
	/* In clear, or a hash that another password opened: nothing is left
	 * to find out. For unknown names the same time is spent as for known
	 * ones, unless there is no hash at all. */
	if (user != NULL ? user->known : u->any_hash == NULL) {
		pd_users_failed(u, q->client, q->digest);
		return PD_AUTH_WRONG;
	}
	return PD_AUTH_WAIT;
}

/* Under the lock: the task for this password, new or under way; NULL when
 * there are too many. */
static struct pd_auth_task *
get_task(const struct question *q)
{
	struct pd_users *u = q->users;
	struct pd_auth_task *t;

	TAILQ_FOREACH (t, &u->tasks, link) {
		if (pd_users_same(t->digest, q->digest))
			return t;
	}
	if (u->ntasks >= TASKS_MAX || !start_thread(u))
		return NULL;
	t = pd_xalloc(sizeof(*t));
	TAILQ_INIT(&t->jobs);
	t->user = pd_users_find(u, q->name);
	t->password = pd_xstrdup(q->password);
	memcpy(t->digest, q->digest, PD_USERS_DIGEST);
	TAILQ_INSERT_TAIL(&u->tasks, t, link);
	u->ntasks++;
	pthread_cond_signal(&u->wake);
	return t;
}

enum pd_auth_result
pd_auth_check(struct pd_users *users, const struct pd_request *req,
    const struct pd_addr *client, struct pd_arena *arena, struct pd_str *user,
    struct pd_worker *worker, struct pd_auth_job **job,
    void (*done)(void *arg, enum pd_auth_result result), void *arg)
{
	struct pd_str value =
	    pd_fields_value(&req->fields, PD_FIELD_PROXY_AUTHORIZATION);
	struct question q = { .users = users, .client = client };
	char buf[PD_USERS_CREDENTIALS + 1];
	enum pd_auth_result result;
	struct pd_auth_task *t;

	*user = (struct pd_str){ NULL, 0 };
	*job = NULL;
	if (!users->required)
		return PD_AUTH_OK;
	if (value.p == NULL)
		return PD_AUTH_MISSING;
	if (read_basic(value, buf, &q.password) < 0) {
		explicit_bzero(buf, sizeof(buf));
		return PD_AUTH_MISSING;
	}
	q.name = buf;
	pd_users_digest(users, q.name, q.password, q.digest);
	pthread_mutex_lock(&users->lock);
	result = answer_now(&q);
	t = result == PD_AUTH_WAIT ? get_task(&q) : NULL;
	if (t != NULL) {
		struct pd_auth_job *j = pd_xalloc(sizeof(*j));

		*j = (struct pd_auth_job){ .task = t,
			.users = pd_users_ref(users),
			.worker = worker,
			.done = done,
			.arg = arg };
		if (client != NULL)
			j->client = *client;
		TAILQ_INSERT_TAIL(&t->jobs, j, link);
		*job = j;
	} else if (result == PD_AUTH_WAIT) {
		result = PD_AUTH_WRONG;
	}
	pthread_mutex_unlock(&users->lock);
	if (result == PD_AUTH_OK)
		*user = pd_arena_str(arena, pd_str_z(q.name));
	explicit_bzero(buf, sizeof(buf));
	return result;
}

void
pd_auth_cancel(struct pd_auth_job *job)
{
	struct pd_users *u;
	bool waiting;

	if (job == NULL)
		return;
	u = job->users;
	pthread_mutex_lock(&u->lock);
	waiting = job->task != NULL;
	/* A task without jobs is hashed all the same: it may be under way. */
	if (waiting)
		TAILQ_REMOVE(&job->task->jobs, job, link);
	else
		job->done = NULL;
	pthread_mutex_unlock(&u->lock);
	if (waiting) {
		free(job);
		pd_users_unref(u);
	}
}
