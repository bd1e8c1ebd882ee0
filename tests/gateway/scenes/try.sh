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
is_up() { grep -q '^up, for' "$work/try.log"; }
trial() { # SECONDS FILE
	: >"$work/try.log"
	ip netns exec gate "$build/pared-gateway" try "$1" -c "$2" \
		</dev/null >"$work/try.log" 2>&1 &
	trial=$!
	soon is_up
}
# Ctrl-C: not confirmed, and the end not waited for.
no_trial() {
	trial 600 "$1"
	kill "$trial"
	wait "$trial"
}
trial 5 "$work/home.conf"
check "it comes up" is_up
check "and goes when nobody confirms" soon gone
wait "$trial"
check "nothing is left" after gate
trial 5 "$work/home.conf"
kill -HUP "$trial"
check "a hung-up terminal does not stop the rollback" soon gone
soon not pgrep pared-gateway
check "nothing is left then either" after gate
echo keep | in_ gate "$build/pared-gateway" try 5 -c "$work/home.conf" >"$work/try.log" 2>&1
check "confirmed, it stays" there
check "for good: nobody is left who would undo it" not pgrep pared-gateway
sed -i 's/51820/51999/' "$work/home.conf"
no_trial "$work/home.conf"
check "a change that is not confirmed goes back to what was" soon sh -c "ip netns exec gate ss -lnu | grep :51820"
check "down" gw gate down -c "$work/home.conf"
check "nothing is left at the end" after gate

# ---- what is included comes back as well ----
sed '/^tunnel/,$d' "$work/home.conf" >"$work/parts.conf"
echo 'include("tunnel.conf")' >>"$work/parts.conf"
sed -n '/^tunnel/,$p' "$work/home.conf" >"$work/tunnel.conf"
check "up, with a file that is included" gw gate up -c "$work/parts.conf"
sed -i 's/51999/52111/' "$work/tunnel.conf"
no_trial "$work/parts.conf"
check "what it said before is in force again" sh -c "ip netns exec gate ss -lnu | grep :51999"
check "and goes" gw gate down -c "$work/parts.conf"
check "without a trace" after gate

# ---- the next trial is not the first one's to end ----
no_guard() { not pgrep -f 'pared-gateway try 600'; }
trial 600 "$work/home.conf"
first=$!
# Kept, and the next begun before the guard has looked.
pkill -STOP -f 'pared-gateway try 600'
gw gate keep -c "$work/home.conf" >/dev/null
in_ gate "$build/pared-gateway" try 601 -c "$work/home.conf" </dev/null >"$work/try2.log" 2>&1 &
second=$!
check "a second trial" soon grep "up, for" "$work/try2.log"
pkill -CONT -f 'pared-gateway try 600'
check "the first trial ends" soon no_guard
check "the second goes on" kill -0 $second
check "and has its file" test -e /run/pared-gateway/gateway-home/try
kill $first $second 2>/dev/null
wait $first $second
check "and goes back to what was before" gw gate down -c "$work/home.conf"
check "without a trace, too" after gate

# ---- the guard waits for whoever is at work ----
trial 5 "$work/home.conf"
exec 9<>/run/pared-gateway/gateway-home/lock
flock 9
# Past its deadline the guard reads who has the lock. Where access times are not
# kept, this takes its minute.
touch -a -d yesterday /run/pared-gateway/gateway-home/lock
has_asked() { test "$(stat -c %X /run/pared-gateway/gateway-home/lock)" -gt "$(date -d '1 hour ago' +%s)"; }
soon has_asked
check "it goes not while somebody is at work" there
exec 9>&-
check "and goes after" soon gone
wait "$trial"
check "without leaving anything" after gate

# ---- somebody takes it down meanwhile ----
in_ gate "$build/pared-gateway" try 60 -c "$work/home.conf" </dev/null >"$work/try.log" 2>&1 &
trial=$!
check "a longer trial" soon grep "up, for" "$work/try.log"
check "down ends it" gw gate down -c "$work/home.conf"
wait $trial
check "which is no confirmation" same $? 1
check "and said" grep "took it down" "$work/try.log"

# ---- the service takes over ----
trial 600 "$work/home.conf"
check "a trial" there
ip netns exec gate "$build/pared-gateway" run -c "$work/home.conf" >"$work/run.log" 2>&1 &
service=$!
check "the service starts meanwhile" soon grep "is up" "$work/run.log"
kill "$trial"
wait "$trial"
check "there is no way back behind its back" grep "nothing goes back" "$work/try.log"
check "all is there" there
kill -TERM $service
wait $service
check "the service ends" gone
check "and leaves nothing" after gate
verdict
