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
	in_ web nft -f - <<'N'
table inet seen {
	counter ipv6 { }
	chain prerouting { type filter hook prerouting priority raw;
		meta nfproto ipv6 iifname w0 meta l4proto != ipv6-icmp counter name ipv6; }
}
N
	check "$ipv6: the phone is told" sh -c \
		"ip netns exec phone ping -6 -c 1 2001:db8:5::10 | grep -iE 'unreachable|prohibited'"
	# 7: it could not connect; 28: it waited in vain.
	got=0
	in_ phone curl -gsS --max-time 20 "http://[2001:db8:5::10]/" 2>/dev/null || got=$?
	check "$ipv6: and a browser, which needs no time to run out" same "$got" 7
	check "$ipv6: so it falls back to IPv4" sh -c \
		"ip netns exec phone curl -sS --max-time 60 --resolve dual.lab.test:80:[2001:db8:5::10],203.0.113.10 http://dual.lab.test/ | grep hello"
	check "$ipv6: nothing of it came out" sh -c \
		"ip netns exec web nft list counter inet seen ipv6 | grep 'packets 0 '"
	[ $ipv6 = refuse ] ||
		check "$ipv6: check says so" sh -c "ip netns exec gate $build/pared-gateway check -c $work/$ipv6.conf 2>&1 | grep -i ipv6"
	gw gate client revoke kim -c "$work/$ipv6.conf" >/dev/null
	check "$ipv6: down" gw gate down -c "$work/$ipv6.conf"
	check "$ipv6: nothing is left" after gate
	wg_gone phone wg-phone
done
verdict
