//===- HostLink.h - Shared objects for a CPU --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_HOSTLINK_H
#define DIFF_TARGET_HOSTLINK_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::diff {

/// Links an object file for a triple to a shared object that needs the parallel
/// runtime libdiffrt.so.1, and returns its bytes. Uses lld in this process if
/// the project was built with it, and otherwise the program ld or cc, which
/// links for this architecture only. Creates no files. May be called from
/// several threads.
llvm::Expected<std::string> linkHostLibrary(llvm::StringRef object,
                                            llvm::StringRef triple);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTLINK_H
