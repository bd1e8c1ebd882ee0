/*
 * WireGuard's keys: 32 bytes of Curve25519 (RFC 7748), written as 44 letters of
 * base64.
 *
 * Thread: any.
 */
#ifndef GW_KEY_H
#define GW_KEY_H

#include <stdbool.h>
#include <stdint.h>

#define GW_KEY_LEN  32 /* bytes */
#define GW_KEY_TEXT 45 /* letters, and NUL */

struct gw_system;

/*
 * One spelling for each key: what wg(8) would print. Another one that decodes
 * to the same bytes (bits left over in the last letter) is refused. 0 or -1.
 */
int gw_key_parse(const char *text, uint8_t key[GW_KEY_LEN]);
/* Returns text. */
const char *gw_key_text(const uint8_t key[GW_KEY_LEN], char text[GW_KEY_TEXT]);
bool gw_key_is_zero(const uint8_t key[GW_KEY_LEN]);

/* A new private key. 0 or -1: the system has no random numbers. */
int gw_key_generate(uint8_t key[GW_KEY_LEN]);
/* Random bytes shared by both ends. 0 or -1. */
int gw_key_preshared(uint8_t key[GW_KEY_LEN]);
/* 0 or -1: the library refused. */
int gw_key_public(const uint8_t key[GW_KEY_LEN], uint8_t out[GW_KEY_LEN]);

/*
 * A file that holds one key and at most blanks around it. 0, or -1 with errno:
 * EILSEQ for what is no key.
 */
int gw_key_read(const char *path, uint8_t key[GW_KEY_LEN]);
/*
 * Our private key below the state directory: read, or made if there is none
 * (0600), and the public one beside it, PATH.pub (0644). public may be NULL.
 * A file that is no key is never written over. 0 or -1 after gw_fail().
 */
int gw_key_ensure(
    struct gw_system *sys, const char *path, char public[GW_KEY_TEXT]);

#endif
