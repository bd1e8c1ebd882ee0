# What the scenes share. A scene builds a little world of hosts (network
# namespaces) and cables, brings the gateway up from a configuration, and looks
# at what arrives at the far end.
# shellcheck shell=bash
set -u
# Modules that rules load of themselves bring sysctls, which stay.
modprobe -qa nf_tables nf_conntrack nft_ct nft_chain_nat nf_flow_table
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD:-$here/../../build}
# shellcheck disable=SC2034 # the scenes'
examples=$here/../../contrib/gateway/examples
scene=$(basename "$0" .sh)
work=$(mktemp -d)
seen=0 bad=0

# ---- the world --------------------------------------------------------------

# hosts NAME...
hosts() {
	local name
	for name; do
		ip netns add "$name"
		ip -n "$name" link set lo up
		in_ "$name" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
	done
}

# in_ HOST COMMAND...
in_() { ip netns exec "$@"; }

# cable HOST LINK ADDRESSES HOST LINK ADDRESSES; addresses with commas, or "-".
cable() {
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
	plug "$1" "$2" "$3"
	plug "$4" "$5" "$6"
}
plug() {
	local address
	ip -n "$1" link set "$2" up
	[ "$3" = - ] && return
	for address in ${3//,/ }; do
		case $address in
		*:*) ip -n "$1" -6 address add "$address" dev "$2" nodad ;;
		*) ip -n "$1" address add "$address" dev "$2" ;;
		esac
	done
}

# site HOST TEXT: TEXT at /; the log is $work/HOST.log.
site() {
	mkdir -p "$work/$1.www"
	echo "$2" >"$work/$1.www/index.html"
	in_ "$1" busybox httpd -f -vv -p 80 -h "$work/$1.www" \
		2>"$work/$1.log" &
	soon listens "$1" t 80
}
# names HOST DNSMASQ-OPTIONS...: a name server.
names() {
	local host=$1
	shift
	in_ "$host" dnsmasq -k -C /dev/null --no-resolv --no-hosts --no-daemon \
		"$@" >"$work/dnsmasq.log" 2>&1 &
	soon listens "$host" u 53
}
# listens HOST t|u PORT: TCP or UDP.
listens() { in_ "$1" ss -Hln"$2" "sport = :$3" | grep -q .; }
get() { in_ "$1" curl -gsS --max-time "${3:-60}" "$2"; }
# How many seconds to wait for what is not to come.
# shellcheck disable=SC2034 # the scenes'
case ${WORLD:-netns} in
netns) moment=1 ;;
*) moment=5 ;;
esac

# ---- the gateway ------------------------------------------------------------

# gw HOST COMMAND WORDS... : pared-gateway there.
gw() {
	local host=$1
	shift
	in_ "$host" "${GATEWAY:-$build/pared-gateway}" "$@"
}
# before HOST, after HOST: down left nothing behind.
before() {
	soon settled "$1"
	HOST=$1 in_ "$1" "$here/state" >"$work/$1.before"
}
# Cables have their carrier and the address that comes with it.
settled() {
	local link links addresses
	links=$(ip -n "$1" -o link show type veth up)
	[[ $links != *NO-CARRIER* ]] || return 1
	addresses=$(ip -n "$1" -6 -o address show scope link)
	while read -r link; do
		[ -z "$link" ] || [[ $addresses == *" $link "* ]] ||
			in_ "$1" grep -qsx 1 "/proc/sys/net/ipv6/conf/$link/disable_ipv6" ||
			return 1
	done <<<"$(sed '/ master /d; s/^[0-9]*: //; s/@.*//' <<<"$links")"
}
after() {
	HOST=$1 in_ "$1" "$here/state" >"$work/$1.after"
	diff "$work/$1.before" "$work/$1.after"
}
# silent HOST COMMAND...: the command changes nothing in the kernel's eyes.
silent() {
	local host=$1 status=0
	shift
	listen "$host"
	"$@" || status=$?
	# Neighbours come and go by themselves; nobody else does.
	heard "$host" |
		grep -avE 'REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE' &&
		return 1
	return "$status"
}
# listen HOST ... heard HOST: what the kernel told of between the two. A sign
# given in the kernel says that both ears are open, another that all was told.
listen() {
	ip netns exec "$1" ip -o monitor link address route rule neigh nsid \
		netconf >"$work/monitor" 2>&1 &
	ears=$!
	ip netns exec "$1" tc monitor >"$work/tc-monitor" 2>&1 &
	ears="$ears $!"
	: >"$work/nft-monitor"
	if [ $has_nft = yes ]; then
		ip netns exec "$1" nft monitor >"$work/nft-monitor" 2>&1 &
		ears="$ears $!"
	fi
	soon sign "$1" 1
}
heard() {
	local ear
	soon sign "$1" 2 || echo "the monitors have gone deaf"
	for ear in $ears; do
		kill "$ear"
		wait "$ear"
	done 2>/dev/null
	for ear in monitor tc-monitor nft-monitor; do
		awk '/127\.0\.1\.1|fff1:|sign1/ { text = ""; sign = 1; next }
			/127\.0\.1\.2|fff2:|sign2/ { exit }
			/^deleted qdisc noqueue .* dev lo / { next }
			!sign || !/^# new generation/ { text = text $0 "\n" }
			{ sign = 0 }
			END { printf "%s", text }' "$work/$ear"
	done
}
sign() { # HOST 1|2
	ip -n "$1" address add "127.0.1.$2/32" dev lo
	ip -n "$1" address delete "127.0.1.$2/32" dev lo
	grep -qaF "127.0.1.$2" "$work/monitor" || return 1
	in_ "$1" tc qdisc replace dev lo root handle "fff$2:" pfifo
	in_ "$1" tc qdisc delete dev lo root
	grep -qaF "fff$2:" "$work/tc-monitor" || return 1
	[ $has_nft = yes ] || return 0
	in_ "$1" nft "add table inet sign$2; delete table inet sign$2"
	grep -qaF "sign$2" "$work/nft-monitor"
}

# wg_conf HOST LINK FILE: a client's .conf in force, as wg-quick would.
wg_conf() {
	local host=$1 link=$2 file=$3 address
	wg_link "$host" "$link"
	grep -vE '^(Address|DNS|MTU)' "$file" >"$work/$link.conf"
	in_ "$host" wg setconf "$link" "$work/$link.conf"
	for address in $(sed -n 's/^Address *= *//p' "$file" | tr ',' ' '); do
		case $address in
		*:*) ip -n "$host" -6 address add "$address" dev "$link" nodad ;;
		*) ip -n "$host" address add "$address" dev "$link" ;;
		esac
	done
	ip -n "$host" link set "$link" mtu 1420 up
}
wg_link() {
	ip -n "$1" link add "$2" type wireguard 2>/dev/null && return
	[ -x /usr/bin/wireguard-go ] || lacks WireGuard
	in_ "$1" wireguard-go -f "$2" >"$work/$2.log" 2>&1 &
	soon ip -n "$1" link show "$2" || lacks WireGuard
	soon test -S "/var/run/wireguard/$2.sock"
}
wg_gone() { # HOST LINK
	ip -n "$1" link delete "$2"
	soon test ! -e "/var/run/wireguard/$2.sock"
}

# pared HOST WORDS...: the proxy with a configuration from standard input; its
# access log is $work/HOST.access.
pared() {
	local host=$1
	cat >"$work/$host.pared"
	echo "AccessLog = \"$work/$host.access\"" >>"$work/$host.pared"
	ip netns exec "$host" "$build/pared" run -c "$work/$host.pared" \
		2>"$work/$host.pared-log" &
	# shellcheck disable=SC2034 # the scenes'
	pared_pid=$!
	soon grep -q ready "$work/$host.pared-log" ||
		cat "$work/$host.pared-log"
}

# ---- verdicts ---------------------------------------------------------------

# soon COMMAND...: within a minute, as a guest is slow, and this machine may be
# busy.
soon() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
# check WHAT COMMAND...
check() {
	local what=$1
	shift
	seen=$((seen + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok   $scene: $what"
	else
		bad=$((bad + 1))
		echo "FAIL $scene: $what"
		tail -n 25 "$work/out" | sed 's/^/       /'
	fi
}
not() { ! "$@"; }
same() {
	[ "$1" = "$2" ] || {
		echo "\"$1\" is not \"$2\""
		false
	}
}
# lacks WHAT: this kernel cannot play the scene.
lacks() {
	echo "skip $scene: no $1 in $(uname -r)"
	exit 77
}
has_nft=no
nft add table inet probe 2>/dev/null && has_nft=yes &&
	nft delete table inet probe
needs_nft() { [ $has_nft = yes ] || lacks nftables; }
needs_link() {
	modprobe -q "$1"
	ip link add probe type "$@" 2>/dev/null || lacks "$1 links"
	ip link delete probe
}
# The last line of every scene, whose processes end with its world.
verdict() {
	[ "$bad" -eq 0 ] && [ "$seen" -gt 0 ]
	exit
}
