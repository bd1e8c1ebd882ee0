/*
 * The set of users from the inside: users.c makes it, auth.c asks it. Nobody
 * else includes this.
 */
#ifndef PD_USERS_H
#define PD_USERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <time.h>

#include "auth.h"

#define PD_USERS_DIGEST      32
#define PD_USERS_CREDENTIALS 1024 /* bytes of user and password */
#define PD_USERS_SEEN        8    /* clients remembered of a user */
#define PD_USERS_STRANGERS   64   /* clients whose failures are counted */

struct pd_auth_task;

struct pd_user {
	char *name;
	char *hash; /* crypt(3); NULL: the password stood in clear */
	/* Of the right name and password, if known is set: under the lock. */
	unsigned char digest[PD_USERS_DIGEST];
	bool known;
	/* Where the right password came from lately: what others there guess
	 * does not shut this user out. Under the lock. */
	struct pd_addr seen[PD_USERS_SEEN];
	unsigned nseen; /* ever */
};

/* A client that gave wrong passwords. */
struct pd_stranger {
	struct pd_addr client;
	time_t since;
	unsigned failures;
	unsigned char last[PD_USERS_DIGEST]; /* again, it is not counted */
};

struct pd_users {
	_Atomic unsigned refs;
	bool required;
	unsigned char key[PD_USERS_DIGEST];
	struct pd_user *v; /* by name */
	size_t n;
	const char *any_hash; /* to hash for users that do not exist */

	/* What follows is shared between workers and the hashing thread. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started, stop, busy;
	TAILQ_HEAD(, pd_auth_task) tasks;
	unsigned ntasks;
	struct pd_stranger strangers[PD_USERS_STRANGERS];
};

struct pd_user *pd_users_find(struct pd_users *u, const char *name);
/* HMAC-SHA-256 of "name\0password" under the set's own key; both together at
 * most PD_USERS_CREDENTIALS bytes. */
void pd_users_digest(const struct pd_users *u, const char *name,
    const char *password, unsigned char digest[PD_USERS_DIGEST]);
/* In constant time. */
bool pd_users_same(const unsigned char *a, const unsigned char *b);
/* When nobody holds it, and its thread is over. */
void pd_users_destroy(struct pd_users *u);

/*
 * Whether the client is to be told WRONG without a look: too many failures, or
 * the very same as last time. This and the next under the lock; client may be
 * NULL.
 */
bool pd_users_refused(struct pd_users *u, const struct pd_addr *client,
    const unsigned char digest[PD_USERS_DIGEST]);
void pd_users_failed(struct pd_users *u, const struct pd_addr *client,
    const unsigned char digest[PD_USERS_DIGEST]);
/* Whether the user gave the right password from there lately. */
bool pd_users_seen(const struct pd_user *user, const struct pd_addr *client);
void pd_users_see(struct pd_user *user, const struct pd_addr *client);
/* Frees the tasks that are left: those whose jobs were all cancelled. */
void pd_auth_drop(struct pd_users *u);

#endif
