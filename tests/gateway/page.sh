# A page with a picture and an advertisement, the proxy beside the gateway, and
# what a device in a tunnel gets of it: by interception, and by PAC.
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh

# page HOST: www.lab.test and ads.lab.test at HOST, which also answers names.
page() {
	site "$1" '<html><img src="/photo.png"><script src="http://ads.lab.test/ad.js"></script></html>'
	echo 'document.write("buy")' >"$work/$1.www/ad.js"
	python3 - "$work/$1.www/photo.png" <<'P'
import struct, sys, zlib
w, h, seed, rows = 480, 360, 1, []
for y in range(h):
    row = bytearray([0])
    for x in range(w):
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        n = (seed >> 16) & 15
        row += bytes(((x * 255 // w + n) & 255, (y * 255 // h + n) & 255, (x ^ y) & 127))
    rows.append(bytes(row))
def chunk(t, d):
    return struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
open(sys.argv[1], 'wb').write(b'\x89PNG\r\n\x1a\n'
    + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0))
    + chunk(b'IDAT', zlib.compress(b''.join(rows), 9)) + chunk(b'IEND', b''))
P
	names "$1" --address=/lab.test/203.0.113.10
	echo '||ads.lab.test^' >"$work/list.txt"
	mkdir -p "$work/lists"
}

# page_proxy HOST NETWORK OWN-ADDRESS [DEVICES]
page_proxy() {
	local devices=
	[ -z "${4:-}" ] || devices="include(\"$4\")"
	pared "$1" <<C
Port = 8080
Address = {"$3"}
OnlyFrom = {"$2"}
TransparentPort = 3129
Nameservers = {"203.0.113.10"}
AllowPrivate = {"203.0.113.0/24"}
ImageDeadline = "60s"
AccessLogFormat = "json"
$devices
lists {
    directory = "$work/lists"
    update = "off"
    source lab { url = "$work/list.txt" }
}
C
}

# page_checks CLIENT PROXY-HOST ITS-ADDRESS CLIENT-ADDRESS
page_checks() {
	local whole here_size how pac
	whole=$(wc -c <"$work/web.www/photo.png")
	size() { # OPTIONS... : bytes of the picture as CLIENT gets it
		in_ "$client" curl -gsS --max-time 90 -o "$work/photo" \
			-H 'Accept: image/avif,image/webp,*/*' "$@" \
			http://www.lab.test/photo.png && wc -c <"$work/photo"
	}
	client=$1
	pac=$(in_ "$client" curl -sS --max-time 60 "http://$3:8080/proxy.pac" |
		node -e '
const text = require("fs").readFileSync(0, "utf8");
const helpers = `function isPlainHostName(h) { return !h.includes("."); }
function dnsDomainIs(h, d) { return h.endsWith(d); }
function shExpMatch(s, p) { return new RegExp("^" + p.replace(/[.]/g, "\\\\.").replace(/[*]/g, ".*") + "$").test(s); }
function isInNet() { return false; } function dnsResolve() { return null; } function myIpAddress() { return "10.0.0.1"; }`;
const find = new Function(helpers + text + "; return FindProxyForURL;")();
console.log(find("http://www.lab.test/photo.png", "www.lab.test").split(/[ ;]+/)[1]);')
	check "the PAC names the proxy" same "$pac" "$3:8080"
	for how in interception PAC; do
		local by=(--resolve www.lab.test:80:203.0.113.10 --resolve ads.lab.test:80:203.0.113.10)
		[ $how = interception ] || by=(-x "http://$pac")
		: >"$work/web.log"
		check "$how: the page" in_ "$client" curl -gsS --max-time 60 \
			"${by[@]}" -o "$work/page" http://www.lab.test/
		check "$how: it is the page" grep -q photo.png "$work/page"
		check "$how: the advertisement is gone" sh -c \
			"! ip netns exec $client curl -gsS --max-time 60 ${by[*]} http://ads.lab.test/ad.js | grep buy"
		check "$how: and was not even asked for" not grep -F ad.js "$work/web.log"
		check "$how: the log names the client" soon sh -c \
			"grep -F www.lab.test $work/$2.access | tail -n 1 | grep -F '$4'"
		here_size=$(size "${by[@]}")
		echo "     $how: a picture of $whole bytes came in $here_size"
		check "$how: the picture is smaller" [ "$here_size" -gt 0 -a "$here_size" -lt $((whole * 8 / 10)) ]
	done
}
