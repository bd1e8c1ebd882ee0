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

# site HOST TEXT [PORT]: TEXT at /; the log is $work/HOST.log.
site() {
	mkdir -p "$work/$1.www"
	echo "$2" >"$work/$1.www/index.html"
	in_ "$1" busybox httpd -f -vv -p "${3:-80}" -h "$work/$1.www" \
		2>"$work/$1.log" &
}
get() { in_ "$1" curl -gsS --max-time "${3:-10}" "$2"; }

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
	local link
	! ip -n "$1" -o link show type veth up | grep -q NO-CARRIER || return 1
	for link in $(ip -n "$1" -o link show type veth up |
		sed 's/^[0-9]*: //; s/@.*//'); do
		ip -n "$1" -6 -o address show dev "$link" | grep -q fe80 ||
			ip -n "$1" -o link show dev "$link" | grep -q ' master ' ||
			return 1
	done
}
after() {
	HOST=$1 in_ "$1" "$here/state" >"$work/$1.after"
	diff "$work/$1.before" "$work/$1.after"
}
# silent HOST COMMAND...: the command changes nothing in the kernel's eyes.
silent() {
	local host=$1 status=0
	shift
	in_ "$host" timeout 20 ip monitor link address route rule neigh nsid \
		>"$work/monitor" 2>&1 &
	local ip_pid=$!
	in_ "$host" timeout 20 nft monitor >"$work/nft-monitor" 2>&1 &
	local nft_pid=$!
	sleep 0.4
	"$@" || status=$?
	sleep 0.4
	kill "$ip_pid" "$nft_pid" 2>/dev/null
	wait "$ip_pid" "$nft_pid" 2>/dev/null
	# Neighbours come and go by themselves; nobody else does.
	grep -avE 'REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE|monitor' \
		"$work/monitor" "$work/nft-monitor" && return 1
	return "$status"
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

# pared HOST WORDS...: the proxy with a configuration from standard input; its
# access log is $work/HOST.access.
pared() {
	local host=$1
	cat >"$work/$host.pared"
	echo "AccessLog = \"$work/$host.access\"" >>"$work/$host.pared"
	in_ "$host" "$build/pared" run -c "$work/$host.pared" \
		2>"$work/$host.pared-log" &
	soon grep -q ready "$work/$host.pared-log" ||
		cat "$work/$host.pared-log"
}

# ---- verdicts ---------------------------------------------------------------

# soon COMMAND...: within 15 s (a guest is slow: 60).
soon() {
	local _ tries=75
	[ "${WORLD:-netns}" = netns ] || tries=300
	for _ in $(seq $tries); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.2
	done
	return 1
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
needs_nft() {
	nft add table inet probe 2>/dev/null || lacks nftables
	nft delete table inet probe
}
needs_link() {
	modprobe -q "$1"
	ip link add probe type "$@" 2>/dev/null || lacks "$1 links"
	ip link delete probe
}
# The last line of every scene.
verdict() {
	# A guest ends with its processes; here they are ended by pid.
	local pid
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
	[ "$bad" -eq 0 ] && [ "$seen" -gt 0 ]
	exit
}
