/*
 * What the configuration says about one image: how much it may lose, and how
 * wide it needs to be, by site, device and ImageLevel.
 *
 *     site "*.example.org" { images = "off" }
 *     device "phone" { address = "10.77.0.7" level = "thin" max-width = 1080 }
 *
 * What is nearer to the page comes first: its site, then the site that the
 * image comes from, then the device, then ImageLevel. The first that says
 * anything decides, be it "off" or not. Pure.
 * Thread: any.
 */
#ifndef PD_IMAGE_RULE_H
#define PD_IMAGE_RULE_H

#include "base/conf.h"

struct pd_image_rule {
	enum pd_conf_level level; /* never UNSET */
	uint32_t width_max;       /* the device's, pixels; 0: not told */
};

/*
 * client NULL: not known. page: the host of the page that shows the image,
 * empty when it is not known; host: the image's own; both as struct
 * pd_authority has them (lower case, Punycode).
 */
struct pd_image_rule pd_image_rule(const struct pd_conf *conf,
    const struct pd_addr *client, struct pd_str page, struct pd_str host);

#endif
