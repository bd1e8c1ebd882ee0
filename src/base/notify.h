/*
 * Tells systemd, if it asked to be told, how the daemon is (sd_notify(3)).
 * Thread: main.
 */
#ifndef PD_NOTIFY_H
#define PD_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=..."; lines are separated by newlines. */
void pd_notify(const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants. */
void pd_notify_reloading(void);
/* How often WATCHDOG=1 is to be sent, in ms: half of what the unit allows; 0:
 * nobody waits for it. */
int64_t pd_notify_watchdog_ms(void);

#endif
