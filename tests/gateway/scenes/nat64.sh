#!/bin/bash
# A network with IPv6 alone: radvd hands out addresses and the resolver, unbound
# makes AAAA records up (DNS64), tayga translates (NAT64).
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
ip tuntap add probe mode tun 2>/dev/null || lacks TUN
ip link delete probe
needs_nft

hosts phone gate web
cable phone p0 - gate lan6 -
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
site web "hello from the IPv4 web"
names web --address=/www.lab.test/203.0.113.10 \
	--address=/ads.lab.test/203.0.113.10
# Its owner is not root: what is more than a name must not be obeyed.
printf '%s\n' 'local-zone: "ads.lab.test" always_null' 'username: ""' \
	'server: module-config: "nonsense"' >"$work/blocked"
sed "s|forward = .*|forward = {\"203.0.113.10\"}\n    blocklist = \"$work/blocked\"\n    private-names = true|" \
	"$examples/nat64.conf" >"$work/six.conf"
chmod 755 "$work"
before gate
check "up" gw gate up -c "$work/six.conf"
in_ phone sysctl -qw net.ipv6.conf.p0.accept_ra=2
check "the phone gave itself an address" soon sh -c \
	"ip -n phone -6 address show dev p0 | grep 2001:db8:77"
check "the advertisement names the resolver" soon sh -c \
	"ip netns exec phone rdisc6 -1 p0 | grep 'Recursive DNS server.*2001:db8:77::1'"
check "an IPv4-only name gets an AAAA" soon sh -c \
	"ip netns exec phone dig +short +time=2 AAAA www.lab.test @2001:db8:77::1 | grep -i 2001:db8:64::cb00:710a"
check "a blocked name gets nothing" soon sh -c \
	"ip netns exec phone dig +short +time=2 AAAA ads.lab.test @2001:db8:77::1 | grep -x ::"
check "nothing else of the list is heeded" not grep -E 'username|module' \
	/run/pared-gateway/gateway-*/blocked.conf
check "ping across" soon in_ phone ping -c 1 -W 1 2001:db8:64::203.0.113.10
check "a page across" same "$(get phone "http://[2001:db8:64::203.0.113.10]/")" "hello from the IPv4 web"
check "the site saw the gateway" grep -F 203.0.113.1 "$work/web.log"
# The kernel tells of the link's carrier up to a second late.
soon sh -c "ip -n gate link show nat64 | grep 'state UP'"
check "a second up does nothing" silent gate gw gate up -c "$work/six.conf"
ip -n gate link delete nat64
check "status sees the translator's link gone" not gw gate status -c "$work/six.conf"
check "up makes it anew" gw gate up -c "$work/six.conf"
check "and a page comes across again" soon sh -c \
	"ip netns exec phone curl -gsS --max-time 5 'http://[2001:db8:64::203.0.113.10]/' | grep 'hello from the IPv4 web'"
check "status" gw gate status -c "$work/six.conf"
check "down" gw gate down -c "$work/six.conf"
check "nothing is left" after gate
verdict
