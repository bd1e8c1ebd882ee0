#!/bin/bash
# A container's port is handed out: to the world, to the gateway itself and to
# the container's own neighbours (hairpin).
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts visitor gate mini twin
cable visitor v0 198.51.100.9/24 gate g0 198.51.100.1/24
ip -n gate route add default via 198.51.100.9
# Of each port the kernel tells a second time after the forward delay.
ip -n gate link add br0 type bridge forward_delay 0
plug gate br0 10.0.3.1/24
for box in "mini 10.0.3.2" "twin 10.0.3.3"; do
	read -r name address <<<"$box"
	ip link add eth0 netns "$name" type veth peer name "$name" netns gate
	ip -n gate link set "$name" master br0 up
	in_ gate bridge link set dev "$name" hairpin on
	plug "$name" eth0 "$address/24"
	ip -n "$name" route add default via 10.0.3.1
done
site mini "hello from mini"
soon get gate http://10.0.3.2/
before gate
check "up" gw gate up -c "$examples/containers.conf"
check "from the world" same "$(get visitor http://198.51.100.1:8080/)" "hello from mini"
check "the container saw who" grep -F 198.51.100.9 "$work/mini.log"
check "from the gateway itself" same "$(get gate http://198.51.100.1:8080/)" "hello from mini"
check "from a neighbour" same "$(get twin http://198.51.100.1:8080/)" "hello from mini"
check "from the container itself" same "$(get mini http://198.51.100.1:8080/)" "hello from mini"
check "a second up does nothing" silent gate gw gate up -c "$examples/containers.conf"
check "down" gw gate down -c "$examples/containers.conf"
check "the port is closed again" not get visitor http://198.51.100.1:8080/ $moment
check "nothing is left" after gate
verdict
