#!/bin/bash
# `run`: the service. A child that dies comes again; what others flush is put
# back; clients come and go; a reload changes what changed; the end leaves
# nothing.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
{
	sed 's/intercept = .*/intercept = "no"/; s/vpn.example.org/198.51.100.1/' \
		"$examples/phones.conf"
	echo 'shaper down { link = "g0" rate = "20mbit" }
		class rest { shaper = "down" rate = "2mbit" default = true }'
} >"$work/home.conf"
before gate
ip netns exec gate "$build/pared-gateway" run --look 86400 -c "$work/home.conf" >"$work/run.log" 2>&1 &
run=$!
there() { in_ gate nft list table inet gateway-home; }
check "it comes up" soon there
check "status" soon gw gate status -c "$work/home.conf"
in_ gate nft flush ruleset
check "a flushed ruleset is put back" soon there
resolver() { # whose port it is
	in_ gate ss -Hlnup 'sport = :53' | grep -F '10.77.0.1:53' |
		sed -n '1s/.*pid=\([0-9]*\).*/\1/p' | grep .
}
check "the resolver answers" soon resolver
pid=$(resolver)
kill -9 "$pid"
another() { resolver | grep -vx "$pid"; }
check "a killed child comes again" soon another
ip -n gate address delete 10.77.0.1/24 dev wg-phones
check "a deleted address is put back" soon sh -c "ip -n gate address show dev wg-phones | grep 10.77.0.1"
# What the last repair changed is news, too, at which all is looked at again.
calm() { sleep 3; }
calm
forwards() { in_ gate grep -qx 1 /proc/sys/net/ipv4/ip_forward; }
in_ gate sysctl -qw net.ipv4.ip_forward=0
check "forwarding that was switched off is on again" soon forwards
shaped() { in_ gate tc qdisc show dev g0 | grep -q 7077:; }
check "the link is shaped" shaped
calm
in_ gate tc qdisc del dev g0 root
check "a queue that was removed is put back" soon shaped
# ---- clients, while the file is being edited ----
edited() { in_ gate nft list table inet gateway-home | grep -q 2222; }
sed "\$a forward ssh { port = {\"tcp 2222\"} to = \"10.77.0.9:22\" }" "$work/home.conf" >"$work/edited.conf"
check "the edited file is right" gw gate plan -c "$work/edited.conf"
cp "$work/home.conf" "$work/kept.conf"
cp "$work/edited.conf" "$work/home.conf"
peers() { in_ gate wg show wg-phones peers | grep -c .; }
check "a client is added" gw gate client add kim -c "$work/home.conf" --conf
check "and there when that returns" same "$(peers)" 1
check "what else stands in the file waits" not edited
check "a client is revoked" gw gate client revoke kim -c "$work/home.conf"
check "and gone when that returns" same "$(peers)" 0
# What has nothing to do with clients may be beyond mending meanwhile.
check "a client more" gw gate client add max -c "$work/home.conf" --conf
ip -n gate route delete default
check "without a default route a client is revoked" gw gate client revoke max -c "$work/home.conf"
check "and gone" same "$(peers)" 0
ip -n gate route add default via 203.0.113.10
gw gate client add lee -c "$work/home.conf" --conf >/dev/null
kill -STOP $run
check "where the service does not answer, revoke fails" not gw gate client revoke lee -c "$work/home.conf"
cp "$work/out" "$work/said"
check "and says so" grep "may not be cut off" "$work/said"
kill -CONT $run
gone() { same "$(peers)" 0; }
check "it is done when the service goes on" soon gone
check "the edit waits still" not edited
kill -HUP $run
check "for a reload" soon edited
cp "$work/kept.conf" "$work/home.conf"
kill -HUP $run
check "which takes it away, too" soon not edited
sed -i 's/listen = 51820/listen = 51999/' "$work/home.conf"
kill -HUP $run
check "a reload changes what changed" soon sh -c "ip netns exec gate ss -lnu | grep :51999"
echo 'nonsense = 1' >>"$work/home.conf"
kill -HUP $run
check "a broken file is told, and the old stays" soon grep -i nonsense "$work/run.log"
check "it is still there" there
sed -i '$d' "$work/home.conf"
# ---- the uplink changes while something cannot be made: tried again by itself ----
nft=$(readlink -f "$(command -v nft)")
mv "$nft" "$nft.away"
ip -n gate link set g1 mtu 1400
check "what cannot be made is told" soon grep "cannot.*nft.* not installed" "$work/run.log"
mv "$nft.away" "$nft"
check "and made as soon as it can be" soon gw gate status -c "$work/home.conf"
ip -n gate link set g1 mtu 1500
while :; do in_ gate nft delete table inet gateway-home 2>/dev/null; sleep 0.2; done &
fighter=$!
check "a fight is told" soon grep -iE 'fight|again and again' "$work/run.log"
check "and no false cause of it" not grep "before 5.10" "$work/run.log"
kill $fighter 2>/dev/null
kill $run
wait $run
check "it ends with 0" same $? 0
check "nothing is left" after gate

# ---- of most sysctls the kernel tells nobody: they are found by looking ----
ip netns exec gate "$build/pared-gateway" run --look 1 -c "$work/home.conf" >"$work/run.log" 2>&1 &
run=$!
check "it is up again" soon gw gate status -c "$work/home.conf"
redirects() { in_ gate sysctl -n net.ipv4.conf.all.send_redirects; }
check "a sysctl was set" same "$(redirects)" 0
in_ gate sysctl -qw net.ipv4.conf.all.send_redirects=1
back() { same "$(redirects)" 0; }
check "what nobody tells of is put back as well" soon back
kill $run
wait $run
check "nothing is left of that" after gate

# ---- no service: up, and a run directory that is lost ----
check "up, without a service" gw gate up -c "$work/home.conf"
check "a client is added there" gw gate client add noa -c "$work/home.conf" --conf
cp "$work/out" "$work/said"
check "who may connect" grep "may connect now" "$work/said"
check "and is there" same "$(peers)" 1
ip -n gate route delete default
check "without a default route it is revoked" gw gate client revoke noa -c "$work/home.conf"
check "and gone from there" same "$(peers)" 0
check "though no other plan is put into force" there
gw gate client add noa -c "$work/home.conf" --conf >/dev/null 2>&1
sed -i 's/10\.77\.0\./10.99.0./' /var/lib/pared-gateway/home/clients/noa.conf
gw gate client add uri -c "$work/home.conf" >/dev/null 2>"$work/said"
check "what is wrong with another client is said once" same "$(grep -c 10.99.0 "$work/said")" 1
gw gate client revoke noa -c "$work/home.conf" 2>/dev/null
gw gate client revoke uri -c "$work/home.conf" 2>/dev/null
ip -n gate route add default via 203.0.113.10
check "status is as before" gw gate status -c "$work/home.conf"
gw gate client add noa -c "$work/home.conf" --conf >/dev/null 2>&1
in_ gate nft flush table inet gateway-home
mv "$nft" "$nft.away"
check "without nft one is revoked as well" gw gate client revoke noa -c "$work/home.conf"
mv "$nft.away" "$nft"
check "and gone by that" same "$(peers)" 0
check "the resolver is there" soon resolver
pid=$(resolver)
rm -rf /run/pared-gateway
check "up, when what was noted is lost" gw gate up -c "$work/home.conf"
check "the resolver is another" soon another
check "and the lost one has ended" not kill -0 "$pid"
gw gate down -c "$work/home.conf" >/dev/null 2>&1
check "what nobody noted goes by its marks" gw gate down --by-tag -c "$work/home.conf"
verdict
