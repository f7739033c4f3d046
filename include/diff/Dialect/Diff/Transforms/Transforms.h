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

/// How `decomposeOnlineAttention` writes a step.
struct DecomposeOnlineOptions {
  /// Bring the query's rows into the order of the running values first.
  bool headMajorQuery = true;
  /// Round the weights to the values' element type in front of the second
  /// product, for matrix instructions.
  bool roundWeights = false;
  /// Let the maximum of tiles whose schedule skips rescaling rise only by a
  /// lot.
  bool lazyMax = false;
};

/// Builds one step of the online softmax in linalg in front of `op`: the
/// running values after all of its keys. Dimensions of size 1 are dropped, so
/// that a tile of one head becomes two- and three-dimensional ops.
FailureOr<SmallVector<Value>>
decomposeOnlineAttention(OpBuilder &builder, OnlineAttentionOp op,
                         const DecomposeOnlineOptions &options = {});

/// Patterns that replace diff.online_attention on tensors by its
/// decomposition.
void populateDecomposeOnlineAttentionPatterns(
    RewritePatternSet &patterns, const DecomposeOnlineOptions &options = {});

/// Whether the op is in a tile that a block's warps compute on tensor cores: in
/// a loop with a `tile.schedule`.
bool isOnTensorCores(Operation *op);

/// Whether that schedule skips rescaling where no maximum has risen.
bool skipsRescale(Operation *op);

/// The keys [first, last) that the mask lets some query of the tile see, or
/// nothing when that is all of them.
std::optional<std::pair<OpFoldResult, OpFoldResult>>
getVisibleKeys(OpBuilder &builder, OnlineAttentionOp op);

/// Tiles an online attention along its keys into two loops: one over the tiles
/// of which every query sees every key, without mask and marked with
/// `tile.stages`, and one over the others, at both ends of the visible keys.
LogicalResult tileKeysByVisibility(RewriterBase &rewriter, OnlineAttentionOp op,
                                   int64_t keys, int64_t stages);

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

/// Pads a tensor that is no larger to a shape, with zeros at the ends.
Value padToShape(OpBuilder &b, Location loc, Value v, ArrayRef<int64_t> shape);

/// Pads the key tokens of a tile likewise: keys and values with zeros that
/// `key_length` hides.
bool padKeyTokens(RewriterBase &rewriter, OnlineAttentionOp op,
                  bool copy = false);

} // namespace diff
} // namespace mlir

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H
