#!/bin/bash
# What a request costs pared when the packet filter led it there, beside the
# same request of a client that knows of the proxy; and what `pared-gateway up`
# costs with many clients. As root:
#
#     tests/gateway/world netns -t 600 bash tests/bench/transparent.sh
#
# Needs nginx-light and wrk besides what `make lab` installs. CPU seconds of
# pared per 10,000 requests of 1 KiB, 64 kept connections, rounds in turn.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../gateway/lib.sh"
rounds=${ROUNDS:-7}

hosts phone gate web
cable phone p0 10.77.0.2/24 gate g0 10.77.0.1/24
cable gate g1 203.0.113.1/24 web w0 203.0.113.10/24
ip -n phone route add default via 10.77.0.1
mkdir -p "$work/www"
head -c 1024 /dev/zero >"$work/www/1k"
chmod -R a+rX "$work"
cat >"$work/nginx" <<C
daemon off; pid $work/nginx.pid; error_log $work/nginx.log; worker_processes 1;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000;
    server { listen 203.0.113.10:80; root $work/www; } }
C
in_ web taskset -c 1 nginx -c "$work/nginx" 2>/dev/null &
in_ gate sysctl -qw net.ipv4.ip_forward=1
in_ gate nft -f - <<'N'
table ip bench {
	chain dstnat { type nat hook prerouting priority dstnat;
		ip daddr 203.0.113.10 tcp dport 80 redirect to :3129; }
}
N
cat >"$work/pared.conf" <<'C'
Port = 8080
Address = {"10.77.0.1"}
TransparentPort = 3129
Workers = 1
AllowPrivate = {"203.0.113.0/24"}
C
in_ gate taskset -c 0 "$build/pared" run -c "$work/pared.conf" 2>"$work/pared.log" &
soon grep -q ready "$work/pared.log"
pid=$(in_ gate pgrep -x pared | head -n 1)
cat >"$work/absolute.lua" <<'L'
request = function() return wrk.format("GET", "http://203.0.113.10/1k") end
L
cpu() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
# round URL [WORDS...]: CPU s per 10,000 requests.
round() {
	local before n
	before=$(cpu)
	n=$(in_ phone taskset -c 1 wrk -t1 -c64 -d3s "$@" |
		awk '/requests in/ { print $1 }')
	awk -v t=$(($(cpu) - before)) -v n="$n" 'BEGIN { printf "%.3f\n", t / 100 / n * 10000 }'
}
round http://203.0.113.10/1k >/dev/null
for _ in $(seq "$rounds"); do
	round http://203.0.113.10/1k >>"$work/led"
	round -s "$work/absolute.lua" http://10.77.0.1:8080/ >>"$work/told"
done
median() { sort -n "$1" | sed -n "$((rounds / 2 + 1))p"; }
echo "led $(median "$work/led"), told $(median "$work/told")"

# The gateway, with more and more clients.
ip -n gate route add default via 203.0.113.10
sed 's/intercept = .*/intercept = "no"/; /^resolver/,$d; s/{"self"}/{"10.77.0.1"}/; s|10.77.0.1/24|10.88.0.1/16|' \
	"$examples/phones.conf" >"$work/home.conf"
have=0
for n in 1 100 1000; do
	while [ $have -lt $n ]; do
		have=$((have + 1))
		key=$(head -c 32 /dev/urandom | base64)
		gw gate client add "c$have" --public-key "$key" -c "$work/home.conf" >/dev/null 2>&1
	done
	for what in first second down; do
		verb=up
		[ $what != down ] || verb=down
		begin=$(date +%s%N)
		gw gate $verb -c "$work/home.conf" >/dev/null 2>&1
		echo "$n clients, $what: $((($(date +%s%N) - begin) / 1000000)) ms"
	done
done
verdict
