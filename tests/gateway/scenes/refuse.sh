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
check "an ordinary user's up is told to be root" grep -iE 'root|permi|privilege' "$work/said"
check "plan --json is JSON" sh -c \
	"ip netns exec gate $build/pared-gateway plan --json -c $examples/phones.conf | jq -e 'length > 10'"
check "without keys in it" not sh -c \
	"ip netns exec gate $build/pared-gateway plan --json -c $examples/phones.conf | grep -F \"\$(cat /var/lib/pared-gateway/home/*.key | head -n 1)\""
rm "$work/other.conf"
check "down knows the way without the file" gw gate down --name home
check "nothing is left" after gate
verdict
