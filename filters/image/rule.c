#include "filters/image/rule.h"

static enum pd_conf_level
of_site(const struct pd_conf *conf, struct pd_str host)
{
	const struct pd_conf_site *s =
	    pd_conf_site_of(conf, host, PD_CONF_SITE_IMAGES);

	return s != NULL ? s->images : PD_CONF_LEVEL_UNSET;
}

struct pd_image_rule
pd_image_rule(const struct pd_conf *conf, const struct pd_addr *client,
    struct pd_str page, struct pd_str host)
{
	const struct pd_conf_device *device =
	    client != NULL ? pd_conf_device_of(conf, client) : NULL;
	struct pd_image_rule rule = { .level = of_site(conf, page) };

	if (rule.level == PD_CONF_LEVEL_UNSET)
		rule.level = of_site(conf, host);
	if (rule.level == PD_CONF_LEVEL_UNSET && device != NULL)
		rule.level = device->level;
	if (rule.level == PD_CONF_LEVEL_UNSET)
		rule.level = conf->image_level;
	if (device != NULL && device->max_width > 0)
		rule.width_max = (uint32_t)device->max_width;
	return rule;
}
