#!/bin/bash
# Web traffic of tunnel clients is led into pared, which is told of no proxy:
# REDIRECT and TPROXY, both families; HTTP by Host, TLS by name; and pared
# listens on the tunnel's address before there is one.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24,2001:db8:5::1/64 web w0 203.0.113.10/24,2001:db8:5::10/64
ip -n gate route add default via 203.0.113.10
ip -n gate -6 route add default via 2001:db8:5::10
site web "hello from the web"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-subj /CN=www.lab.test -addext subjectAltName=DNS:www.lab.test,DNS:ads.lab.test \
	-keyout "$work/web.key" -out "$work/web.crt" 2>/dev/null
in_ web openssl s_server -quiet -www -accept '*:443' -cert "$work/web.crt" \
	-key "$work/web.key" >"$work/tls.log" 2>&1 &
soon listens web t 443
names web --address=/lab.test/203.0.113.10 --address=/lab.test/2001:db8:5::10
echo '||ads.lab.test^' >"$work/list.txt"

configuration() {
	cat <<C
gateway home {
    uplink = "auto"
    endpoint = "198.51.100.1"
    proxy = 8080
    intercept = "$1"
    intercept-port = 3129
}
tunnel phones {
    type = "wireguard"
    address = {"10.77.0.1/24", "fd77::1/64"}
    dns = {"203.0.113.10"}
}
C
}
proxy() {
	pared gate <<C
Port = 8080
Address = {"10.77.0.1", "fd77::1"}
OnlyFrom = {"10.77.0.0/24", "fd77::/64", "127.0.0.1"}
TransparentPort = 3129
TransparentMode = "$1"
Nameservers = {"203.0.113.10"}
AllowPrivate = {"203.0.113.0/24", "2001:db8::/32"}
AccessLogFormat = "json"
lists {
    directory = "$work/lists"
    update = "off"
    source lab { url = "$work/list.txt" }
}
C
}
secure() { # HOST NAME ADDRESS
	in_ "$1" curl -gsSk --max-time 60 --resolve "$2:443:$3" "https://$2/" | grep -o "Ciphers supported" | head -n 1
}
# curl's status: 7 when the connection is refused.
refused() {
	in_ "$1" curl -gsSk --max-time 60 "$2" >/dev/null 2>&1
	echo $?
}

for mode in redirect tproxy; do
	configuration $mode >"$work/home.conf"
	before gate
	mkdir -p "$work/lists"
	proxy $mode # before the tunnel: its address is to come
	check "$mode: pared starts before the tunnel's address exists" \
		grep -q ready "$work/gate.pared-log"
	check "$mode: up" gw gate up -c "$work/home.conf"
	gw gate client add kim -c "$work/home.conf" --conf >"$work/kim.conf"
	wg_conf phone wg-phone "$work/kim.conf"
	ip -n phone route add default dev wg-phone
	ip -n phone -6 route add default dev wg-phone
	soon in_ phone ping -c 1 -W 1 10.77.0.1
	: >"$work/web.log"
	check "$mode: a page, IPv4" same \
		"$(get phone http://203.0.113.10/)" "hello from the web"
	check "$mode: a page, IPv6" same \
		"$(get phone "http://[2001:db8:5::10]/")" "hello from the web"
	check "$mode: the log names the client" soon grep -F '10.77.0.2' "$work/gate.access"
	check "$mode: and its IPv6 address" soon grep -iF 'fd77::2' "$work/gate.access"
	check "$mode: TLS passes unopened" same \
		"$(secure phone www.lab.test 203.0.113.10)" "Ciphers supported"
	check "$mode: TLS to a blocked name does not" same "$(secure phone ads.lab.test 203.0.113.10 2>&1 | grep -o Ciphers)" ""
	check "$mode: nor HTTP" not sh -c \
		"ip netns exec phone curl -sS --max-time 60 --resolve ads.lab.test:80:203.0.113.10 http://ads.lab.test/ | grep hello"
	check "$mode: a forged Host does not lead elsewhere" not sh -c \
		"ip netns exec phone curl -sS --max-time 60 -H 'Host: 127.0.0.1:8080' http://203.0.113.10/ | grep -i pared.*setup"
	check "$mode: the explicit proxy on the tunnel's address" same \
		"$(in_ phone curl -sS --max-time 60 -x http://10.77.0.1:8080 http://203.0.113.10/)" "hello from the web"
	check "$mode: and the PAC" sh -c \
		"ip netns exec phone curl -sS --max-time 60 http://10.77.0.1:8080/proxy.pac | grep FindProxyForURL"
	check "$mode: QUIC is refused, not lost" sh -c \
		"ip netns exec phone bash -c 'exec 3<>/dev/udp/203.0.113.10/443; for _ in {1..100}; do echo x >&3 || exit; sleep 0.1; done' 2>&1 | grep -i refused"
	check "$mode: a second up does nothing" silent gate gw gate up -c "$work/home.conf"
	kill "$pared_pid"
	wait "$pared_pid"
	: >"$work/web.log"
	check "$mode: without pared, a page is refused" same \
		"$(refused phone http://203.0.113.10/)" 7
	check "$mode: IPv6 too" same \
		"$(refused phone "http://[2001:db8:5::10]/")" 7
	check "$mode: and TLS" same "$(refused phone https://203.0.113.10/)" 7
	check "$mode: the site saw none of it" not grep . "$work/web.log"
	gw gate client revoke kim -c "$work/home.conf"
	check "$mode: down" gw gate down -c "$work/home.conf"
	check "$mode: nothing is left" after gate
	wg_gone phone wg-phone
done
verdict
