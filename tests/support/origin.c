#include "origin.h"

#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERS_MAX 64
#define ASKED_MAX   8192

/* A test that cannot have its origin cannot say anything. */
#define MUST(what)                                              \
	do {                                                    \
		if (!(what)) {                                  \
			fprintf(stderr, "origin: %s\n", #what); \
			abort();                                \
		}                                               \
	} while (0)

struct answer {
	char *target, *bytes;
	size_t len, piece;
	enum origin_end end;
};

struct origin {
	pthread_t thread;
	pthread_mutex_t lock; /* over all that both threads touch */
	int stop_fd, http_fd, https_fd;
	char ca_path[64];
	SSL_CTX *contexts[ORIGIN_CERTS];
	enum origin_cert cert;
	struct answer answers[ANSWERS_MAX];
	size_t nanswers;
	char asked[ASKED_MAX], shown[ASKED_MAX];
	unsigned requests;
};

/* ---- certificates ------------------------------------------------------ */

static void
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	MUST(ext != NULL && X509_add_ext(cert, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

/* issuer NULL: signs itself. names: a subjectAltName, "": none, NULL: an
 * authority. */
static X509 *
make_cert(EVP_PKEY *key, const char *cn, const char *names, X509 *issuer,
    EVP_PKEY *issuer_key, long from_s, long to_s)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *name = X509_NAME_new();

	MUST(cert != NULL && name != NULL);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(cert), to_s);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_subject_name(cert, name);
	X509_set_issuer_name(
	    cert, issuer != NULL ? X509_get_subject_name(issuer) : name);
	X509_NAME_free(name);
	X509_set_pubkey(cert, key);
	if (names == NULL) {
		extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
		extend(cert, cert, NID_key_usage, "critical,keyCertSign");
	} else if (*names != '\0') {
		extend(cert, issuer != NULL ? issuer : cert,
		    NID_subject_alt_name, names);
	}
	MUST(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

static SSL_CTX *
make_context(X509 *cert, EVP_PKEY *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	MUST(ctx != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(cert);
	return ctx;
}

static void
make_contexts(struct origin *o)
{
	static const char here[] = "DNS:localhost,IP:127.0.0.1";
	long day = 24 * 3600;
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca =
	    make_cert(ca_key, "Test authority", NULL, NULL, ca_key, -day, day);
	int fd;
	FILE *f;

	snprintf(o->ca_path, sizeof(o->ca_path), "/tmp/pared-test-ca-XXXXXX");
	fd = mkstemp(o->ca_path);
	f = fdopen(fd, "w");
	MUST(f != NULL && PEM_write_X509(f, ca) == 1 && fclose(f) == 0);
	o->contexts[ORIGIN_CERT_GOOD] = make_context(
	    make_cert(key, "localhost", here, ca, ca_key, -day, day), key);
	o->contexts[ORIGIN_CERT_OTHER_NAME] = make_context(
	    make_cert(key, "other.example", "DNS:other.example,IP:192.0.2.1",
		ca, ca_key, -day, day),
	    key);
	o->contexts[ORIGIN_CERT_COMMON_NAME] = make_context(
	    make_cert(key, "localhost", "", ca, ca_key, -day, day), key);
	o->contexts[ORIGIN_CERT_EXPIRED] = make_context(
	    make_cert(key, "localhost", here, ca, ca_key, -2 * day, -day), key);
	o->contexts[ORIGIN_CERT_SELF_SIGNED] = make_context(
	    make_cert(key, "localhost", here, NULL, key, -day, day), key);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
}

/* ---- one connection ---------------------------------------------------- */

struct client {
	struct origin *o;
	int fd;
	SSL *ssl;
};

/* Waits for bytes; false when the test is over. */
static bool
wait_for(struct client *c, int ms)
{
	struct pollfd p[2] = { { .fd = c->fd, .events = POLLIN },
		{ .fd = c->o->stop_fd, .events = POLLIN } };

	if (c->ssl != NULL && SSL_pending(c->ssl) > 0)
		return true;
	return poll(p, 2, ms) > 0 && !(p[1].revents & POLLIN);
}

static int
get(struct client *c, char *p, size_t n)
{
	if (!wait_for(c, 10000))
		return -1;
	return c->ssl != NULL ? SSL_read(c->ssl, p, (int)n)
			      : (int)read(c->fd, p, n);
}

static bool
put(struct client *c, const char *p, size_t n)
{
	if (n == 0)
		return true;
	if (c->ssl != NULL)
		return SSL_write(c->ssl, p, (int)n) == (int)n;
	return write(c->fd, p, n) == (ssize_t)n;
}

/* A header section, into o->asked; false: none came. */
static bool
read_request(struct client *c)
{
	static _Thread_local char buf[ASKED_MAX];
	size_t n = 0;

	while (n + 1 < sizeof(buf)) {
		int got = get(c, buf + n, sizeof(buf) - 1 - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
		buf[n] = '\0';
		if (strstr(buf, "\r\n\r\n") != NULL)
			break;
	}
	pthread_mutex_lock(&c->o->lock);
	memcpy(c->o->asked, buf, n + 1);
	c->o->requests++;
	pthread_mutex_unlock(&c->o->lock);
	return true;
}

/* A copy of the answer to what was asked. */
static struct answer
find_answer(struct origin *o)
{
	static const char none[] = "HTTP/1.1 404 Not Found\r\n"
				   "Content-Length: 0\r\n\r\n";
	struct answer a = { .bytes = strdup(none), .len = sizeof(none) - 1 };
	char target[256] = "";

	pthread_mutex_lock(&o->lock);
	sscanf(o->asked, "%*s %255s", target);
	for (size_t i = 0; i < o->nanswers; i++) {
		if (strcmp(o->answers[i].target, target) != 0)
			continue;
		free(a.bytes);
		a = o->answers[i];
		a.bytes = malloc(a.len + 1);
		memcpy(a.bytes, o->answers[i].bytes, a.len);
	}
	pthread_mutex_unlock(&o->lock);
	return a;
}

static void
start_tls(struct client *c)
{
	enum origin_cert cert;

	pthread_mutex_lock(&c->o->lock);
	cert = c->o->cert;
	pthread_mutex_unlock(&c->o->lock);
	c->ssl = SSL_new(c->o->contexts[cert]);
	SSL_set_fd(c->ssl, c->fd);
	if (SSL_accept(c->ssl) != 1) {
		SSL_free(c->ssl);
		c->ssl = NULL;
		c->fd = (close(c->fd), -1);
	}
}

static void
end(struct client *c, enum origin_end how)
{
	struct linger hard = { .l_onoff = 1 };
	char rest[256];

	if (how == ORIGIN_END_HANG) {
		while (get(c, rest, sizeof(rest)) > 0)
			;
	} else if (how == ORIGIN_END_RESET) {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	} else {
		if (how == ORIGIN_END_CLOSE && c->ssl != NULL)
			SSL_shutdown(c->ssl);
		shutdown(c->fd, SHUT_WR);
		/* Until the client is gone: a reset may overtake bytes. */
		while (wait_for(c, 2000) && read(c->fd, rest, sizeof(rest)) > 0)
			;
	}
}

static void
serve(struct origin *o, int fd, bool tls)
{
	struct client c = { .o = o, .fd = fd };
	struct answer a;
	bool sent = true;

	if (tls)
		start_tls(&c);
	if (c.fd < 0 || !read_request(&c))
		goto done;
	if (!tls && strncmp(o->asked, "CONNECT ", 8) == 0) {
		static const char yes[] = "HTTP/1.1 200 OK\r\n\r\n";

		a = find_answer(o);
		if (a.target != NULL) {
			put(&c, a.bytes, a.len);
			free(a.bytes);
			goto done;
		}
		free(a.bytes);
		put(&c, yes, sizeof(yes) - 1);
		start_tls(&c);
		if (c.fd < 0 || !read_request(&c))
			goto done;
	}
	a = find_answer(o);
	for (size_t at = 0, n; sent && at < a.len; at += n) {
		n = a.piece > 0 && a.piece < a.len - at ? a.piece : a.len - at;
		sent = put(&c, a.bytes + at, n);
		if (a.piece > 0)
			usleep(2000);
	}
	end(&c, a.end);
	free(a.bytes);
done:
	SSL_free(c.ssl);
	if (c.fd >= 0)
		close(c.fd);
}

static void *
run(void *arg)
{
	struct origin *o = arg;
	struct pollfd p[3] = { { .fd = o->stop_fd, .events = POLLIN },
		{ .fd = o->http_fd, .events = POLLIN },
		{ .fd = o->https_fd, .events = POLLIN } };

	while (poll(p, 3, -1) >= 0 && !(p[0].revents & POLLIN)) {
		for (int i = 1; i < 3; i++) {
			int fd = p[i].revents & POLLIN
				     ? accept(p[i].fd, NULL, NULL)
				     : -1;

			if (fd >= 0)
				serve(o, fd, i == 2);
		}
	}
	OPENSSL_thread_stop();
	return NULL;
}

/* ---- from outside ------------------------------------------------------ */

static int
listen_on_loopback(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	     listen(fd, 16) == 0);
	return fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	getsockname(fd, (struct sockaddr *)&sin, &len);
	return ntohs(sin.sin_port);
}

struct origin *
origin_create(void)
{
	struct origin *o = calloc(1, sizeof(*o));
	sigset_t all, old;

	MUST(o != NULL);
	pthread_mutex_init(&o->lock, NULL);
	make_contexts(o);
	o->stop_fd = eventfd(0, EFD_CLOEXEC);
	o->http_fd = listen_on_loopback();
	o->https_fd = listen_on_loopback();
	sigfillset(&all); /* SIGPIPE too, which writing to a client makes */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	MUST(pthread_create(&o->thread, NULL, run, o) == 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return o;
}

void
origin_destroy(struct origin *o)
{
	uint64_t one = 1;

	if (o == NULL)
		return;
	MUST(write(o->stop_fd, &one, sizeof(one)) == sizeof(one));
	pthread_join(o->thread, NULL);
	for (int i = 0; i < ORIGIN_CERTS; i++)
		SSL_CTX_free(o->contexts[i]);
	for (size_t i = 0; i < o->nanswers; i++) {
		free(o->answers[i].target);
		free(o->answers[i].bytes);
	}
	unlink(o->ca_path);
	close(o->stop_fd);
	close(o->http_fd);
	close(o->https_fd);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

uint16_t
origin_http(const struct origin *o)
{
	return port_of(o->http_fd);
}

uint16_t
origin_https(const struct origin *o)
{
	return port_of(o->https_fd);
}

const char *
origin_ca(const struct origin *o)
{
	return o->ca_path;
}

struct ssl_ctx_st *
origin_context(struct origin *o, enum origin_cert cert)
{
	return o->contexts[cert];
}

void
origin_show(struct origin *o, enum origin_cert cert)
{
	pthread_mutex_lock(&o->lock);
	o->cert = cert;
	pthread_mutex_unlock(&o->lock);
}

void
origin_answer(struct origin *o, const struct origin_answer *a)
{
	struct answer *at = o->answers;
	size_t i = 0;

	pthread_mutex_lock(&o->lock);
	while (i < o->nanswers && strcmp(at[i].target, a->target) != 0)
		i++;
	MUST(i < ANSWERS_MAX);
	if (i == o->nanswers)
		at[o->nanswers++].target = strdup(a->target);
	free(at[i].bytes);
	at[i].len = a->len > 0 ? a->len : strlen(a->bytes);
	at[i].bytes = malloc(at[i].len + 1);
	memcpy(at[i].bytes, a->bytes, at[i].len);
	at[i].piece = a->piece;
	at[i].end = a->end;
	pthread_mutex_unlock(&o->lock);
}

const char *
origin_asked(struct origin *o)
{
	pthread_mutex_lock(&o->lock);
	memcpy(o->shown, o->asked, sizeof(o->shown));
	pthread_mutex_unlock(&o->lock);
	return o->shown;
}

unsigned
origin_requests(struct origin *o)
{
	unsigned n;

	pthread_mutex_lock(&o->lock);
	n = o->requests;
	pthread_mutex_unlock(&o->lock);
	return n;
}

char *
origin_ok(const char *fields, const char *content)
{
	char *out;

	MUST(asprintf(&out,
		 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%s"
		 "Content-Length: %zu\r\n\r\n%s",
		 fields, strlen(content), content) >= 0);
	return out;
}
