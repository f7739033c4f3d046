//===- MatrixAccess.h - Addresses of warp-wide accesses ---------*- C++ -*-===//
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

/// For instructions whose address may be generic but must be in shared memory:
/// converts it to the shared window. Reports an address in another space and
/// returns false.
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

/// Returns the address if all lanes of the warp have the same one, as PTX
/// requires. Reports lanes that disagree.
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
