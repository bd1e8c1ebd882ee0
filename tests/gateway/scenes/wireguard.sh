#!/bin/bash
# A phone's WireGuard tunnel carries all it does, IPv4 and IPv6; it is made by
# `client add`, and cut at once by `client revoke`.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24,2001:db8:5::1/64 web w0 203.0.113.10/24,2001:db8:5::10/64
ip -n gate route add default via 203.0.113.10
ip -n gate -6 route add default via 2001:db8:5::10
site web "hello from the web"
cat >"$work/home.conf" <<'C'
gateway home {
    uplink = "auto"
    endpoint = "198.51.100.1"
    intercept = "no"
}
tunnel phones {
    type = "wireguard"
    address = {"10.77.0.1/24", "fd77::1/64"}
    dns = {"10.77.0.1"}
}
C
before gate
check "up" gw gate up -c "$work/home.conf"
check "a client is added while it is up" sh -c \
	"ip netns exec gate $build/pared-gateway client add kim -c $work/home.conf --conf > $work/kim.conf"
check "its file routes both families into the tunnel" grep -E '^AllowedIPs *= *0.0.0.0/0, *::/0' "$work/kim.conf"
wg_conf phone wg-phone "$work/kim.conf"
ip -n phone route add default dev wg-phone
ip -n phone -6 route add default dev wg-phone
check "the gateway answers in the tunnel" soon in_ phone ping -c 1 -W 1 10.77.0.1
check "an IPv4 page" same "$(get phone http://203.0.113.10/)" "hello from the web"
check "an IPv6 page" same "$(get phone "http://[2001:db8:5::10]/")" "hello from the web"
check "the site saw the gateway's IPv4 address" grep -F 203.0.113.1 "$work/web.log"
check "the site saw the gateway's IPv6 address" grep -F "2001:db8:5::1" "$work/web.log"
check "a full-sized packet" in_ phone ping -c 1 -M "do" -s 1392 203.0.113.10
check "status names the client" sh -c "ip netns exec gate $build/pared-gateway status -c $work/home.conf | grep -w kim"
check "a second up does nothing" silent gate gw gate up -c "$work/home.conf"
check "a second client does not disturb the first" sh -c \
	"ip netns exec gate $build/pared-gateway client add lee -c $work/home.conf --conf > $work/lee.conf &&
	ip netns exec phone ping -c 1 10.77.0.1"
check "revoked" gw gate client revoke kim -c "$work/home.conf"
check "and cut off at once" not in_ phone ping -c 1 -W $moment 10.77.0.1
# Two tunnels, and then each with the other's port.
two() { # PORT PORT
	sed "s/^    type = .*/&\n    listen = $1/" "$work/home.conf"
	echo "tunnel more { type = \"wireguard\" address = {\"10.79.0.1/24\"} listen = $2 }"
}
two 51820 51821 >"$work/two.conf"
two 51821 51820 >"$work/swapped.conf"
check "a second tunnel" gw gate up -c "$work/two.conf"
check "both with the other's port" gw gate up -c "$work/swapped.conf"
check "status" gw gate status -c "$work/swapped.conf"
check "and back" gw gate up -c "$work/two.conf"
# Two peers by name, of which the server refuses the first.
names gate --address=/good.lab.test/198.51.100.2
mkdir -p /etc/netns/gate
echo "nameserver 127.0.0.1" >/etc/netns/gate/resolv.conf
called() { # PORT NET.1/24 NAME
	echo "tunnel ${3%%.*} { type = \"wireguard\" listen = $1 address = {\"$2\"}
		peer = \"$(wg genkey | wg pubkey)\" endpoint = \"$3:51820\" allowed = {\"${2%.1/24}.0/24\"} }"
}
{
	cat "$work/two.conf"
	called 51823 10.80.0.1/24 bad.lab.test
	called 51824 10.81.0.1/24 good.lab.test
} >"$work/named.conf"
check "two peers by name" gw gate up -c "$work/named.conf"
cp "$work/out" "$work/said"
check "the one is told" grep "bad.lab.test.*cannot be called" "$work/said"
check "the other is called" sh -c \
	"ip netns exec gate wg show wg-good endpoints | grep -F 198.51.100.2:51820"
check "down" gw gate down -c "$work/named.conf"
check "nothing is left" after gate
check "no socket either" [ ! -e /run/wireguard/wg-phones.sock ]
verdict
