#!/bin/bash
# Phones' built-in IKEv2 clients: the gateway shows a certificate of its own
# authority, a phone a name and password (EAP-MSCHAPv2), and gets the address
# that is its own.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/gateway/device.sh
. "$here/device.sh"
[ -x /usr/lib/ipsec/charon ] || lacks strongSwan
needs_nft

hosts phone tablet laptop gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable tablet t0 198.51.101.2/24 gate g2 198.51.101.1/24
cable laptop l0 198.51.102.2/24 gate g3 198.51.102.1/24
cable gate g1 203.0.113.1/24,2001:db8:5::1/64 web w0 203.0.113.10/24,2001:db8:5::10/64
ip -n tablet route add 198.51.100.1 via 198.51.101.1
ip -n laptop route add 198.51.100.1 via 198.51.102.1
ip -n gate route add default via 203.0.113.10
ip -n gate -6 route add default via 2001:db8:5::10
site web "hello from the web"
native_conf eap >"$work/native.conf"
add() { # NAME PASSWORD [OPTION...]
	local name=$1 password=$2
	shift 2
	printf '%s\n' "$password" |
		gw gate client add "$name" --password-stdin -c "$work/native.conf" "$@"
}
# has HOST ADDRESS ADDRESS6, and nothing else of the pool.
has() {
	same "$(ip -n "$1" -o address | grep -oE '(10\.78\.|fd78:)[^/ ]*' |
		sort | xargs)" "$2 $3"
}
comes() { # HOST: gets in, and hears the gateway
	ask "$1" --initiate --child all --timeout 20 &&
		soon in_ "$1" ping -c 1 -W 2 10.78.0.1
}
stays() { in_ "$1" ping -c 1 -W 2 10.78.0.1; }

before gate
check "up" gw gate up -c "$work/native.conf"
check "a client is added" add kim 'pass "word" \1' --mobileconfig
check "another" add lee 'another word' --mobileconfig
named phone kim '"pass \"word\" \\1"'
named tablet lee '"another word"'
check "the phone gets in" comes phone
check "it has its address" has phone 10.78.0.2 fd78::2
check "the tablet gets in" comes tablet
check "it has another one" has tablet 10.78.0.3 fd78::3
check "the phone stays" stays phone
check "pared is told" same \
	"$(grep -A 1 '^device lee ' /var/lib/pared-gateway/native.devices.conf | tail -n 1)" \
	'    address = {"10.78.0.3", "fd78::3"}'
check "a page through the tunnel" same "$(get phone http://203.0.113.10/)" "hello from the web"
check "the site saw the gateway" grep -F 203.0.113.1 "$work/web.log"
check "an IPv6 page" same "$(get phone "http://[2001:db8:5::10]/")" "hello from the web"
check "status knows who" sh -c "ip netns exec gate $build/pared-gateway status -c $work/native.conf | grep -w 'kim: 10.78.0.2 fd78::2'"
check "a second up does nothing" silent gate gw gate up -c "$work/native.conf"

# Who comes while others are there.
check "a third is added" add mo 'third word' --mobileconfig
check "the phone stays" stays phone
check "the tablet stays" stays tablet
named laptop mo '"third word"' 'unique = never'
check "the laptop gets in" comes laptop
check "with a third address" has laptop 10.78.0.4 fd78::4
breaks laptop

# A device that vanished comes anew from elsewhere; it does not say that it has
# no other session.
breaks phone
named laptop kim '"pass \"word\" \\1"' 'unique = never'
check "kim comes anew from elsewhere" comes laptop
check "with the same address" has laptop 10.78.0.2 fd78::2
breaks laptop
named phone kim '"pass \"word\" \\1"' 'unique = never'
check "and back again" comes phone
check "with the same address again" has phone 10.78.0.2 fd78::2

check "status knows but one kim" sh -c \
	"[ \"\$(ip netns exec gate $build/pared-gateway status -c $work/native.conf | grep -c 'kim: ')\" = 1 ]"

check "kim is made anew" add kim 'new password' --again --mobileconfig
check "the old device is cut off" soon not stays phone
check "and does not get in again" not ask phone --initiate --child all --timeout 5
check "status does not take it for one who did" not sh -c \
	"ip netns exec gate $build/pared-gateway status -c $work/native.conf | grep 'kim: '"
check "the log says why" grep -iE 'EAP.*(verification|MSCHAPV2) failed' \
	/run/pared-gateway/gateway-native/charon.log
check "and who came in" grep -F 'IKE_SA lee@native@' \
	/run/pared-gateway/gateway-native/charon.log
breaks phone
named phone kim '"new password"'
check "the new password opens" comes phone
check "the same address" has phone 10.78.0.2 fd78::2
check "revoked" gw gate client revoke kim -c "$work/native.conf"
check "and cut off at once" soon not stays phone
check "and does not get in again" not ask phone --initiate --child all --timeout 5
check "others stay" stays tablet
check "down" gw gate down -c "$work/native.conf"
check "nothing is left" after gate
verdict
