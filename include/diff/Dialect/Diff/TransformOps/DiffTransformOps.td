//===- DiffTransformOps.td - Transform ops --------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_TD
#define DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_TD

include "mlir/Dialect/Transform/IR/TransformDialect.td"
include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// transform.diff.decompose
//===----------------------------------------------------------------------===//

class Diff_Handle<string contents>
    : ConfinedType<TransformHandleTypeInterface, [], "handle to " # contents>;

def DiffDecomposeOp : Op<Transform_Dialect, "diff.decompose", [
    FunctionalStyleTransformOpTrait, MemoryEffectsOpInterface,
    DeclareOpInterfaceMethods<TransformOpInterface>,
    ReportTrackingListenerFailuresOpTrait]> {
  let summary = "decompose ops with any number of results into simpler ops";
  let description = [{
    Replaces every op of the `target` handle by the ops into which its
    `linalg::AggregatedOpInterface` decomposes it. Unlike
    `transform.structured.decompose_interface`, which requires ops with one
    result, this op supports any number of results.

    Two handles hold the new ops, in the order of the targets and, for one
    target, in program order:

    * `aggregated`: the new ops that can be decomposed further;
    * `parts`: the other new ops that implement `TilingInterface`. These are the
      computations, without constants, empty tensors, slices and reshapes.

    | target | `aggregated` | `parts` |
    |---|---|---|
    | `diff.attention`, `diff.attention_v1`, `diff.softmax_attention` | one `diff.online_attention` | three fills of the running values (accumulator, maximum, sum), then the epilogue in linalg |
    | `diff.online_attention` | none | one step of the online softmax in linalg |
    | `linalg.softmax` | none | its reductions and elementwise ops |

    #### Return modes

    Consumes the `target` handle and produces the two others. The payload is
    modified.

    Fails silenceably if a target does not implement the interface, or if the
    interface cannot decompose it (a diff op on memrefs or with f64 elements).
    The diagnostics of the interface become notes of the failure. This target
    and the targets after it are not modified; the targets before it stay
    decomposed.

    #### Example

    ```mlir
    module attributes {transform.with_named_sequence} {
      transform.named_sequence @__transform_main(
          %func: !transform.any_op {transform.readonly}) {
        %attention = transform.structured.match interface{TilingInterface}
            in %func : (!transform.any_op) -> !transform.any_op
        %online, %parts = transform.diff.decompose %attention
            : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
        // A level-0 op cannot be tiled along the keys; this op can.
        %tile, %loop = transform.structured.tile_using_for %online
            tile_sizes [0, 0, 0, 32]
            : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
        transform.yield
      }
    }
    ```
  }];
  let arguments = (ins Diff_Handle<"the ops to decompose">:$target);
  let results = (outs
    Diff_Handle<"the new ops that can be decomposed further">:$aggregated,
    Diff_Handle<"the other new ops that can be tiled">:$parts);
  let assemblyFormat =
      "$target attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// transform.diff.fuse_consumer
//===----------------------------------------------------------------------===//

def DiffFuseConsumerOp : Op<Transform_Dialect, "diff.fuse_consumer", [
    FunctionalStyleTransformOpTrait, MemoryEffectsOpInterface,
    DeclareOpInterfaceMethods<TransformOpInterface,
        ["allowsRepeatedHandleOperands"]>,
    ReportTrackingListenerFailuresOpTrait]> {
  let summary = "fuse a consumer of a tiled loop nest into the nest";
  let description = [{
    Tiles `consumer` by the tiles of its operands that a loop nest produces, and
    moves the tiled consumer into the innermost of `loops`, after the op that
    produces the tile. The nest gets one more result for each result of the
    consumer, which replaces the consumer's results. The existing results of the
    nest are kept for other users.

    `loops` is a nest as produced by tiling, outermost loop first: one
    `scf.forall`, or nested `scf.for` loops that yield the results of the next
    inner loop. The consumer follows the nest in the same block. It implements
    `TilingInterface` and `DestinationStyleOpInterface`. Every result of the nest
    that the consumer reads must determine the tile of the consumer, and all of
    them must determine the same tile. No loop of the nest may iterate over a
    reduction, because its tiles hold partial results until the last iteration.

    #### Return modes

    Consumes the handles of the consumer and of all loops. Returns a handle to
    the tiled consumer and one handle to each new loop, in order.

    Fails silenceably, without modifying the payload, if a handle does not hold
    exactly one op, if an op does not meet the conditions above, or if the
    interface finds no tile. The reason is a note of the failure. If the payload
    has already been modified, the failure is definite.

    #### Example

    ```mlir
    module attributes {transform.with_named_sequence} {
      transform.named_sequence @__transform_main(
          %func: !transform.any_op {transform.readonly}) {
        %attention = transform.structured.match ops{["diff.attention"]}
            in %func : (!transform.any_op) -> !transform.any_op
        %residual = transform.structured.match ops{["linalg.add"]}
            in %func : (!transform.any_op) -> !transform.any_op
        %tile, %loop = transform.structured.tile_using_forall %attention
            tile_sizes [1, 1, 16]
            : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
        %fused, %new_loop = transform.diff.fuse_consumer %residual into (%loop)
            : (!transform.any_op, !transform.any_op)
              -> (!transform.any_op, !transform.any_op)
        transform.yield
      }
    }
    ```
  }];
  let arguments = (ins
    Diff_Handle<"the consumer to fuse">:$consumer,
    Variadic<Diff_Handle<"a loop of the nest">>:$loops);
  let results = (outs
    Diff_Handle<"the tiled consumer">:$fused,
    Variadic<Diff_Handle<"a new loop of the nest">>:$new_loops);
  let assemblyFormat = [{
    $consumer `into` `(` $loops `)` attr-dict
      `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDefinition = [{
    // The loops of a nest are nested, and their handles are all consumed.
    bool $cppClass::allowsRepeatedHandleOperands() { return true; }
  }];
}

#endif // DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_TD
