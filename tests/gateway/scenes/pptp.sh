#!/bin/bash
# A real PPTP client dials a real PPTP server, MPPE-128 inside, and browses.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
modprobe -qa ppp_async ppp_mppe
[ -e /dev/ppp ] || lacks PPP

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
site web "hello from the web"
sed 's/intercept = .*/intercept = "no"/' "$examples/seed-pptp.conf" >"$work/old.conf"
nat=203.0.113.1
if [ $has_nft = no ]; then
	sed -i "s|intercept = .*|&\n    packet-filter = \"own\"|" "$work/old.conf"
	# User-mode Linux has no nftables: as it is, the web knows the way back.
	sed -i 's/intercept = "no"/&\n    ipv4 = "routed"/; s/ipv6 = "refuse"/ipv6 = "routed"/' "$work/old.conf"
	ip -n web route add 192.168.77.0/24 via 203.0.113.1
	nat=192.168.77.23
fi
: >/etc/ppp/chap-secrets
printf '# somebody else\nother * secret *\n' >/etc/ppp/chap-secrets
before gate
check "up, with its warning" sh -c "ip netns exec gate $build/pared-gateway up -c $work/old.conf 2>&1 | grep -i 'broken'"
echo 'pass "word" #1' >"$work/password"
check "a client is added" sh -c \
	"ip netns exec gate $build/pared-gateway client add kim --password-stdin -c $work/old.conf < $work/password"
check "the server listens" soon in_ phone nc -z 198.51.100.1 1723

dial() {
	in_ phone pppd pty "pptp 198.51.100.1 --nolaunchpppd" nodetach noauth \
		user kim password "$1" remotename pptpd \
		refuse-eap refuse-pap require-mppe-128 nobsdcomp nodeflate \
		novj noipdefault defaultroute logfile "$work/client.log"
}
dial 'pass "word" #1' >"$work/pppd.log" 2>&1 &
soon sh -c "ip -n phone -4 address show dev ppp0 | grep inet"
check "MPPE-128 agreed" soon grep "MPPE 128-bit stateless" "$work/client.log"
check "an address of the pool" sh -c "ip -n phone address show dev ppp0 | grep -E '192.168.77.23[4-8]'"
check "the server's end answers" soon in_ phone ping -c 1 -W 1 192.168.77.1
check "a page through the tunnel" same "$(get phone http://203.0.113.10/)" "hello from the web"
check "the site saw the client" grep -F $nat "$work/web.log"
check "a full-sized packet" in_ phone ping -c 1 -M "do" -s 1368 203.0.113.10
check "status knows who" sh -c "ip netns exec gate $build/pared-gateway status -c $work/old.conf | grep -w kim"
check "a wrong password is refused" not dial wrong
check "revoked, and cut off at once" sh -c "ip netns exec gate $build/pared-gateway client revoke kim -c $work/old.conf"
check "the session is gone" soon not ip -n phone link show ppp0
check "down" gw gate down -c "$work/old.conf"
check "nothing is left" after gate
verdict
