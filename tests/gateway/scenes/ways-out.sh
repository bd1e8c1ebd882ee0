#!/bin/bash
# Machines whose way out is not one default route by one link: each family by a
# link of its own, IPv4 by two at once, next hops that are objects; a kernel
# without IPv6; and forwarded ports that are dialled by every uplink.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web box
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate eth0.100 203.0.113.1/24 web w0 203.0.113.10/24
cable gate enx0123456789ab 203.0.114.1/24 web w1 203.0.114.10/24
cable gate he6 2001:db8:5::1/64 web w2 2001:db8:5::10/64
cable gate he7 2001:db8:7::1/64 web w3 2001:db8:7::10/64
cable gate br0 10.0.3.1/24,fd03::1/64 box b0 10.0.3.2/24,fd03::2/64
ip -n box route add default via 10.0.3.1
ip -n box -6 route add default via fd03::1
ip -n web address add 192.0.2.80/32 dev lo
ip -n web -6 address add 2001:db8:cafe::80/128 dev lo
site web "hello from the web"
site box "hello from the box"
cat >"$work/home.conf" <<'C'
gateway home {
	endpoint = "198.51.100.1"
	intercept = "no"
}
tunnel phones {
	type = "wireguard"
	address = {"10.77.0.1/24", "fd77::1/64"}
	dns = {"9.9.9.9"}
}
C
gw gate client add kim -c "$work/home.conf" --conf >"$work/kim.conf"
wg_conf phone wg-phone "$work/kim.conf"
ip -n phone route add default dev wg-phone
ip -n phone -6 route add default dev wg-phone
pages() { # WHAT
	local n
	soon in_ phone ping -c 1 -W 1 10.77.0.1
	# By the hash of addresses and ports, both hops get some.
	for n in 1 2 3 4 5 6; do
		check "$1: an IPv4 page, $n" get phone http://192.0.2.80/
	done
	check "$1: an IPv6 page" get phone "http://[2001:db8:cafe::80]/"
}

in_ gate sysctl -qw net.ipv4.fib_multipath_hash_policy=1
ip -n gate route add default nexthop via 203.0.113.10 dev eth0.100 \
	nexthop via 203.0.114.10 dev enx0123456789ab
ip -n gate -6 route add default via 2001:db8:5::10 dev he6
before gate
check "up" gw gate up -c "$work/home.conf"
pages "by two links, and a third"
check "a second up does nothing" silent gate gw gate up -c "$work/home.conf"
check "down" gw gate down -c "$work/home.conf"
check "nothing is left" after gate

in_ gate sysctl -qw net.ipv4.nexthop_compat_mode=0
ip -n gate route delete default
ip -n gate -6 route delete default
ip -n gate nexthop add id 1 via 203.0.113.10 dev eth0.100
ip -n gate nexthop add id 2 via 203.0.114.10 dev enx0123456789ab
ip -n gate nexthop add id 3 group 1/2
ip -n gate nexthop add id 4 via 2001:db8:5::10 dev he6
ip -n gate route add default nhid 3
ip -n gate -6 route add default nhid 4
check "up with next hops as objects" gw gate up -c "$work/home.conf"
pages "by objects"
check "down from there" gw gate down -c "$work/home.conf"

# The default is one, and the others answer by themselves.
cat >"$work/ports.conf" <<'C'
gateway ports {
	intercept = "no"
}
uplink two {
	prefix = "203.0.114.0/24"
	via = "203.0.114.10"
	link = "enx0123456789ab"
}
uplink seven {
	prefix = "2001:db8:7::/64"
	via = "2001:db8:7::10"
	link = "he7"
}
forward box {
	port = "tcp 8080"
	to = "10.0.3.2:80"
}
forward box6 {
	port = "tcp 8080"
	to = "[fd03::2]:80"
}
C
ip -n gate route replace default nhid 1
for pair in "eth0.100 203.0.113" "enx0123456789ab 203.0.114"; do
	read -r link net <<<"$pair"
	# A provider drops what has another's address; and the strict check of
	# the way back.
	in_ gate sysctl -qw "net/ipv4/conf/$link/rp_filter=1"
	in_ gate nft -f - <<N
table inet providers {
	chain by_${net##*.} {
		type filter hook postrouting priority 300;
		oifname $link ip saddr != $net.0/24 drop
	}
}
N
done
before gate
check "up with uplinks by source" gw gate up -c "$work/ports.conf"
dial() { # FROM URL
	in_ web curl -gsS --max-time 10 --interface "$1" "$2"
}
for address in 203.0.113.1 203.0.114.1; do
	check "a forwarded port by $address" \
		same "$(dial 192.0.2.80 "http://$address:8080/")" "hello from the box"
done
for address in 2001:db8:5::1 2001:db8:7::1; do
	check "a forwarded port by $address" \
		same "$(dial 2001:db8:cafe::80 "http://[$address]:8080/")" "hello from the box"
done
check "a second up of these does nothing" silent gate gw gate up -c "$work/ports.conf"
check "down of these" gw gate down -c "$work/ports.conf"
check "nothing is left of these" after gate

in_ gate sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
sed 's/"no"/"tproxy"/; s/, "fd77::1.64"//' "$work/home.conf" >"$work/four.conf"
check "up without IPv6" gw gate up -c "$work/four.conf"
check "status without IPv6" gw gate status -c "$work/four.conf"
check "down without IPv6" gw gate down -c "$work/four.conf"
verdict
