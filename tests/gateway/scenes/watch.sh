#!/bin/bash
# `run`: the service. A child that dies comes again; what others flush is put
# back; a reload changes what changed; the end leaves nothing.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
sed 's/intercept = .*/intercept = "no"/; s/vpn.example.org/198.51.100.1/' \
	"$examples/phones.conf" >"$work/home.conf"
before gate
in_ gate "$build/pared-gateway" run -c "$work/home.conf" >"$work/run.log" 2>&1 &
run=$!
there() { in_ gate nft list table inet gateway-home; }
check "it comes up" soon there
check "status" soon gw gate status -c "$work/home.conf"
in_ gate nft flush ruleset
check "a flushed ruleset is put back" soon there
resolver() { in_ gate ss -lnu | grep -q '10.77.0.1:53'; }
check "the resolver answers" soon resolver
pid=$(pgrep -f 'unbound.*gateway-home' | head -n 1)
kill -9 "$pid"
check "a killed child comes again" soon resolver
ip -n gate address delete 10.77.0.1/24 dev wg-phones
check "a deleted address is put back" soon sh -c "ip -n gate address show dev wg-phones | grep 10.77.0.1"
sed -i 's/listen = 51820/listen = 51999/' "$work/home.conf"
pkill -HUP -f 'pared-gateway run' -n
check "a reload changes what changed" soon sh -c "ip netns exec gate ss -lnu | grep :51999"
echo 'nonsense = 1' >>"$work/home.conf"
pkill -HUP -f 'pared-gateway run' -n
check "a broken file is told, and the old stays" soon grep -i nonsense "$work/run.log"
check "it is still there" there
sed -i '$d' "$work/home.conf"
( for _ in $(seq 60); do in_ gate nft delete table inet gateway-home 2>/dev/null; sleep 0.5; done ) &
fighter=$!
check "a fight is told" soon grep -iE 'fight|again and again' "$work/run.log"
kill $fighter 2>/dev/null
pkill -TERM -f 'pared-gateway run' -n
wait $run
check "it ends with 0" same $? 0
check "nothing is left" after gate
verdict
