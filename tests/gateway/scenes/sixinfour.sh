#!/bin/bash
# One's own 6in4 server: an island with IPv4 alone gets an address of the
# server's on-link network, for which the server answers (NDP proxy). And 6to4.
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
[ $has_nft = yes ] ||
	sed -i "s|intercept = .*|&\n    packet-filter = \"own\"|" "$work/island.conf" "$work/client.conf"
before server
before island
check "the server comes up" gw server up -c "$work/island.conf"
check "the island comes up" gw island up -c "$work/client.conf"
check "the tunnel's ends see each other" soon in_ island ping -c 1 -W 1 2001:db8:1::2
check "the island reaches the web" soon in_ island ping -c 1 -W 1 2001:db8:5::10
check "the web reaches the island" in_ web ping -c 1 2001:db8:1::3
check "a page" same "$(get island "http://[2001:db8:5::10]/")" "hello from the web"
check "a full-sized packet" in_ island ping -c 1 -M "do" -s 1432 2001:db8:5::10
check "a second up does nothing" silent server gw server up -c "$work/island.conf"
check "status" gw server status -c "$work/island.conf"
check "the island goes down" gw island down -c "$work/client.conf"
check "the server goes down" gw server down -c "$work/island.conf"
check "nothing is left on the server" after server
check "nor on the island" after island

# 6to4: two who know nothing of each other but the IPv4 address in the IPv6 one;
# and a relay, made by hand, to those who have none.
own=
[ $has_nft = yes ] || own='packet-filter = "own"'
cat >"$work/there.conf" <<C
gateway there { $own intercept = "no" uplink = "s1" }
tunnel world { type = "sit" remote = "any" local = "198.51.100.1" }
C
cat >"$work/here.conf" <<C
gateway here { $own intercept = "no" uplink = "l0" }
tunnel world {
	type = "sit"
	remote = "any"
	local = "198.51.100.2"
	relay = "198.51.100.1"
}
uplink world { prefix = "2002:c633:6402::/48" link = "world" }
C
before server
before island
check "6to4 comes up" gw server up -c "$work/there.conf"
check "and over there" gw island up -c "$work/here.conf"
check "both see each other" soon in_ island ping -c 1 -W 1 2002:c633:6401::1
check "a full-sized packet by 6to4" in_ island ping -c 1 -M "do" -s 1432 2002:c633:6401::1
check "what is on no link of ours does not go round and round" sh -c \
	"ip netns exec island ping -c 1 2002:c633:6402:7::1 2>&1 | grep -iE 'no route|unreachable'"
check "a second up does nothing with 6to4" silent island gw island up -c "$work/here.conf"
check "status of 6to4" gw island status -c "$work/here.conf"
check "6to4 goes down" gw island down -c "$work/here.conf"
check "and over there" gw server down -c "$work/there.conf"
check "nothing of it is left" after island
check "nor over there" after server
ip -n server link add 6to4 type sit local 198.51.100.1 ttl 64
ip -n server link set 6to4 up
ip -n server -6 address add 2002:c633:6401::1/16 dev 6to4
in_ server sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n isp -6 route add 2002::/16 via 2001:db8:1::1
gw island up -c "$work/here.conf"
check "a relay leads who has a 6to4 address to the web" soon \
	in_ island ping -c 1 -W 1 -I 2002:c633:6402::1 2001:db8:5::10
check "and is no default route" not in_ island ip -6 route get 2001:db8:5::10
verdict
