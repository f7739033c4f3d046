//===- Transforms.h - Transformations of the diff dialect -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H

#include "diff/Dialect/Diff/IR/Diff.h"

namespace mlir {
class DialectRegistry;
class RewritePatternSet;
class RewriterBase;
namespace scf {
class ForallOp;
class ForOp;
} // namespace scf

namespace diff {

/// Attaches the models of TilingInterface (all ops) and
/// PartialReductionOpInterface (diff.online_attention).
void registerTilingInterfaceExternalModels(DialectRegistry &registry);

/// Attaches the models of linalg::AggregatedOpInterface: a level-0 op becomes
/// fills, diff.online_attention and an epilogue in linalg;
/// diff.online_attention becomes linalg.
void registerAggregatedOpInterfaceExternalModels(DialectRegistry &registry);

/// Attaches the models of BufferizableOpInterface.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

/// Builds the online form of an attention on tensors in front of it: the
/// identity of the running values, diff.online_attention over all keys, and
/// the epilogue. One value for each result. Fails with an error on f64
/// elements, which only the unfused form computes.
FailureOr<SmallVector<Value>>
decomposeAttention(OpBuilder &builder, AttentionCombineOpInterface op);

/// Builds one step of the online softmax in linalg in front of `op`: the
/// running values after all of its keys. Dimensions of size 1 are dropped, so
/// that a tile of one head becomes two- and three-dimensional ops.
/// `headMajorQuery` brings the query's rows into the order of the running
/// values first.
FailureOr<SmallVector<Value>>
decomposeOnlineAttention(OpBuilder &builder, OnlineAttentionOp op,
                         bool headMajorQuery = true);

/// Patterns that replace diff.online_attention on tensors by its
/// decomposition.
void populateDecomposeOnlineAttentionPatterns(RewritePatternSet &patterns,
                                              bool headMajorQuery = true);

/// Patterns that fold a linalg.transpose of an attention's operands or output
/// into the op's layout.
void populateFoldTransposePatterns(RewritePatternSet &patterns);

/// Checks that output heads can be tiled by `heads`: whole groups that share a
/// value head, or equal parts of one.
LogicalResult verifyHeadTile(AttentionOpInterface op, int64_t heads);

/// How sequences of variable length are tiled.
struct SequenceTilingOptions {
  /// Output heads and query tokens of a tile.
  int64_t heads = 1;
  int64_t queries = 1;
  /// The mapping of the loops over output heads and query tiles, if any.
  SmallVector<Attribute> mapping;
};

/// Replaces an attention over sequences of variable length by an scf.forall
/// over (output heads, query tiles of all sequences), in which an attention of
/// one batch entry computes a tile of one sequence. Fails with an error when
/// the heads cannot be tiled so, without one on other ops.
FailureOr<scf::ForallOp> tileSequences(RewriterBase &rewriter,
                                       AttentionCombineOpInterface op,
                                       const SequenceTilingOptions &options);

/// Replaces it by an scf.for over the sequences, in which an attention of one
/// batch entry computes one.
FailureOr<scf::ForOp> splitSequences(RewriterBase &rewriter,
                                     AttentionCombineOpInterface op);

/// Pads the query tokens of an attention on tensors, when their number is not
/// static, to its constant upper bound, when it has one: inputs with zeros, and
/// fresh destinations of which the rows that exist are cut out. `copy` copies
/// the query of a static tile. Returns whether it changed the op.
bool padQueryTokens(RewriterBase &rewriter, AttentionCombineOpInterface op,
                    bool copy = false);

/// Pads the key tokens of a tile likewise: keys and values with zeros that
/// `key_length` hides.
bool padKeyTokens(RewriterBase &rewriter, OnlineAttentionOp op,
                  bool copy = false);

} // namespace diff
} // namespace mlir

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H
