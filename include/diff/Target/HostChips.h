//===- HostChips.h - The table of CPUs --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_HOSTCHIPS_H
#define DIFF_TARGET_HOSTCHIPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace mlir::diff {

enum class HostArchitecture { X86_64, AArch64 };

/// Properties of a CPU. Caches are those of one core; of a cache that several
/// cores share, its size divided by their number.
struct HostChip {
  /// The name on the command line.
  llvm::StringRef name;
  /// The triple, the CPU and further features, such as "+a,-b", for LLVM.
  llvm::StringRef triple;
  llvm::StringRef cpu;
  llvm::StringRef features;
  /// The symbol of the standard error stream in the C library of the system.
  llvm::StringRef errorStream;
  HostArchitecture architecture;
  /// The widest vectors that code should use, and how many registers hold them.
  int64_t vectorBytes;
  int64_t vectorRegisters;
  int64_t l1DataBytes;
  int64_t l2Bytes;
  /// The CPU multiplies tiles of bf16 (AMX-BF16). The operating system grants
  /// it to a process on request only.
  bool amxBF16;
  /// Dot products of bf16 (AVX512_BF16) are faster than products of f32.
  bool dotBF16Pays;
  /// The CPU converts vectors between f16 and f32 (F16C on x86).
  bool convertsF16;
};

/// Returns the rows of the table, without the CPU of this machine.
llvm::ArrayRef<HostChip> getHostChips();

/// Returns the CPU of this machine, with the name "host". The features that the
/// operating system enables determine the vectors, and the system or the table
/// the caches.
const HostChip &getHostChip();

/// Returns the CPU of that name, or null.
const HostChip *lookUpHostChip(llvm::StringRef name);

/// Returns the names of all CPUs, "host" first, for messages.
std::string getHostChipNames();

/// Returns a CPU with the given features of x86-64 or AArch64, in LLVM's
/// spelling. `known` is the row of the table with the same CPU, or null. Caches
/// of 0 bytes are not known.
HostChip makeHostChip(HostArchitecture architecture,
                      llvm::ArrayRef<llvm::StringRef> features,
                      const HostChip *known, int64_t l1DataBytes,
                      int64_t l2Bytes);

/// Returns the features of the CPU, in LLVM's spelling, whose instructions LLVM
/// selects for code without intrinsics. A CPU with these features runs the
/// code.
std::vector<std::string> getRequiredFeatures(const HostChip &chip);

/// Returns why this machine does not run code for the CPU, or an empty string.
std::string explainWhyNotRun(const HostChip &chip);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTCHIPS_H
