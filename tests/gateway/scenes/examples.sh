#!/bin/bash
# Every example: planned by an ordinary user, brought up, silent the second
# time, taken down, and by its marks when the journal is lost; on a machine
# whose admin has hardened it, and with Docker's rules there.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts gate isp
cable gate eth0 198.51.100.1/24,2001:db8:1::1/64 isp i0 198.51.100.254/24,2001:db8:1::ffff/64
cable gate eth1 192.168.77.1/24,fd00:77::1/64 isp i1 192.168.77.254/24
cable gate lan6 - isp i2 -
cable gate he6 2001:db8:b::2/64 isp i3 2001:db8:b::1/64
ip -n gate link add br0 type bridge
plug gate br0 10.0.3.1/24
ip -n gate route add default via 198.51.100.254
ip -n gate -6 route add default via 2001:db8:1::ffff
in_ gate sysctl -qw net.ipv4.conf.all.accept_redirects=0 \
	net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.all.send_redirects=0 \
	net.ipv6.conf.all.accept_redirects=0 net.ipv6.conf.eth1.forwarding=1
in_ gate nft -f - <<'N'
table ip filter {
	chain DOCKER { }
	chain FORWARD { type filter hook forward priority filter; policy drop;
		jump DOCKER; }
}
N
can_ppp=no can_sit=no
[ -e /dev/ppp ] && can_ppp=yes
modprobe -q sit
ip link add probe type sit remote 192.0.2.1 2>/dev/null &&
	can_sit=yes && ip link delete probe
# What the machine is left with is what was said: a key as it was named, with
# "/", as links' names have dots. With forwarding go the keys that the kernel
# changes by itself: those of each link, and what it switches with them.
told() { # FILE
	local key
	sed -n 's/^left as it is.*: sysctl \([^=]*\)=.*/\1/p' "$1" >"$work/named"
	diff "$work/gate.before" "$work/gate.after" | grep '^[<>]' |
		sed 's/^[<>] //; s/ = .*//' | sort -u >"$work/left"
	while read -r key; do
		grep -qxF "$key" "$work/named" && continue
		case $key in
		net/ipv4/conf/*/forwarding | net/ipv4/conf/*/accept_redirects | net/ipv4/ip_forward)
			grep -qE '^net/ipv4/(ip_forward|conf/all/forwarding)$' "$work/named" && continue ;;
		net/ipv6/conf/*/forwarding)
			grep -qx net/ipv6/conf/all/forwarding "$work/named" && continue ;;
		anycast*) continue ;; # of a router, which it still is
		net/core/xfrm_acq_expires) continue ;; # which charon writes
		esac
		echo "left, and not told: $key"
		return 1
	done <"$work/left"
}
for file in "$examples"/*.conf; do
	name=$(basename "$file" .conf)
	check "$name: planned by an ordinary user" \
		in_ gate setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$build/pared-gateway" plan -c "$file"
	cp "$work/out" "$work/plan"
	case $name in
	*pptp*) [ $can_ppp = yes ] || continue ;;
	island*) [ $can_sit = yes ] || continue ;;
	slim-edge-node) ip -n gate address add 203.0.113.2/24 dev eth0 ;;
	esac
	before gate
	check "$name: up does what plan showed" sh -c \
		"ip netns exec gate $build/pared-gateway up -v -c $file 2>/dev/null >$work/up
		grep -v '^warning' $work/plan >$work/plan.steps
		# What was so before (a module, a sysctl) is not done.
		diff $work/plan.steps $work/up >$work/steps.diff
		cat $work/steps.diff
		! grep '^>' $work/steps.diff | grep -v 'steps done' &&
			! grep '^<' $work/steps.diff | grep -vE 'modprobe|sysctl'"
	check "$name: status" gw gate status -c "$file"
	check "$name: a second up does nothing" silent gate gw gate up -c "$file"
	check "$name: down" gw gate down -c "$file"
	check "$name: nothing is left" after gate
	gw gate up -c "$file" >/dev/null 2>&1
	find /run/pared-gateway -name journal -delete
	check "$name: down by marks, without the journal" gw gate down --by-tag -c "$file"
	HOST=gate in_ gate "$here/state" >"$work/gate.after"
	cp "$work/out" "$work/told"
	check "$name: only sysctls are left, and told" told "$work/told"
	# As it was, for the next: what forwarding writes, a second time.
	for _ in 1 2; do
		after gate | sed -n 's/^< \(net[^ ]*\) = /\1=/p' >"$work/sysctls"
		in_ gate sysctl -qp "$work/sysctls" >/dev/null 2>&1
	done
	rm -rf /run/pared-gateway
done
verdict
