/*
 * A name server for tests, on 127.0.0.1 over UDP and TCP, that answers by rules
 * and misbehaves on demand. It lives on the test's own event base.
 */
#ifndef FAKEDNS_H
#define FAKEDNS_H

#include <stdint.h>

struct event_base;
struct fakedns;

enum fakedns_act {
	FAKEDNS_A,        /* text: an address */
	FAKEDNS_AAAA,     /* text: an address */
	FAKEDNS_CNAME,    /* text: a name */
	FAKEDNS_RCODE,    /* number: the code, e.g. 2 for SERVFAIL */
	FAKEDNS_SILENT,   /* no answer */
	FAKEDNS_DELAY,    /* number: milliseconds before what else is said */
	FAKEDNS_TRUNCATE, /* empty and truncated over UDP, whole over TCP */
	FAKEDNS_GARBAGE,  /* random bytes behind the right identifier */
	FAKEDNS_EVIL,     /* the record of another name */
};

struct fakedns_rule {
	const char *name;
	int type; /* 1 or 28: only such questions; 0: any. Not for records. */
	enum fakedns_act act;
	const char *text;
	int number;
};

/* rules end with a NULL name and are borrowed. Names without: NXDOMAIN. */
struct fakedns *
fakedns_create(struct event_base *base, const struct fakedns_rule *rules);
void fakedns_destroy(struct fakedns *f);
uint16_t fakedns_port(const struct fakedns *f);
/* Questions seen for a name; NULL: all. Type 0: any. */
unsigned fakedns_asked(const struct fakedns *f, const char *name, int type);

#endif
