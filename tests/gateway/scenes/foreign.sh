#!/bin/bash
# Other people's chains that drop: check names them, and foreign-drop = "open"
# puts accepts there, which go again.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts phone gate web
cable phone p0 198.51.100.2/24 gate g0 198.51.100.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n gate route add default via 203.0.113.10
site web "hello from the web"
in_ gate nft -f - <<'N'
table ip filter {
	chain DOCKER { }
	chain FORWARD { type filter hook forward priority filter; policy drop;
		jump DOCKER; }
	chain INPUT { type filter hook input priority filter; policy drop;
		iifname "lo" accept; ct state established accept; }
}
N
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
check "with report, nothing passes" not get phone http://203.0.113.10/ 3
check "from report to open, without a down between" gw gate up -c "$work/open.conf"
check "with open, it does" soon get phone http://203.0.113.10/ 3
check "a second up does nothing" silent gate gw gate up -c "$work/open.conf"
in_ gate nft flush chain ip filter FORWARD
check "status sees the accepts gone" not gw gate status -c "$work/open.conf"
check "up repairs them" gw gate up -c "$work/open.conf"
check "traffic flows again" get phone http://203.0.113.10/ 3
in_ gate nft insert rule ip filter FORWARD jump DOCKER
in_ gate nft -a list chain ip filter FORWARD >"$work/chain"
gw gate client revoke kim -c "$work/open.conf" >/dev/null
check "down" gw gate down -c "$work/open.conf"
check "nothing is left" after gate
verdict
