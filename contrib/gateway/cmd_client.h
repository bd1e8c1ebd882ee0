/*
 * The parts of `client`, and what they share.
 *
 * Private to cmd_client*.c.
 * Thread: main.
 */
#ifndef GW_CMD_CLIENT_H
#define GW_CMD_CLIENT_H

#include "cmd.h"
#include "system.h"
#include "tunnel/key.h"

/* How a client's settings are shown. */
enum gw_form {
	GW_FORM_USUAL, /* by the tunnel's type */
	GW_FORM_CONF,
	GW_FORM_QR,
	GW_FORM_SVG,
	GW_FORM_MOBILECONFIG,
	GW_FORM_SSWAN,
	GW_FORM_PS1,
	GW_FORM_ANDROID,
	GW_FORM_P12,
	GW_NFORMS,
};

/* The options "--conf", "--qr" ... of a command, as flags by enum gw_form. */
#define GW_FORM_OPTIONS(flags)                                          \
	{ "conf", .flag = &(flags)[GW_FORM_CONF] },                     \
	    { "qr", .flag = &(flags)[GW_FORM_QR] },                     \
	    { "svg", .flag = &(flags)[GW_FORM_SVG] },                   \
	    { "mobileconfig", .flag = &(flags)[GW_FORM_MOBILECONFIG] }, \
	    { "sswan", .flag = &(flags)[GW_FORM_SSWAN] },               \
	    { "ps1", .flag = &(flags)[GW_FORM_PS1] },                   \
	    { "android", .flag = &(flags)[GW_FORM_ANDROID] },           \
	{                                                               \
		"p12", .flag = &(flags)[GW_FORM_P12]                    \
	}

#define GW_FORM_USAGE                                                        \
	"  --conf          WireGuard's .conf\n"                              \
	"  --qr            the same as a QR code in the terminal\n"          \
	"  --svg           the same as a QR code in SVG\n"                   \
	"  --mobileconfig  IKEv2 for iOS and macOS, with the proxy's PAC\n"  \
	"  --sswan         IKEv2 for the strongSwan app on Android\n"        \
	"  --ps1           IKEv2 for Windows, a PowerShell script\n"         \
	"  --android       IKEv2 with passwords, for Android's own client\n" \
	"  --p12           IKEv2 with certificates: the certificate alone\n"

/* What is known of a client only as it is made. */
struct gw_fresh {
	const char *private_key; /* WireGuard; NULL: not known */
	unsigned char *p12;      /* IKEv2 with certificates; NULL: not known */
	size_t p12_len;
	const char *p12_password;
};

/* PD_CMD_GO and the one form that was asked for, or PD_CMD_USAGE. */
int gw_form_of(const struct pd_cmd_line *line, const bool flags[GW_NFORMS],
    enum gw_form *form);
/* Whether this form is one of the tunnel's, and all is known that goes into it;
 * tells if not. Called before anything is made (fresh NULL then). */
bool gw_form_fits(
    const struct gw_config *c, const struct gw_tunnel *t, enum gw_form form);
/* Shows it on stdout. An exit status. */
int gw_form_show(const struct gw_config *c, struct gw_system *sys,
    const struct gw_client *cl, enum gw_form form,
    const struct gw_fresh *fresh);

/*
 * Opens the store for a change, locked against other runs. whole: one wrong
 * file in it is a failure, because what it holds is not known then. Returns a
 * descriptor to be closed, -1 when it was told what is wrong.
 */
int gw_store_open(
    const struct gw_config *c, struct gw_clients *clients, bool whole);
/*
 * After a change of the store: what pared is given is written, the gateway
 * takes it at once if it is up. left: a client that may connect no more, or
 * NULL. 0, or -1: told.
 */
int gw_store_apply(const struct gw_config *c, struct gw_system *sys,
    const struct gw_client *left);
/* A WireGuard tunnel's own public key. Ours is made if there is none yet; one
 * that the configuration names is only read. 0, or -1: told. */
int gw_store_key(const struct gw_config *c, struct gw_system *sys,
    const struct gw_tunnel *t, char public[GW_KEY_TEXT]);
/* Where the certificates are. The caller frees it. */
char *gw_store_authority(const struct gw_system *sys);

int gw_cmd_client_add(const struct gw_config *c, int argc, char **argv);

#endif
