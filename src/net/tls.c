#include "net/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

#define HOST_MAX 253 /* bytes of a name; RFC 1035, 2.3.4 */

struct pd_tls_context {
	SSL_CTX *ctx;
};

struct pd_tls {
	SSL *ssl;
	char error[160];
};

/* ---- contexts ---------------------------------------------------------- */

/* HTTP/1.1 is all that is spoken behind it (RFC 7301, 3.1). */
static const unsigned char alpn[] = "\x08http/1.1";

static int
set_up(SSL_CTX *ctx)
{
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return -1;
	/* Partial writes because an evbuffer is given piece by piece, moving
	 * ones because it grows between two attempts. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) == 0 ? 0
									 : -1;
}

struct pd_tls_context *
pd_tls_context_create(const char *ca_file, const char **why)
{
	struct pd_tls_context *c;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int ok;

	if (ctx == NULL || set_up(ctx) < 0) {
		*why = "OpenSSL cannot start";
		goto fail;
	}
	ok = ca_file != NULL ? SSL_CTX_load_verify_file(ctx, ca_file)
			     : SSL_CTX_set_default_verify_paths(ctx);
	if (ok != 1) {
		*why = ca_file != NULL
			   ? "the file of authorities cannot be read"
			   : "the system's authorities cannot be read; "
			     "install ca-certificates";
		goto fail;
	}
	c = pd_xalloc(sizeof(*c));
	c->ctx = ctx;
	return c;
fail:
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

void
pd_tls_context_destroy(struct pd_tls_context *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

/* ---- sessions ---------------------------------------------------------- */

/* Whose certificate it must be, and what SNI says: names only. */
static int
set_host(SSL *ssl, struct pd_str host)
{
	char name[HOST_MAX + 1];
	struct pd_addr a;
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (pd_addr_parse(host, &a) == 0)
		return X509_VERIFY_PARAM_set1_ip(
		    param, a.ip, a.family == AF_INET ? 4 : 16);
	if (host.n == 0 || host.n > HOST_MAX ||
	    memchr(host.p, '\0', host.n) != NULL)
		return 0;
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	/* The subject's common name proves nothing (RFC 9525, 2). */
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
				   X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct pd_tls *
pd_tls_client_create(struct pd_tls_context *c, struct pd_str host, int fd)
{
	struct pd_tls *t;
	SSL *ssl = SSL_new(c->ctx);

	if (ssl == NULL || set_host(ssl, host) != 1 ||
	    SSL_set_fd(ssl, fd) != 1) {
		ERR_clear_error();
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	t = pd_xalloc(sizeof(*t));
	t->ssl = ssl;
	return t;
}

void
pd_tls_destroy(struct pd_tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t);
}

/* ---- moving bytes ------------------------------------------------------ */

static void
say(struct pd_tls *t, const char *what)
{
	snprintf(t->error, sizeof(t->error), "%s", what);
}

/* An alert of the peer's, a certificate that is not believed, or no TLS. */
static void
explain(struct pd_tls *t, unsigned long err)
{
	long verify = SSL_get_verify_result(t->ssl);
	const char *reason = ERR_reason_error_string(err);

	if (ERR_GET_REASON(err) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		say(t, "the connection was cut short");
	else if (ERR_GET_REASON(err) == SSL_R_WRONG_VERSION_NUMBER)
		say(t, "what came is not TLS");
	else if (ERR_GET_REASON(err) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
		 verify != X509_V_OK)
		say(t, X509_verify_cert_error_string(verify));
	else
		say(t, reason != NULL ? reason : "a TLS error without a name");
}

static enum pd_tls_result
result_of(struct pd_tls *t, int ret)
{
	int error = errno;

	switch (SSL_get_error(t->ssl, ret)) {
	case SSL_ERROR_NONE:
		return PD_TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return PD_TLS_READ;
	case SSL_ERROR_WANT_WRITE:
		return PD_TLS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return PD_TLS_END;
	case SSL_ERROR_SYSCALL:
		say(t, error != 0 ? strerrordesc_np(error)
				  : "the connection was cut short");
		break;
	default:
		explain(t, ERR_peek_error());
	}
	ERR_clear_error();
	return PD_TLS_FAIL;
}

/* What an earlier call left in the thread's queue is not this one's. */
static void
begin(void)
{
	ERR_clear_error();
	errno = 0;
}

enum pd_tls_result
pd_tls_handshake(struct pd_tls *t)
{
	begin();
	return result_of(t, SSL_do_handshake(t->ssl));
}

enum pd_tls_result
pd_tls_read(struct pd_tls *t, void *p, size_t n, size_t *got)
{
	begin();
	*got = 0;
	return result_of(t, SSL_read_ex(t->ssl, p, n, got));
}

enum pd_tls_result
pd_tls_write(struct pd_tls *t, const void *p, size_t n, size_t *put)
{
	begin();
	*put = 0;
	return result_of(t, SSL_write_ex(t->ssl, p, n, put));
}

enum pd_tls_result
pd_tls_shutdown(struct pd_tls *t)
{
	int ret;

	begin();
	ret = SSL_shutdown(t->ssl);
	return ret >= 0 ? PD_TLS_DONE : result_of(t, ret);
}

size_t
pd_tls_pending(const struct pd_tls *t)
{
	return (size_t)SSL_pending(t->ssl);
}

const char *
pd_tls_error(const struct pd_tls *t)
{
	return t->error;
}
