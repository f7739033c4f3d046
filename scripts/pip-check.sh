#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Follows python/README.md on a clean Debian 12 below build/: sets up a clone of the
# last commit, runs `pip install ./python`, which builds the compiler, and calls the
# package.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
  cat <<'EOT'
usage: scripts/pip-check.sh [--python=PYTHON] [--torch]
  --python=PYTHON  a Python with pip, which downloads the requirements (default: of .venv)
  --torch          also install a CPU build of PyTorch there and call the package on
                   tensors. Needs 1 GB, and an index of such builds (PIP_EXTRA_INDEX_URL).
Needs root, debootstrap and the network, and takes 20 minutes.
EOT
}

DIFF_PYTHON=$DIFF_VENV/bin/python
requirements=("${DIFF_REQUIREMENTS[@]}" "${DIFF_BINDINGS_REQUIREMENTS[@]}")
torch=
for argument; do
  case $argument in
  --python=?*) DIFF_PYTHON=${argument#*=} ;;
  --torch)
    torch=yes
    requirements+=("torch==$DIFF_TORCH_RELEASE+cpu")
    ;;
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

DIFF_PHASE=check-pip
root=$DIFF_BUILD/pip-debian
rm -rf --one-file-system "$root"
trap 'rm -rf --one-file-system "$root"' EXIT
diff_make_debian "$root"
diff_add_suites "$root"
mkdir "$root/wheels" "$root/root/diff-mlir"
git -C "$DIFF_ROOT" archive HEAD | tar -x -C "$root/root/diff-mlir"
# The clean system has no pip configuration of this machine, and Python 3.11.
diff_logged pip-download.log "$DIFF_PYTHON" -m pip download -d "$root/wheels" \
  --python-version 3.11 --only-binary=:all: "${requirements[@]}" ||
  diff_fail 'the requirements could not be downloaded'

# inside LOG COMMAND: runs a command in the clone.
inside() {
  diff_inside "$root" "$1" env PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels \
    sh -ec "cd /root/diff-mlir; $2"
}

start=$SECONDS
inside pip-setup.log './scripts/setup.sh'
diff_step "setup.sh ran in $((SECONDS - start)) s"
start=$SECONDS
inside pip-install.log '.venv/bin/pip install ./python'
diff_step "pip install ./python in $((SECONDS - start)) s"
start=$SECONDS
inside pip-call.log 'cp test/Python/Inputs/*.py /root; cd /root
  diff-mlir/.venv/bin/python installed.py /root/diff-mlir/.venv/lib/python3.11/site-packages
  diff-mlir/.venv/bin/python -m diff_mlir info'
diff_step "called on NumPy arrays in $((SECONDS - start)) s"
[[ -n $torch ]] || exit 0
start=$SECONDS
inside pip-torch.log '.venv/bin/pip install torch; cd /root
  for order in torch diff_mlir numpy; do diff-mlir/.venv/bin/python wheel_torch.py $order; done'
diff_step "called on tensors of PyTorch in $((SECONDS - start)) s"
