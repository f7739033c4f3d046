#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Packs compiled cases into a self-contained folder: PTX, manifests, inputs, the
# float64 reference, the tool diff-launch, and run.sh, which runs the cases on the
# GPU of any machine that the folder is copied to. If this machine has a GPU, runs
# them immediately.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
  cat <<'EOT'
usage: scripts/gpu-check.sh [--out=FOLDER] [--run] [--full] [--filter=TEXT] [--chips=C,C]
  --out=FOLDER   where the folder goes, new or empty (default: build/gpu-check,
                 which is made anew)
  --run          no GPU here is an error
  --full         every case with every type
  --filter=TEXT  only cases whose name has this text
  --chips=C,C    chips that there is code for (default: all)
EOT
}

out=
must_run=
options=()
for argument; do
  case $argument in
  --out=?*) out=${argument#*=} ;;
  --run) must_run=1 ;;
  --full | --filter=?* | --chips=?*) options+=("$argument") ;;
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

diff_setup
# shellcheck disable=SC2119 # it takes CMake options, and this script has none
diff_build

DIFF_PHASE='gpu-check'
if [[ -z $out ]]; then
  out=$DIFF_BUILD/gpu-check
  rm -rf "$out"
fi
mkdir -p "$out"
out=$(cd "$out" && pwd)
[[ -z $(ls -A "$out") ]] || diff_fail "$out is not empty"
"$DIFF_PYTHON" -c 'import numpy, ml_dtypes' 2>/dev/null ||
  diff_fail 'no NumPy and ml_dtypes: cannot create the cases'

diff_step "compiling the cases into $out"
(cd "$DIFF_ROOT/test/Integration" &&
  exec "$DIFF_PYTHON" -X "pycache_prefix=$DIFF_BUILD/pycache" -m difftest \
    --build "$DIFF_BUILD" --pack "$out/cases" ${options[@]+"${options[@]}"})
cp "$DIFF_BUILD/bin/diff-launch" "$out/"
cat >"$out/run.sh" <<'EOT'
#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs the cases on the GPU of this machine, then on the simulator of its chip.
# Passes options to both runs of diff-launch. Writes gpu.json and simulator.json.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
device=$("$here/diff-launch" --probe) || exit 1
chip=$(printf '%s' "$device" | sed 's/.*(\(sm_[0-9]*\)).*/\1/')
status=0
"$here/diff-launch" "$here/cases" --time=20 --json="$here/gpu.json" "$@" || status=$?
"$here/diff-launch" "$here/cases" --target=sim --chip="$chip" --check=none \
  --json="$here/simulator.json" "$@" || [ "$status" -ne 0 ] || status=$?
exit "$status"
EOT
chmod +x "$out/run.sh"
diff_step "packed $(du -sh "$out" | cut -f 1) in $out"

if device=$("$out/diff-launch" --probe 2>"$DIFF_LOGS/gpu-probe.log"); then
  diff_step "running on $device"
  exec "$out/run.sh"
fi
reason=$(sed 's/^error: //' "$DIFF_LOGS/gpu-probe.log")
[[ -z $must_run ]] || diff_fail "no GPU here: $reason"
diff_step "no GPU here: $reason"
diff_step "nothing was run; copy $out to a machine with a GPU and run run.sh there"
