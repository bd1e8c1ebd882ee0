#!/bin/bash
# A client that asks too often is dropped until it stops asking, IPv4 and IPv6.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts good bad server
# Of each port the kernel tells a second time after the forward delay.
ip -n server link add lan type bridge forward_delay 0
ip -n server link set lan up
plug server lan 198.51.100.1/24,2001:db8:1::1/64
for name in good bad; do
	ip link add u0 netns $name type veth peer name $name netns server
	ip -n server link set $name master lan up
done
plug good u0 198.51.100.2/24
plug bad u0 198.51.100.3/24,2001:db8:1::3/64
in_ server nft -f - <<'N'
table inet count {
	counter asked { }
	counter passed { }
	chain prerouting { type filter hook prerouting priority raw;
		iifname lan udp dport 123 counter name asked; }
	chain input { type filter hook input priority 10;
		iifname lan udp dport 123 counter name passed; }
}
N
hold=10
[ "${WORLD:-netns}" = netns ] || hold=40
sed "/^shaper/,/^limit/{/^limit/!d}; s/eth1/lan/; s/\"60s\"/\"${hold}s\"/" \
	"$examples/qos.conf" >"$work/limit.conf"
before server
check "up" gw server up -c "$work/limit.conf"
count() {
	in_ server nft -j list counter inet count "$1" |
		jq '.nftables[] | .counter? | select(.) | .packets'
}
asked=0
all_came() { [ "$(count asked)" -eq "$asked" ]; }
burst() { # HOST PACKETS ADDRESS: how many passed
	local was
	was=$(count passed)
	asked=$(($(count asked) + $2))
	in_ "$1" bash -c "for n in {1..$2}; do echo x >/dev/udp/$3/123; done"
	soon all_came
	passed=$(($(count passed) - was))
}
# At 7 a minute a slow sender earns one now and then.
began=$SECONDS
burst bad 40 198.51.100.1
check "of 40 packets 7 pass" [ $passed -ge 7 -a $passed -le $((8 + (SECONDS - began) / 8)) ]
burst good 3 198.51.100.1
check "another client is not touched" same $passed 3
began=$SECONDS
burst bad 40 2001:db8:1::1
check "IPv6 likewise" [ $passed -ge 7 -a $passed -le $((8 + (SECONDS - began) / 8)) ]
held() { in_ server nft list table inet gateway-shape | grep -F 198.51.100.3 | grep -c expires; }
check "the abuser is listed" [ "$(held)" -ge 1 ]
left() {
	in_ server nft -j list table inet gateway-shape | jq '[.nftables[].set? |
		select(.) | select(.name | test("held")) | .elem[]?.elem |
		select(.val == "198.51.100.3") | .expires] | add // 0'
}
some_time_passed() { was=$(left) && [ "$was" -lt $((hold - 2)) ]; }
soon some_time_passed
burst bad 1 198.51.100.1
check "asking on holds it longer" [ "$(left)" -gt "$was" ]
freed() { same "$(left)" 0; }
check "silence frees it" soon freed
check "a second up does nothing" silent server gw server up -c "$work/limit.conf"
check "down" gw server down -c "$work/limit.conf"
in_ server nft reset counters >/dev/null
check "nothing is left" after server
verdict
