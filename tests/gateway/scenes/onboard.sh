#!/bin/bash
# What devices are given, read back by other programs: a QR code by zbar, a
# profile by Python's plist reader, JSON by jq.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"
hosts gate
client() { gw gate client "$@"; }
sed 's/intercept = .*/intercept = "no"/' "$examples/phones.conf" >"$work/home.conf"
check "a client without an uplink, not up" sh -c \
	"ip netns exec gate $build/pared-gateway client add kim --keep -c $work/home.conf --conf >$work/kim.conf"
check "its SVG is drawn" sh -c \
	"ip netns exec gate $build/pared-gateway client show kim --svg -c $work/home.conf >$work/kim.svg &&
	rsvg-convert -z 4 -b white -o $work/kim.png $work/kim.svg"
# QR alone: among a key's random squares zbar now and then sees a bar code too.
check "zbar reads the .conf out of it" sh -c \
	"zbarimg -q --raw -Sdisable -Sqrcode.enable -Sbinary $work/kim.png |
	diff $work/kim.conf -"
check "the terminal's code is drawn" sh -c \
	"ip netns exec gate $build/pared-gateway client show kim --qr -c $work/home.conf | grep -q '█'"
check "a public key of the device's own" sh -c \
	"ip netns exec gate $build/pared-gateway client add lee --public-key $(wg genkey | wg pubkey) -c $work/home.conf --conf | grep -i privatekey"
check "the same name again is refused" not client add kim -c "$work/home.conf"
check "a hostile name is refused" not client add '../../etc/x' -c "$work/home.conf"
check "both are listed" same "$(client list -c "$work/home.conf" --json | jq -r '.[].name' | sort | tr '\n' ' ')" "kim lee "

check "an IKEv2 client" sh -c \
	"ip netns exec gate $build/pared-gateway client add kim --mobileconfig -c $examples/native.conf >$work/kim.mobileconfig"
check "the profile is a plist with PAC, authority and On Demand" python3 - "$work/kim.mobileconfig" <<'P'
import plistlib, sys
p = plistlib.load(open(sys.argv[1], 'rb'))
vpn = [c for c in p['PayloadContent'] if c['PayloadType'] == 'com.apple.vpn.managed'][0]
root = [c for c in p['PayloadContent'] if c['PayloadType'] == 'com.apple.security.root'][0]
assert vpn['VPNType'] == 'IKEv2', vpn['VPNType']
assert vpn['Proxies']['ProxyAutoConfigEnable'] == 1
assert vpn['Proxies']['ProxyAutoConfigURLString'].endswith('/proxy.pac')
assert vpn['IKEv2']['RemoteAddress'] == 'vpn.example.org'
assert root['PayloadContent'][:1] == b'\x30'
assert vpn['IKEv2'].get('OnDemandEnabled', vpn.get('OnDemandEnabled')) in (0, 1)
P
check "the .sswan is JSON with the proxy" sh -c \
	"ip netns exec gate $build/pared-gateway client show kim --sswan -c $examples/native.conf | jq -e '.remote.addr and .proxy.host and .uuid'"
check "the .ps1 names the connection" sh -c \
	"ip netns exec gate $build/pared-gateway client show kim --ps1 -c $examples/native.conf | grep -i Add-VpnConnection"
check "revoked" client revoke kim -c "$examples/native.conf"
check "an unknown client is said to be unknown" not client show kim -c "$examples/native.conf"
verdict
