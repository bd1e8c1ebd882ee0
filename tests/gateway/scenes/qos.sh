#!/bin/bash
# HTB classes on the way to the clients, chosen by u32 filters on IPv4 and IPv6.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
modprobe -qa sch_htb cls_u32 sch_fq_codel
ip link add probe type veth peer name eborp
tc qdisc add dev probe root handle 1: htb 2>/dev/null || lacks HTB
ip link delete probe
needs_nft # the example has a limit, too

hosts phone gate
cable phone p0 192.168.77.2/24,fd00:77::2/64,fd00:77::3/64 gate eth1 192.168.77.1/24,fd00:77::1/64
ip -n gate route add default via 192.168.77.2
before gate
check "up" gw gate up -c "$examples/qos.conf"
sent() { in_ gate tc -s class show dev eth1 classid "$1" | awk '$1 == "Sent" { print $2 }'; }
in_ phone iperf3 -s >/dev/null 2>&1 &
soon listens phone t 5201
# speed ADDRESS LEAST MOST, in 0.1 Mbit/s. A busy machine may be slower than the
# class: then another time.
speed() {
	rate=$(in_ gate iperf3 -c "$1" -t 2 -J |
		jq '.end.sum_received.bits_per_second / 1e5 | floor')
	echo "$1: $rate" >>"$work/rates"
	[ "$rate" -ge "$2" ] && [ "$rate" -le "$3" ]
}
check "what no class names is held to 2 Mbit/s" soon speed fd00:77::2 10 24
check "the chosen IPv6 address is not" soon speed fd00:77::3 60 220
check "IPv4 likewise" soon speed 192.168.77.2 10 24
sed 's/^/     0.1 Mbit\/s: /' "$work/rates"
class=$(in_ gate tc class show dev eth1 | sed -n 's/^class htb \([0-9a-f:]*\) .*prio 0 rate 8Mbit.*/\1/p')
more() { [ "$(sent "$class")" -gt "$was" ]; }
was=$(sent "$class")
echo query | in_ gate nc -u -q 0 -p 53 fd00:77::2 9999
check "IPv6 answers from port 53 go first" soon more
was=$(sent "$class")
echo query | in_ gate nc -u -q 0 -p 53 192.168.77.2 9999
check "IPv4 answers, too" soon more
check "a second up does nothing" silent gate gw gate up -c "$examples/qos.conf"
check "down" gw gate down -c "$examples/qos.conf"
check "nothing is left" after gate
verdict
