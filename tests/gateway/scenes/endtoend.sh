#!/bin/bash
# A phone in a WireGuard tunnel loads a page through pared: led there, and by
# PAC; the access log has the name that `client add` gave it.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/gateway/page.sh
. "$here/page.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
page web
sed 's/vpn.example.org/198.51.100.1/; /^resolver/,$d; s/{"self"}/{"203.0.113.10"}/' \
	"$examples/phones.conf" >"$work/home.conf"
gw gate client add kim -c "$work/home.conf" --conf >"$work/kim.conf"
page_proxy gate 10.77.0.0/24 10.77.0.1 /var/lib/pared-gateway/home.devices.conf
check "up" gw gate up -c "$work/home.conf"
wg_conf phone wg-phone "$work/kim.conf"
ip -n phone route add default dev wg-phone
soon in_ phone ping -c 1 -W 1 10.77.0.1
page_checks phone gate 10.77.0.1 kim
check "down" gw gate down -c "$work/home.conf"
verdict
