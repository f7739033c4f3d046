// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The complete compilation to a tensor-core kernel as a transform script: the script
// sets a schedule, then runs the passes of both levels one by one. The result is
// identical to that of diff-compile with the same schedule.
//
// REQUIRES: numpy
// DEFINE: %{layer} = --variant=v2 --query-tokens=130 --key-tokens=200 --heads=4 --kv-heads=2 --dim=64 --type=bf16 --causal
// RUN: diff-gen %{layer} > %t.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter{entry-point=set_schedule})' -o %t.scheduled.mlir
// RUN: FileCheck %s --check-prefix=SCHEDULE < %t.scheduled.mlir
// RUN: diff-opt %t.scheduled.mlir --diff-compile="chip=sm_80 stop-after=kernel" -o %t.pipeline.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter)' -o %t.script.mlir
// RUN: cmp %t.pipeline.mlir %t.script.mlir
// RUN: FileCheck %s < %t.script.mlir
// RUN: %python %S/Inputs/compare.py %t.script.mlir --build=%build_dir --target=sim %{layer}

// SCHEDULE: diff.attention
// SCHEDULE-SAME: schedule = #diff.schedule<queries = 64, keys = 32

// CHECK: gpu.func
// CHECK: tile.ring
// CHECK: vector.contract
module attributes {transform.with_named_sequence} {
  transform.named_sequence @set_schedule(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %schedule = transform.param.constant #diff.schedule<queries = 64, keys = 32, threads = 128, stages = 2, row_sum_on_mma = true> -> !transform.any_param
    transform.annotate %attention "schedule" = %schedule
        : !transform.any_op, !transform.any_param
    transform.yield
  }

  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    transform.include @set_schedule failures(propagate) (%root)
        : (!transform.any_op) -> ()
    %func0 = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %0 = transform.apply_registered_pass "diff-name-arguments" to %func0 : (!transform.any_op) -> !transform.any_op
    %1 = transform.apply_registered_pass "diff-tile" to %0 : (!transform.any_op) -> !transform.any_op
    %2 = transform.apply_registered_pass "diff-pad-tiles" with options = {dim = "queries", copy = true} to %1 : (!transform.any_op) -> !transform.any_op
    %3 = transform.apply_registered_pass "diff-decompose-attention" to %2 : (!transform.any_op) -> !transform.any_op
    %4 = transform.apply_registered_pass "canonicalize" to %root : (!transform.any_op) -> !transform.any_op
    %5 = transform.apply_registered_pass "cse" to %4 : (!transform.any_op) -> !transform.any_op
    %func6 = transform.structured.match ops{["func.func"]} in %5 : (!transform.any_op) -> !transform.any_op
    %6 = transform.apply_registered_pass "diff-tile-keys" to %func6 : (!transform.any_op) -> !transform.any_op
    %7 = transform.apply_registered_pass "diff-pad-tiles" with options = {dim = "keys", copy = true} to %6 : (!transform.any_op) -> !transform.any_op
    %8 = transform.apply_registered_pass "canonicalize" to %5 : (!transform.any_op) -> !transform.any_op
    %9 = transform.apply_registered_pass "cse" to %8 : (!transform.any_op) -> !transform.any_op
    %10 = transform.apply_registered_pass "diff-decompose" with options = {"head-major-query" = false, "round-weights" = true, "lazy-max" = true} to %9 : (!transform.any_op) -> !transform.any_op
    %11 = transform.apply_registered_pass "canonicalize" to %10 : (!transform.any_op) -> !transform.any_op
    %12 = transform.apply_registered_pass "cse" to %11 : (!transform.any_op) -> !transform.any_op
    %func13 = transform.structured.match ops{["func.func"]} in %12 : (!transform.any_op) -> !transform.any_op
    %13 = transform.apply_registered_pass "diff-vectorize-tiles" with options = {tiles = "tensor-cores"} to %func13 : (!transform.any_op) -> !transform.any_op
    %14 = transform.apply_registered_pass "canonicalize" to %12 : (!transform.any_op) -> !transform.any_op
    %15 = transform.apply_registered_pass "cse" to %14 : (!transform.any_op) -> !transform.any_op
    %16 = transform.apply_registered_pass "tile-forward-writes" to %15 : (!transform.any_op) -> !transform.any_op
    %17 = transform.apply_registered_pass "canonicalize" to %16 : (!transform.any_op) -> !transform.any_op
    %18 = transform.apply_registered_pass "cse" to %17 : (!transform.any_op) -> !transform.any_op
    %19 = transform.apply_registered_pass "diff-lower-entry" to %18 : (!transform.any_op) -> !transform.any_op
    %20 = transform.apply_registered_pass "eliminate-empty-tensors" to %19 : (!transform.any_op) -> !transform.any_op
    %func21 = transform.structured.match ops{["func.func"]} in %20 : (!transform.any_op) -> !transform.any_op
    %21 = transform.apply_registered_pass "diff-place-workgroup-memory" to %func21 : (!transform.any_op) -> !transform.any_op
    %22 = transform.apply_registered_pass "one-shot-bufferize" with options = {"bufferize-function-boundaries" = true, "function-boundary-type-conversion" = "identity-layout-map"} to %20 : (!transform.any_op) -> !transform.any_op
    %23 = transform.apply_registered_pass "canonicalize" to %22 : (!transform.any_op) -> !transform.any_op
    %24 = transform.apply_registered_pass "cse" to %23 : (!transform.any_op) -> !transform.any_op
    %func25 = transform.structured.match ops{["func.func"]} in %24 : (!transform.any_op) -> !transform.any_op
    %25 = transform.apply_registered_pass "diff-distribute-to-blocks" with options = {threads = 128} to %func25 : (!transform.any_op) -> !transform.any_op
    %26 = transform.apply_registered_pass "diff-distribute-to-threads" to %25 : (!transform.any_op) -> !transform.any_op
    %27 = transform.apply_registered_pass "canonicalize" to %24 : (!transform.any_op) -> !transform.any_op
    %28 = transform.apply_registered_pass "cse" to %27 : (!transform.any_op) -> !transform.any_op
    %func29 = transform.structured.match ops{["func.func"]} in %28 : (!transform.any_op) -> !transform.any_op
    %29 = transform.apply_registered_pass "diff-vectorize-tiles" with options = {tiles = "threads"} to %func29 : (!transform.any_op) -> !transform.any_op
    %30 = transform.apply_registered_pass "convert-linalg-to-loops" to %29 : (!transform.any_op) -> !transform.any_op
    %31 = transform.apply_registered_pass "canonicalize" to %28 : (!transform.any_op) -> !transform.any_op
    %32 = transform.apply_registered_pass "cse" to %31 : (!transform.any_op) -> !transform.any_op
    %func33 = transform.structured.match ops{["func.func"]} in %32 : (!transform.any_op) -> !transform.any_op
    %33 = transform.apply_registered_pass "diff-map-to-gpu" to %func33 : (!transform.any_op) -> !transform.any_op
    %34 = transform.apply_registered_pass "diff-pack-workgroup-memory" with options = {limit = 166912} to %33 : (!transform.any_op) -> !transform.any_op
    %35 = transform.apply_registered_pass "tile-stage-operands" to %32 : (!transform.any_op) -> !transform.any_op
    %36 = transform.apply_registered_pass "tile-stage-computed" to %35 : (!transform.any_op) -> !transform.any_op
    %37 = transform.apply_registered_pass "tile-row-sum-on-mma" to %36 : (!transform.any_op) -> !transform.any_op
    %38 = transform.apply_registered_pass "tile-defer-reductions" to %37 : (!transform.any_op) -> !transform.any_op
    %39 = transform.apply_registered_pass "tile-skip-rescale" to %38 : (!transform.any_op) -> !transform.any_op
    %40 = transform.apply_registered_pass "tile-select-mma" to %39 : (!transform.any_op) -> !transform.any_op
    %41 = transform.apply_registered_pass "canonicalize" to %40 : (!transform.any_op) -> !transform.any_op
    %42 = transform.apply_registered_pass "cse" to %41 : (!transform.any_op) -> !transform.any_op
    %43 = transform.apply_registered_pass "tile-pipeline" to %42 : (!transform.any_op) -> !transform.any_op
    %44 = transform.apply_registered_pass "canonicalize" to %43 : (!transform.any_op) -> !transform.any_op
    %45 = transform.apply_registered_pass "cse" to %44 : (!transform.any_op) -> !transform.any_op
    %46 = transform.apply_registered_pass "tile-coalesce-stores" to %45 : (!transform.any_op) -> !transform.any_op
    %47 = transform.apply_registered_pass "tile-propagate-layouts" to %46 : (!transform.any_op) -> !transform.any_op
    %48 = transform.apply_registered_pass "tile-convert-layouts" to %47 : (!transform.any_op) -> !transform.any_op
    %49 = transform.apply_registered_pass "tile-pack-rings" with options = {limit = 166912} to %48 : (!transform.any_op) -> !transform.any_op
    %func50 = transform.structured.match ops{["func.func"]} in %49 : (!transform.any_op) -> !transform.any_op
    %50 = transform.apply_registered_pass "diff-flatten-kernel-arguments" to %func50 : (!transform.any_op) -> !transform.any_op
    %51 = transform.apply_registered_pass "gpu-kernel-outlining" to %49 : (!transform.any_op) -> !transform.any_op
    %52 = transform.apply_registered_pass "cse" to %51 : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
