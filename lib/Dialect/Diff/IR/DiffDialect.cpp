//===- DiffDialect.cpp - The diff dialect and its bytecode version --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace mlir::diff;

#include "diff/Dialect/Diff/IR/DiffDialect.cpp.inc"

namespace {
/// The version of the dialect in bytecode. `minor` increases for a new op or
/// attribute, `major` for a change of the meaning or encoding of an existing
/// one.
struct DiffDialectVersion : public DialectVersion {
  static constexpr uint64_t kMajor = 2;
  static constexpr uint64_t kMinor = 1;

  uint64_t major = kMajor;
  uint64_t minor = kMinor;
};

/// Any op may be inlined, because none depends on its function.
struct DiffInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
};

struct DiffBytecodeInterface : public BytecodeDialectInterface {
  explicit DiffBytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(DiffDialectVersion::kMajor);
    writer.writeVarInt(DiffDialectVersion::kMinor);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    auto version = std::make_unique<DiffDialectVersion>();
    if (failed(reader.readVarInt(version->major)) ||
        failed(reader.readVarInt(version->minor)))
      return nullptr;
    if (version->major != DiffDialectVersion::kMajor ||
        version->minor > DiffDialectVersion::kMinor) {
      reader.emitError() << "bytecode has version " << version->major << "."
                         << version->minor
                         << " of dialect 'diff'; this reader knows versions "
                         << DiffDialectVersion::kMajor << ".0 to "
                         << DiffDialectVersion::kMajor << "."
                         << DiffDialectVersion::kMinor;
      return nullptr;
    }
    return version;
  }
};
} // namespace

void DiffDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "diff/Dialect/Diff/IR/DiffOps.cpp.inc"
      >();
  addInterfaces<DiffBytecodeInterface, DiffInlinerInterface>();
}
