//===- OperandDims.cpp - Operand dimensions by letter ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::diff;

OpFoldResult diff::getMixedSize(OpBuilder &b, Location loc, Value shaped,
                                int64_t dim) {
  if (isa<TensorType>(shaped.getType()))
    return tensor::getMixedSize(b, loc, shaped, dim);
  return memref::getMixedSize(b, loc, shaped, dim);
}

OpFoldResult diff::getMixedSize(OpBuilder &b, AttentionOpInterface op,
                                char letter) {
  std::optional<DimPosition> dim = op.findDim(letter);
  assert(dim && "no operand has this dimension");
  return getMixedSize(b, op.getLoc(), op->getOperand(dim->operand),
                      dim->position);
}

NamedValue diff::viewOperand(NamedGenericBuilder &named,
                             AttentionOpInterface op,
                             AttentionOperand operand) {
  SmallVector<StringRef> groups;
  StringRef dims = op.getOperandDims(operand);
  for (size_t i = 0; i < dims.size(); ++i)
    switch (dims[i]) {
    case 'q':
      groups.push_back("gra");
      break;
    case 'k':
      // If the maps share keys, all maps read the key head of the value head.
      groups.push_back(op.getNumKeyMaps() > 1 ? "ga" : "g");
      break;
    default:
      groups.push_back(dims.substr(i, 1));
    }
  return named.view(op->getOperand(operand), groups);
}
