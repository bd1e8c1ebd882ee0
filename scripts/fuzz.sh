#!/bin/sh
# Runs every fuzz target of a build folder, SECONDS each, from its seeds in
# tests/corpus; 0: only the seeds themselves. What is found new stays in the
# build folder, a crash as BUILD/crash/NAME-...: it becomes a seed with a name.
set -eu

build=$1
seconds=$2
failed=

mkdir -p "$build/crash"
for program in "$build"/fuzz_*; do
	[ -x "$program" ] || continue
	name=${program##*/fuzz_}
	seeds=tests/corpus/$name
	found=$build/corpus/$name
	if [ ! -d "$seeds" ]; then
		echo "fuzz: $name: no $seeds" >&2
		failed="$failed $name"
		continue
	fi
	mkdir -p "$found"
	set -- -artifact_prefix="$build/crash/$name-" -timeout=10 \
	    -rss_limit_mb=2048 -close_fd_mask=1
	if [ "$seconds" -eq 0 ]; then
		set -- "$@" -runs=0 "$seeds"
	else
		set -- "$@" -max_total_time="$seconds" "$found" "$seeds"
	fi
	if "$program" "$@" >"$build/corpus/$name.log" 2>&1; then
		printf 'fuzz: %-12s ok   %s\n' "$name" \
		    "$(grep -E '^(Done|#[0-9]+.*DONE)' \
		        "$build/corpus/$name.log" | tail -n 1)"
	else
		printf 'fuzz: %-12s FAILED\n' "$name"
		tail -n 60 "$build/corpus/$name.log"
		failed="$failed $name"
	fi
done
[ -z "$failed" ] || {
	echo "fuzz: failed:$failed" >&2
	exit 1
}
