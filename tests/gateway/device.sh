# A device's built-in IKEv2 client: strongSwan, set up by hand.
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh

# native_conf AUTH: the example, with what a scene has not left out.
native_conf() {
	sed "s/vpn.example.org/gate.lab.test/; s/intercept = .*/intercept = \"no\"/; s/{\"self\"}/{\"10.78.0.1\"}/; s/\"eap\"/\"$1\"/; /^resolver/,\$d" \
		"$examples/native.conf"
}

# device HOST LOCAL SECRETS [MORE]: charon there, which dials 198.51.100.1;
# LOCAL: how it proves who it is; MORE of its connection. Credentials lie in
# $work/HOST.
device() {
	local esp=kernel-netlink
	mkdir -p "$work/$1/x509ca"
	cp /var/lib/pared-gateway/native/authority/ca.crt "$work/$1/x509ca/ca.pem"
	modprobe -qa esp4 esp6 xfrm_user
	ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode tunnel \
		enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff 2>/dev/null ||
		esp="kernel-libipsec kernel-netlink"
	ip xfrm state flush 2>/dev/null
	cat >"$work/$1/strongswan.conf" <<C
charon {
	load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints hmac kdf md4 $esp socket-default eap-identity eap-mschapv2 attr vici updown
	plugins { vici { socket = unix://$work/$1/vici } }
	filelog { out { path = $work/$1.log
		default = 1 } }
}
swanctl { load = random openssl pem pkcs1 pkcs8 x509 pubkey }
C
	cat >"$work/$1/swanctl.conf" <<C
connections { home {
	version = 2
	remote_addrs = 198.51.100.1
	vips = 0.0.0.0, ::
	local { $2 }
	remote { auth = pubkey
		id = gate.lab.test }
	${4:-}
	children { all { remote_ts = 0.0.0.0/0, ::/0 } }
} }
secrets { $3 }
C
	in_ "$1" sh -c "echo \$\$ >$work/$1/pid
		mount -t tmpfs tmpfs /run
		STRONGSWAN_CONF=$work/$1/strongswan.conf exec /usr/lib/ipsec/charon" \
		>/dev/null 2>&1 &
	soon test -S "$work/$1/vici"
	ask "$1" --load-all >/dev/null 2>&1
}
# named HOST CLIENT PASSWORD [MORE]: a device that has a name and password.
named() {
	device "$1" "auth = eap-mschapv2
		eap_id = $2" "eap-$2 { id = $2
		secret = $3 }" "${4:-}"
}
# breaks HOST: its charon is gone without a word; what it leaves goes as well.
breaks() {
	kill -KILL "$(cat "$work/$1/pid")"
	rm -f "$work/$1/vici"
	ip -n "$1" route flush table 220 2>/dev/null
	ip -n "$1" -6 route flush table 220 2>/dev/null
	ip -n "$1" xfrm state flush 2>/dev/null
	ip -n "$1" xfrm policy flush 2>/dev/null
	ip -n "$1" -o address | while read -r _ link _ address _; do
		case $address in
		10.78.* | fd78:*) ip -n "$1" address del "$address" dev "$link" ;;
		esac
	done
}
# ask HOST WORDS...: swanctl, to its charon.
ask() {
	local host=$1
	shift
	SWANCTL_DIR=$work/$host STRONGSWAN_CONF=$work/$host/strongswan.conf \
		swanctl "$@" --uri "unix://$work/$host/vici"
}
