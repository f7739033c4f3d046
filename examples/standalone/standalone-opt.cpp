//===- standalone-opt.cpp - An out-of-tree tool ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiler that selects its own tile sizes before the tiling of the project.
// Its pass reads the ops through their interface, independent of the variant.
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/InitAll.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace {
struct StandaloneSchedule
    : public PassWrapper<StandaloneSchedule, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(StandaloneSchedule)

  StringRef getArgument() const override { return "standalone-schedule"; }
  StringRef getDescription() const override {
    return "Tile every attention by 1 head and 16 queries, 32 keys a step";
  }

  void runOnOperation() override {
    getOperation().walk([&](diff::AttentionCombineOpInterface op) {
      // No threads and no stages: for a CPU, or a GPU's threads one by one.
      op.setScheduleAttr(diff::ScheduleAttr::get(
          &getContext(), /*heads=*/1, /*queries=*/16, /*keys=*/32,
          /*threads=*/0, /*stages=*/0, /*swizzle=*/true,
          /*row_sum_on_mma=*/false, /*skip_rescale=*/false, /*tf32=*/false,
          /*split=*/int64_t(0)));
    });
  }
};
} // namespace

int main(int argc, char **argv) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, tensor::TensorDialect>();
  diff::registerAllDialects(registry);
  diff::registerAllExtensions(registry);

  PassRegistration<StandaloneSchedule>();
  registerTransformsPasses(); // upstream's canonicalize, cse, ...
  diff::registerAllPasses();
  return asMainReturnCode(
      MlirOptMain(argc, argv, "standalone optimizer\n", registry));
}
