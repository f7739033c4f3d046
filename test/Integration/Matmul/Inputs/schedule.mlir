// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %epilogue = transform.structured.match ops{["linalg.generic"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %blocks = transform.structured.tile_using_forall %epilogue tile_sizes [128, 64] (mapping = [#gpu.block<y>, #gpu.block<x>]) : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %matmul = transform.structured.match ops{["linalg.matmul"]} in %root : (!transform.any_op) -> !transform.any_op
    %fused, %blocks2 = transform.structured.fuse_into_containing_op %matmul into %blocks : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fill = transform.structured.match ops{["linalg.fill"]} in %root : (!transform.any_op) -> !transform.any_op
    %fused2, %blocks3 = transform.structured.fuse_into_containing_op %fill into %blocks2 : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %step, %loop = transform.structured.tile_using_for %fused tile_sizes [0, 0, 32] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %stages = transform.param.constant 2 : i64 -> !transform.any_param
    transform.annotate %loop "tile.stages" = %stages : !transform.any_op, !transform.any_param
    %schedule = transform.param.constant #tile.schedule<warps = 4, stages = 2> -> !transform.any_param
    transform.annotate %blocks3 "tile.schedule" = %schedule : !transform.any_op, !transform.any_param
    %kernel = transform.param.constant #diff.kernel<op = "matmul", threads = 128> -> !transform.any_param
    transform.annotate %blocks3 "diff.kernel" = %kernel : !transform.any_op, !transform.any_param
    transform.yield
  }
}
