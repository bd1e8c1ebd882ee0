#!/bin/sh
# Installs what is missing of scripts/packages.txt: deps.sh build|test|lab|all
# (each group holds the ones before it). Says nothing when all is there.
set -eu

group=${1:-build}
list=$(dirname "$0")/packages.txt
case $group in
build | test | lab | all) ;;
*)
	echo "usage: scripts/deps.sh build|test|lab|all" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "deps: not a Debian system; scripts/packages.txt has the names" >&2
	exit 0
fi

wanted=$(awk -v last="$group" '
	{ sub(/#.*/, "") }
	/^\[/ { if (done) exit; done = $1 == "[" last "]"; next }
	{ for (i = 1; i <= NF; i++) print $i }' "$list")

# "Provides" counts: libjpeg-dev may be another package's name. dpkg-query
# ends with 1 when it does not know a name, which is no failure here.
have=" $({ dpkg-query -W \
	-f '${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null || :; } |
	sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr ',\n' '  ') "
missing=
for name in $wanted; do
	case $have in
	*" $name "*) ;;
	*) missing="$missing $name" ;;
	esac
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }
then
	as_root=sudo
else
	printf 'deps: missing packages; as root, type:\n  %s\n' "$install" >&2
	exit 1
fi

echo "deps: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# Daemons that the tests want are not to be started by their installation.
export RUNLEVEL=1
# A fresh machine has no package lists, an old one lists of what is gone.
$as_root apt-get update -qq </dev/null ||
	echo "deps: apt-get update failed; trying with the lists there are" >&2
# shellcheck disable=SC2086 # a list of words
$as_root $install -qq </dev/null >/dev/null
