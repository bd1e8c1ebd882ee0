/*
 * The table of what $redirect names. The files lie beside it in resources/; all
 * of them are our own.
 */
#include "filters/block/resource.h"

#include <pthread.h>

#include "base/embed.h"

/* Adblock Plus's $rewrite says "abp-resource:blank-js". */
#define ABP_PREFIX  PD_STR("abp-resource:")
#define ALIASES_MAX 5

#define SCRIPT "text/javascript; charset=utf-8"
#define PAGE   "text/html; charset=utf-8"
#define PLAIN  "text/plain; charset=utf-8"
#define STYLE  "text/css; charset=utf-8"
#define XML    "application/xml; charset=utf-8"

#define FILE_OF(id, name) \
	PD_EMBED(resource_##id, "filters/block/resources/" name)

FILE_OF(gif1, "1x1.gif");
FILE_OF(png2, "2x2.png");
FILE_OF(png3, "3x2.png");
FILE_OF(png32, "32x32.png");
FILE_OF(adthrive, "adthrive_abd.js");
FILE_OF(amazon_ads, "amazon_ads.js");
FILE_OF(apstag, "amazon_apstag.js");
FILE_OF(amp, "ampproject_v0.js");
FILE_OF(chartbeat, "chartbeat.js");
FILE_OF(click2load, "click2load.html");
FILE_OF(ad_status, "doubleclick_instream_ad_status.js");
FILE_OF(fingerprint2, "fingerprint2.js");
FILE_OF(fingerprint3, "fingerprint3.js");
FILE_OF(gemius, "gemius.js");
FILE_OF(analytics, "google-analytics_analytics.js");
FILE_OF(cx_api, "google-analytics_cx_api.js");
FILE_OF(ga, "google-analytics_ga.js");
FILE_OF(linkid, "google-analytics_inpage_linkid.js");
FILE_OF(ima, "google-ima.js");
FILE_OF(adsbygoogle, "googlesyndication_adsbygoogle.js");
FILE_OF(gtm, "googletagmanager_gtm.js");
FILE_OF(gpt, "googletagservices_gpt.js");
FILE_OF(hd_main, "hd-main.js");
FILE_OF(matomo, "matomo.js");
FILE_OF(metrika, "metrika-yandex.js");
FILE_OF(nitropay, "nitropay_ads.js");
FILE_OF(nofab, "nofab.js");
FILE_OF(mp3_01, "noop-0.1s.mp3");
FILE_OF(mp3_05, "noop-0.5s.mp3");
FILE_OF(mp4, "noop-1s.mp4");
FILE_OF(noop_html, "noop.html");
FILE_OF(noop_js, "noop.js");
FILE_OF(noop_json, "noop.json");
FILE_OF(vast2, "noop-vast2.xml");
FILE_OF(vast3, "noop-vast3.xml");
FILE_OF(vast4, "noop-vast4.xml");
FILE_OF(vmap1, "noop-vmap1.xml");
FILE_OF(outbrain, "outbrain-widget.js");
FILE_OF(popads, "popads.js");
FILE_OF(popads_dummy, "popads-dummy.js");
FILE_OF(prebid, "prebid.js");
FILE_OF(prebid_ads, "prebid-ads.js");
FILE_OF(scorecard, "scorecardresearch_beacon.js");
FILE_OF(sensors, "sensors-analytics.js");

struct entry {
	struct pd_resource r;
	const uint64_t *size; /* of the file; NULL: there is none */
	const char *aliases[ALIASES_MAX];
};

/* Of a file, and of nothing at all. */
#define E(id, media, usual, ...)                                  \
	{                                                         \
		.r = { .name = (usual),                           \
			.type = (media),                          \
			.content = { resource_##id##_data, 0 } }, \
		.size = &resource_##id##_size, .aliases = {       \
			__VA_ARGS__                               \
		}                                                 \
	}
#define N(media, usual, ...)                    \
	{                                       \
		.r = { .name = (usual),         \
			.type = (media),        \
			.content = { "", 0 } }, \
		.aliases = {                    \
			__VA_ARGS__             \
		}                               \
	}

/*
 * "none" is not here: it says that what is blocked gets no resource, and a
 * stand-in of its kind does.
 */
static struct entry entries[] = {
	E(gif1, "image/gif", "1x1.gif", "1x1-transparent.gif",
	    "1x1-transparent-gif"),
	E(png2, "image/png", "2x2.png", "2x2-transparent.png",
	    "2x2-transparent-png"),
	E(png3, "image/png", "3x2.png", "3x2-transparent.png",
	    "3x2-transparent-png"),
	E(png32, "image/png", "32x32.png", "32x32-transparent.png",
	    "32x32-transparent-png"),
	E(adthrive, SCRIPT, "adthrive_abd.js", NULL),
	E(amazon_ads, SCRIPT, "amazon_ads.js",
	    "amazon-adsystem.com/aax2/amzn_ads.js"),
	E(apstag, SCRIPT, "amazon_apstag.js", "amazon-apstag"),
	E(amp, SCRIPT, "ampproject_v0.js", "ampproject.org/v0.js"),
	E(chartbeat, SCRIPT, "chartbeat.js",
	    "static.chartbeat.com/chartbeat.js"),
	E(click2load, PAGE, "click2load.html", NULL),
	E(ad_status, SCRIPT, "doubleclick_instream_ad_status.js",
	    "doubleclick.net/instream/ad_status.js"),
	N(PLAIN, "empty", NULL),
	E(fingerprint2, SCRIPT, "fingerprint2.js", "fingerprintjs2"),
	E(fingerprint3, SCRIPT, "fingerprint3.js", "fingerprintjs3"),
	E(gemius, SCRIPT, "gemius.js", "gemius"),
	E(analytics, SCRIPT, "google-analytics_analytics.js",
	    "google-analytics", "google-analytics.com/analytics.js"),
	E(cx_api, SCRIPT, "google-analytics_cx_api.js",
	    "google-analytics.com/cx/api.js"),
	E(ga, SCRIPT, "google-analytics_ga.js", "google-analytics-ga",
	    "google-analytics.com/ga.js"),
	E(linkid, SCRIPT, "google-analytics_inpage_linkid.js",
	    "google-analytics.com/inpage_linkid.js"),
	E(ima, SCRIPT, "google-ima.js", "google-ima3", "google-ima",
	    "google-ima3.js"),
	E(adsbygoogle, SCRIPT, "googlesyndication_adsbygoogle.js",
	    "googlesyndication-adsbygoogle",
	    "googlesyndication.com/adsbygoogle.js"),
	E(gtm, SCRIPT, "googletagmanager_gtm.js", "googletagmanager.com/gtm.js",
	    "googletagmanager-gtm"),
	E(gpt, SCRIPT, "googletagservices_gpt.js", "googletagservices-gpt",
	    "googletagservices.com/gpt.js"),
	E(hd_main, SCRIPT, "hd-main.js", NULL),
	E(matomo, SCRIPT, "matomo.js", "matomo"),
	E(metrika, SCRIPT, "metrika-yandex.js", "metrika-yandex-tag",
	    "metrika-yandex-watch"),
	E(nitropay, SCRIPT, "nitropay_ads.js", NULL),
	E(noop_js, SCRIPT, "nobab.js", "bab-defuser.js", "prevent-bab.js",
	    "prevent-bab"),
	E(noop_js, SCRIPT, "nobab2.js", "prevent-bab2"),
	E(nofab, SCRIPT, "nofab.js", "fuckadblock.js-3.2.0",
	    "prevent-fab-3.2.0"),
	E(mp3_01, "audio/mpeg", "noop-0.1s.mp3", "noopmp3-0.1s", "blank-mp3"),
	E(mp3_05, "audio/mpeg", "noop-0.5s.mp3", "noopmp3-0.5s"),
	E(mp4, "video/mp4", "noop-1s.mp4", "noopmp4-1s", "blank-mp4", "mp4"),
	E(vast2, XML, "noop-vast2.xml", "noopvast-2.0"),
	E(vast3, XML, "noop-vast3.xml", "noopvast-3.0"),
	E(vast4, XML, "noop-vast4.xml", "noopvast-4.0"),
	E(vmap1, XML, "noop-vmap1.xml", "noop-vmap1.0.xml", "noopvmap-1.0"),
	N(STYLE, "noop.css", "noopcss", "blank-css"),
	E(noop_html, PAGE, "noop.html", "noopframe", "noophtml", "blank-html"),
	E(noop_js, SCRIPT, "noop.js", "noopjs", "blank-js"),
	E(noop_json, "application/json", "noop.json", "noopjson"),
	N(PLAIN, "noop.txt", "nooptext", "nooptxt", "blank-text"),
	E(outbrain, SCRIPT, "outbrain-widget.js",
	    "widgets.outbrain.com/outbrain.js"),
	E(popads_dummy, SCRIPT, "popads-dummy.js", NULL),
	E(popads, SCRIPT, "popads.js", "popads.net.js", "prevent-popads-net.js",
	    "prevent-popads-net"),
	E(prebid_ads, SCRIPT, "prebid-ads.js", "prebid-ads"),
	E(prebid, SCRIPT, "prebid.js", "prebid"),
	E(scorecard, SCRIPT, "scorecardresearch_beacon.js",
	    "scorecardresearch.com/beacon.js", "scorecardresearch-beacon"),
	E(sensors, SCRIPT, "sensors-analytics.js", NULL),
};

#define NENTRIES (sizeof(entries) / sizeof(entries[0]))

static pthread_once_t measured = PTHREAD_ONCE_INIT;

/* The assembler knows the sizes; for the compiler they are no constants. */
static void
measure(void)
{
	for (size_t i = 0; i < NENTRIES; i++) {
		if (entries[i].size != NULL)
			entries[i].r.content.n = (size_t)*entries[i].size;
	}
}

static bool
is_called(const struct entry *e, struct pd_str name)
{
	if (pd_str_caseeq(name, pd_str_z(e->r.name)))
		return true;
	for (size_t i = 0; i < ALIASES_MAX && e->aliases[i] != NULL; i++) {
		if (pd_str_caseeq(name, pd_str_z(e->aliases[i])))
			return true;
	}
	return false;
}

const struct pd_resource *
pd_resource_at(size_t i)
{
	pthread_once(&measured, measure);
	return i < NENTRIES ? &entries[i].r : NULL;
}

const struct pd_resource *
pd_resource_find(struct pd_str name)
{
	if (pd_str_casestarts(name, ABP_PREFIX))
		name = pd_str_of(name.p + ABP_PREFIX.n, name.n - ABP_PREFIX.n);
	for (size_t i = 0; i < NENTRIES; i++) {
		if (is_called(&entries[i], name))
			return pd_resource_at(i);
	}
	return NULL;
}
