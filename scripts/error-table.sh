#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Prints the error table: every row of the case table (case, element type,
# route) with its errors against the float64 reference and how much of what is
# permitted they use.
#
#   scripts/error-table.sh [BUILD-DIR] [options of python -m difftest --table]
#
# For instance: scripts/error-table.sh build --routes cpu --full
# The Python is that of .venv where there is one (it needs NumPy and ml_dtypes).
# Exit status 1 when a row fails.
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
