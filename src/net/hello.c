/*
 * A ClientHello may be cut into records anywhere, within a name too, so that it
 * is first put together without their headers and then read as one piece.
 *
 * Lengths nest: each vector is read from the slice that the vector around it
 * left, and a slice that is not used up to its end is as wrong as one that is
 * too short. What this takes and a server would not may pass, it comes to
 * nothing there; what a server would take must not be read as another name.
 */
#include "net/hello.h"

#include "http/http.h"

enum {
	RECORD_HEADER = 5,
	RECORD_MAX = 16384, /* RFC 8446, 5.1 */
	TYPE_ALERT = 21,
	TYPE_HANDSHAKE = 22,
	MESSAGE_HEADER = 4,
	MESSAGE_CLIENT_HELLO = 1,
	RANDOM = 32,
	SESSION_ID_MAX = 32,
	NAME_HOST = 0,
};

/* IANA, TLS ExtensionType Values. */
enum {
	EXT_SERVER_NAME = 0,
	EXT_ALPN = 16,
	EXT_SUPPORTED_VERSIONS = 43,
};

/* ---- which protocol ---------------------------------------------------- */

/* The longest method of WebDAV (RFC 3253) has 16 letters. */
#define METHOD_MAX 24
#define BLANK_MAX  16

bool
pd_hello_may_be_tls(struct pd_str first)
{
	return first.n > 0 &&
	       (first.p[0] == TYPE_HANDSHAKE || first.p[0] == TYPE_ALERT);
}

/*
 * No client begins with an alert or with another version than 3.x, but servers
 * written in Go take both (crypto/tls looks only for a version below 16.0):
 * that must not pass for another protocol, where no name is looked for. All of
 * the bytes that tell are asked for, because protocols disguised as noise begin
 * with any.
 */
static enum pd_hello_kind
record_kind(struct pd_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	bool alert = p[0] == TYPE_ALERT;
	unsigned len;

	if (s.n > 1 && !alert && p[1] == 3)
		return PD_HELLO_TLS;
	if (s.n > 1 && p[1] >= 16)
		return PD_HELLO_OTHER;
	if (s.n < RECORD_HEADER + (alert ? 0u : 1u))
		return PD_HELLO_UNSURE;
	len = (unsigned)p[3] << 8 | p[4];
	if (alert)
		return len == 2 ? PD_HELLO_TLS : PD_HELLO_OTHER;
	return len > 0 && len <= RECORD_MAX &&
		       p[RECORD_HEADER] == MESSAGE_CLIENT_HELLO
		   ? PD_HELLO_TLS
		   : PD_HELLO_OTHER;
}

/* Servers pass over empty lines before a request (RFC 9112, 2.2). */
static struct pd_str
skip_blank(struct pd_str s)
{
	size_t n = 0;

	while (n < s.n && n < BLANK_MAX && (s.p[n] == '\r' || s.p[n] == '\n'))
		n++;
	return pd_str_of(s.p + n, s.n - n);
}

enum pd_hello_kind
pd_hello_kind(struct pd_str first)
{
	size_t n = 0;

	if (pd_hello_may_be_tls(first))
		return record_kind(first);
	first = skip_blank(first);
	if (first.n == 0)
		return PD_HELLO_UNSURE;
	/* So many are no other protocol's; HTTP refuses them. */
	if (first.p[0] == '\r' || first.p[0] == '\n')
		return PD_HELLO_HTTP;
	while (n < first.n && n <= METHOD_MAX &&
	       ((first.p[n] >= 'A' && first.p[n] <= 'Z') || first.p[n] == '-'))
		n++;
	if (n == first.n && n <= METHOD_MAX)
		return PD_HELLO_UNSURE;
	if (n == 0 || n > METHOD_MAX || first.p[n] != ' ')
		return PD_HELLO_OTHER;
	if (pd_method_of(pd_str_of(first.p, n)) != PD_METHOD_OTHER)
		return PD_HELLO_HTTP;
	/* Commands of mail and chat are words in capitals too, but no path
	 * follows them. */
	if (n + 1 == first.n)
		return PD_HELLO_UNSURE;
	return first.p[n + 1] == '/' ? PD_HELLO_HTTP : PD_HELLO_OTHER;
}

/* ---- vectors ----------------------------------------------------------- */

/* An unsigned number of `size` bytes off the front; false: it is not there. */
static bool
take_number(struct pd_str *s, size_t size, size_t *out)
{
	if (s->n < size)
		return false;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | (unsigned char)s->p[i];
	*s = pd_str_of(s->p + size, s->n - size);
	return true;
}

static bool
take_bytes(struct pd_str *s, size_t n, struct pd_str *out)
{
	if (s->n < n)
		return false;
	*out = pd_str_of(s->p, n);
	*s = pd_str_of(s->p + n, s->n - n);
	return true;
}

/* A length of `size` bytes and as many bytes as it says. */
static bool
take_vector(struct pd_str *s, size_t size, struct pd_str *out)
{
	size_t n;

	return take_number(s, size, &n) && take_bytes(s, n, out);
}

/* ---- records ----------------------------------------------------------- */

struct message {
	size_t n; /* bytes gathered */
	char bytes[PD_HELLO_MAX];
};

/* Gathers what the records hold, the last one as far as it has come. */
static enum pd_hello_result
gather(struct pd_str in, struct message *m)
{
	while (in.n > 0) {
		const unsigned char *p = (const unsigned char *)in.p;
		size_t n;

		if (p[0] != TYPE_HANDSHAKE || (in.n > 1 && p[1] != 3))
			return PD_HELLO_BAD;
		if (in.n < RECORD_HEADER)
			return PD_HELLO_MORE;
		n = (size_t)p[3] << 8 | p[4];
		/* An empty one is forbidden (RFC 8446, 5.1). */
		if (n == 0 || n > RECORD_MAX)
			return PD_HELLO_BAD;
		in = pd_str_of(in.p + RECORD_HEADER, in.n - RECORD_HEADER);
		n = n < in.n ? n : in.n;
		memcpy(m->bytes + m->n, in.p, n);
		m->n += n;
		in = pd_str_of(in.p + n, in.n - n);
		/* What follows a whole message is none of ours. */
		if (m->n >= MESSAGE_HEADER &&
		    m->n - MESSAGE_HEADER >=
			((size_t)(unsigned char)m->bytes[1] << 16 |
			    (size_t)(unsigned char)m->bytes[2] << 8 |
			    (unsigned char)m->bytes[3]))
			return PD_HELLO_DONE;
	}
	return PD_HELLO_MORE;
}

/* ---- extensions -------------------------------------------------------- */

/* One host name at most: a list has one name of each type (RFC 6066, 3). */
static bool
read_server_name(struct pd_str ext, struct pd_hello *out)
{
	struct pd_str list, name;
	size_t type;

	if (!take_vector(&ext, 2, &list) || ext.n > 0 || list.n == 0)
		return false;
	while (list.n > 0) {
		if (!take_number(&list, 1, &type) ||
		    !take_vector(&list, 2, &name) || name.n == 0)
			return false;
		if (type != NAME_HOST)
			continue;
		if (out->name_len > 0 || name.n > sizeof(out->name))
			return false;
		memcpy(out->name, name.p, name.n);
		out->name_len = name.n;
	}
	return true;
}

static bool
read_alpn(struct pd_str ext, struct pd_hello *out)
{
	struct pd_str list, protocol;

	if (!take_vector(&ext, 2, &list) || ext.n > 0 || list.n == 0)
		return false;
	while (list.n > 0) {
		if (!take_vector(&list, 1, &protocol) || protocol.n == 0)
			return false;
		out->h2 |= pd_str_eq(protocol, PD_STR("h2"));
		out->http1 |= pd_str_eq(protocol, PD_STR("http/1.1"));
	}
	return true;
}

/* Of those offered the highest that is one: 0x?a?a are GREASE (RFC 8701). */
static bool
read_versions(struct pd_str ext, struct pd_hello *out)
{
	struct pd_str list;
	size_t version, highest = 0;

	if (!take_vector(&ext, 1, &list) || ext.n > 0 || list.n == 0)
		return false;
	while (list.n > 0) {
		if (!take_number(&list, 2, &version))
			return false;
		if (version >> 8 == 3 && version > highest)
			highest = version;
	}
	if (highest > 0)
		out->version = (uint16_t)highest;
	return true;
}

static bool
read_extensions(struct pd_str list, struct pd_hello *out)
{
	struct pd_str ext;
	size_t type;
	bool named = false;

	while (list.n > 0) {
		bool ok = true;

		if (!take_number(&list, 2, &type) ||
		    !take_vector(&list, 2, &ext))
			return false;
		if (type == EXT_SERVER_NAME) {
			/* Of two, a server might take the other. */
			ok = !named && read_server_name(ext, out);
			named = true;
		} else if (type == EXT_ALPN) {
			ok = read_alpn(ext, out);
		} else if (type == EXT_SUPPORTED_VERSIONS) {
			ok = read_versions(ext, out);
		}
		if (!ok)
			return false;
	}
	return true;
}

/* ---- the message ------------------------------------------------------- */

static bool
read_message(struct pd_str s, struct pd_hello *out)
{
	struct pd_str body, part;
	size_t type, version;

	if (!take_number(&s, 1, &type) || type != MESSAGE_CLIENT_HELLO ||
	    !take_vector(&s, 3, &body))
		return false;
	if (!take_number(&body, 2, &version) || version >> 8 != 3)
		return false;
	out->version = (uint16_t)version;
	if (!take_bytes(&body, RANDOM, &part))
		return false;
	if (!take_vector(&body, 1, &part) || part.n > SESSION_ID_MAX)
		return false;
	/* Cipher suites, compression methods. */
	if (!take_vector(&body, 2, &part) || part.n == 0 || part.n % 2 != 0)
		return false;
	if (!take_vector(&body, 1, &part) || part.n == 0)
		return false;
	if (body.n == 0)
		return true; /* as before TLS 1.2 */
	return take_vector(&body, 2, &part) && body.n == 0 &&
	       read_extensions(part, out);
}

enum pd_hello_result
pd_hello_read(struct pd_str bytes, struct pd_hello *out)
{
	bool all = bytes.n < PD_HELLO_MAX;
	enum pd_hello_result result;
	struct message m;

	*out = (struct pd_hello){ 0 };
	if (!all)
		bytes.n = PD_HELLO_MAX;
	m.n = 0;
	result = gather(bytes, &m);
	if (m.n > 0 && m.bytes[0] != MESSAGE_CLIENT_HELLO)
		return PD_HELLO_BAD;
	if (result == PD_HELLO_MORE && !all)
		return PD_HELLO_BAD;
	if (result != PD_HELLO_DONE)
		return result;
	return read_message(pd_str_of(m.bytes, m.n), out) ? PD_HELLO_DONE
							  : PD_HELLO_BAD;
}
