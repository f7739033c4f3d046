//===- AttentionBuffers.cpp - The buffers of an attention -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionBuffers.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::diff;

/// Returns true if the tensor has zeros after the tokens and nothing else.
static bool isPaddingOfTokens(tensor::PadOp pad, StringRef dims) {
  unsigned dim = dims.find('n');
  llvm::SmallBitVector padded = pad.getPaddedDims();
  return pad.hasZeroLowPad() && padded.count() == 1 && padded.test(dim);
}

static bool isFilledWith(Value tensor, double value) {
  auto fill = tensor.getDefiningOp<linalg::FillOp>();
  FloatAttr found;
  return fill && matchPattern(fill.value(), m_Constant(&found)) &&
         found.getValueAsDouble() == value;
}

void AttentionBuffers::createBuffers() {
  Value query = op.getQuery();
  realTokens = b.getIndexAttr(tokens);
  if (auto pad = query.getDefiningOp<tensor::PadOp>();
      pad && isPaddingOfTokens(pad, getDims(kQueryOperand))) {
    query = pad.getSource();
    realTokens = tensor::getMixedSize(b, b.getLoc(), query,
                                      getDims(kQueryOperand).find('n'));
  }
  queryBuffer = {readAsBuffer(b, query), getDims(kQueryOperand)};
  keyBuffer = {readAsBuffer(b, op.getKey()), getDims(kKeyOperand)};
  valueBuffer = {readAsBuffer(b, op.getValue()), getDims(kValueOperand)};
  for (OpOperand &init : op.getDpsInitsMutable()) {
    auto type = cast<RankedTensorType>(init.get().getType());
    running.push_back(
        {allocate(type.getShape()), getDims(init.getOperandNumber())});
    isIdentity &=
        isFilledWith(init.get(), init.get() == op.getMax() ? kLowestMax : 0.0);
  }
  if (!isIdentity)
    for (OpOperand &init : op.getDpsInitsMutable())
      initial.push_back(
          {readAsBuffer(b, init.get()), getDims(init.getOperandNumber())});
}

SmallVector<Value> AttentionBuffers::getResults() {
  SmallVector<Value> results;
  for (auto [buffer, result] : llvm::zip_equal(running, op.getResults()))
    results.push_back(bufferization::ToTensorOp::create(
        b, result.getType(), buffer.buffer, /*restrict=*/true,
        /*writable=*/true));
  return results;
}

Value AttentionBuffers::toValue(OpFoldResult value) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
}

Value AttentionBuffers::allocate(ArrayRef<int64_t> shape) {
  constexpr int64_t kCacheLine = 64;
  return memref::AllocOp::create(b, MemRefType::get(shape, b.getF32Type()),
                                 b.getI64IntegerAttr(kCacheLine));
}

SmallVector<Value> AttentionBuffers::getRowIndices(StringRef dims, Value head,
                                                   Value map, Value token) {
  auto multiplyAdd = [&](Value a, int64_t factor, Value c) -> Value {
    Value product = b.createOrFold<arith::MulIOp>(
        a, arith::ConstantIndexOp::create(b, factor));
    return b.createOrFold<arith::AddIOp>(product, c);
  };
  head = multiplyAdd(valueHead, attention.getGroupSize(), head);
  SmallVector<Value> indices;
  for (char dim : dims)
    switch (dim) {
    case 'b':
      indices.push_back(batch);
      break;
    case 'n':
      indices.push_back(token);
      break;
    case 'p':
      indices.push_back(head);
      break;
    case 'a':
      indices.push_back(map);
      break;
    case 'q':
      indices.push_back(multiplyAdd(head, attention.getNumMaps(), map));
      break;
    default:
      break;
    }
  return indices;
}

Value AttentionBuffers::viewKeyHead(Value key) {
  return viewMatrix(b, keyBuffer, 'm', 'd', [&](char dim) -> OpFoldResult {
    switch (dim) {
    case 'b':
      return batch;
    case 'g':
      return valueHead;
    case 'c':
      return key;
    default: {
      Value first = b.createOrFold<arith::MulIOp>(
          valueHead,
          arith::ConstantIndexOp::create(b, attention.getNumKeyMaps()));
      return b.createOrFold<arith::AddIOp>(first, key);
    }
    }
  });
}

SmallVector<Value> AttentionBuffers::viewValues() {
  bool isSplit = valueBuffer.dims.contains('e');
  int64_t parts = isSplit ? valueBuffer.getSize('e') : 1;
  SmallVector<Value> views;
  for (int64_t part = 0; part < parts; ++part)
    views.push_back(viewMatrix(b, valueBuffer, 'm', isSplit ? 'w' : 'v',
                               [&](char dim) -> OpFoldResult {
                                 if (dim == 'b')
                                   return batch;
                                 if (dim == 'g')
                                   return valueHead;
                                 return b.getIndexAttr(part);
                               }));
  return views;
}
