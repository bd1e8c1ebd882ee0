/*
 * Bytes both ways, unread: what CONNECT and upgraded protocols become.
 *
 * Each direction ends by itself (half-close is passed on); the tunnel is over
 * when both have, when one side is reset, or when nothing moves for
 * TunnelTimeout.
 * Thread: worker.
 */
#ifndef PD_TUNNEL_H
#define PD_TUNNEL_H

#include <stdint.h>
#include <sys/queue.h>

struct pd_conf;
struct pd_sock;
struct pd_stats;
struct pd_tunnel;
struct pd_worker;

TAILQ_HEAD(pd_tunnel_list, pd_tunnel);

enum pd_tunnel_end { PD_TUNNEL_CLOSED, PD_TUNNEL_BROKEN, PD_TUNNEL_TIMEOUT };

struct pd_tunnel_params {
	struct pd_worker *worker;
	struct pd_conf *conf;              /* borrowed until done */
	struct pd_tunnel_list *list;       /* of the worker's tunnels */
	struct pd_sock *client, *upstream; /* taken, with what they hold */
	/* Called once, unless the tunnel is destroyed: bytes towards the
	 * client, bytes from it. The tunnel is gone already. */
	void (*done)(void *arg, enum pd_tunnel_end end, uint64_t to_client,
	    uint64_t to_upstream);
	void *arg;
};

void pd_tunnel_start(const struct pd_tunnel_params *params);
/* Ends every tunnel of the list as BROKEN. */
void pd_tunnel_close_all(struct pd_tunnel_list *list);

#endif
