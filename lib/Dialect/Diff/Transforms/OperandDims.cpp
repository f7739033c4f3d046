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

/// Returns the loops into which a dimension of query heads is split: `q`, or
/// its parts `p` and `a`. Returns an empty string for other dimensions.
static StringRef splitQueryHeads(const KeyPart &part, char dim) {
  switch (dim) {
  case 'q':
    return part.keyMap ? "grx" : "gra";
  case 'p':
    return "gr";
  case 'a':
    return part.keyMap ? "x" : "a";
  default:
    return "";
  }
}

/// Returns the loops of each dimension of running values.
static SmallVector<StringRef> getRowGroups(const KeyPart &part,
                                           StringRef dims) {
  SmallVector<StringRef> groups;
  for (size_t i = 0; i < dims.size(); ++i) {
    StringRef loops = splitQueryHeads(part, dims[i]);
    groups.push_back(loops.empty() ? dims.substr(i, 1) : loops);
  }
  return groups;
}

NamedValue diff::viewRows(NamedGenericBuilder &named, const KeyPart &part,
                          Value rows, StringRef dims) {
  NamedValue whole = named.view(rows, getRowGroups(part, dims));
  return part.keyMap ? named.slice(whole, 'x', 'a', part.firstMap) : whole;
}

Value diff::unviewRows(NamedGenericBuilder &named, const KeyPart &part,
                       const NamedValue &values, Value rows, StringRef dims) {
  SmallVector<StringRef> groups = getRowGroups(part, dims);
  NamedValue whole = values;
  if (part.keyMap)
    whole = named.insert(values, named.view(rows, groups), 'x', part.firstMap);
  return named.unview(whole, rows, groups);
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
    case 'p':
    case 'a':
      groups.push_back(splitQueryHeads(part, dims[i]));
      break;
    case 'k':
      // Maps that share a key head read that of the value head.
      groups.push_back(part.mapsPerKey          ? "gk"
                       : op.getNumKeyMaps() > 1 ? "ga"
                                                : "g");
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
