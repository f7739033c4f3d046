//===- HostExecution.h - Compile and run on the host ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_HOSTEXECUTION_H
#define DIFF_RUNTIME_HOSTEXECUTION_H

#include "diff/Runtime/Npy.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace mlir {
class DialectRegistry;
class ExecutionEngine;

namespace diff {
struct HostChip;

/// The pipelines for the host CPU: unfused or tiled.
enum class HostRoute { Linalg, Cpu };

/// Returns the array element type for a tensor element type or scalar type, or
/// nullopt if there is none. Signless integers map to signed ones, and index to
/// 64 bits.
std::optional<NpyType> getNpyType(Type elementType);

/// Prepares the context of a module for execution.
void registerHostExecution(DialectRegistry &registry);

/// Lowers the module to the LLVM dialect for a CPU, with `function` as its only
/// entry. Emits an error on failure.
LogicalResult lowerForHost(ModuleOp module, StringRef function, HostRoute route,
                           const HostChip &chip);

/// A ranked row-major array for compiled code. The layout is that of a memref
/// descriptor: allocated and aligned pointer, offset, sizes, strides.
class MemRefDescriptor {
public:
  MemRefDescriptor(char *data, ArrayRef<int64_t> shape);
  void *get() { return words.data(); }

private:
  SmallVector<int64_t, 11> words;
};

/// A function in machine code.
class HostFunction {
public:
  ~HostFunction();

  /// Compiles a module that `lowerForHost` has lowered for the CPU. Fails if
  /// this machine does not run its code.
  static llvm::Expected<std::unique_ptr<HostFunction>>
  compile(ModuleOp module, StringRef function, const HostChip &chip);

  /// Calls the function. There is one pointer for each argument of the C
  /// interface: to the scalar, or to the pointer to the memref descriptor.
  void call(MutableArrayRef<void *> arguments) { entry(arguments.data()); }

private:
  HostFunction() = default;

  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
};

} // namespace diff
} // namespace mlir

#endif // DIFF_RUNTIME_HOSTEXECUTION_H
