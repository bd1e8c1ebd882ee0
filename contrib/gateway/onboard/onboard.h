/*
 * What a device is given so that it need not be typed: one client's settings as
 * each system takes them.
 *
 * Thread: main.
 */
#ifndef GW_ONBOARD_H
#define GW_ONBOARD_H

#include <stdio.h>

#include "client.h"

struct gw_onboard {
	const struct gw_config *conf;
	const struct gw_tunnel *tunnel;
	const struct gw_client *client;
	const char *private_key; /* WireGuard; NULL: the device has it, and a
				    comment says where it goes */
	const char *server_key;  /* WireGuard: our public key */
	const unsigned char *ca; /* IKEv2: DER */
	size_t ca_len;
	const unsigned char *p12; /* IKEv2 with certificates */
	size_t p12_len;
	const char *p12_password;
	const char *pac; /* URL; NULL: none */
	unsigned mtu;    /* WireGuard, bytes; 0: the device's choice */
};

/* WireGuard's .conf. */
void gw_wgconf_write(const struct gw_onboard *o, FILE *out);
/* Apple's .mobileconfig (XML): authority, IKEv2, Proxies with the PAC, On
 * Demand. */
void gw_mobileconfig_write(const struct gw_onboard *o, FILE *out);
/* strongSwan's app for Android (JSON), with "proxy". */
void gw_sswan_write(const struct gw_onboard *o, FILE *out);
/* Windows: Add-VpnConnection and Set-VpnConnectionProxy. */
void gw_powershell_write(const struct gw_onboard *o, FILE *out);
/* What to type into Android's own IKEv2 client; of a tunnel with passwords. */
void gw_android_write(const struct gw_onboard *o, FILE *out);
/* What is typed where there is no file for it: PPTP, or any IKEv2 client. */
void gw_typed_write(const struct gw_onboard *o, FILE *out);

/* A QR code of text; 0 or -1 with errno (too long). Terminal: UTF-8 half
 * blocks, dark on light. */
int gw_qr_terminal(const char *text, FILE *out);
int gw_qr_svg(const char *text, FILE *out);
/* How wide the terminal's is; it has half as many lines. -1: too long. */
int gw_qr_columns(const char *text);

/* The PAC's URL for clients of a tunnel: what the file says, or
 * http://OUR-ADDRESS:PROXY/proxy.pac; NULL when there is no proxy. The caller
 * frees it. */
char *gw_pac_url(const struct gw_config *c, const struct gw_tunnel *t);

/* ---- what several of them need ---- */

/* Our address in the tunnel, IPv4's before IPv6's, as text; NULL when there is
 * none. */
const char *
gw_onboard_address(const struct gw_tunnel *t, char text[PD_ADDR_TEXT]);
/* What clients dial: a host name or address, without brackets and port; NULL:
 * the configuration does not say. */
const char *gw_onboard_host(const struct gw_onboard *o);
/* As devices list it: "home phones". The caller frees it. */
char *gw_onboard_title(const struct gw_onboard *o);
/* Base64 without line ends; the caller frees it. */
char *gw_onboard_base64(const unsigned char *bytes, size_t len);

#define GW_UUID_TEXT 37
/*
 * A name-based UUID (RFC 9562, 5.5) of one thing of this client's: the same
 * each time, so that a device that is given a newer file replaces the older.
 */
const char *gw_onboard_uuid(
    const struct gw_onboard *o, const char *thing, char text[GW_UUID_TEXT]);

#endif
