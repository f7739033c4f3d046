//===- ModuleInput.h - Reads modules of text or bytecode --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_MODULEINPUT_H
#define DIFF_TOOLS_MODULEINPUT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>

namespace llvm {
class MemoryBuffer;
class SourceMgr;
} // namespace llvm

namespace mlir {
namespace diff {

/// Returns the buffer, or a copy of it at an address that suits resources in
/// bytecode. They must be aligned in memory, usually to 64 bytes.
std::unique_ptr<llvm::MemoryBuffer>
alignInput(std::unique_ptr<llvm::MemoryBuffer> buffer);

/// Reads a module of text or bytecode. Adds the buffer to `sources`, for
/// excerpts in diagnostics. Returns null after an error. Attributes of bytecode
/// that refer to each other in a cycle are an error; upstream's reader does not
/// end then.
OwningOpRef<ModuleOp> readModule(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                 llvm::SourceMgr &sources,
                                 MLIRContext &context);

/// Returns true while `readModule` reads bytecode. Upstream's reader relies on
/// undamaged input and may access invalid memory. A signal handler may call
/// this function.
bool isReadingBytecode();

} // namespace diff
} // namespace mlir

#endif // DIFF_TOOLS_MODULEINPUT_H
