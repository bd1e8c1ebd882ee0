/*
 * Passwords: the set of users, and Proxy-Authorization against it.
 *
 * Thread: worker; the set of users is built by main, immutable but for what is
 * remembered of right and wrong passwords, and counted.
 */
#ifndef PD_AUTH_H
#define PD_AUTH_H

#include "base/conf.h"
#include "http/http.h"

/*
 * AuthPasswdFile: "user:hash" (crypt(3)) or Ziproxy's "user:password"; empty
 * lines and those that begin with # are nothing.
 */
struct pd_users;
/* NULL after an error was reported; an empty set when AuthMode is 0. */
struct pd_users *
pd_users_load(const struct pd_conf *conf, const struct pd_conf_report *report);
struct pd_users *pd_users_ref(struct pd_users *u);
void pd_users_unref(struct pd_users *u);

enum pd_auth_result {
	PD_AUTH_OK,
	PD_AUTH_MISSING, /* no credentials, or not Basic: 407 */
	PD_AUTH_WRONG,   /* 407 */
	PD_AUTH_WAIT,    /* done will be called */
};

/*
 * Checks Proxy-Authorization. Hashing costs much on purpose, so it happens on
 * a thread of its own; what was right is remembered (as a keyed digest) and
 * then answers at once. user: whom it was, in the arena, for OK. On WAIT,
 * done is called once through pd_worker_post() of the caller's worker
 * unless cancelled. client: who asks; after PD_AUTH_FAILURES_MAX wrong
 * passwords within a minute everything from this address is WRONG until the
 * minute is over, but for those who were right from there before. NULL:
 * nobody is counted.
 */
#define PD_AUTH_FAILURES_MAX 10
struct pd_worker;
struct pd_auth_job;
enum pd_auth_result
pd_auth_check(struct pd_users *users, const struct pd_request *req,
    const struct pd_addr *client, struct pd_arena *arena, struct pd_str *user,
    struct pd_worker *worker, struct pd_auth_job **job,
    void (*done)(void *arg, enum pd_auth_result result), void *arg);
void pd_auth_cancel(struct pd_auth_job *job);

#endif
