#!/bin/bash
# Killed before and after every step, up and down: `down` cleans up, and `up`
# works again.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft
FAULTY=$build/tests/pared-gateway-faulty

hosts gate isp
cable gate eth0 198.51.100.1/24,2001:db8:1::1/64 isp i0 198.51.100.254/24,2001:db8:1::ffff/64
cable gate eth1 192.168.77.1/24,fd00:77::1/64 isp i1 192.168.77.254/24
ip -n gate route add default via 198.51.100.254
ip -n gate -6 route add default via 2001:db8:1::ffff
in_ gate sysctl -qw net.ipv4.conf.all.accept_redirects=0
{
	sed 's/foreign.*//; s/ipv4 = "nat"/ipv4 = "nat"\n    foreign-drop = "open"/' "$examples/phones.conf"
	sed '1,/^gateway/d; 1,/^}/d' "$examples/qos.conf"
	sed '1,/^gateway/d; 1,/^}/d' "$examples/uplinks.conf" | sed 's/he6/eth1/'
	sed '1,/^gateway/d; 1,/^}/d' "$examples/containers.conf"
} >"$work/all.conf"
in_ gate nft -f - <<'N'
table ip filter {
	chain FORWARD { type filter hook forward priority filter; policy drop; }
}
N
check "the configuration is right" gw gate plan -c "$work/all.conf"
goes_on() {
	gw gate up -c "$work/all.conf" && gw gate status -c "$work/all.conf" &&
		gw gate down -c "$work/all.conf" && after gate
}
before gate
points=0 status=137
while [ $status -eq 137 ]; do
	points=$((points + 1))
	in_ gate env GW_FAULT_AT=$points "$FAULTY" up -c "$work/all.conf" >"$work/faulty" 2>&1
	status=$?
	[ $status -eq 137 ] || break
	gw gate down -c "$work/all.conf" >"$work/down" 2>&1 || {
		check "down after a crash at point $points" sh -c "cat $work/down; false"
		break
	}
	after gate >"$work/diff" || {
		check "nothing is left after a crash at point $points" sh -c "cat $work/diff; false"
		break
	}
	# And straight on from a crash, every tenth time.
	[ $((points % 10)) -eq 0 ] || continue
	in_ gate env GW_FAULT_AT=$points "$FAULTY" up -c "$work/all.conf" >/dev/null 2>&1
	if ! goes_on >"$work/up" 2>&1; then
		check "up goes on after a crash at point $points" sh -c "cat $work/up; false"
		break
	fi
done
check "up, with no point left to crash at ($points)" [ $status -eq 0 ]
check "there were many points" [ "$points" -gt 60 ]
downs=0 status=137
while [ $status -eq 137 ]; do
	downs=$((downs + 1))
	gw gate up -c "$work/all.conf" >"$work/up" 2>&1 || {
		check "up before a crash of down at point $downs" sh -c "cat $work/up; false"
		break
	}
	in_ gate env GW_FAULT_AT=$downs "$FAULTY" down -c "$work/all.conf" >"$work/faulty" 2>&1
	status=$?
	gw gate down -c "$work/all.conf" >"$work/down" 2>&1 || {
		check "down after a crash of down at point $downs" sh -c "cat $work/down; false"
		break
	}
	after gate >"$work/diff" || {
		check "nothing is left after a crash of down at point $downs" sh -c "cat $work/down $work/diff; false"
		break
	}
	downs=$((downs + 2)) # every third: each costs two ups
done
check "down, with no point left to crash at ($downs)" [ $status -eq 0 ]
check "there were many of these, too" [ "$downs" -gt 30 ]
verdict
