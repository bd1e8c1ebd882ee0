#!/bin/bash
# An old tablet: PPTP, and a page through pared, whose access log has the name
# that `client add` gave it. User-mode Linux has PPP and no nftables: there the
# one rule is made by hand, the older way.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/gateway/page.sh
. "$here/page.sh"
modprobe -qa ppp_async ppp_mppe
[ -e /dev/ppp ] || lacks PPP

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
page web
cp "$examples/seed-pptp.conf" "$work/old.conf"
if [ $has_nft = no ]; then
	sed -i 's/intercept = "redirect"/intercept = "no"\n    packet-filter = "own"\n    ipv4 = "routed"/; s/ipv6 = "refuse"/ipv6 = "routed"/' \
		"$work/old.conf"
	ip -n web route add 192.168.77.0/24 via 203.0.113.1
	in_ gate iptables-legacy -t nat -A PREROUTING -i 'ppp+' -p tcp --dport 80 \
		! -d 192.168.77.1 -j REDIRECT --to-ports 3129 || lacks REDIRECT
fi
echo 'a secret' | gw gate client add kim --password-stdin -c "$work/old.conf"
page_proxy gate 192.168.77.0/24 192.168.77.1 /var/lib/pared-gateway/old.devices.conf
check "up" gw gate up -c "$work/old.conf"
soon listens gate t 1723
in_ phone pppd pty "pptp 198.51.100.1 --nolaunchpppd" nodetach noauth \
	user kim password 'a secret' remotename pptpd refuse-eap refuse-pap \
	require-mppe-128 nobsdcomp nodeflate novj noipdefault defaultroute \
	logfile "$work/client.log" >"$work/pppd.log" 2>&1 &
soon sh -c "ip -n phone -4 address show dev ppp0 | grep inet"
soon in_ phone ping -c 1 -W 1 192.168.77.1
page_checks phone gate 192.168.77.1 '"device":"kim"'
check "down" gw gate down -c "$work/old.conf"
verdict
