#!/bin/bash
# A small edge machine hands its web port through WireGuard to a bigger node,
# which sees the visitor's own address and answers back through the edge.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts visitor edge node
cable visitor v0 198.51.100.9/24 edge e0 198.51.100.1/24
cable edge e1 203.0.113.1/24 node n0 203.0.113.2/24
ip -n edge route add default via 198.51.100.9
ip -n node route add blackhole default # its own way out is not the edge
site node "hello from the node"
head -c 300000 /dev/urandom >"$work/node.www/big"

(umask 077 && wg genkey >"$work/edge.key" && wg genkey >"$work/node.key")
sed "s|peer = .*|peer = \"$(wg pubkey <"$work/node.key")\"\n    key = \"$work/edge.key\"|" \
	"$examples/slim-edge.conf" >"$work/edge.conf"
sed "s|peer = .*|peer = \"$(wg pubkey <"$work/edge.key")\"\n    key = \"$work/node.key\"|" \
	"$examples/slim-edge-node.conf" >"$work/node.conf"
before edge
before node
check "the edge comes up" gw edge up -c "$work/edge.conf"
check "the node comes up" gw node up -c "$work/node.conf"
check "the visitor gets the node's page" soon get visitor http://198.51.100.1/
check "it is the node's" same "$(get visitor http://198.51.100.1/)" "hello from the node"
check "the node saw the visitor's address" grep -F 198.51.100.9 "$work/node.log"
check "a big file comes whole" sh -c \
	"ip netns exec visitor curl -s http://198.51.100.1/big | cmp - $work/node.www/big"
check "the node's status" gw node status -c "$work/node.conf"
check "a second up does nothing on the edge" silent edge gw edge up -c "$work/edge.conf"
check "nor on the node" silent node gw node up -c "$work/node.conf"
ip -n node rule show | grep -q 'from 10.99.0.2' || echo "     (no source rule?)"
check "the node goes down" gw node down -c "$work/node.conf"
check "without the node's half nothing comes back" not get visitor http://198.51.100.1/ $moment
check "the edge goes down" gw edge down -c "$work/edge.conf"
check "nothing is left on the edge" after edge
check "nor on the node" after node
verdict
