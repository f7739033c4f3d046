#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sets up the machine, builds in build/, compiles one DIFF V2 layer to PTX for
# sm_90a, runs it on the CPU of this machine with the tensors of examples/layer,
# and compares the result with float64. All output files are in build/demo.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if (($#)); then
  echo 'usage: scripts/demo.sh'
  [[ $1 == -h || $1 == --help ]] && exit
  diff_fail "unknown option $1"
fi

diff_setup
# shellcheck disable=SC2119 # it takes CMake options, and the demo has none
diff_build

chip=sm_90a
demo=$DIFF_BUILD/demo
example=$DIFF_ROOT/examples/layer
tokens=$(wc -c <"$example/input.txt")
mkdir -p "$demo"
cd "$DIFF_ROOT"

# Prints a command as typed in the folder of the project.
show() { printf '\n$ %s\n' "${*//"$DIFF_ROOT/"/}"; }
# Prints a command and runs it.
run() {
  show "$@"
  "$@"
}
# seconds START: prints the time since START, such as 0.12 s.
seconds() {
  local microseconds=$((${EPOCHREALTIME//[!0-9]/} - ${1//[!0-9]/}))
  printf '%d.%02d s' $((microseconds / 1000000)) $((microseconds / 10000 % 100))
}

DIFF_PHASE='demo'
echo
diff_step 'a DIFF V2 layer: 8 output heads = 16 query heads, 4 kv heads, d = 128, causal, bf16'
diff_step "input: $tokens bytes of text, one token each"
generate=(build/bin/diff-gen --variant=v2 --heads=8 --kv-heads=4 --dim=128 --causal
  --type=bf16 "--query-tokens=$tokens")
show "${generate[@]}" '>' build/demo/layer.mlir
"${generate[@]}" >"$demo/layer.mlir"
cat "$demo/layer.mlir"

compile=(build/bin/diff-opt build/demo/layer.mlir "--diff-compile=chip=$chip")
start=$EPOCHREALTIME
run "${compile[@]}" --emit=ptx -o build/demo/layer.ptx
diff_step "compiled to PTX in $(seconds "$start"): $(wc -l <"$demo/layer.ptx") lines"
run "${compile[@]}" --emit=manifest -o build/demo/layer.json
python3 scripts/show-json.py "$demo/layer.json"

if [[ -n $DIFF_PTXAS ]]; then
  assemble=("$DIFF_PTXAS" -v "--gpu-name=$chip" build/demo/layer.ptx -o build/demo/layer.cubin)
  show "${assemble[@]}"
  if ! "${assemble[@]}" >"$demo/ptxas.log" 2>&1; then
    cat "$demo/ptxas.log" >&2
    diff_fail 'ptxas rejects the PTX'
  fi
  grep -vE 'Compile time|Compiling entry|Function properties' "$demo/ptxas.log" | sed '/^$/d'
else
  diff_step 'no ptxas on this machine: resource usage is not shown'
fi

if ! "$DIFF_PYTHON" -c 'import numpy, ml_dtypes' 2>/dev/null; then
  diff_step 'no NumPy on this machine: the run on the CPU is skipped'
  exit
fi
run "$DIFF_PYTHON" examples/layer/layer.py --output build/demo
start=$EPOCHREALTIME
run build/bin/diff-run build/demo/layer.mlir --target=cpu \
  --input=build/demo/query.npy --input=build/demo/key.npy \
  --input=build/demo/value.npy --input=build/demo/lambda.npy --output=build/demo/output.npy
diff_step "compiled and run in $(seconds "$start")"
run "$DIFF_PYTHON" examples/layer/check.py build/demo
