/*
 * Methods, status codes, what bytes may stand where, and the date.
 * The rest of the module: fields.c (names and sections), list.c (values).
 */
#include "http/http.h"

#include <time.h>

enum pd_method
pd_method_of(struct pd_str name)
{
	static const struct {
		struct pd_str name;
		enum pd_method method;
	} methods[] = {
		{ { "GET", 3 }, PD_METHOD_GET },
		{ { "CONNECT", 7 }, PD_METHOD_CONNECT },
		{ { "POST", 4 }, PD_METHOD_POST },
		{ { "HEAD", 4 }, PD_METHOD_HEAD },
		{ { "OPTIONS", 7 }, PD_METHOD_OPTIONS },
		{ { "PUT", 3 }, PD_METHOD_PUT },
		{ { "PATCH", 5 }, PD_METHOD_PATCH },
		{ { "DELETE", 6 }, PD_METHOD_DELETE },
		{ { "TRACE", 5 }, PD_METHOD_TRACE },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (pd_str_eq(name, methods[i].name))
			return methods[i].method;
	}
	return PD_METHOD_OTHER;
}

bool
pd_method_idempotent(enum pd_method m)
{
	switch (m) {
	case PD_METHOD_GET:
	case PD_METHOD_HEAD:
	case PD_METHOD_PUT:
	case PD_METHOD_DELETE:
	case PD_METHOD_OPTIONS:
	case PD_METHOD_TRACE:
		return true;
	case PD_METHOD_OTHER:
	case PD_METHOD_POST:
	case PD_METHOD_CONNECT:
	case PD_METHOD_PATCH:
		break;
	}
	return false;
}

/* The IANA registry, by hundreds. */
static const char *const informational[] = {
	[0] = "Continue",
	[1] = "Switching Protocols",
	[2] = "Processing",
	[3] = "Early Hints",
};
static const char *const successful[] = {
	[0] = "OK",
	[1] = "Created",
	[2] = "Accepted",
	[3] = "Non-Authoritative Information",
	[4] = "No Content",
	[5] = "Reset Content",
	[6] = "Partial Content",
	[7] = "Multi-Status",
	[8] = "Already Reported",
	[26] = "IM Used",
};
static const char *const redirection[] = {
	[0] = "Multiple Choices",
	[1] = "Moved Permanently",
	[2] = "Found",
	[3] = "See Other",
	[4] = "Not Modified",
	[5] = "Use Proxy",
	[7] = "Temporary Redirect",
	[8] = "Permanent Redirect",
};
static const char *const client_error[] = {
	[0] = "Bad Request",
	[1] = "Unauthorized",
	[2] = "Payment Required",
	[3] = "Forbidden",
	[4] = "Not Found",
	[5] = "Method Not Allowed",
	[6] = "Not Acceptable",
	[7] = "Proxy Authentication Required",
	[8] = "Request Timeout",
	[9] = "Conflict",
	[10] = "Gone",
	[11] = "Length Required",
	[12] = "Precondition Failed",
	[13] = "Content Too Large",
	[14] = "URI Too Long",
	[15] = "Unsupported Media Type",
	[16] = "Range Not Satisfiable",
	[17] = "Expectation Failed",
	[21] = "Misdirected Request",
	[22] = "Unprocessable Content",
	[23] = "Locked",
	[24] = "Failed Dependency",
	[25] = "Too Early",
	[26] = "Upgrade Required",
	[28] = "Precondition Required",
	[29] = "Too Many Requests",
	[31] = "Request Header Fields Too Large",
	[51] = "Unavailable For Legal Reasons",
};
static const char *const server_error[] = {
	[0] = "Internal Server Error",
	[1] = "Not Implemented",
	[2] = "Bad Gateway",
	[3] = "Service Unavailable",
	[4] = "Gateway Timeout",
	[5] = "HTTP Version Not Supported",
	[6] = "Variant Also Negotiates",
	[7] = "Insufficient Storage",
	[8] = "Loop Detected",
	[10] = "Not Extended",
	[11] = "Network Authentication Required",
};

const char *
pd_status_reason(int status)
{
#define ROW(phrases)                                          \
	{                                                     \
		phrases, sizeof(phrases) / sizeof(*(phrases)) \
	}
	static const struct {
		const char *const *phrases;
		size_t n;
	} rows[] = {
		ROW(informational),
		ROW(successful),
		ROW(redirection),
		ROW(client_error),
		ROW(server_error),
	};
#undef ROW
	size_t row, i;

	if (status < 100 || status > 599)
		return "";
	row = (size_t)status / 100 - 1;
	i = (size_t)status % 100;
	if (i >= rows[row].n || rows[row].phrases[i] == NULL)
		return "";
	return rows[row].phrases[i];
}

/* What a byte may be part of. */
#define TOKEN 1 /* RFC 9110, 5.6.2: tchar */
#define VALUE 2 /* RFC 9110, 5.5: field-vchar, SP, HTAB */
#define T     (TOKEN | VALUE)
#define V     VALUE

static const uint8_t classes[256] = {
	/* clang-format off */
	0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/*  ! " #  $ % & '  ( ) * +  , - . / */
	V, T, V, T, T, T, T, T, V, V, T, T, V, T, T, V,
	/* 0 to 9, : ; < = > ? */
	T, T, T, T, T, T, T, T, T, T, V, V, V, V, V, V,
	/* @, A to O */
	V, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T,
	/* P to Z, [ \ ] ^ _ */
	T, T, T, T, T, T, T, T, T, T, T, V, V, V, T, T,
	/* `, a to o */
	T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T,
	/* p to z, { | } ~ DEL */
	T, T, T, T, T, T, T, T, T, T, T, V, T, V, T, 0,
	/* obs-text: ISO 8859-1 or UTF-8, passed on as it is */
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* clang-format on */
};

#undef T
#undef V

bool
pd_is_token(struct pd_str s)
{
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!(classes[(uint8_t)s.p[i]] & TOKEN))
			return false;
	}
	return true;
}

bool
pd_is_field_value(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!(classes[(uint8_t)s.p[i]] & VALUE))
			return false;
	}
	return true;
}

/* IMF-fixdate (RFC 9110, 5.6.7) by hand: strftime asks the locale. */
#define DATE_LEN 29

static void
two_digits(char *p, int v)
{
	p[0] = (char)('0' + v / 10 % 10);
	p[1] = (char)('0' + v % 10);
}

static void
date_write(char out[DATE_LEN], time_t now)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	gmtime_r(&now, &tm);
	memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", DATE_LEN);
	memcpy(out, &days[tm.tm_wday * 3], 3);
	two_digits(out + 5, tm.tm_mday);
	memcpy(out + 8, &months[tm.tm_mon * 3], 3);
	two_digits(out + 12, (tm.tm_year + 1900) / 100);
	two_digits(out + 14, tm.tm_year % 100);
	two_digits(out + 17, tm.tm_hour);
	two_digits(out + 20, tm.tm_min);
	two_digits(out + 23, tm.tm_sec);
}

struct pd_str
pd_http_date(void)
{
	static _Thread_local char text[DATE_LEN];
	static _Thread_local time_t at;
	struct timespec now;

	/* The coarse clock is a tick late at most and needs no counter. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != at || text[0] == '\0') {
		date_write(text, now.tv_sec);
		at = now.tv_sec;
	}
	return pd_str_of(text, DATE_LEN);
}
