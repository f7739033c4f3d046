//===- MatrixAccess.h - Where a warp-wide access goes -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MATRIXACCESS_H
#define PTXSIM_EXEC_MATRIXACCESS_H

#include "Warp.h"
#include <cstdio>

namespace ptxsim {

inline std::string formatAddress(uint64_t address) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
  return text;
}

/// For instructions whose address may be a generic one, but lies in shared
/// memory: turns it into the shared window's. A finding, and false, when it is
/// another space's.
inline bool toSharedAddress(const Warp &w, const Inst &inst, unsigned lane,
                            uint64_t &address) {
  if (inst.space != Space::Generic)
    return true;
  if (address - kSharedWindow < kWindowSize) {
    address -= kSharedWindow;
    return true;
  }
  w.report(inst, lane, CheckMemory, "out-of-bounds",
           "generic address " + formatAddress(address) +
               " is not in the shared window, which begins at " +
               formatAddress(kSharedWindow) +
               "; this instruction works on shared memory only");
  return false;
}

/// Where a warp has exactly one value for all its lanes, as PTX demands. A
/// finding when lanes of the mask disagree.
template <typename T>
inline T getUniform(const Warp &w, const Inst &inst, const Ref &ref,
                    uint32_t mask, const char *what) {
  const T *lanes = w.reg<T>(ref);
  Lanes first(mask);
  T value = lanes[*first];
  for (Lanes l(mask); l; ++l)
    if (lanes[*l] != value) {
      w.report(
          inst, *l, CheckSync, "not-uniform",
          std::string("the ") + what +
              " differs between lanes: " + formatAddress(uint64_t(lanes[*l])) +
              " here, " + formatAddress(uint64_t(value)) + " in lane " +
              std::to_string(*first) + "; all lanes must have the same one");
      break;
    }
  return value;
}

} // namespace ptxsim

#endif // PTXSIM_EXEC_MATRIXACCESS_H
