/*
 * A configuration while it is read: its tables, and where each of its parts
 * stands, so that every report can name the line. config.c reads sections,
 * config_check.c makes their words to addresses and numbers one section at a
 * time, config_cross.c and config_clash.c see them all together.
 *
 * Private to config*.c.
 * Thread: main.
 */
#ifndef GW_CONFIG_DRAFT_H
#define GW_CONFIG_DRAFT_H

#include "base/conf_load.h"
#include "config.h"

enum gw_section {
	GW_SECTION_GATEWAY,
	GW_SECTION_TUNNEL,
	GW_SECTION_EDGE,
	GW_SECTION_RETURN,
	GW_SECTION_UPLINK,
	GW_SECTION_NAT64,
	GW_SECTION_RESOLVER,
	GW_SECTION_SHAPER,
	GW_SECTION_CLASS,
	GW_SECTION_LIMIT,
	GW_SECTION_FORWARD,
	GW_NSECTIONS,
};

/* config_table.c */
extern const struct pd_conf_section gw_section_root;
extern const struct pd_conf_section gw_sections[GW_NSECTIONS];
extern const char *const gw_tunnel_types[]; /* NULL-terminated */

/* A section of the file. */
struct gw_part {
	enum gw_section kind;
	size_t i; /* which of its kind in struct gw_config */
	struct pd_conf_place at;
	struct pd_conf_group g; /* where its options stand */
	bool bad; /* told to be wrong: nothing more is said of it */
};

struct gw_draft {
	struct gw_config *c;
	struct pd_conf_load l;
	struct gw_part *parts; /* in the file's order */
	size_t nparts;
	struct pd_conf_places places[GW_NSECTIONS];
};

/* What is wrong with an option (NULL: the section), at its line. */
void
gw_draft_say(struct gw_draft *d, const struct gw_part *part, const char *option,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Whether the option stands in the file. */
bool gw_part_has(const struct gw_part *part, const char *option);
/* The part of a section; NULL: it was told to be wrong. */
const struct gw_part *
gw_draft_part(const struct gw_draft *d, enum gw_section kind, size_t i);

/* A word of an option. */
struct gw_word {
	const struct gw_part *part;
	const char *option;
	const char *text; /* NULL: there is none, and nothing is told */
	int family;       /* AF_INET, AF_INET6; 0: either */
};
/* What is wrong with it is told. True: out was set. */
bool gw_draft_address(
    struct gw_draft *d, const struct gw_word *w, struct pd_addr *out);
/* An address with the length of its network. */
bool
gw_draft_net(struct gw_draft *d, const struct gw_word *w, struct gw_net *out);
/* A network that has no host bits. */
bool
gw_draft_base(struct gw_draft *d, const struct gw_word *w, struct gw_net *out);
/* Not more values than anybody writes: each makes rules, and is compared. */
#define GW_LISTED_MAX 64
bool gw_draft_few(struct gw_draft *d, const struct gw_part *part,
    const char *option, const struct pd_strings *list);
/* A link's name, or a tunnel's. */
void
gw_draft_link(struct gw_draft *d, const struct gw_part *part, const char *link);
void gw_draft_rate(struct gw_draft *d, const struct gw_part *part,
    const char *option, const char *text, uint64_t *out);
/* What becomes a word of other programs' files and of commands. */
void gw_draft_path(struct gw_draft *d, const struct gw_part *part,
    const char *option, const char *path);
/* An address that some machine may have. */
bool gw_is_host_address(const struct pd_addr *a);
void gw_nets_add(struct gw_nets *nets, const struct gw_net *net);

/* config_check.c: one section by itself. */
void gw_config_check(struct gw_draft *d, const struct gw_part *part);
/* config_tunnel.c: the same of a tunnel. */
void gw_config_check_tunnel(struct gw_draft *d, const struct gw_part *part);
/* config_cross.c: names that name other sections. */
void gw_config_cross(struct gw_draft *d);
/* config_clash.c: what two sections cannot both have. */
void gw_config_clash(struct gw_draft *d);

#endif
