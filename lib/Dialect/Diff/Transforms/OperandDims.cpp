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
  // Head counts and head dimensions are static.
  if (!dim && !detail::getParts(letter).empty())
    return b.getIndexAttr(op.getDimSize(letter));
  assert(dim && "no operand has this dimension");
  return getMixedSize(b, op.getLoc(), op->getOperand(dim->operand),
                      dim->position);
}

NamedValue diff::viewOperand(NamedGenericBuilder &named,
                             AttentionOpInterface op, const KeyPart &part,
                             AttentionOperand operand) {
  StringRef dims = op.getOperandDims(operand);
  Value tensor = op->getOperand(operand);
  if (part.keyMap && operand == kKeyOperand) {
    if (dims.contains('c'))
      return named.everyNth(tensor, dims, 'c', *part.keyMap, /*stride=*/1);
    std::string valueHeads = dims.str();
    llvm::replace(valueHeads, 'k', 'g');
    return named.everyNth(tensor, valueHeads, 'g', *part.keyMap,
                          op.getNumKeyMaps());
  }
  SmallVector<StringRef> groups;
  for (size_t i = 0; i < dims.size(); ++i)
    switch (dims[i]) {
    case 'q':
      groups.push_back(part.keyMap ? "grx" : "gra");
      break;
    case 'k':
      // Maps that share a key head read that of the value head.
      groups.push_back(part.mapsPerKey          ? "gk"
                       : op.getNumKeyMaps() > 1 ? "ga"
                                                : "g");
      break;
    case 'p':
      groups.push_back("gr");
      break;
    case 'a':
      groups.push_back(part.keyMap ? "x" : "a");
      break;
    case 'c':
      groups.push_back(part.mapsPerKey          ? "k"
                       : op.getNumKeyMaps() > 1 ? "a"
                                                : "c");
      break;
    default:
      groups.push_back(dims.substr(i, 1));
    }
  NamedValue view = named.view(tensor, groups);
  if (part.keyMap && operand == kQueryOperand)
    return named.slice(view, 'x', 'a', part.firstMap);
  if (dims.contains('e'))
    return named.merge(view, "bmgew", "ew", 'v');
  return view;
}
