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

def DiffDecomposeOp : Op<Transform_Dialect, "diff.decompose", [
    FunctionalStyleTransformOpTrait, MemoryEffectsOpInterface,
    DeclareOpInterfaceMethods<TransformOpInterface>,
    ReportTrackingListenerFailuresOpTrait]> {
  let summary = "decompose ops of any number of results into simpler ones";
  let description = [{
    Replaces every op of the `target` handle by what its
    `linalg::AggregatedOpInterface` decomposes it into. Unlike
    `transform.structured.decompose_interface`, which needs ops of one result,
    it takes any number of results.

    Two handles tell what was made, in order of the targets and, for one of
    them, of the program:

    * `aggregated`: the new ops that can be decomposed further;
    * `parts`: the other new ops that can be tiled (that implement
      `TilingInterface`): computations, but no constants, empty tensors, slices
      or changes of shape.

    | target | `aggregated` | `parts` |
    |---|---|---|
    | `diff.attention`, `diff.attention_v1`, `diff.softmax_attention` | one `diff.online_attention` | three fills of its running values (accumulator, maximum, sum), then the epilogue in linalg |
    | `diff.online_attention` | none | one step of the online softmax in linalg |
    | `linalg.softmax` | none | its reductions and elementwise ops |

    #### Return modes

    Consumes the `target` handle and produces the two others. The payload is
    modified.

    Fails silenceably when a target does not implement the interface, or when
    the interface refuses to decompose it (a diff op on memrefs, or one of f64
    elements); the errors that it gave are notes of this failure. Such a target
    is left as it is, and so are those behind it; those before it stay
    decomposed.

    #### Example

    ```mlir
    %attention = transform.structured.match interface{TilingInterface} in %func
        : (!transform.any_op) -> !transform.any_op
    %online, %parts = transform.diff.decompose %attention
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Now along the keys, which a level-0 op cannot be tiled along.
    %tile, %loop = transform.structured.tile_using_for %online
        tile_sizes [0, 0, 0, 32]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target);
  let results = (outs TransformHandleTypeInterface:$aggregated,
                      TransformHandleTypeInterface:$parts);
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
  let summary = "fuse a consumer of a tiled loop nest's results into it";
  let description = [{
    Tiles `consumer` by the tiles of its operands that a loop nest produces, and
    moves the tiles into the nest: into the body of the innermost of `loops`,
    behind the op that makes the tile. The nest gets a result more for each of
    the consumer's, which replaces it. The results that the nest had stay, for
    other users.

    `loops` is a nest as tiling makes it, outermost loop first: one `scf.forall`,
    or `scf.for` loops of which each contains the next and yields its results.
    The consumer follows the nest in the same block. It implements
    `TilingInterface` and `DestinationStyleOpInterface`, and every result that
    it takes from the nest must tell which tile of the consumer it belongs to,
    all of them the same one. No loop of the nest may walk a reduction, because
    its tiles hold partial results until the last iteration.

    #### Return modes

    Consumes the handles of the consumer and of all loops. Returns a handle to
    the tiled consumer and one to each new loop, in order.

    Fails silenceably when a handle does not hold exactly one op, an op is not
    what is said above, or the interface finds no tile, and the payload has not
    been changed; the reason is a note of the failure. When the payload has been
    changed on the way, the failure is definite.

    #### Example

    ```mlir
    %tile, %loop = transform.structured.tile_using_forall %attention
        tile_sizes [1, 1, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %new_loop = transform.diff.fuse_consumer %residual into (%loop)
        : (!transform.any_op, !transform.any_op)
          -> (!transform.any_op, !transform.any_op)
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$consumer,
                       Variadic<TransformHandleTypeInterface>:$loops);
  let results = (outs TransformHandleTypeInterface:$fused,
                      Variadic<TransformHandleTypeInterface>:$new_loops);
  let assemblyFormat = [{
    $consumer `into` `(` $loops `)` attr-dict
      `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDefinition = [{
    // Loops of a nest are nested handles, all of them consumed.
    bool $cppClass::allowsRepeatedHandleOperands() { return true; }
  }];
}

#endif // DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_TD
