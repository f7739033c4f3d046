//===- DiffDialect.cpp - The diff dialect ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DiffBytecode.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace mlir::diff;

#include "diff/Dialect/Diff/IR/DiffDialect.cpp.inc"

namespace {
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
} // namespace

void DiffDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "diff/Dialect/Diff/IR/DiffOps.cpp.inc"
      >();
  addInterfaces<DiffInlinerInterface>();
  registerBytecodeInterface(*this);
}
