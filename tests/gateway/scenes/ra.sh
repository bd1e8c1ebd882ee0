#!/bin/bash
# A machine whose IPv6 default route came by advertisement keeps it: forwarding
# would delete it at once.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts isp gate
cable isp i0 2001:db8:1::ffff/64,198.51.100.254/24 gate eth0 198.51.100.1/24
ip -n gate route add default via 198.51.100.254
in_ isp sysctl -qw net.ipv6.conf.all.forwarding=1
cat >"$work/radvd.conf" <<'C'
interface i0 {
	AdvSendAdvert on;
	MinRtrAdvInterval 3;
	MaxRtrAdvInterval 4;
	prefix 2001:db8:1::/64 { };
};
C
in_ isp radvd -n -m stderr -C "$work/radvd.conf" -p "$work/radvd.pid" 2>"$work/radvd.log" &
learned() { ip -n gate -6 route show default | grep -q 'proto ra'; }
check "the default route comes by advertisement" soon learned
soon sh -c "ip -n gate -6 address show dev eth0 | grep 2001:db8:1:"
before gate
listen gate
check "up" gw gate up -c "$examples/phones.conf"
check "the route is there" learned
check "down" gw gate down -c "$examples/phones.conf"
check "the route is there after down" learned
heard gate >"$work/told"
check "the kernel told of what up did" grep wg-phones "$work/told"
check "and of no default route that went" not grep 'Deleted default' "$work/told"
check "nothing is left" after gate
verdict
