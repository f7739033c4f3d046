//===- AttentionBuffers.h - The buffers of an attention ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_ATTENTIONBUFFERS_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_ATTENTIONBUFFERS_H

#include "OperandViews.h"

namespace mlir::diff {

/// The operands and running values of a `diff.online_attention` on tensors as
/// buffers. A lowering reads the operands of the current batch entry and value
/// head, and writes `running`.
class AttentionBuffers {
protected:
  AttentionBuffers(ImplicitLocOpBuilder &b, OnlineAttentionOp op)
      : b(b), op(op), attention(cast<AttentionOpInterface>(op.getOperation())),
        tokens(attention.getDimSize('n')) {}

  /// Creates the buffers. Reads through a `tensor.pad` of the query: rows of
  /// padding need no query and no step.
  void createBuffers();
  /// Returns the new running values as tensors.
  SmallVector<Value> getResults();

  StringRef getDims(unsigned operand) {
    return attention.getOperandDims(operand);
  }
  Value toValue(OpFoldResult value);
  /// Allocates an f32 buffer.
  Value allocate(ArrayRef<int64_t> shape);

  /// Returns the indices of the dimensions `dims` of an operand, without the
  /// head dimension, at a row. `head` counts the head groups of the value head.
  SmallVector<Value> getRowIndices(StringRef dims, Value head, Value map,
                                   Value token);
  /// Returns key head `key` of the value head, [m][d].
  Value viewKeyHead(Value key);
  /// Returns the parts of the value, [m][w].
  SmallVector<Value> viewValues();

  ImplicitLocOpBuilder &b;
  OnlineAttentionOp op;
  AttentionOpInterface attention;
  /// Query tokens, and those that are not padding.
  int64_t tokens;
  OpFoldResult realTokens;
  NamedBuffer queryBuffer, keyBuffer, valueBuffer;
  /// Accumulators, maxima and sums: results, and old values unless they are the
  /// identity.
  SmallVector<NamedBuffer> running, initial;
  bool isIdentity = true;
  /// The current batch entry and value head.
  Value batch, valueHead;
};

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_ATTENTIONBUFFERS_H
