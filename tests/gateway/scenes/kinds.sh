#!/bin/bash
# Every kind of kernel object by itself: probed, made, probed, undone.
# shellcheck source=tests/gateway/lib.sh
. "$(dirname "$0")/../lib.sh"

hosts gate
before gate
check "each kind" in_ gate "$build/tests/gateway_kinds"
sed 's/^/     /' "$work/out"
check "nothing is left" after gate
verdict
