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
# In 0.1 Mbit/s.
speed() {
	in_ phone iperf3 -s -1 -p "$2" >/dev/null 2>&1 &
	sleep 0.5
	in_ gate iperf3 -c "$1" -p "$2" -t 3 -J |
		jq '.end.sum_received.bits_per_second / 1e5 | floor'
}
slow=$(speed fd00:77::2 5201)
fast=$(speed fd00:77::3 5202)
plain=$(speed 192.168.77.2 5203)
echo "     0.1 Mbit/s: IPv6 $slow, chosen IPv6 $fast, IPv4 $plain"
check "what no class names is held to 2 Mbit/s" [ "$slow" -ge 10 -a "$slow" -le 24 ]
check "the chosen IPv6 address is not" [ "$fast" -ge 60 ]
check "IPv4 likewise" [ "$plain" -ge 10 -a "$plain" -le 24 ]
class=$(in_ gate tc class show dev eth1 | sed -n 's/^class htb \([0-9a-f:]*\) .*prio 0 rate 8Mbit.*/\1/p')
was=$(sent "$class")
for _ in 1 2 3; do echo query | in_ gate nc -u -w 1 -p 53 fd00:77::2 9999; done
check "IPv6 answers from port 53 go first" [ "$(sent "$class")" -gt "$was" ]
was=$(sent "$class")
for _ in 1 2 3; do echo query | in_ gate nc -u -w 1 -p 53 192.168.77.2 9999; done
check "IPv4 answers, too" [ "$(sent "$class")" -gt "$was" ]
check "a second up does nothing" silent gate gw gate up -c "$examples/qos.conf"
check "down" gw gate down -c "$examples/qos.conf"
check "nothing is left" after gate
verdict
