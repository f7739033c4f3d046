//===- Transforms.h - Transformations of the diff dialect -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

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

/// Attaches the models of linalg::AggregatedOpInterface. A level-0 op
/// decomposes to fills, diff.online_attention and an epilogue in linalg, and
/// diff.online_attention to linalg.
void registerAggregatedOpInterfaceExternalModels(DialectRegistry &registry);

/// Attaches the models of BufferizableOpInterface.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

/// Builds the online form of an attention on tensors before the op: the
/// identity of the running values, diff.online_attention over all keys, and the
/// epilogue. Returns one value for each result. Fails with an error on f64
/// elements, which only the unfused form supports.
FailureOr<SmallVector<Value>>
decomposeAttention(OpBuilder &builder, AttentionCombineOpInterface op);

/// Options of `decomposeOnlineAttention`.
struct DecomposeOnlineOptions {
  /// Transpose the rows of the query into the order of the running values.
  bool headMajorQuery = true;
  /// Round the weights to the element type of the values before the second
  /// product, as matrix instructions require.
  bool roundWeights = false;
  /// Update the maxima of tiles that skip rescaling only if they rise by a
  /// large factor.
  bool lazyMax = false;
};

/// Builds one step of the online softmax in linalg before `op`. Returns the
/// running values after all keys. Dimensions of size 1 are dropped, so that a
/// tile of one head becomes two- and three-dimensional ops.
FailureOr<SmallVector<Value>>
decomposeOnlineAttention(OpBuilder &builder, OnlineAttentionOp op,
                         const DecomposeOnlineOptions &options = {});

/// Adds patterns that replace diff.online_attention on tensors by its
/// decomposition.
void populateDecomposeOnlineAttentionPatterns(
    RewritePatternSet &patterns, const DecomposeOnlineOptions &options = {});

/// Returns true if the op is in a tile that the warps of a block compute on
/// tensor cores, that is, in a loop with a `tile.schedule`.
bool isOnTensorCores(Operation *op);

/// Returns true if this schedule skips rescaling if no maximum has risen.
bool skipsRescale(Operation *op);

/// Returns the range of keys [first, last) that at least one query of the tile
/// sees, or none if these are all keys.
std::optional<std::pair<OpFoldResult, OpFoldResult>>
getVisibleKeys(OpBuilder &builder, OnlineAttentionOp op);

/// Tiles an online attention along its keys into two loops: one over the tiles
/// at both ends of the visible keys, and one, without a mask and with
/// `tile.stages`, over the tiles in which every query sees every key.
LogicalResult tileKeysByVisibility(RewriterBase &rewriter, OnlineAttentionOp op,
                                   int64_t keys, int64_t stages);

/// Distributes the keys of an online attention on tensors over parallel tasks
/// of `keys` key tokens, and merges their running values. Fails, with the
/// reason, on an op that cannot be split.
LogicalResult splitKeys(RewriterBase &rewriter, OnlineAttentionOp op,
                        int64_t keys);

/// Adds patterns that fold a linalg.transpose of an attention's operand or
/// output into the layout of the op.
void populateFoldLayoutPatterns(RewritePatternSet &patterns);

/// Checks that output heads can be tiled by `heads`: by whole groups of heads
/// that share a value head, or by equal parts of one group.
LogicalResult verifyHeadTile(AttentionOpInterface op, int64_t heads);

/// Options for the tiling of sequences of variable length.
struct SequenceTilingOptions {
  /// Output heads and query tokens of a tile.
  int64_t heads = 1;
  int64_t queries = 1;
  /// The mapping of the loops over output heads and query tiles, or empty.
  SmallVector<Attribute> mapping;
};

/// Replaces an attention over sequences of variable length by an scf.forall
/// over (output heads, query tiles of all sequences). Inside it, an attention
/// with one batch entry computes a tile of one sequence. Emits an error if the
/// heads cannot be tiled by this size. Fails without an error on other ops.
FailureOr<scf::ForallOp> tileSequences(RewriterBase &rewriter,
                                       AttentionCombineOpInterface op,
                                       const SequenceTilingOptions &options);

/// Replaces it by an scf.for over the sequences. Inside it, an attention with
/// one batch entry computes one sequence.
FailureOr<scf::ForOp> splitSequences(RewriterBase &rewriter,
                                     AttentionCombineOpInterface op);

/// Pads the dynamic query tokens of an attention on tensors to their constant
/// upper bound, if there is one: inputs with zeros; outputs become new
/// destinations, from which the rows without padding are extracted. `copy` also
/// copies the query of a static tile. Returns true if the op has changed.
bool padQueryTokens(RewriterBase &rewriter, AttentionCombineOpInterface op,
                    bool copy = false);

/// Returns the elementwise op that is the only user of a product, to be fused
/// into the same tile, or the product itself if there is none.
linalg::LinalgOp getElementwiseUser(linalg::LinalgOp product);

/// Pads a tensor with zeros at the ends of its dimensions to a shape.
Value padToShape(OpBuilder &b, Location loc, Value v, ArrayRef<int64_t> shape);

/// Pads a dimension of a query to `size`. The result of an elementwise op in
/// the tile is padded by padding the operands. The rows of the padding have any
/// values.
Value padQueries(OpBuilder &b, Location loc, Value v, int64_t dim,
                 int64_t size);

/// Pads the key tokens of a tile in the same way: keys and values with zeros,
/// which `key_length` masks.
bool padKeyTokens(RewriterBase &rewriter, OnlineAttentionOp op,
                  bool copy = false);

} // namespace diff
} // namespace mlir

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_TRANSFORMS_H
