#!/bin/bash
# `try`: what is not confirmed is undone, even when the terminal dies.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts gate web
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
sed 's/intercept = .*/intercept = "no"/; /^resolver/,$d; s/{"self"}/{"10.77.0.1"}/' \
	"$examples/phones.conf" >"$work/home.conf"
there() { in_ gate nft list table inet gateway-home; }
gone() { ! there 2>/dev/null; }
before gate
in_ gate "$build/pared-gateway" try 5 -c "$work/home.conf" </dev/null >"$work/try.log" 2>&1 &
check "it comes up" soon there
check "and goes when nobody confirms" soon gone
wait $!
check "nothing is left" after gate
ip netns exec gate "$build/pared-gateway" try 5 -c "$work/home.conf" </dev/null >"$work/try.log" 2>&1 &
soon there
trial=$!
sleep 0.3
kill -HUP $trial
check "a hung-up terminal does not stop the rollback" soon gone
sleep 1
check "nothing is left then either" after gate
echo keep | in_ gate "$build/pared-gateway" try 5 -c "$work/home.conf" >"$work/try.log" 2>&1
check "confirmed, it stays" there
sleep 6
check "for good" there
sed -i 's/51820/51999/' "$work/home.conf"
in_ gate "$build/pared-gateway" try 5 -c "$work/home.conf" </dev/null >"$work/try.log" 2>&1
check "a change that is not confirmed goes back to what was" soon sh -c "ip netns exec gate ss -lnu | grep :51820"
check "down" gw gate down -c "$work/home.conf"
check "nothing is left at the end" after gate
verdict
