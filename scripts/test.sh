#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sets up the machine, builds in build/ and runs the tests. The last line is
# "N passed, M failed, K skipped". The exit status is not 0 if a test failed or
# fewer than 200 ran.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
  cat <<'EOF'
usage: scripts/test.sh [--full] [--torch] [--werror]
  --full     the full set (check-diff-full) instead of the default one
  --torch    also install PyTorch (for CPUs, about 1 GB), transformers and
             kernels in .venv, for the tests of models and of their packages
  --werror   treat the compiler's warnings as errors (stays on in build/)
EOF
}

target=check-diff
options=()
setup=(--tests)
for argument; do
  case $argument in
  --full) target=check-diff-full ;;
  --torch) setup+=(--torch) ;;
  --werror) options+=(-DDIFF_ENABLE_WERROR=ON) ;;
  -h | --help)
    usage
    exit
    ;;
  *)
    usage >&2
    diff_fail "unknown option $argument"
    ;;
  esac
done

diff_setup "${setup[@]}"
diff_build --target diff-test-depends ${options[@]+"${options[@]}"}

DIFF_PHASE='test'
results=$DIFF_BUILD/test/results.xml
log=$DIFF_LOGS/test.log
rm -f "$results" "$DIFF_BUILD/test/features.txt"
diff_step "running $target (log: $log)"
start=$SECONDS
status=0
cmake --build "$DIFF_BUILD" --target "$target" >"$log" 2>&1 </dev/null || status=$?
diff_step "ran in $((SECONDS - start)) s"
if [[ ! -f $results ]]; then
  tail -n 40 "$log" | sed 's/^/  | /' >&2
  diff_fail "the tests did not complete (status $status): $log"
fi
python3 "$DIFF_ROOT/scripts/test-summary.py" --results "$results" \
  --features "$DIFF_BUILD/test/features.txt" --log "$log" \
  --runner-status "$status" --at-least 200
