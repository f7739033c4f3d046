#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds the Debian package in build/package. With --check, also installs it on a
# clean Debian 12 below build/ and runs it there, with nothing else of this
# machine.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
  cat <<'EOF'
usage: scripts/package.sh [--check] [--no-build]
  --check     install the package with debootstrap and try it (root, network;
              installs the Debian package debootstrap)
  --no-build  package build/ as it is
EOF
}

check=
build=yes
for argument; do
  case $argument in
  --check) check=yes ;;
  --no-build) build= ;;
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

if [[ -n $build ]]; then
  diff_setup
  # shellcheck disable=SC2119 # it takes CMake options, and this has none
  diff_build
  diff_logged docs.log cmake --build "$DIFF_BUILD" --target diff-doc ||
    diff_fail 'the reference could not be generated'
fi

DIFF_PHASE=package
start=$SECONDS
rm -rf "$DIFF_BUILD/package"
(cd "$DIFF_BUILD" && diff_logged cpack.log cpack -G DEB) || diff_fail 'the package could not be built'
package=$(echo "$DIFF_BUILD"/package/*.deb)
diff_step "$package: $(($(stat -c %s "$package") / 1000)) kB, in $((SECONDS - start)) s"
[[ -n $check ]] || exit 0

DIFF_PHASE=check
root=$DIFF_BUILD/package-debian
rm -rf --one-file-system "$root"
trap 'rm -rf --one-file-system "$root"' EXIT
diff_make_debian "$root"
diff_add_suites "$root"
cp "$package" "$root/tmp/diff-mlir.deb"
cp "$DIFF_ROOT/scripts/package-check.py" "$root/tmp/check.py"

# inside LOG COMMAND...: runs a command in the clean system.
inside() { diff_inside "$root" "$@"; }

start=$SECONDS
inside chroot-update.log apt-get update
inside chroot-install.log apt-get install -y --no-install-recommends /tmp/diff-mlir.deb python3-numpy
diff_step "installed the package and what it depends on in $((SECONDS - start)) s"
inside chroot-tools.log python3 /tmp/check.py tools
diff_step 'the tools compile to PTX, run on the CPU and link a library'

start=$SECONDS
inside chroot-recommends.log apt-get install -y --no-install-recommends \
  "libmlir-$DIFF_LLVM-dev" "mlir-$DIFF_LLVM-tools" "llvm-$DIFF_LLVM-dev" "liblld-$DIFF_LLVM-dev" cmake g++ ninja-build
diff_step "installed what it recommends in $((SECONDS - start)) s"
start=$SECONDS
inside chroot-develop.log python3 /tmp/check.py develop
diff_step "the plugin runs, and the example compiles and runs, in $((SECONDS - start)) s"
