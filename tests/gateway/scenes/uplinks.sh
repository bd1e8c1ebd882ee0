#!/bin/bash
# Two IPv6 uplinks whose providers each drop foreign source addresses: answers
# leave by the uplink that their own address belongs to.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts box native broker web
cable box b0 2001:db8:a::2/64 native n0 2001:db8:a::1/64
cable box he6 2001:db8:b::2/64 broker k0 2001:db8:b::1/64
cable native n1 2001:db8:5::1/64 web w0 2001:db8:5::10/64
cable broker k1 2001:db8:6::1/64 web w1 2001:db8:6::10/64
ip -n web -6 address add 2001:db8:cafe::1/128 dev lo
ip -n native -6 route add 2001:db8:cafe::/64 via 2001:db8:5::10
ip -n broker -6 route add 2001:db8:cafe::/64 via 2001:db8:6::10
for provider in "native n0 a" "broker k0 b"; do
	read -r name link letter <<<"$provider"
	in_ "$name" sysctl -qw net.ipv6.conf.all.forwarding=1
	in_ "$name" nft -f - <<N
table ip6 provider {
	chain forward { type filter hook forward priority filter;
		iifname $link ip6 saddr != 2001:db8:$letter::/64 drop; }
}
N
done
ip -n web -6 route add 2001:db8:a::/64 via 2001:db8:5::1
ip -n web -6 route add 2001:db8:b::/64 via 2001:db8:6::1
ip -n box -6 route add default via 2001:db8:a::1

ask() { in_ web ping -c 1 -W 1 -I 2001:db8:cafe::1 "$1"; }
check "the default uplink's address answers" soon ask 2001:db8:a::2
check "the other one's does not" not ask 2001:db8:b::2
before box
check "up" gw box up -c "$examples/uplinks.conf"
check "with the gateway it does" soon ask 2001:db8:b::2
check "the first still answers" ask 2001:db8:a::2
check "a second up does nothing" silent box gw box up -c "$examples/uplinks.conf"
check "down" gw box down -c "$examples/uplinks.conf"
check "nothing is left" after box
verdict
