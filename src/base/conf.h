/*
 * The configuration: read by libconfuse from one table of options, checked
 * whole, then immutable.
 *
 * A row of the table (conf_table.c) is an option's name, type, place in struct
 * pd_conf, default, least and most, unit, whether a reload may change it, and
 * one sentence; sections have tables of their own. The parser, `pared check`,
 * `pared check --defaults` and the manual page are made from them. A
 * ziproxy.conf is read as it is: its names, its booleans, its strings without
 * escapes.
 *
 * Thread: main to create; any to read; counted.
 */
#ifndef PD_CONF_H
#define PD_CONF_H

#include <stdatomic.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/log.h"

/* A list of strings: NUL-terminated, owned by the configuration. */
struct pd_strings {
	char **v;
	size_t n;
};

struct pd_port_range {
	uint16_t lo, hi; /* both included */
};

struct pd_port_ranges {
	struct pd_port_range *v;
	size_t n;
};

enum pd_conf_log_format {
	PD_LOG_FORMAT_AUTO, /* Ziproxy's with a ziproxy.conf, else JSON */
	PD_LOG_FORMAT_ZIPROXY,
	PD_LOG_FORMAT_JSON,
	PD_LOG_FORMAT_SQUID,
	PD_LOG_FORMAT_CLF,
};

/* Lists that are in use at once: bits of a mask (filters/block/match.h). */
#define PD_CONF_LISTS_MAX 64

/* Where one block list comes from: lists { source NAME { url = "..." } }. */
struct pd_conf_source {
	char *name;
	char *url;       /* "https://..." , "file:/path" or a plain path */
	bool off;        /* enabled = false */
	bool only_named; /* default = false: only for policies that name it */
	bool subdomains; /* lines of a hosts file mean what is below, too */
};

/* Which lists for whom: lists { policy NAME { ... } }; the first that fits. */
struct pd_conf_policy {
	char *name;
	struct pd_prefixes clients;
	struct pd_strings lists;    /* names of sources */
	struct pd_strings schedule; /* base/window.h; empty: always */
	bool no_allow; /* allow = false: they may not let anything through */
};

/* How the packet filter leads connections to TransparentPort. */
enum pd_conf_transparent { PD_CONF_REDIRECT, PD_CONF_TPROXY };

/* How much images may lose. */
enum pd_conf_level {
	PD_CONF_LEVEL_UNSET,     /* of a site or device: as others have it */
	PD_CONF_LEVEL_INVISIBLE, /* not seen in place, magnified */
	PD_CONF_LEVEL_FINE, /* not noticed without the original beside it */
	PD_CONF_LEVEL_THIN, /* for who pays by the megabyte */
	PD_CONF_LEVEL_OFF,  /* left as they are */
};

/* What is otherwise for a site: site "*.example.org" { lists = "off" }. */
struct pd_conf_site {
	char *host; /* lower case, Punycode, without "*."; what is below, too */
	bool lists_unset; /* it says nothing of lists */
	bool lists_off;
	enum pd_conf_level images;
};

/* device "phone" { address = {"10.77.0.7"} level = "thin" max-width = 1080 } */
struct pd_conf_device {
	char *name;
	struct pd_prefixes clients;
	enum pd_conf_level level;
	int64_t max_width; /* pixels across its screen; 0: not told */
};

#define PD_CONF_IMAGE_CLASSES 4

struct pd_conf {
	_Atomic unsigned refs;
	char *path;   /* the file it was read from, NULL for defaults */
	bool ziproxy; /* read in Ziproxy's way (see pd_conf_load) */

	/* Listening and the daemon. */
	struct pd_strings address; /* empty: 127.0.0.1 and ::1 */
	int64_t port;
	int64_t transparent_port; /* 0: off */
	struct pd_strings transparent_address;
	int transparent_mode;         /* enum pd_conf_transparent */
	struct pd_prefixes only_from; /* default: loopback, private ranges */
	bool only_from_set;           /* OnlyFrom stands in the file */
	int64_t workers;              /* 0: one for each CPU we may use */
	int64_t max_clients;          /* MaxActiveUserConnections; 0: none */
	char *pid_file, *run_as_user, *run_as_group;
	struct pd_strings portal_names; /* host names of the portal besides
					   pared.internal and addresses */
	char *codec_path; /* program pared-codec; NULL: beside pared */

	/* Logs. */
	char *access_log, *error_log, *debug_log; /* NULL: off, stderr, off */
	enum pd_conf_log_format access_log_format;
	enum pd_log_level log_level;

	/* Who may use it. */
	int64_t auth_mode; /* 0 none, 1 AuthPasswdFile */
	char *auth_passwd_file;

	/* Way out. */
	char *next_proxy; /* host name or address; NULL: straight */
	int64_t next_port;
	struct pd_prefixes bind_outgoing; /* single addresses, in turn */
	struct pd_strings nameservers;    /* addresses; empty: resolv.conf */
	struct pd_prefixes allow_private;
	bool connect_allowed; /* AllowMethodCONNECT */
	struct pd_port_ranges http_ports, connect_ports;

	/* Limits and times. Times in milliseconds, sizes in bytes. */
	int64_t header_max; /* a header section, both sides */
	int64_t request_line_max;
	int64_t fields_max;          /* field lines in a section */
	int64_t header_timeout_ms;   /* whole header section of a request */
	int64_t idle_timeout_ms;     /* kept client connection, no request */
	int64_t conn_timeout_ms;     /* ConnTimeout (s): no byte either way */
	int64_t tunnel_timeout_ms;   /* tunnel without a byte */
	int64_t connect_timeout_ms;  /* all attempts together */
	int64_t response_timeout_ms; /* request sent, no header section yet */
	int64_t drain_timeout_ms;    /* after TERM */
	int64_t pool_idle_ms;        /* idle upstream connection */
	int64_t pool_max;            /* idle upstream connections a worker */
	int64_t buffer_high, buffer_low; /* marks of back-pressure */
	int64_t tos; /* TOSFlagsDefault when TOSMarking, or -1 */

	/* HTTP. */
	char *user_agent; /* RedefineUserAgent */
	bool override_accept_encoding;
	bool decode_incoming;             /* DecompressIncomingGzipData */
	bool encode_text;                 /* Gzip */
	struct pd_strings compress_types; /* LosslessCompressCT */
	bool compress_types_xst;          /* ...AlsoXST: "x-" subtypes too */
	int64_t gunzip_ratio_max;         /* percent; 0 none */
	int64_t gunzip_free;              /* no ratio check below, bytes */
	int64_t decoded_max;              /* decoded content, bytes; 0 none */

	/* Images. */
	bool process_jpg, process_png, process_gif, process_webp, process_avif;
	bool image_quality_set;
	int64_t image_quality[PD_CONF_IMAGE_CLASSES]; /* 0: leave alone */
	enum pd_conf_level image_level;               /* never UNSET */
	bool convert_to_grayscale;
	int64_t max_size;        /* MaxSize: larger bodies stream, bytes */
	int64_t filter_held_max; /* of all images a worker collects, bytes */
	int64_t image_ratio_max; /* MaxUncompressedImageRatio: n to one */
	int64_t image_pixels_max;
	int64_t image_deadline_ms; /* from a body's last byte to its answer */
	int64_t image_memory_max;  /* of one codec process, bytes */

	/* Lists. */
	char *url_no_processing, *url_replace_data, *url_replace_data_ct,
	    *url_deny;
	struct pd_strings replace_ct_types; /* URLReplaceDataCTList */
	bool replace_ct_types_xst;
	struct pd_conf_source *sources;
	size_t nsources;
	struct pd_conf_policy *policies;
	size_t npolicies;
	struct pd_conf_site *sites; /* sorted by host */
	size_t nsites;
	struct pd_conf_device *devices;
	size_t ndevices;
	char *lists_directory;   /* copies, rule file, hits; NULL: none */
	int64_t lists_update_ms; /* between looks; 0: never */
	struct pd_strings lists_define; /* symbols true in "!#if"; empty: the
					   usual ones */
	bool strict_document; /* "||host^" blocks pages of their own, too */
	char *suffixes;       /* public_suffix_list.dat */
	char *probes;         /* probes.list; NULL: the built-in list */

	/* Error pages: 400 403 404 407 408 503. */
	char *custom_error[6];
};

/* What was wrong or worth saying: one line each, "FILE:LINE: what; fix". */
struct pd_conf_report {
	void (*line)(void *arg, bool error, const char *text);
	void *arg;
};

/*
 * Reads path (NULL: the defaults alone), then the overrides ("Port=8080",
 * like lines after the file's last). A file counts as Ziproxy's when `ziproxy`
 * is set, or when it holds none but Ziproxy's names, at least one, and no
 * section. Everything wrong is reported, not only the first. Returns the
 * configuration with one reference, or NULL after at least one error line.
 */
struct pd_conf *pd_conf_load(const char *path, const char *const *overrides,
    size_t noverrides, bool ziproxy, const struct pd_conf_report *report);

struct pd_conf *pd_conf_ref(struct pd_conf *c);
void pd_conf_unref(struct pd_conf *c); /* NULL is fine */

/* The program pared-codec: CodecPath, else what stands beside the running
 * program. To be freed. */
char *pd_conf_codec(const struct pd_conf *c);

/* The first device that names the client; NULL when none does. */
const struct pd_conf_device *
pd_conf_device_of(const struct pd_conf *c, const struct pd_addr *client);

/* What a site may say something about. */
enum pd_conf_about { PD_CONF_SITE_LISTS, PD_CONF_SITE_IMAGES };

/*
 * Of the sites that hold host and say something about it, the one with the
 * longest name; NULL when there is none. host: as struct pd_conf_site has it.
 */
const struct pd_conf_site *pd_conf_site_of(
    const struct pd_conf *c, struct pd_str host, enum pd_conf_about about);

/*
 * What a reload may not change (Port, Address, RunAs..., Workers) is reported
 * and its old value named. Returns how many such options differ.
 */
size_t pd_conf_frozen_diff(const struct pd_conf *old,
    const struct pd_conf *new_, const struct pd_conf_report *report);

/* Every option at its default, with its sentence: conf/pared.conf. */
void pd_conf_write_defaults(FILE *out);
/* The options as scdoc-free mdoc for pared.conf(5). */
void pd_conf_write_manual(FILE *out);
/*
 * For each name that stands in path: honoured, honoured differently (and how),
 * or without effect (and why), with its line. 0, or -1 when unreadable.
 */
int pd_conf_write_ziproxy_table(const char *path, FILE *out, bool json);

#endif
