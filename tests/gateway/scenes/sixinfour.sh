#!/bin/bash
# One's own 6in4 server: an island with IPv4 alone gets an address of the
# server's on-link network, for which the server answers (NDP proxy).
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_link sit remote 198.51.100.2 local 198.51.100.1

hosts isp server island web
cable isp i0 2001:db8:1::ffff/64 server s0 2001:db8:1::1/64
cable server s1 198.51.100.1/24 island l0 198.51.100.2/24
cable isp i1 2001:db8:5::1/64 web w0 2001:db8:5::10/64
in_ isp sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n web -6 route add default via 2001:db8:5::1
ip -n server -6 route add default via 2001:db8:1::ffff
site web "hello from the web"
# User-mode Linux has no nftables: then without the MSS clamp and NAT.
cp "$examples/island.conf" "$work/island.conf"
cp "$examples/island-client.conf" "$work/client.conf"
nft delete table inet probe 2>/dev/null
nft add table inet probe 2>/dev/null ||
	sed -i "s|intercept = .*|&\n    packet-filter = \"own\"|" "$work/island.conf" "$work/client.conf"
before server
before island
check "the server comes up" gw server up -c "$work/island.conf"
check "the island comes up" gw island up -c "$work/client.conf"
check "the tunnel's ends see each other" soon in_ island ping -c 1 -W 1 2001:db8:1::2
check "the island reaches the web" soon in_ island ping -c 1 -W 1 2001:db8:5::10
check "the web reaches the island" in_ web ping -c 1 -W 2 2001:db8:1::3
check "a page" same "$(get island "http://[2001:db8:5::10]/")" "hello from the web"
check "a full-sized packet" in_ island ping -c 1 -W 2 -M "do" -s 1432 2001:db8:5::10
check "a second up does nothing" silent server gw server up -c "$work/island.conf"
check "status" gw server status -c "$work/island.conf"
check "the island goes down" gw island down -c "$work/client.conf"
check "the server goes down" gw server down -c "$work/island.conf"
check "nothing is left on the server" after server
check "nor on the island" after island
verdict
