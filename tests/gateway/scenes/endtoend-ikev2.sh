#!/bin/bash
# A phone by the IKEv2 client that it has loads a page through pared: led there,
# and by PAC; the access log has the name that `client add` gave it.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/gateway/page.sh
. "$here/page.sh"
# shellcheck source=tests/gateway/device.sh
. "$here/device.sh"
[ -x /usr/lib/ipsec/charon ] || lacks strongSwan
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
page web
native_conf eap | sed 's/intercept = .*/intercept = "redirect"/' >"$work/native.conf"
for name in ann kim; do
	echo "secret of $name" | gw gate client add $name --password-stdin \
		--mobileconfig -c "$work/native.conf" >/dev/null
done
page_proxy gate 10.78.0.0/24 10.78.0.1 /var/lib/pared-gateway/native.devices.conf
check "up" gw gate up -c "$work/native.conf"
named phone kim '"secret of kim"'
check "the phone gets in" ask phone --initiate --child all --timeout 20
soon in_ phone ping -c 1 -W 1 10.78.0.1
page_checks phone gate 10.78.0.1 '"device":"kim"'
check "down" gw gate down -c "$work/native.conf"
verdict
