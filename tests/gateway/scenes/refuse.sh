#!/bin/bash
# What goes wrong is told with its remedy, and nothing is half done.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
needs_nft

hosts gate isp
cable gate eth0 198.51.100.1/24 isp i0 198.51.100.254/24
usage() { # WHAT STATUS COMMAND...
	local what=$1 want=$2 got=0
	shift 2
	"$@" >"$work/said" 2>&1 || got=$?
	check "$what" same "$got" "$want"
}
usage "no command is usage" 2 gw gate
usage "an unknown command, too" 2 gw gate upp -c "$examples/phones.conf"
usage "options before the command, too" 2 gw gate --json plan
check "which says where they belong" grep "follow the command" "$work/said"
# Words are looked at before the file, which is not there.
for words in "up --frob" "down --run-dir /x" "status x" "plan --nft --json" \
	"run --frob" "try -c x" "try 4" "client" "client frob" "client add" \
	"client show" "client revoke" "hook" "hook ppp-up"; do
	# shellcheck disable=SC2086 # words
	usage "wrong words: $words" 2 gw gate $words
	check "and the usage: $words" grep -E '^usage|did you mean|there is no command' "$work/said"
done
usage "no such file" 1 gw gate plan -c "$work/nothing.conf"
echo 'gateway x { uplnk = "eth0" }' >"$work/typo.conf"
usage "a typo" 1 gw gate plan -c "$work/typo.conf"
check "with file, line and the nearest name" grep -E 'typo.conf:1:.*uplink' "$work/said"
usage "up without a default route" 1 gw gate up -c "$examples/phones.conf"
check "names the option" grep -i uplink "$work/said"
usage "plan of it" 0 gw gate plan -c "$examples/phones.conf"
usage "status of what is not up" 1 gw gate status -c "$examples/phones.conf"
usage "down of what is not up" 0 gw gate down -c "$examples/phones.conf"
ip -n gate route add default via 198.51.100.254
ip -n gate link add wg-phones type bridge
before gate
usage "a link of that name which is somebody else's" 1 gw gate up -c "$examples/phones.conf"
check "is named" grep -F wg-phones "$work/said"
check "and nothing is half done" after gate
ip -n gate link delete wg-phones
usage "PPTP without saying that it is broken" 1 sh -c \
	"sed /broken/d $examples/seed-pptp.conf >$work/p.conf; ip netns exec gate $build/pared-gateway plan -c $work/p.conf"
before gate
gw gate up -c "$examples/phones.conf" >/dev/null 2>&1
sed 's/gateway home/gateway other/; s/51820/51821/; s/phones/mates/; s/10.77/10.79/; s/fd77/fd79/' \
	"$examples/phones.conf" >"$work/other.conf"
usage "a second gateway in one network" 1 gw gate up -c "$work/other.conf"
in_ gate setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$build/pared-gateway" up -c "$examples/phones.conf" >"$work/said" 2>&1
check "an ordinary user's up is told to be root" grep "run it as root" "$work/said"
usage "down by a name that is up by another run-dir" 1 gw gate down --name home --run-dir /run/elsewhere
check "is told so" grep "another run-dir" "$work/said"
check "plan --json is JSON" sh -c \
	"ip netns exec gate $build/pared-gateway plan --json -c $examples/phones.conf | jq -e 'length > 10'"
check "without keys in it" not sh -c \
	"ip netns exec gate $build/pared-gateway plan --json -c $examples/phones.conf | grep -F \"\$(cat /var/lib/pared-gateway/home/*.key | head -n 1)\""
rm "$work/other.conf"
check "down knows the way without the file" gw gate down --name home
check "nothing is left" after gate
check "by tag, there is nothing" sh -c \
	"ip netns exec gate $build/pared-gateway down --name home --by-tag | grep 'nothing bears a mark'"
verdict
