#include "tunnel/mschap.h"

#include <string.h>

/*
 * A password is hashed as UTF-16; both programs make that by putting a zero
 * beside each byte, which is right for ASCII alone.
 */
const char *
gw_mschap_unusable(const char *password)
{
	if (password == NULL || password[0] == '\0')
		return "it has no password";
	if (strlen(password) > GW_PASSWORD_MAX)
		return "its password is longer than 128 signs";
	for (; *password != '\0'; password++) {
		if (*password < ' ' || *password > '~')
			return "its password holds signs other than ASCII's, "
			       "which devices and servers hash differently";
	}
	return NULL;
}
