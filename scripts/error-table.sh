#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Prints the error table: for every row of the case table (case, element type,
# route), the errors against the float64 reference, absolute and relative to the
# tolerance.
#
#   scripts/error-table.sh [BUILD-DIR] [options of python -m difftest --table]
#
# Example: scripts/error-table.sh build --routes cpu --full
# Uses the Python of .venv if it exists (needs NumPy and ml_dtypes). The exit
# status is 1 if a row fails.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$root/build"
if [[ $# -gt 0 && $1 != -* ]]; then
  build="$1"
  shift
fi
if [[ ! -d $build ]]; then
  echo "error: there is no build directory '$build'" >&2
  exit 1
fi
build="$(cd "$build" && pwd)"

python=python3
if [[ -x $root/.venv/bin/python ]]; then
  python="$root/.venv/bin/python"
fi
if ! "$python" -c 'import numpy, ml_dtypes' 2>/dev/null; then
  echo "error: $python lacks numpy or ml_dtypes; scripts/test.sh sets up an environment" >&2
  exit 1
fi

cd "$root/test/Integration"
exec "$python" -X "pycache_prefix=$build/pycache" -m difftest --build "$build" --table "$@"
