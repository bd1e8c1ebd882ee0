/*
 * The option table: the parser, the checks, conf/pared.conf and the manual page
 * are made from these rows. The names that Ziproxy has too keep its meaning
 * and its units.
 */
#include <stddef.h>

#include "base/conf_row.h"

#define AT(member) offsetof(struct pd_conf_draft, conf.member)
#define KIB        INT64_C(1024)
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define SECOND     INT64_C(1000)
#define HOUR       (3600 * SECOND)

#define HEADING(title)                                   \
	{                                                \
		.name = (title), .type = PD_CONF_HEADING \
	}
#define ROW(name_, type_, member, def_, ...)                     \
	{                                                        \
		.name = (name_), .type = PD_CONF_##type_,        \
		.offset = AT(member), .def = (def_), __VA_ARGS__ \
	}
#define RANGE(least_, most_, unit_) \
	.least = (least_), .most = (most_), .unit = (unit_)
#define FROZEN     .frozen = true
#define NEEDED     .needed = true
#define EXAMPLE(e) .example = (e)
#define WAS(name)  .was = (name)
#define TEXT(t)    .text = (t)

/* By enum pd_conf_transparent. */
static const char *const transparent_modes[] = { "redirect", "tproxy", NULL };

/* clang-format off */
const struct pd_conf_row pd_conf_rows[] = {
HEADING("Listening"),
ROW("Port", INT, port, "8080", RANGE(1, 65535, NULL), FROZEN,
    TEXT("The TCP port on which clients are served.")),
ROW("Address", ADDRESSES, address, "{}", FROZEN,
    TEXT("The addresses of this machine on which to listen: one, or a list; "
         "empty: 127.0.0.1 and ::1. \"0.0.0.0\" and \"::\" mean every "
         "address; they and public ones ask for OnlyFrom or AuthMode as "
         "well. One that is not there yet (a tunnel's) may come later.")),
ROW("TransparentPort", INT, transparent_port, "0", RANGE(0, 65535, NULL),
    FROZEN,
    TEXT("A port for clients that know of no proxy: the packet filter leads "
         "their connections here. HTTP is served as on Port, but always from "
         "the address that the client dialled; TLS is judged by the name in "
         "its first message and tunnelled; all else is tunnelled, as is a "
         "client that is silent for three seconds on ports other than 80 and "
         "443: lists hold for those two. 0: none.")),
ROW("TransparentAddress", ADDRESSES, transparent_address,
    "{\"0.0.0.0\", \"::\"}", FROZEN,
    TEXT("The addresses of that port. OnlyFrom holds for it, too, and whoever "
         "dials it directly is turned away, so that every address is no "
         "risk.")),
ROW("TransparentMode", CHOICE, transparent_mode, "redirect", FROZEN,
    .words = transparent_modes,
    TEXT("How the packet filter does it: redirect (REDIRECT, DNAT to this "
         "machine) or tproxy (TPROXY), which asks for CAP_NET_ADMIN at the "
         "start.")),
ROW("OnlyFrom", PREFIXES, only_from,
    "{\"127.0.0.0/8\", \"::1\", \"10.0.0.0/8\", \"172.16.0.0/12\", "
    "\"192.168.0.0/16\", \"100.64.0.0/10\", \"169.254.0.0/16\", "
    "\"fe80::/10\", \"fc00::/7\"}",
    TEXT("Whose connections are served: addresses, prefixes (\"10.0.0.0/8\") "
         "and ranges (\"10.0.0.1-10.0.0.9\"). Others are closed unanswered.")),
ROW("PortalNames", STRINGS, portal_names, "{}",
    TEXT("Host names of this machine under which its own pages are served, "
         "besides pared.internal and its addresses.")),
ROW("MaxActiveUserConnections", INT, max_clients, "0",
    RANGE(0, 10000000, "connections"),
    TEXT("How many client connections may be open at once; 0 for as many as "
         "the system allows.")),

HEADING("Process"),
ROW("Workers", INT, workers, "0", RANGE(0, 64, "threads"), FROZEN,
    TEXT("Worker threads; 0 for one for each processor that may be used.")),
ROW("RunAsUser", STRING, run_as_user, NULL, FROZEN, EXAMPLE("pared"),
    TEXT("The user to become after the listening sockets are open.")),
ROW("RunAsGroup", STRING, run_as_group, NULL, FROZEN, EXAMPLE("pared"),
    TEXT("The group to become; unset: the user's own.")),
ROW("PIDFile", PATH, pid_file, NULL, FROZEN, EXAMPLE("/run/pared/pared.pid"),
    TEXT("A file to write the process number to.")),
ROW("CodecPath", INPUT, codec_path, NULL, FROZEN,
    EXAMPLE("/usr/libexec/pared-codec"),
    TEXT("The program pared-codec; unset: the one beside pared.")),

HEADING("Logs"),
ROW("AccessLog", PATH, access_log, NULL, EXAMPLE("/var/log/pared/access.log"),
    TEXT("One line for each exchange goes here; \"-\" is standard output; "
         "unset: no access log.")),
ROW("AccessLogFormat", FORMAT, access_log_format, "auto",
    TEXT("ziproxy, json, squid, clf; auto is ziproxy for a file that holds "
         "only Ziproxy's options, else json.")),
ROW("ErrorLog", PATH, error_log, NULL, EXAMPLE("/var/log/pared/error.log"),
    TEXT("Messages go here; unset: standard error.")),
ROW("LogLevel", LEVEL, log_level, "info",
    TEXT("The least important messages that are written: error, warn, info "
         "or debug.")),
ROW("DebugLog", PATH, debug_log, NULL, EXAMPLE("/var/log/pared/debug.log"),
    TEXT("Messages of every level go here instead, whatever LogLevel "
         "says.")),

HEADING("Passwords"),
ROW("AuthMode", INT, auth_mode, "0", RANGE(0, 1, NULL),
    TEXT("0: no password is asked for. 1: the users of AuthPasswdFile may use "
         "the proxy. On TransparentPort nobody can be asked for one: there, 1 "
         "serves the clients that a device names, and no other.")),
ROW("AuthPasswdFile", INPUT, auth_passwd_file, NULL,
    EXAMPLE("/etc/pared/passwd"),
    TEXT("Lines of user:hash (made by 'pared passwd USER') or, as Ziproxy "
         "has them, user:password in clear.")),

HEADING("Way out"),
ROW("NextProxy", HOST, next_proxy, NULL, EXAMPLE("proxy.example.net"),
    TEXT("A parent proxy that everything is sent through, tunnels too. Of what "
         "came to TransparentPort it is told the name only where that leads "
         "to the address that the client dialled, else the address.")),
ROW("NextPort", INT, next_port, "8080", RANGE(1, 65535, NULL),
    TEXT("The parent's port.")),
ROW("BindOutgoing", SINGLES, bind_outgoing, "{}",
    TEXT("Addresses of this machine from which to connect, in turn; empty: "
         "the system chooses.")),
ROW("Nameservers", SERVERS, nameservers, "{}", FROZEN,
    TEXT("Addresses of name servers, each with \"@port\" if it is not 53; "
         "empty: those of /etc/resolv.conf.")),
ROW("AllowPrivate", PREFIXES, allow_private, "{}",
    TEXT("Loopback, private, link-local and reserved addresses that clients "
         "may reach through the proxy; all others of these kinds are "
         "refused.")),
ROW("AllowMethodCONNECT", BOOL, connect_allowed, "true",
    TEXT("Whether CONNECT (https, mostly) is allowed.")),
ROW("RestrictOutPortHTTP", PORTS, http_ports, "{80, 443, \"1024-65535\"}",
    TEXT("The ports to which requests may go; {} for every port.")),
ROW("RestrictOutPortCONNECT", PORTS, connect_ports,
    "{80, 443, \"1024-65535\"}",
    TEXT("The ports to which CONNECT may go; {} for every port. Phones are "
         "told of new messages through ports 5223 and 5228.")),

HEADING("Times"),
ROW("HeaderTimeout", TIME, header_timeout_ms, "10",
    RANGE(50, HOUR, "seconds"),
    TEXT("How long a client may take for a request's whole header.")),
ROW("IdleTimeout", TIME, idle_timeout_ms, "90", RANGE(50, HOUR, "seconds"),
    TEXT("How long a client connection without a request is kept.")),
ROW("ConnTimeout", TIME, conn_timeout_ms, "90",
    RANGE(0, 24 * HOUR, "seconds"),
    TEXT("How long an exchange may go without a byte either way; 0 for "
         "ever.")),
ROW("TunnelTimeout", TIME, tunnel_timeout_ms, "600",
    RANGE(50, 24 * HOUR, "seconds"),
    TEXT("How long a tunnel may go without a byte.")),
ROW("ConnectTimeout", TIME, connect_timeout_ms, "10",
    RANGE(50, HOUR, "seconds"),
    TEXT("How long connecting to an origin or the parent may take, over all "
         "its addresses.")),
ROW("ResponseTimeout", TIME, response_timeout_ms, "60",
    RANGE(50, HOUR, "seconds"),
    TEXT("How long an origin may take from the request to the end of its "
         "response's header.")),
ROW("DrainTimeout", TIME, drain_timeout_ms, "30", RANGE(0, HOUR, "seconds"),
    TEXT("How long exchanges may go on after the TERM signal.")),
ROW("PoolIdleTimeout", TIME, pool_idle_ms, "60", RANGE(50, HOUR, "seconds"),
    TEXT("How long an idle connection to an origin is kept for reuse.")),
ROW("PoolMax", INT, pool_max, "256", RANGE(0, 65536, "connections"),
    TEXT("Idle connections to origins that a worker keeps at most.")),

HEADING("Sizes"),
ROW("MaxHeaderSize", BYTES, header_max, "64K", RANGE(4 * KIB, MIB, "bytes"),
    TEXT("The largest header section, of requests and responses.")),
ROW("MaxRequestLine", BYTES, request_line_max, "32K",
    RANGE(KIB, MIB, "bytes"), TEXT("The longest request line.")),
ROW("MaxHeaderFields", INT, fields_max, "128", RANGE(16, 1024, "fields"),
    TEXT("The most field lines in a header section.")),
ROW("BufferHigh", BYTES, buffer_high, "64K", RANGE(4 * KIB, 16 * MIB, "bytes"),
    TEXT("Bytes waiting in an exchange above which reading stops.")),
ROW("BufferLow", BYTES, buffer_low, "16K", RANGE(0, 16 * MIB, "bytes"),
    TEXT("Bytes waiting below which reading goes on.")),

HEADING("Marking packets"),
{ .name = "TOSMarking", .type = PD_CONF_BOOL,
    .offset = offsetof(struct pd_conf_draft, tos_marking), .def = "false",
    TEXT("Whether packets to clients are marked with TOSFlagsDefault.") },
ROW("TOSFlagsDefault", INT, tos, NULL, RANGE(0, 255, NULL), EXAMPLE("16"),
    TEXT("The TOS (traffic class) byte of packets to clients.")),

HEADING("Requests and texts"),
ROW("RedefineUserAgent", STRING, user_agent, NULL,
    EXAMPLE("Mozilla/5.0 (Linux)"),
    TEXT("Sent to origins as User-Agent instead of the client's.")),
ROW("OverrideAcceptEncoding", BOOL, override_accept_encoding, "true",
    TEXT("Whether origins are asked for every coding that pared can decode, "
         "whatever the client can.")),
ROW("DecompressIncomingGzipData", BOOL, decode_incoming, "true",
    TEXT("Whether coded contents (gzip, deflate, br, zstd) are decoded so that "
         "they can be made smaller.")),
ROW("Gzip", BOOL, encode_text, "true",
    TEXT("Whether texts are compressed for clients: zstd, br or gzip, "
         "whichever they take.")),
ROW("LosslessCompressCT", STRINGS, compress_types,
    "{\"text/*\", \"application/javascript\", \"application/ecmascript\", "
    "\"application/json\", \"application/*+json\", \"application/ndjson\", "
    "\"application/xml\", \"application/*+xml\", \"application/xml-dtd\", "
    "\"application/rtf\", \"application/postscript\", \"application/wasm\", "
    "\"application/vnd.apple.mpegurl\", \"application/vnd.ms-fontobject\", "
    "\"application/font\", \"application/truetype-font\", \"font/ttf\", "
    "\"font/otf\", \"image/svg+xml\", \"image/bmp\", \"image/icon\", "
    "\"image/vnd.microsoft.icon\"}",
    TEXT("The media types that are worth compressing; * stands for anything.")),
ROW("LosslessCompressCTAlsoXST", BOOL, compress_types_xst, "true",
    TEXT("Whether \"a/b\" in LosslessCompressCT means \"a/x-b\" as well.")),
/* Without a text: understood, but not shown. */
{ .name = "Compressible", .type = PD_CONF_STRINGS,
    .offset = offsetof(struct pd_conf_draft, compressible), .def = "{}" },
ROW("MaxUncompressedGzipRatio", INT, gunzip_ratio_max, "2000",
    RANGE(0, 1000000, "percent"),
    TEXT("A coded content that grows to more than this when decoded is a bomb "
         "and is cut off; 0 for no limit.")),
ROW("MinUncompressedGzipStreamEval", BYTES, gunzip_free, "10000000",
    RANGE(0, 16 * GIB, "bytes"),
    TEXT("Decoded bytes below which that ratio is not looked at.")),
ROW("MaxDecodedSize", BYTES, decoded_max, "1G", RANGE(0, 16 * GIB, "bytes"),
    TEXT("The most that one content may come to when decoded; 0 for no "
         "limit.")),

HEADING("Images"),
ROW("ProcessJPG", BOOL, process_jpg, "true",
    TEXT("Whether JPEG images are made smaller.")),
ROW("ProcessPNG", BOOL, process_png, "true",
    TEXT("Whether PNG images are made smaller.")),
ROW("ProcessGIF", BOOL, process_gif, "true",
    TEXT("Whether GIF images are made smaller, animated ones too.")),
ROW("ProcessWEBP", BOOL, process_webp, "true",
    TEXT("Whether WebP images are made smaller, where that gains anything.")),
ROW("ProcessAVIF", BOOL, process_avif, "true",
    TEXT("Whether AVIF images are made smaller, where that gains anything.")),
ROW("ImageLevel", LOSS, image_level, "fine",
    TEXT("How much images may lose: invisible is not seen by who looks for it, "
         "fine is not noticed without the original beside it, thin is for who "
         "pays by the megabyte, off leaves images as they come. A client's "
         "Save-Data makes it thin. Sites and devices may have their own.")),
ROW("ImageQuality", QUALITY, image_quality, NULL, RANGE(0, 100, NULL),
    EXAMPLE("{30, 25, 25, 20}"),
    TEXT("Four JPEG qualities: below 5,000 pixels; below 50,000 or a side "
         "below 150; below 250,000; above. 0 leaves images of that size "
         "alone. AVIF and WebP are made to look the same. Unset: chosen by "
         "ImageLevel and the kind of picture.")),
ROW("ConvertToGrayscale", BOOL, convert_to_grayscale, "false",
    TEXT("Whether images lose their colours.")),
ROW("MaxSize", BYTES, max_size, "12M", RANGE(0, GIB, "bytes"),
    TEXT("The largest image that is collected to be made smaller; larger ones "
         "pass as they come. 0 means the most that is allowed, 1G.")),
ROW("MaxHeld", BYTES, filter_held_max, "64M", RANGE(0, 16 * GIB, "bytes"),
    TEXT("The most that the images collected at one time may come to, in each "
         "worker; above it they pass as they come. 0 means no limit.")),
ROW("MaxUncompressedImageRatio", INT, image_ratio_max, "500",
    RANGE(0, 100000, "to one"),
    TEXT("An image whose pixels take more than this many times its bytes is "
         "passed as it comes; 0 for no limit.")),
ROW("ImagePixelsMax", INT, image_pixels_max, "25000000",
    RANGE(10000, INT64_C(1000000000), "pixels"),
    TEXT("Images of more pixels pass as they come.")),
ROW("ImageDeadline", TIME, image_deadline_ms, "600ms",
    RANGE(50, 60 * SECOND, "seconds"), WAS("ImageTimeout"),
    TEXT("How long after an image's last byte the answer to it begins at the "
         "latest, waiting included; then it is the original.")),
ROW("ImageMemoryMax", BYTES, image_memory_max, "512M",
    RANGE(64 * MIB, 16 * GIB, "bytes"), FROZEN,
    TEXT("Address space of one codec process.")),

HEADING("Lists"),
ROW("URLNoProcessing", INPUT, url_no_processing, NULL,
    EXAMPLE("/etc/pared/noprocess.list"),
    TEXT("URLs (http://host/path with *, one a line) that pass untouched: no "
         "list, no filter.")),
ROW("URLReplaceData", INPUT, url_replace_data, NULL,
    EXAMPLE("/etc/pared/replace.list"),
    TEXT("URLs answered with an empty image, without asking the origin.")),
ROW("URLReplaceDataCT", INPUT, url_replace_data_ct, NULL,
    EXAMPLE("/etc/pared/replace_ct.list"),
    TEXT("URLs answered with an empty image if what the origin sends is of a "
         "type in URLReplaceDataCTList.")),
ROW("URLReplaceDataCTList", STRINGS, replace_ct_types, NULL,
    EXAMPLE("{\"image/jpeg\", \"image/gif\", \"image/png\"}"),
    TEXT("The media types for URLReplaceDataCT.")),
ROW("URLReplaceDataCTListAlsoXST", BOOL, replace_ct_types_xst, "true",
    TEXT("Whether \"a/b\" in URLReplaceDataCTList means \"a/x-b\" as well.")),
ROW("URLDeny", INPUT, url_deny, NULL, EXAMPLE("/etc/pared/deny.list"),
    TEXT("URLs answered 403.")),
ROW("Probes", INPUT, probes, NULL, EXAMPLE("/etc/pared/probes.list"),
    TEXT("The connectivity checks that are never touched; unset: the list "
         "that is built in.")),

HEADING("Error pages"),
ROW("CustomError400", PAGE, custom_error[0], NULL,
    EXAMPLE("/etc/pared/error/400.html"),
    TEXT("An HTML file sent for requests that cannot be understood.")),
ROW("CustomError403", PAGE, custom_error[1], NULL,
    EXAMPLE("/etc/pared/error/403.html"),
    TEXT("Sent for what is forbidden.")),
ROW("CustomError404", PAGE, custom_error[2], NULL,
    EXAMPLE("/etc/pared/error/404.html"),
    TEXT("Sent for hosts that are not known, with status 502.")),
ROW("CustomError407", PAGE, custom_error[3], NULL,
    EXAMPLE("/etc/pared/error/407.html"),
    TEXT("Sent when a password is wanted.")),
ROW("CustomError408", PAGE, custom_error[4], NULL,
    EXAMPLE("/etc/pared/error/408.html"),
    TEXT("Sent when something took too long: 408, or 504 if it was the "
         "origin.")),
ROW("CustomError503", PAGE, custom_error[5], NULL,
    EXAMPLE("/etc/pared/error/503.html"),
    TEXT("Sent when an origin cannot be reached, with status 502.")),
};

/* Of sections: each row's place is in the struct that a section becomes. */
#define IN(name_, type_, of, member, def_, ...)                  \
	{                                                        \
		.name = (name_), .type = PD_CONF_##type_,        \
		.offset = offsetof(struct of, member),           \
		.def = (def_), __VA_ARGS__                       \
	}

static const struct pd_conf_row lists_rows[] = {
ROW("directory", STRING, lists_directory, "/var/lib/pared/lists",
    TEXT("Where copies of lists are kept, the rules that are made of them, how "
         "often each was used, and what 'pared allow' lets through; empty: "
         "nowhere, then nothing is downloaded.")),
ROW("update", PERIOD, lists_update_ms, "daily",
    RANGE(60 * SECOND, 720 * HOUR, NULL),
    TEXT("How often to look for newer lists: off, hourly, daily, weekly, or a "
         "time such as \"6h\" (from 1m to 720h). A list that says how long "
         "it holds is not asked for before.")),
ROW("define", STRINGS, lists_define, "{}", EXAMPLE("{\"ext_ublock\"}"),
    TEXT("The symbols that are true where a list says \"!#if\"; empty: "
         "ext_ublock, env_firefox, cap_html_filtering.")),
ROW("strict-document", BOOL, strict_document, "false",
    TEXT("Whether \"||host^\" alone blocks pages of that host as well, not "
         "only what other pages ask of it.")),
ROW("suffixes", INPUT, suffixes,
    "/usr/share/publicsuffix/public_suffix_list.dat",
    TEXT("The public suffix list, by which two hosts are known to be of one "
         "site; without it a name's last two labels are the site.")),
};

static const struct pd_conf_row source_rows[] = {
IN("url", STRING, pd_conf_source, url, NULL, NEEDED,
    EXAMPLE("https://easylist.to/easylist/easylist.txt"),
    TEXT("Where the list is: https://, http://, or a file of this machine as "
         "file:/path or /path. Its syntax is found out.")),
IN("enabled", BOOL_NOT, pd_conf_source, off, "true",
    TEXT("False keeps the source without using it.")),
IN("default", BOOL_NOT, pd_conf_source, only_named, "true",
    TEXT("False: the list is only for the policies that name it.")),
IN("subdomains", BOOL, pd_conf_source, subdomains, "false",
    TEXT("Whether a line of a hosts file means what is below that host as "
         "well.")),
};

static const struct pd_conf_row policy_rows[] = {
IN("clients", PREFIXES, pd_conf_policy, clients, NULL, NEEDED,
    EXAMPLE("{\"10.77.1.0/24\", \"10.77.0.7\"}"),
    TEXT("Whom it is for: addresses, prefixes and ranges, as in OnlyFrom.")),
IN("lists", STRINGS, pd_conf_policy, lists, NULL, NEEDED,
    EXAMPLE("{\"easylist\"}"),
    TEXT("The names of the sources that apply to them, and no other; {} for "
         "none.")),
IN("schedule", STRINGS, pd_conf_policy, schedule, "{}",
    EXAMPLE("{\"mon-fri 20:00-07:00\", \"sat,sun\"}"),
    TEXT("When it is on, in local time: days, hours or both; hours past "
         "midnight belong to the day on which they began. Empty: always.")),
IN("allow", BOOL_NOT, pd_conf_policy, no_allow, "true",
    TEXT("Whether its clients may let a host through for a while, on the page "
         "that says why it is blocked; whenever the policy is on.")),
};

static const struct pd_conf_row site_rows[] = {
IN("lists", BOOL_NOT, pd_conf_site, lists_off, NULL, EXAMPLE("off"),
    TEXT("Off: no list applies to pages of the site and to what they ask "
         "for.")),
IN("images", LOSS, pd_conf_site, images, NULL, EXAMPLE("off"),
    TEXT("What ImageLevel is for images of its pages, and for its own "
         "images on other pages.")),
};

static const struct pd_conf_row device_rows[] = {
IN("address", PREFIXES, pd_conf_device, clients, NULL, NEEDED,
    EXAMPLE("{\"10.77.0.7\", \"fd77::7\"}"),
    TEXT("Its addresses; prefixes and ranges as well, as in OnlyFrom.")),
IN("level", LOSS, pd_conf_device, level, NULL, EXAMPLE("thin"),
    TEXT("What ImageLevel is for it. A site's word goes before it.")),
IN("max-width", INT, pd_conf_device, max_width, "0", RANGE(0, 16383, "pixels"),
    EXAMPLE("1080"),
    TEXT("The pixels across its screen: wider images are made that wide, but "
         "not narrower than 640. At least 320; 0 when it is not to be "
         "done.")),
};
/* clang-format on */

#define ROWS(rows_) .rows = (rows_), .nrows = sizeof(rows_) / sizeof((rows_)[0])

const size_t pd_conf_nrows = sizeof(pd_conf_rows) / sizeof(pd_conf_rows[0]);

const struct pd_conf_section pd_conf_file = {
	.name = "",
	ROWS(pd_conf_rows),
	.inner = { "lists", "site", "device", "include" },
};
const struct pd_conf_section pd_conf_lists = {
	.name = "lists",
	ROWS(lists_rows),
	.inner = { "source", "policy" },
	.text =
	    "Lists of what to block: those written for EasyList's, uBlock's "
	    "and AdGuard's readers, hosts files, lists of domains, Ziproxy's "
	    "and Privoxy's. The file lists.conf beside this one has many "
	    "sources: include(\"lists.conf\"), or copy what you like.",
};
const struct pd_conf_section pd_conf_source = {
	.name = "source",
	.example = "easylist",
	ROWS(source_rows),
	.text = "One list. 64 may be in use, those of URLDeny and its like "
		"counted. The name is shown wherever the list decided "
		"something, and names its file.",
};
const struct pd_conf_section pd_conf_policy = {
	.name = "policy",
	.example = "kids",
	ROWS(policy_rows),
	.text = "Other lists for some devices. The first policy that names a "
		"client and is on at the time decides; who has none gets every "
		"list that is not default = false.",
};
const struct pd_conf_section pd_conf_site = {
	.name = "site",
	.example = "*.example.org",
	ROWS(site_rows),
	.text =
	    "What is otherwise for one site, and all that is below its name. "
	    "Of several that hold a host and say something of a matter, the "
	    "longest name counts.",
};
const struct pd_conf_section pd_conf_device = {
	.name = "device",
	.example = "phone",
	ROWS(device_rows),
	.text = "What is otherwise for one client, or some; its name stands in "
		"the access log. The first device that names a client counts.",
};

const struct pd_conf_row *
pd_conf_section_find(const struct pd_conf_section *section, const char *name)
{
	struct pd_str n = pd_str_z(name);

	for (size_t i = 0; i < section->nrows; i++) {
		const struct pd_conf_row *row = &section->rows[i];

		if (row->type != PD_CONF_HEADING &&
		    pd_str_caseeq(pd_str_z(row->name), n))
			return row;
	}
	return NULL;
}

const struct pd_conf_row *
pd_conf_row_find(const char *name)
{
	return pd_conf_section_find(&pd_conf_file, name);
}
