#!/bin/bash
# Others in the way: a program that is missing, a full disk, somebody else's
# directory, an ordinary user who takes our name. Nothing is half done, nothing
# is believed that another wrote, and nobody keeps the gateway from its work.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft
conf=$examples/phones.conf
run=/run/pared-gateway/gateway-home

hosts gate isp
cable gate eth0 198.51.100.1/24,2001:db8:1::1/64 isp i0 198.51.100.254/24,2001:db8:1::ffff/64
ip -n gate route add default via 198.51.100.254
ip -n gate -6 route add default via 2001:db8:1::ffff
before gate
ends() { # WHAT STATUS COMMAND...
	local what=$1 want=$2 got=0
	shift 2
	timeout 180 "$@" >"$work/said" 2>&1 || got=$?
	check "$what" sh -c "[ $got = $want ] || { echo status $got; cat $work/said; false; }"
}
as_gw() { ip netns exec gate "${GATEWAY:-$build/pared-gateway}" "$@" -c "$conf"; }
export -f as_gw
export build conf GATEWAY
gwc() { ends "$1" "$2" bash -c "as_gw $3"; }

# ---- a program that is gone ----
nft=$(readlink -f "$(command -v nft)")
mv "$nft" "$nft.away"
gwc "up without nft fails" 1 up
check "and says so" grep "nft.* not installed" "$work/said"
mv "$nft.away" "$nft"
gwc "after it nothing is up" 0 down
check "and nothing is left" after gate
gwc "up" 0 up
mv "$nft" "$nft.away"
gwc "down cannot remove what only nft can" 1 down
check "and says so" grep "nft.* not installed" "$work/said"
gwc "by tag neither" 1 "down --by-tag"
mv "$nft.away" "$nft"
gwc "down with it goes on" 0 down
check "and nothing is left then" after gate

sed 's/ipv4 = "nat"/&\n    foreign-drop = "open"/' "$conf" >"$work/open.conf"
ends "down of what is not up" 0 ip netns exec gate \
	"${GATEWAY:-$build/pared-gateway}" down -c "$work/open.conf"
check "misses nothing" not grep by-tag "$work/said"

# ---- rules that fail at last ----
mv "$nft" "$nft.real"
cat >"$nft" <<N
#!/bin/sh
"$nft.real" "\$@" || exit
[ "\$*" != "-f -" ] || exit 9
N
chmod 755 "$nft"
gwc "up with an nft that fails behind its work" 1 up
check "says how it ended" grep "nft ended with status 9" "$work/said"
check "and leaves nothing, not a child's socket" after gate
mv "$nft.real" "$nft"
gwc "nor logs, after down" 0 down

# ---- no room ----
room() { # KIBIBYTES
	mkdir -p "$run"
	mount -t tmpfs -o size="$1"k,mode=0700 none "$run"
	as_gw up >"$work/full" 2>&1
	as_gw down >>"$work/full" 2>&1
	umount "$run"
	rmdir "$run"
	after gate || {
		cat "$work/full"
		false
	}
}
for size in 4 8 12 16 20 24 28 32 36 40; do
	check "nothing is left of a run directory of $size KiB" room $size
done

# ---- somebody else's ----
mkdir -p /run/pared-gateway
other=$(mktemp -d)
ln -s "$other" "$run"
gwc "a symbolic link is not followed" 1 up
check "nothing was written there" rmdir "$other"
rm "$run"
mkdir -m 0777 "$run"
echo '{"kind":"sysctl","#":"1","key":"net/ipv4/ip_forward","value":"0","was":"1"}' >"$run/journal"
gwc "a journal in a directory open to all is not believed" 1 down
chmod 0700 "$run"
chown nobody "$run"
gwc "nor one of another user's directory" 1 down
rm -r "$run"
check "nothing was done by it" after gate
mkdir -m 0700 "$run"
mkfifo "$run/journal"
gwc "a journal that is a FIFO is not waited for" 1 status
rm -r "$run"

hook=$(sed -n 's/^gateway \([a-z0-9-]*\).*/\1/p' "$examples/seed-pptp.conf")
hook=/etc/ppp/ip-up.d/pared-gateway-$hook
mkdir -p /etc/ppp/ip-up.d
echo "# an admin's own" >"$hook"
check "a file of our name without our mark is another's" sh -c \
	"ip netns exec gate '${GATEWAY:-$build/pared-gateway}' status \
	-c '$examples/seed-pptp.conf' 2>&1 | grep -E 'foreign.*$hook'"
rm "$hook"

# ---- whoever starts us ----
gwc "up with no descriptor open" 0 "up -v <&- >&- 2>&-"
check "writes no message into the lock" same "$(wc -l <"$run/lock")" 1
check "nor into the journal" not grep -v '^{' "$run/journal"
gwc "down with no descriptor open" 0 "down -v <&- >&- 2>&-"
check "undoes all" after gate
# By default a program dies of that, and those who start us may have changed it.
deaf() { env --default-signal=PIPE bash -c "exec 3> >(true); wait \$!; as_gw $1 -v >&3"; }
export -f deaf
ends "up whose words nobody reads says so" 1 bash -c "deaf up"
gwc "and has done all" 0 status
ends "down whose words nobody reads, too" 1 bash -c "deaf down"
check "and has undone all" after gate
rm -rf /run/pared-gateway /var/lib/pared-gateway
ends "up by who has an umask of 077" 0 bash -c "umask 077; as_gw up"
check "makes directories for all" same "$(
	stat -c %a /run/pared-gateway /var/lib/pared-gateway
)" "$(printf '755\n755')"
gwc "down of that" 0 down
ends "up by who has none" 0 bash -c "umask 0; as_gw up"
umasks() {
	local pid
	for pid in $(ip netns pids gate); do
		sed -n 's/^Umask:\t//p' "/proc/$pid/status"
	done
}
check "no child may write what all may write" not grep -x 0000 <(umasks)

# ---- who says that he is a child of ours ----
for _ in 1 2 3; do
	ip netns exec gate setpriv --reuid 65534 --regid 65534 --clear-groups \
		env PARED_GATEWAY=home PARED_GATEWAY_CHILD=wireguard-go-wg-phones \
		sh -c 'trap "" TERM; while :; do sleep 1; done' &
	liars="${liars:-} $!"
	disown # no word of its end
done
all_say_so() {
	local pid
	for pid in $liars; do
		grep -q PARED_GATEWAY_CHILD "/proc/$pid/environ" || return
	done
}
check "three say so" soon all_say_so
gwc "down" 0 down
# shellcheck disable=SC2086 # words
check "does not wait for them" kill -0 $liars
gwc "down by tag ends who says so" 0 "down --by-tag"
# shellcheck disable=SC2086 # words
check "however deaf he is" soon not kill -0 $liars
check "nothing else is there" after gate

# ---- our name ----
in_ gate setpriv --reuid 65534 --regid 65534 --clear-groups \
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0);
		bind(S, pack_sockaddr_un("\0pared-gateway")); sleep 600' &
check "an ordinary user takes our name" soon in_ gate grep -q @pared-gateway /proc/net/unix
gwc "which is in nobody's way" 0 up
ends "another user's check sees no clash with what is up" 0 ip netns exec gate \
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	"${GATEWAY:-$build/pared-gateway}" check -c "$conf"
gwc "not on the way down, either" 0 down
check "nothing is left of that" after gate

# ---- a journal of another version ----
gwc "up, before an update of the program" 0 up
sed -i '3a {"kind":"teleport","#":"1","from":"here"}' "$run/journal"
gwc "a line of another version: up does nothing" 1 up
check "and says what to do" grep -- "--by-tag" "$work/said"
gwc "status can look" 0 status
check "and says so, too" grep -- "--by-tag" "$work/said"
gwc "by tag it goes" 0 "down --by-tag"
check "with the settings that the other lines tell of" after gate

# ---- a journal that is lost ----
gwc "up again" 0 up
rm "$run/journal"
gwc "up without what was written down" 0 up
check "says that down will leave it" grep "nothing of that is written down" "$work/said"
gwc "by tag" 0 "down --by-tag -v"
in_ gate sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
	net.ipv4.conf.all.send_redirects=1
check "all but the settings, which it names" after gate

# ---- a run directory on a disk, and the machine is started again ----
gwc "up, before a power failure" 0 up
cp -a "$run" "$work/kept"
gwc "which takes all from the kernel" 0 down
cp -a "$work/kept" "$run"
sed -i 's/ .*/ 00000000-0000-0000-0000-000000000000/' "$run/netns"
in_ gate sysctl -qw net.ipv4.ip_forward=1
gwc "down of what was before it" 0 down
check "leaves what was set since" same "$(in_ gate sysctl -n net.ipv4.ip_forward)" 1
in_ gate sysctl -qw net.ipv4.ip_forward=0
check "and nothing else is there" after gate
gwc "by its name, written in one word" 0 "down --name=home"

# ---- a machine that is otherwise than others ----
in_ gate sysctl -qw net.ipv6.conf.default.disable_ipv6=1
gwc "check finds that IPv6 is off" 1 check
check "with its remedy" grep -A1 "IPv6 off" "$work/said"
gwc "up fails" 1 up
in_ gate sysctl -qw net.ipv6.conf.default.disable_ipv6=0
check "and nothing is left" after gate
ip -n gate link set eth0 alias gateway:home
ip -n gate link add wg-phones type bridge
ip -n gate link set wg-phones alias gateway:home
gwc "a mark on a bridge does not make it ours" 1 up
gwc "nor one on a network card, by tag" 0 "down --by-tag"
check "the bridge is still there" ip -n gate link show wg-phones
check "and the card" ip -n gate link show eth0
ip -n gate link delete wg-phones
ip -n gate link set eth0 alias ""
# The kernel takes such a name; nft would read it as words of its own.
ip -n gate link set eth0 down
ip -n gate link set eth0 name 'e";flush;"'
ip -n gate link set 'e";flush;"' up
ip -n gate route add default via 198.51.100.254
gwc "a link of a wild name is no uplink" 1 up
check "for its name is not written into rules" not grep -F flush "$work/said"
ip -n gate link set 'e";flush;"' down
ip -n gate link set 'e";flush;"' name eth0

# ---- a container that kept /run, and was given a new network ----
hosts old new
cable old o0 198.51.100.1/24 new n0 198.51.100.2/24
ip -n old route add default via 198.51.100.2
ip -n new route add default via 198.51.100.1
gw old up -c "$conf" >/dev/null 2>&1
ip netns exec old sleep 1000 &
is_in_old() { ip netns pids old | grep -qx "$1"; }
soon is_in_old $!
disown
pids=$(ip netns pids old)
ip netns delete old # the name alone
unit=$here/../../contrib/gateway/systemd/pared-gateway@.service
caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z \n' 'a-z,,' |
	sed 's/cap_/+/g; s/,$//')
with_caps() { # CAPABILITIES
	in_ new setpriv --bounding-set "-all,$1" \
		"${GATEWAY:-$build/pared-gateway}" down -c "$conf"
}
export -f in_ gw with_caps
ends "the unit's capabilities show where it is up" 1 bash -c "with_caps '$caps'"
check "which it says" grep "is up in another network namespace" "$work/said"
ends "with fewer" 1 bash -c "with_caps '${caps/,+sys_ptrace/}'"
check "nothing is taken for gone" grep CAP_SYS_PTRACE "$work/said"
check "nor thrown away" [ -s "$run/journal" ]
mv "$run/journal" "$work/journal"
echo unreadable >"$run/journal"
ends "nor is it with a journal that nobody can read" 1 bash -c "gw new down --by-tag -c '$conf'"
check "whose directory stays" [ -s "$run/journal" ]
mv "$work/journal" "$run/journal"
for pid in $pids; do kill -9 "$pid"; done
soon not ip -n new link show n0 # it is gone when the cable is
in_ new sysctl -qw net.ipv4.ip_forward=1
check "what was up elsewhere is undone" gw new down -c "$conf"
check "and what is as it was there stays" \
	same "$(in_ new sysctl -n net.ipv4.ip_forward)" 1
check "no file is left" [ ! -e /run/pared-gateway/gateway-home ]
verdict
