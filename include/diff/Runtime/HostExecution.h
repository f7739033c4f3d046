//===- HostExecution.h - Compile and run on this machine --------*- C++ -*-===//
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

/// The routes to this machine's CPU: plain and unfused, or tiled.
enum class HostRoute { Linalg, Cpu };

/// The type of a tensor's elements, or of a scalar, in arrays; nullopt when
/// arrays have no such type. Signless integers are signed ones; index has 64
/// bits.
std::optional<NpyType> getNpyType(Type elementType);

/// What the context of a module needs in order to be run.
void registerHostExecution(DialectRegistry &registry);

/// Brings the module to the LLVM dialect with `function` as its only entry. An
/// error was emitted on failure.
LogicalResult lowerForHost(ModuleOp module, StringRef function,
                           HostRoute route);

/// A ranked array as compiled code sees it, in row-major order. The layout is
/// that of a memref's descriptor: allocated and aligned pointer, offset, sizes,
/// strides.
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

  /// Compiles a module that `lowerForHost` returned.
  static llvm::Expected<std::unique_ptr<HostFunction>>
  compile(ModuleOp module, StringRef function);

  /// Calls it. There is one pointer for each argument of the C interface: to
  /// the scalar, or to the pointer to the memref's descriptor.
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
