/*
 * Every name that Ziproxy 3.3.2 knows, and what becomes of it here. Ziproxy
 * refuses to start with the obsolete ones; here they are named and passed over.
 */
#include "base/conf_row.h"

static const char jp2[] =
    "JPEG 2000 is not made here; clients are sent AVIF, WebP or JPEG, "
    "whichever they take and is smaller";
static const char minify[] =
    "texts are compressed (br, zstd, gzip), not rewritten: after compression "
    "rewriting gains next to nothing and breaks pages";
static const char preempt[] =
    "names are resolved in parallel and remembered; nothing is looked up ahead";
static const char diff[] =
    "all traffic to clients is marked alike, by TOSFlagsDefault";

#define SAME(name)                       \
	{                                \
		name, PD_CONF_SAME, NULL \
	}
#define DIFFERENT(name, why)                 \
	{                                    \
		name, PD_CONF_DIFFERENT, why \
	}
#define NONE(name, why)                      \
	{                                    \
		name, PD_CONF_NO_EFFECT, why \
	}
#define RENAMED(name, now)                 \
	{                                  \
		name, PD_CONF_RENAMED, now \
	}

/* clang-format off */
const struct pd_conf_ziproxy_row pd_conf_ziproxy_rows[] = {
SAME("Port"),
DIFFERENT("Address", "IPv6 and lists too; unset it is this machine only, "
    "not every address"),
DIFFERENT("OnlyFrom", "prefixes, ranges and lists too; unset it is private "
    "addresses, not everybody"),
SAME("MaxActiveUserConnections"),
SAME("PIDFile"),
SAME("RunAsUser"),
SAME("RunAsGroup"),
DIFFERENT("TOSMarking", "IPv6 too"),
SAME("TOSFlagsDefault"),
NONE("TOSFlagsDiff", diff),
NONE("TOSMarkAsDiffURL", diff),
NONE("TOSMarkAsDiffCT", diff),
NONE("TOSMarkAsDiffCTAlsoXST", diff),
NONE("TOSMarkAsDiffSizeBT", diff),
DIFFERENT("DebugLog", "what is written is pared's own"),
DIFFERENT("ErrorLog", "what is written is pared's own"),
SAME("AccessLog"),
RENAMED("AccessLogFileName", "AccessLog"),
NONE("InterceptCrashes", "images are decoded in a process of their own; when "
    "it dies the original is sent"),
DIFFERENT("AuthMode", "0 and 1; 2 (SASL) is refused"),
DIFFERENT("AuthPasswdFile", "hashes (pared passwd USER) as well as passwords "
    "in clear"),
NONE("AuthSASLConfPath", "there is no SASL; use AuthMode = 1 with "
    "AuthPasswdFile"),
DIFFERENT("NextProxy", "CONNECT goes through the parent as well"),
SAME("NextPort"),
DIFFERENT("BindOutgoing", "IPv6 too; each family takes its own"),
NONE("BindOutgoingExList", "connections are kept and reused, so that no host "
    "changes address within a session"),
NONE("BindOutgoingExAddr", "see BindOutgoingExList"),
NONE("TransparentProxy", "redirected connections are served on a port of "
    "their own: TransparentPort"),
NONE("ConventionalProxy", "requests to a proxy are always served, on Port"),
SAME("AllowMethodCONNECT"),
DIFFERENT("RestrictOutPortHTTP", "ranges too; unset it is 80, 443 and 1024 "
    "to 65535, not every port"),
DIFFERENT("RestrictOutPortCONNECT", "ranges too; unset it is 80, 443 and 1024 "
    "to 65535, not every port"),
DIFFERENT("OverrideAcceptEncoding", "asks for zstd, br and gzip, not gzip "
    "alone"),
DIFFERENT("DecompressIncomingGzipData", "zstd and br are decoded too"),
SAME("RedefineUserAgent"),
SAME("MaxUncompressedGzipRatio"),
SAME("MinUncompressedGzipStreamEval"),
SAME("MaxUncompressedImageRatio"),
NONE("ViaServer", "Via is always sent, and loops are always found"),
DIFFERENT("ConnTimeout", "counts time without a byte only; TunnelTimeout, "
    "ConnectTimeout and ResponseTimeout are options of their own"),
RENAMED("ZiproxyTimeout", "ConnTimeout"),
DIFFERENT("MaxSize", "for images alone: texts are compressed as they stream; "
    "unset it is 12M; 0 means 1G"),
NONE("UseContentLength", "contents are streamed where that is safe, and their "
    "length is sent whenever it is known"),
DIFFERENT("Gzip", "zstd and br too, whichever the client takes"),
DIFFERENT("LosslessCompressCT", "unset, it leaves out what is compressed "
    "already (pdf, Office files, archives)"),
SAME("LosslessCompressCTAlsoXST"),
DIFFERENT("Compressible", "old; use LosslessCompressCT"),
DIFFERENT("ProcessJPG", "to AVIF and WebP too, where the client takes them"),
DIFFERENT("ProcessPNG", "to AVIF and WebP too; animated ones stay animated"),
DIFFERENT("ProcessGIF", "to AVIF and WebP too; animated ones are made smaller "
    "as well, and stay animated"),
NONE("ProcessHTML", minify),
NONE("ProcessCSS", minify),
NONE("ProcessJS", minify),
NONE("ProcessHTML_CSS", minify),
NONE("ProcessHTML_JS", minify),
NONE("ProcessHTML_tags", minify),
NONE("ProcessHTML_text", minify),
NONE("ProcessHTML_PRE", minify),
NONE("ProcessHTML_NoComments", minify),
NONE("ProcessHTML_TEXTAREA", minify),
NONE("AllowLookChange", "images are never stilled and never lose "
    "transparency that can be seen"),
SAME("ConvertToGrayscale"),
NONE("PreemptNameRes", preempt),
NONE("PreemptNameResMax", preempt),
NONE("PreemptNameResBC", preempt),
DIFFERENT("ImageQuality", "means what it says for JPEG, and the same look for "
    "AVIF and WebP; unset, quality goes by ImageLevel and the kind of picture"),
NONE("AlphaRemovalMinAvgOpacity", "transparency goes only when all of the "
    "image is opaque"),
NONE("WA_MSIE_FriendlyErrMsgs", "that browser is gone"),
DIFFERENT("URLNoProcessing", "https:// lines too, by host"),
DIFFERENT("URLReplaceData", "answered at once, without asking the origin; "
    "https:// lines too, by host"),
SAME("URLReplaceDataCT"),
SAME("URLReplaceDataCTList"),
SAME("URLReplaceDataCTListAlsoXST"),
DIFFERENT("URLDeny", "answered before connecting; https:// lines too, by "
    "host"),
SAME("CustomError400"),
SAME("CustomError403"),
DIFFERENT("CustomError404", "sent with status 502 for a host that is not known"),
SAME("CustomError407"),
DIFFERENT("CustomError408", "sent with status 504 if it was the origin that "
    "took too long"),
NONE("CustomError409", "what Ziproxy answers so is a malformed request here; "
    "see CustomError400"),
NONE("CustomError500", "pared answers nothing with 500"),
DIFFERENT("CustomError503", "sent with status 502"),
DIFFERENT("Nameservers", "works; IPv6 too"),
NONE("ProcessJP2", jp2),
NONE("ProcessToJP2", jp2),
NONE("ForceOutputNoJP2", jp2),
NONE("AnnounceJP2Capability", jp2),
NONE("JP2OutRequiresExpCap", jp2),
NONE("JP2ImageQuality", jp2),
NONE("JP2Colorspace", jp2),
NONE("JP2Upsampler", jp2),
NONE("JP2BitResYA", jp2),
NONE("JP2BitResRGBA", jp2),
NONE("JP2BitResYUVA", jp2),
NONE("JP2CSamplingYA", jp2),
NONE("JP2CSamplingRGBA", jp2),
NONE("JP2CSamplingYUVA", jp2),
NONE("ServerUrl", "undocumented and unused in Ziproxy as well"),
NONE("WhereZiproxy", "obsolete in Ziproxy as well; use Port and Address"),
NONE("JP2Rate", "obsolete in Ziproxy as well; see JP2ImageQuality"),
NONE("MinTextStream", "obsolete in Ziproxy as well; texts always stream"),
NONE("ModifySuffixes", "obsolete in Ziproxy as well; images are known by "
    "their bytes"),
NONE("LogPipe", "obsolete in Ziproxy as well; use AccessLog"),
NONE("LogFile", "obsolete in Ziproxy as well; use AccessLog and ErrorLog"),
NONE("MSIETest", "obsolete in Ziproxy as well"),
NONE("AccessLogUserPOV", "obsolete in Ziproxy as well; use AccessLogFormat"),
NONE("NetdTimeout", "obsolete in Ziproxy as well; use IdleTimeout"),
NONE("PasswdFile", "obsolete in Ziproxy as well; use AuthMode = 1 and "
    "AuthPasswdFile"),
};
/* clang-format on */

const size_t pd_conf_nziproxy_rows =
    sizeof(pd_conf_ziproxy_rows) / sizeof(pd_conf_ziproxy_rows[0]);

const struct pd_conf_ziproxy_row *
pd_conf_ziproxy_find(const char *name)
{
	for (size_t i = 0; i < pd_conf_nziproxy_rows; i++) {
		if (pd_str_caseeq(
			pd_str_z(pd_conf_ziproxy_rows[i].name), pd_str_z(name)))
			return &pd_conf_ziproxy_rows[i];
	}
	return NULL;
}
