#!/bin/bash
# Docker's and ufw's rules are made by iptables, in tables that nft shows too:
# our accept stands among them, and iptables still reads and changes its own.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft
ipt() { in_ gate iptables-nft "$@"; }

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
site web "hello from the web"
ipt -P FORWARD DROP
ipt -N DOCKER-USER
ipt -A FORWARD -j DOCKER-USER
ipt -A FORWARD -i docker0 -o g1 -j ACCEPT
ipt -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT ||
	lacks "xt_conntrack"
sed "s/intercept = .*/intercept = \"no\"\n    foreign-drop = \"open\"/; s/vpn.example.org/198.51.100.1/; /^resolver/,\$d; s/{\"self\"}/{\"10.77.0.1\"}/" \
	"$examples/phones.conf" >"$work/open.conf"
before gate
ipt -S >"$work/rules"
check "up" gw gate up -c "$work/open.conf"
gw gate client add kim -c "$work/open.conf" --conf >"$work/kim.conf"
wg_conf phone wg-phone "$work/kim.conf"
ip -n phone route add 203.0.113.0/24 dev wg-phone
check "a page" get phone http://203.0.113.10/
check "iptables reads our rule" sh -c \
	"ip netns exec gate iptables-nft -S FORWARD | grep -- '--comment \"*gateway:home.* -j ACCEPT'"
check "and adds its own" ipt -A FORWARD -i docker1 -j ACCEPT
check "to each of its chains" ipt -I DOCKER-USER -i eth7 -j DROP
check "which is nothing to us" silent gate gw gate up -c "$work/open.conf"
check "and takes them away" ipt -D FORWARD -i docker1 -j ACCEPT
check "again" ipt -D DOCKER-USER -i eth7 -j DROP
gw gate client revoke kim -c "$work/open.conf" >/dev/null
check "down" gw gate down -c "$work/open.conf"
ipt -S >"$work/rules.after"
check "iptables has its own rules" cmp "$work/rules" "$work/rules.after"
check "nothing is left" after gate
verdict
