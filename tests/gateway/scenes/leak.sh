#!/bin/bash
# An uplink with IPv4 alone: a dual-stack client's IPv6 is refused at once and
# never leaves beside the tunnel, whatever the configuration says of IPv6.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24,2001:db8:5::10/64
ip -n gate route add default via 203.0.113.10
site web "hello from the web"
for ipv6 in nat refuse; do
	sed "s/intercept = .*/intercept = \"no\"/; s/ipv6 = .*/ipv6 = \"$ipv6\"/; s/vpn.example.org/198.51.100.1/; s/{\"self\"}/{\"10.77.0.1\"}/; /^resolver/,\$d" \
		"$examples/phones.conf" >"$work/$ipv6.conf"
	before gate
	check "$ipv6: up" gw gate up -c "$work/$ipv6.conf"
	gw gate client add kim -c "$work/$ipv6.conf" --conf >"$work/kim.conf"
	wg_conf phone wg-phone "$work/kim.conf"
	ip -n phone route add default dev wg-phone
	ip -n phone -6 route add default dev wg-phone
	soon in_ phone ping -c 1 -W 1 10.77.0.1
	in_ web timeout 20 tcpdump -lni w0 ip6 and not icmp6 >"$work/seen" 2>/dev/null &
	check "$ipv6: the phone is told at once" sh -c \
		"ip netns exec phone ping -6 -c 1 -W 3 2001:db8:5::10 | grep -iE 'unreachable|prohibited'"
	check "$ipv6: so a browser falls back within a second" sh -c \
		"ip netns exec phone curl -sS --max-time 2 --resolve dual.lab.test:80:[2001:db8:5::10],203.0.113.10 http://dual.lab.test/ | grep hello"
	check "$ipv6: nothing of it came out" [ ! -s "$work/seen" ]
	[ $ipv6 = refuse ] ||
		check "$ipv6: check says so" sh -c "ip netns exec gate $build/pared-gateway check -c $work/$ipv6.conf 2>&1 | grep -i ipv6"
	gw gate client revoke kim -c "$work/$ipv6.conf" >/dev/null
	check "$ipv6: down" gw gate down -c "$work/$ipv6.conf"
	check "$ipv6: nothing is left" after gate
	ip -n phone link delete wg-phone
	sleep 0.3
done
verdict
