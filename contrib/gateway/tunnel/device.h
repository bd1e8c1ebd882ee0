/*
 * A WireGuard device: its key, port and peers, as a configuration wants them
 * and as the kernel or wireguard-go has them, and the difference of the two.
 *
 * A difference is what is sent: peers that stay as they are are not in it, so
 * their sessions go on while another comes or goes.
 * Thread: main.
 */
#ifndef GW_DEVICE_H
#define GW_DEVICE_H

#include "config.h"
#include "tunnel/key.h"

/* Bits of what stands in a device or peer, or of what a change sets. */
enum {
	GW_DEVICE_KEY = 1,
	GW_DEVICE_LISTEN = 2,
	GW_DEVICE_MARK = 4,
};
enum {
	GW_PEER_REMOVE = 1, /* of a change: it goes */
	GW_PEER_PRESHARED = 2,
	GW_PEER_ENDPOINT = 4,
	GW_PEER_KEEPALIVE = 8,
	GW_PEER_ALLOWED = 16, /* all of them are replaced */
};

struct gw_peer {
	unsigned set; /* GW_PEER_*; of what is there: all but REMOVE */
	uint8_t key[GW_KEY_LEN];
	uint8_t preshared[GW_KEY_LEN]; /* zeros: none */
	char *name;                    /* of a client; NULL: none */
	char *preshared_file;          /* it is read from there when sent */
	char *host; /* a name, to be resolved; NULL: there is none */
	struct pd_addr endpoint; /* family 0: not known (the port is host's) */
	uint16_t keepalive;      /* seconds; 0: off */
	struct gw_nets allowed;  /* host bits clear */
	/* Of what is there alone. */
	int64_t handshake; /* seconds since the epoch; 0: never */
	uint64_t received, sent;
};

struct gw_device {
	unsigned set; /* GW_DEVICE_* */
	uint8_t key[GW_KEY_LEN];
	uint16_t listen; /* UDP port */
	uint32_t mark;   /* of the packets that it sends; 0: none */
	struct gw_peer *v;
	size_t n;
};

/* Key bytes are wiped. */
void gw_device_finish(struct gw_device *d);
/* One more, all zeros; valid until the next is added. */
struct gw_peer *gw_device_add(struct gw_device *d);
void gw_peer_allow(struct gw_peer *p, const struct gw_net *net);
struct gw_peer *
gw_device_find(const struct gw_device *d, const uint8_t key[GW_KEY_LEN]);

/*
 * Peers as text, a line each, which is how a step carries them:
 *
 *     peer KEY name kim allowed 10.77.0.2/32,fd77::2/128 psk KEY
 *     peer KEY allowed 0.0.0.0/0 endpoint host:51820 keepalive 25
 *         psk-file /etc/pared/shop.psk
 *
 * (one line; a file's name is the last word, and may hold blanks). Adds to d.
 * 0, or -1 with the line's number in *line: a word is unknown or wrong, or two
 * peers have one key.
 */
int gw_device_read(struct gw_device *d, const char *text, unsigned *line);
void gw_peer_write(const struct gw_peer *p, FILE *out);

/*
 * Whether where want is reached must be looked up (host) or told: have (NULL:
 * no such peer yet) is new, or has no session alive. A peer that moves about
 * is followed, and must not be called back while it is heard. now: seconds
 * since the epoch.
 */
bool gw_peer_is_lost(
    const struct gw_peer *want, const struct gw_peer *have, int64_t now);

/*
 * What must be sent to turn have into want. Returns whether there is anything.
 * want's preshared keys are read, and its hosts resolved where they matter
 * (gw_peer_is_lost); one that is not keeps what it has.
 */
bool gw_device_difference(const struct gw_device *want,
    const struct gw_device *have, int64_t now, struct gw_device *out);

/* ---- device_kernel.c, device_socket.c ---- */

/*
 * Reads the device of a link, wherever it is. 0, or -1 with errno: ENODEV
 * there is no such link or it is no WireGuard's; EPERM.
 */
int gw_device_get(const char *link, struct gw_device *out);
/* Sends a change. 0 or -1 with errno. */
int gw_device_set(const char *link, const struct gw_device *change);

/* The two that these choose from, the kernel first. */
int gw_device_kernel_get(const char *link, struct gw_device *out);
int gw_device_kernel_set(const char *link, const struct gw_device *change);
int gw_device_socket_get(const char *link, struct gw_device *out);
int gw_device_socket_set(const char *link, const struct gw_device *change);

/* wireguard-go's answer to "get=1". 0 or -1 with errno (its own, or EPROTO). */
int gw_device_socket_read(struct gw_device *out, struct pd_str text);
/* What it is sent; the caller frees it. */
char *gw_device_socket_text(const struct gw_device *change);

/* Where wireguard-go listens for link: this, and "/LINK.sock". */
#define GW_DEVICE_SOCKET_DIR "/var/run/wireguard"

#endif
