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
	ip netns exec phone ping -c 1 -W 1 10.77.0.1"
check "revoked" gw gate client revoke kim -c "$work/home.conf"
check "and cut off at once" not in_ phone ping -c 2 -W 1 10.77.0.1
check "down" gw gate down -c "$work/home.conf"
check "nothing is left" after gate
check "no socket either" [ ! -e /run/wireguard/wg-phones.sock ]
verdict
