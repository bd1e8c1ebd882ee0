#!/bin/bash
# A client that asks too often is dropped until it stops asking, IPv4 and IPv6.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts good bad server
ip -n server link add lan type bridge
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
	counter passed { }
	chain input { type filter hook input priority 10;
		iifname lan udp dport 123 counter name passed; }
}
N
hold=6
[ "${WORLD:-netns}" = netns ] || hold=40
sed "/^shaper/,/^limit/{/^limit/!d}; s/eth1/lan/; s/\"60s\"/\"${hold}s\"/" \
	"$examples/qos.conf" >"$work/limit.conf"
before server
check "up" gw server up -c "$work/limit.conf"
passed() {
	in_ server nft -j list counter inet count passed |
		jq '.nftables[] | .counter? | select(.) | .packets'
}
burst() {
	in_ "$1" bash -c "for n in \$(seq $2); do echo x >/dev/udp/$3/123; done"
	sleep 0.3
}
burst bad 40 198.51.100.1
first=$(passed)
check "of 40 packets 7 pass" [ "$first" -ge 7 -a "$first" -le 8 ]
burst good 3 198.51.100.1
check "another client is not touched" same "$(passed)" $((first + 3))
burst bad 40 2001:db8:1::1
check "IPv6 likewise" [ "$(passed)" -le $((first + 11)) ]
held() { in_ server nft list table inet gateway-shape | grep -F 198.51.100.3 | grep -c expires; }
check "the abuser is listed" [ "$(held)" -ge 1 ]
left() {
	in_ server nft -j list table inet gateway-shape | jq '[.nftables[].set? |
		select(.) | select(.name | test("held")) | .elem[]?.elem |
		select(.val == "198.51.100.3") | .expires] | add // 0'
}
sleep 3
was=$(left)
burst bad 1 198.51.100.1
check "asking on holds it longer" [ "$(left)" -gt "$was" ]
sleep $((hold + 1))
check "silence frees it" same "$(left)" 0
check "a second up does nothing" silent server gw server up -c "$work/limit.conf"
check "down" gw server down -c "$work/limit.conf"
in_ server nft reset counters >/dev/null
check "nothing is left" after server
verdict
