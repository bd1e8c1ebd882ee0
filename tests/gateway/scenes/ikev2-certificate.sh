#!/bin/bash
# IKEv2 with certificates on both sides, of the gateway's own authority; the
# device gets its own in PKCS#12, and a revoked one opens nothing.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/gateway/device.sh
. "$here/device.sh"
[ -x /usr/lib/ipsec/charon ] || lacks strongSwan
needs_nft

hosts phone laptop gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable laptop l0 198.51.101.2/24 gate g2 198.51.101.1/24
ip -n laptop route add 198.51.100.1 via 198.51.101.1
cable gate g1 203.0.113.1/24,2001:db8:5::1/64 web w0 203.0.113.10/24,2001:db8:5::10/64
ip -n gate route add default via 203.0.113.10
ip -n gate -6 route add default via 2001:db8:5::10
site web "hello from the web"
native_conf certificate >"$work/native.conf"
before gate
check "up" gw gate up -c "$work/native.conf"
# certified NAME HOST: a client is added, and its device has what it is given.
certified() {
	local password at=$work/$2
	gw gate client add "$1" --p12 -c "$work/native.conf" \
		>"$work/$1.p12" 2>"$work/told" || return
	password=$(sed -n 's/^the certificate.s password is //p' "$work/told")
	mkdir -p "$at/x509" "$at/private"
	openssl pkcs12 -legacy -in "$work/$1.p12" -passin "pass:$password" \
		-nokeys -clcerts -out "$at/x509/$1.pem" &&
		openssl pkcs12 -legacy -in "$work/$1.p12" \
			-passin "pass:$password" -nocerts -nodes -out "$at/private/$1.pem"
}
check "a client is added, the key comes out of its file" certified kim phone
check "another" certified lee laptop
device phone "auth = pubkey
	certs = kim.pem
	id = kim" ""
# As Windows calls itself.
device laptop "auth = pubkey
	certs = lee.pem
	id = \"CN=lee\"" ""
check "the phone gets in" ask phone --initiate --child all --timeout 20
check "the laptop gets in" ask laptop --initiate --child all --timeout 20
check "it has its address" sh -c "ip -n laptop address | grep -wF 10.78.0.3"
check "of IPv6 as well" sh -c "ip -n laptop address | grep -wF fd78::3"
check "the phone has its own" sh -c "ip -n phone address | grep -wF 10.78.0.2"
check "the gateway answers in the tunnel" soon in_ phone ping -c 1 -W 2 10.78.0.1
check "a page through the tunnel" same "$(get phone http://203.0.113.10/)" "hello from the web"
check "the site saw the gateway" grep -F 203.0.113.1 "$work/web.log"
check "an IPv6 page" same "$(get phone "http://[2001:db8:5::10]/")" "hello from the web"
check "status knows who" sh -c "ip netns exec gate $build/pared-gateway status -c $work/native.conf | grep -w kim"
check "a second up does nothing" silent gate gw gate up -c "$work/native.conf"
check "revoked" gw gate client revoke kim -c "$work/native.conf"
check "and cut off at once" soon not in_ phone ping -c 1 -W 1 10.78.0.1
check "and does not get in again" not ask phone --initiate --child all --timeout 5
check "by the list of what was revoked" grep "certificate was revoked" \
	/run/pared-gateway/gateway-native/charon.log
check "down" gw gate down -c "$work/native.conf"
check "nothing is left" after gate
verdict
