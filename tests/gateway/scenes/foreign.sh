#!/bin/bash
# Other people's chains that drop: check names them, and foreign-drop = "open"
# puts accepts there, which go again.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web stranger
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
cable stranger s0 192.0.2.2/24 gate g2 192.0.2.1/24
ip -n stranger route add default via 192.0.2.1
ip -n web route add 192.0.2.0/24 via 203.0.113.1
ip -n gate route add default via 203.0.113.10
in_ gate sysctl -qw net.ipv4.ip_forward=1
site web "hello from the web"
cat >"$work/theirs" <<'N'
table ip filter {
	chain DOCKER { }
	chain FORWARD { type filter hook forward priority filter; policy drop;
		ip saddr 192.0.2.2 counter accept; jump DOCKER; }
	chain INPUT { type filter hook input priority filter; policy drop;
		iifname "lo" accept; ct state established accept; }
}
N
in_ gate nft -f "$work/theirs"
for open in report open; do
	sed "s/intercept = .*/intercept = \"no\"\n    foreign-drop = \"$open\"/; s/vpn.example.org/198.51.100.1/; /^resolver/,\$d; s/{\"self\"}/{\"10.77.0.1\"}/" \
		"$examples/phones.conf" >"$work/$open.conf"
done
before gate
gw gate check -c "$work/report.conf" >"$work/check.txt" 2>&1
check "check names the table and chain" grep -E 'filter.*FORWARD' "$work/check.txt"
check "and the remedy" grep -F foreign-drop "$work/check.txt"
gw gate up -c "$work/report.conf" >/dev/null 2>&1
gw gate client add kim -c "$work/report.conf" --conf >"$work/kim.conf"
wg_conf phone wg-phone "$work/kim.conf"
ip -n phone route add 203.0.113.0/24 dev wg-phone
check "with report, nothing passes" not get phone http://203.0.113.10/ $moment
check "from report to open, without a down between" gw gate up -c "$work/open.conf"
check "with open, it does" get phone http://203.0.113.10/
check "what is kept from strangers is kept from them still" not \
	in_ stranger ping -c 1 -W "$moment" 203.0.113.10
check "though it was asked for" not sh -c \
	"ip netns exec gate nft list chain ip filter FORWARD | grep -F '192.0.2.2 counter packets 0'"
check "a second up does nothing" silent gate gw gate up -c "$work/open.conf"
in_ gate nft flush chain ip filter FORWARD
check "status sees the accepts gone" not gw gate status -c "$work/open.conf"
check "up repairs them" gw gate up -c "$work/open.conf"
check "traffic flows again" get phone http://203.0.113.10/
# Somebody saves the rules and loads them once more; and blocks many.
in_ gate nft list table ip filter >"$work/saved"
in_ gate nft -f "$work/saved"
check "ours are there twice" same \
	"$(in_ gate nft list chain ip filter FORWARD | grep -c gateway:)" 2
{
	echo 'table ip filter { chain FORWARD {'
	for a in {0..255}; do
		for b in {0..35}; do echo "ip saddr 10.9.$a.$b counter drop"; done
	done
	echo '}'
	echo '}'
} | in_ gate nft -f -
check "status among 9000 rules of others" gw gate status -c "$work/open.conf"
gw gate client revoke kim -c "$work/open.conf" >/dev/null
check "down" gw gate down -c "$work/open.conf"
check "none of ours is left" not sh -c \
	"ip netns exec gate nft list ruleset | grep gateway:"
in_ gate nft "flush ruleset; include \"$work/theirs\""
check "nothing is left" after gate

# ways FOUND CHAINS: whether check finds that they drop.
ways() {
	# nft 1.0.6 takes no brace right behind a rule.
	in_ gate nft "flush ruleset; table ip f { ${2//; \}/$'\n}'};
}"
	gw gate check -c "$work/report.conf" >"$work/check.txt" 2>&1
	check "check: $2: found: $1" same "$1" "$(
		grep -qF 'table ip f, chain c drops' "$work/check.txt" && echo yes || echo no)"
}
base='chain c { type filter hook forward priority 0; policy accept;'
ways yes "$base oifname g1 drop; }"
ways no "$base oifname g9 drop; }"
ways no "$base oifname g2 drop; }"
ip -n gate route add default via 192.0.2.2 metric 500
ways yes "$base oifname g2 drop; }"
ways yes "$base meta l4proto tcp drop; }"
ways no "$base meta l4proto { tcp, udp } accept; meta l4proto tcp drop; }"
ways no "chain x { accept; }; $base jump x; drop; }"
ways no "${base/accept/drop} ip saddr 192.0.2.9 drop; accept; }"
ways yes "${base/accept/drop} ip saddr 192.0.2.9 accept; }"
ways yes "chain x { reject; }; $base counter jump x; }"
ways no "chain x { ip saddr 192.0.2.9 drop; }; $base tcp dport 22 jump x; }"
echo 'forward vm { port = "tcp 2222" to = "192.0.2.2:22" }' >>"$work/report.conf"
ways yes "chain x { oif g2 counter reject; }; $base counter jump x; }"
verdict
