#!/bin/bash
# A phone's built-in IKEv2 client: the gateway shows a certificate of its own
# authority, the phone a name and password (EAP-MSCHAPv2).
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/gateway/device.sh
. "$here/device.sh"
[ -x /usr/lib/ipsec/charon ] || lacks strongSwan
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24,2001:db8:5::1/64 web w0 203.0.113.10/24,2001:db8:5::10/64
ip -n gate route add default via 203.0.113.10
ip -n gate -6 route add default via 2001:db8:5::10
site web "hello from the web"
native_conf eap >"$work/native.conf"
before gate
check "up" gw gate up -c "$work/native.conf"
printf 'pass "word" \\1\n' >"$work/password"
check "a client is added" sh -c \
	"ip netns exec gate $build/pared-gateway client add kim --password-stdin --mobileconfig -c $work/native.conf < $work/password > $work/kim.mobileconfig"
device phone "auth = eap-mschapv2
	eap_id = kim" 'eap-kim { id = kim
	secret = "pass \"word\" \\1" }'
check "the phone gets in" ask phone --initiate --child all --timeout 20
check "an address of the pool" sh -c "ip -n phone address | grep 10.78.0"
check "the gateway answers in the tunnel" soon in_ phone ping -c 1 -W 2 10.78.0.1
check "a page through the tunnel" same "$(get phone http://203.0.113.10/)" "hello from the web"
check "the site saw the gateway" grep -F 203.0.113.1 "$work/web.log"
check "an IPv6 page" same "$(get phone "http://[2001:db8:5::10]/")" "hello from the web"
check "status knows who" sh -c "ip netns exec gate $build/pared-gateway status -c $work/native.conf | grep -w kim"
check "a second up does nothing" silent gate gw gate up -c "$work/native.conf"
check "revoked" gw gate client revoke kim -c "$work/native.conf"
check "and cut off at once" soon not in_ phone ping -c 1 -W 1 10.78.0.1
check "and does not get in again" not ask phone --initiate --child all --timeout 5
check "down" gw gate down -c "$work/native.conf"
check "nothing is left" after gate
verdict
