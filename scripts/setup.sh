#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the missing requirements of the project: Debian packages, a Python
# environment in .venv, and ptxas if there is no CUDA toolkit. demo.sh and test.sh
# source this script and use its functions:
#
#   diff_setup [--tests] [--torch]
#                         installs; sets DIFF_PYTHON and DIFF_PTXAS (may be empty)
#   diff_build [--target T] [-D...]    configures and builds in build/
#   diff_step, diff_logged, diff_fail   print one line per step, log long output

DIFF_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DIFF_BUILD=$DIFF_ROOT/build
DIFF_LOGS=$DIFF_BUILD/logs
DIFF_VENV=$DIFF_ROOT/.venv
DIFF_PYTHON=
DIFF_PTXAS=
DIFF_BUILD_OPTIONS=()

DIFF_LLVM=22
DIFF_PACKAGES=(
  cmake ninja-build g++ ccache git python3 python3-dev python3-venv
  "libmlir-$DIFF_LLVM-dev" "mlir-$DIFF_LLVM-tools"
  "llvm-$DIFF_LLVM-dev" "llvm-$DIFF_LLVM-tools"
  "libomp-$DIFF_LLVM-dev" "liblld-$DIFF_LLVM-dev" libgtest-dev nlohmann-json3-dev
)
DIFF_REQUIREMENTS=('numpy>=1.26,<3' 'ml_dtypes>=0.4,<1')
# The build of the Python package, and its random tests.
DIFF_BINDINGS_REQUIREMENTS=('nanobind>=3.1,<4' 'scikit-build-core>=0.10' 'hypothesis>=6,<7')
# Plots of the Python package.
DIFF_PLOT_REQUIREMENTS=('matplotlib>=3,<4')
# CUDA Python, which the tests run on the driver library of the simulator.
DIFF_CUDA_REQUIREMENTS=('cuda-bindings>=13,<14')
# PyTorch without CUDA and transformers, with whose models the tests compare.
DIFF_TORCH_RELEASE=2.13.0
DIFF_TORCH_REQUIREMENTS=('transformers==5.24.0')
# Loads the folder of scripts/make-kernel.py.
DIFF_KERNELS_REQUIREMENTS=('kernels==0.17.2')
# The wheel of the CUDA compiler contains ptxas. CUDA 12.8 is the first release
# that supports every chip of the chip table.
DIFF_PTXAS_REQUIREMENT='nvidia-cuda-nvcc==13.0.*'
DIFF_CUDA_RELEASE=12.8

diff_step() { printf '[%s] %s\n' "${DIFF_PHASE:-setup}" "$*"; }

diff_fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# diff_logged LOG COMMAND...: writes the output to build/logs/LOG. If the command
# fails, prints the last lines and returns its status.
diff_logged() {
  local log=$DIFF_LOGS/$1 status=0
  shift
  mkdir -p "$DIFF_LOGS"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status)); then
    printf 'error: "%s" failed with status %d; the end of %s:\n' \
      "$*" "$status" "$log" >&2
    tail -n 40 "$log" | sed 's/^/  | /' >&2
  fi
  return "$status"
}

diff_missing_packages() {
  local package
  for package in "${DIFF_PACKAGES[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      printf '%s\n' "$package"
  done
}

# Prints the address of the Debian mirror that this machine uses, or nothing.
diff_mirror() {
  local mirror
  # shellcheck disable=SC2016 # apt expands it
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
    grep -E '/debian/?$' | head -n 1) || true
  printf '%s' "${mirror%/}"
}

# diff_make_debian ROOT [DEBOOTSTRAP-OPTION...]: installs a minimal Debian 12 in the
# folder ROOT, for tests on a clean system.
diff_make_debian() {
  local root=$1 mirror start=$SECONDS
  shift
  ((EUID == 0)) || diff_fail 'only root can make a clean system'
  if ! command -v debootstrap >/dev/null; then
    diff_step 'installing debootstrap'
    DEBIAN_FRONTEND=noninteractive diff_logged debootstrap-install.log \
      apt-get install -y --no-install-recommends debootstrap ||
      diff_fail 'debootstrap could not be installed'
  fi
  mirror=$(diff_mirror)
  [[ -n $mirror ]] || diff_fail 'apt has no Debian mirror'
  diff_logged debootstrap.log debootstrap --variant=minbase "$@" bookworm "$root" "$mirror" ||
    diff_fail 'the clean system could not be made'
  diff_step "made a clean Debian 12 in $((SECONDS - start)) s"
}

# diff_add_suites ROOT: makes the packages of Debian 12, with LLVM 22, available to apt
# in a clean system.
diff_add_suites() {
  local mirror
  mirror=$(diff_mirror)
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  printf 'deb %s %s main\n' "$mirror" bookworm "$mirror-security" bookworm-security \
    >"$1/etc/apt/sources.list"
}

# diff_inside ROOT LOG COMMAND...: runs a command in a clean system, which sees its own
# processes only.
diff_inside() {
  local root=$1 log=$2
  shift 2
  diff_logged "$log" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+"http_proxy=$http_proxy"} \
    unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" "$@" ||
    diff_fail "\"$*\" failed in the clean system"
}

# Explains how to make the packages available to apt: LLVM 22 is in the security
# suite.
diff_explain_suite() {
  local release mirror
  mirror=$(diff_mirror)
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}")
  cat >&2 <<EOF
  On Debian 12 the packages of LLVM $DIFF_LLVM are in the suite bookworm-security,
  the others in bookworm. Enable the suites (component main), for example with
    echo 'deb ${mirror:-MIRROR/debian}-security $release-security main' \\
      > /etc/apt/sources.list.d/$release-security.list
  and run this script again. On another system build by hand: README.md, section
  "Building with another LLVM/MLIR 22".
EOF
}

diff_install_packages() {
  local missing package unknown=() install
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    diff_fail 'this is not a Debian system (no dpkg-query or apt-get);' \
      'see README.md, section "Building with another LLVM/MLIR 22"'
  fi
  mapfile -t missing < <(diff_missing_packages)
  if ((${#missing[@]} == 0)); then
    diff_step "Debian packages: all ${#DIFF_PACKAGES[@]} are installed"
    return
  fi
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  if ((EUID != 0)); then
    printf 'error: Debian packages are missing, and only root can install them. As root, run:\n' >&2
    printf '  apt-get update && %s\n' "$install" >&2
    exit 1
  fi
  diff_step "Debian packages: installing ${missing[*]}"
  diff_logged apt-update.log apt-get update || diff_explain_update
  if grep -qE '^(W|E|Err)[: ]' "$DIFF_LOGS/apt-update.log"; then
    diff_step "some package lists could not be fetched: $DIFF_LOGS/apt-update.log"
  fi
  for package in "${missing[@]}"; do
    [[ -n $(apt-cache madison "$package" 2>/dev/null) ]] || unknown+=("$package")
  done
  if ((${#unknown[@]})); then
    printf 'error: apt does not know the package %s\n' "${unknown[*]}" >&2
    diff_explain_suite
    exit 1
  fi
  DEBIAN_FRONTEND=noninteractive diff_logged apt-install.log \
    apt-get install -y --no-install-recommends "${missing[@]}" ||
    diff_fail 'the Debian packages could not be installed'
  mapfile -t missing < <(diff_missing_packages)
  ((${#missing[@]} == 0)) || diff_fail "apt did not install: ${missing[*]}"
}

diff_explain_update() {
  diff_step 'apt-get update failed; continuing with the existing package lists'
}

# diff_cuda_release PTXAS: prints its CUDA release, such as 13.0.
diff_cuda_release() {
  "$1" --version 2>/dev/null | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p' | grep .
}

# Finds the ptxas of a CUDA toolkit in the same places as the tools: CUDA_ROOT,
# CUDA_HOME and CUDA_PATH (an error if one is set without ptxas), PATH, and
# /usr/local/cuda/bin. Sets DIFF_PTXAS.
diff_find_toolkit_ptxas() {
  local variable root found=
  for variable in CUDA_ROOT CUDA_HOME CUDA_PATH; do
    root=${!variable:-}
    if [[ -n $root && -z $found ]]; then
      [[ -x $root/bin/ptxas ]] || diff_fail "$variable is $root, which has no bin/ptxas"
      found=$root/bin/ptxas
    fi
  done
  [[ -n $found ]] || found=$(command -v ptxas) || true
  [[ -n $found || ! -x /usr/local/cuda/bin/ptxas ]] || found=/usr/local/cuda/bin/ptxas
  [[ -n $found ]] || return 0
  local release
  release=$(diff_cuda_release "$found") || release=0
  if [[ $(printf '%s\n' "$DIFF_CUDA_RELEASE" "$release" | sort -V | head -n 1) == "$DIFF_CUDA_RELEASE" ]]; then
    DIFF_PTXAS=$found
    diff_step "ptxas: $found (CUDA $release)"
  else
    diff_step "ptxas: $found is older than CUDA $DIFF_CUDA_RELEASE or does not run; not used"
  fi
}

# diff_pip LOG [--no-deps] REQUIREMENT...: installs into .venv unless its stamp
# lists exactly these requirements. Reports and returns failures; the caller skips
# the steps that need the packages.
diff_pip() {
  local log=$1 stamp=$DIFF_VENV/${1%.log}.stamp
  shift
  [[ -f $stamp && $(<"$stamp") == "$*" ]] && return
  diff_step "Python packages: installing$(printf ' %s' "${@#--no-deps}" | tr -s ' ')"
  mkdir -p "$DIFF_LOGS"
  if "$DIFF_PYTHON" -m pip --disable-pip-version-check install --no-input \
    --retries 2 --timeout 30 "$@" >"$DIFF_LOGS/$log" 2>&1 </dev/null; then
    printf '%s\n' "$*" >"$stamp"
    return
  fi
  diff_step "pip failed (is there a network?): $DIFF_LOGS/$log"
  return 1
}

diff_make_venv() {
  if ! "$DIFF_VENV/bin/python" -c '' 2>/dev/null; then
    diff_step "Python environment: creating $DIFF_VENV"
    diff_logged venv.log python3 -m venv --clear "$DIFF_VENV" ||
      diff_fail 'the Python environment could not be created'
  fi
  DIFF_PYTHON=$DIFF_VENV/bin/python
  if diff_pip pip-numpy.log "${DIFF_REQUIREMENTS[@]}"; then
    diff_step "Python packages: ${DIFF_REQUIREMENTS[*]}"
  else
    diff_step 'no NumPy and ml_dtypes: the execution tests and the run of the demo are skipped'
  fi
  diff_pip pip-cuda.log "${DIFF_CUDA_REQUIREMENTS[@]}" ||
    diff_step 'no cuda-bindings: CUDA Python on the simulator is not tested'
}

# Enables the Python package in the build if its requirements can be installed.
diff_install_bindings() {
  if diff_pip pip-bindings.log "${DIFF_BINDINGS_REQUIREMENTS[@]}"; then
    DIFF_BUILD_OPTIONS+=(-DDIFF_ENABLE_PYTHON=ON)
  else
    DIFF_BUILD_OPTIONS+=(-DDIFF_ENABLE_PYTHON=OFF)
    diff_step 'no nanobind: the Python package is not built and not tested'
  fi
  diff_pip pip-plot.log "${DIFF_PLOT_REQUIREMENTS[@]}" ||
    diff_step 'no matplotlib: plots are not tested'
}

# Installs PyTorch into .venv. PyPI's wheels for x86 need the CUDA libraries, so prefer
# a CPU build, which pip finds if PIP_EXTRA_INDEX_URL names PyTorch's index of them.
diff_install_torch() {
  local log=pip-torch.log torch="torch==$DIFF_TORCH_RELEASE"
  if diff_pip "$log" "$torch+cpu" "${DIFF_TORCH_REQUIREMENTS[@]}" ||
    diff_pip "$log" "$torch" "${DIFF_TORCH_REQUIREMENTS[@]}"; then
    diff_step "Python packages: $torch ${DIFF_TORCH_REQUIREMENTS[*]}"
  else
    diff_step 'no torch and transformers: the models of transformers are not tested'
  fi
  diff_pip pip-kernels.log "${DIFF_KERNELS_REQUIREMENTS[@]}" ||
    diff_step 'no kernels: the folder of scripts/make-kernel.py is not tested'
}

diff_install_ptxas() {
  local found
  # Only nvcc needs its dependencies.
  if diff_pip pip-ptxas.log --no-deps "$DIFF_PTXAS_REQUIREMENT"; then
    found=$("$DIFF_PYTHON" -c 'import glob, sysconfig
print(*sorted(glob.glob(sysconfig.get_path("purelib") + "/nvidia/*/bin/ptxas"))[-1:])')
    if [[ -n $found ]] && diff_cuda_release "$found" >/dev/null; then
      DIFF_PTXAS=$found
      diff_step "ptxas: $found (CUDA $(diff_cuda_release "$found"))"
      return
    fi
    diff_step "ptxas: ${found:-none in the package $DIFF_PTXAS_REQUIREMENT} does not run"
  fi
  diff_step 'no ptxas: PTX is not assembled'
}

# diff_setup [--tests] [--torch]: --tests also installs what only the tests need,
# --torch PyTorch, transformers and kernels.
diff_setup() {
  DIFF_PHASE=setup
  diff_install_packages
  diff_make_venv
  [[ " $* " != *' --tests '* ]] || diff_install_bindings
  [[ " $* " != *' --torch '* ]] || diff_install_torch
  diff_find_toolkit_ptxas
  [[ -n $DIFF_PTXAS ]] || diff_install_ptxas
}

# Sets DIFF_CPU_SECONDS to the CPU time, user and system, of the finished children.
diff_measure_cpu() {
  # A subshell, as in a pipe, would report its own children.
  times >"$DIFF_LOGS/times"
  DIFF_CPU_SECONDS=$(sed -n '2s/[ms]/ /gp' "$DIFF_LOGS/times" |
    awk '{ printf "%.0f", $1 * 60 + $2 + $3 * 60 + $4 }')
}

# diff_build [--target TARGET] [CMAKE-OPTION...]: builds TARGET, or the default
# target (tools, libraries and the plugin). Options persist in build/. Set
# CCACHE_DISABLE=1 to measure a cold build.
diff_build() {
  local target=all
  if [[ ${1:-} == --target ]]; then
    target=$2
    shift 2
  fi
  local options=("-DDIFF_PYTHON=$DIFF_PYTHON" "-DDIFF_PTXAS=$DIFF_PTXAS"
    ${DIFF_BUILD_OPTIONS[@]+"${DIFF_BUILD_OPTIONS[@]}"} "$@")
  local ccache cpu start=$SECONDS
  DIFF_PHASE=build
  if ccache=$(command -v ccache); then
    options+=("-DCMAKE_C_COMPILER_LAUNCHER=$ccache" "-DCMAKE_CXX_COMPILER_LAUNCHER=$ccache")
  fi
  diff_logged configure.log cmake -S "$DIFF_ROOT" --preset release "${options[@]}" ||
    diff_fail 'the project could not be configured'
  if grep -q 'CMake Warning' "$DIFF_LOGS/configure.log"; then
    diff_step "CMake warns: $DIFF_LOGS/configure.log"
  fi
  diff_step "compiling in $DIFF_BUILD (log: $DIFF_LOGS/build.log)"
  mkdir -p "$DIFF_LOGS"
  diff_measure_cpu
  cpu=$DIFF_CPU_SECONDS
  diff_logged build.log cmake --build "$DIFF_BUILD" --target "$target" ||
    diff_fail 'the build failed'
  diff_measure_cpu
  cpu=$((DIFF_CPU_SECONDS - cpu))
  diff_step "built in $((SECONDS - start)) s ($cpu s of CPU time)"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  diff_setup
fi
