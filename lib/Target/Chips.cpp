//===- Chips.cpp - The table of chips -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/Chips.h"
#include "diff/Target/HostChips.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::diff;

static constexpr int64_t kKiB = 1024;

static constexpr Chip kChips[] = {
    // name, PTX, shared memory, registers of a block and a thread, threads
    {"sm_80", 70, 163 * kKiB, 65536, 255, 1024},
    {"sm_86", 71, 99 * kKiB, 65536, 255, 1024},
    {"sm_89", 78, 99 * kKiB, 65536, 255, 1024},
    {"sm_90a", 80, 227 * kKiB, 65536, 255, 1024},
    {"sm_100a", 86, 227 * kKiB, 65536, 255, 1024},
    {"sm_120", 87, 99 * kKiB, 65536, 255, 1024},
};

llvm::ArrayRef<Chip> mlir::diff::getChips() { return kChips; }

const Chip *mlir::diff::lookUpChip(llvm::StringRef name) {
  const Chip *found = llvm::find_if(
      kChips, [&](const Chip &chip) { return chip.name == name; });
  return found == std::end(kChips) ? nullptr : found;
}

std::string mlir::diff::getChipNames() {
  return llvm::join(
      llvm::map_range(kChips, [](const Chip &chip) { return chip.name; }),
      ", ");
}

std::string mlir::diff::getTargetNames() {
  return getHostChipNames() + ", " + getChipNames();
}
