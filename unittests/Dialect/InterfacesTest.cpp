//===- InterfacesTest.cpp - Dimension letters, levels and chips -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Pipelines/Pipelines.h"
#include "diff/Target/Chips.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::diff;

namespace {
constexpr char kLayers[] = R"mlir(
func.func @v2(%q: tensor<2x5x12x8xbf16>, %k: tensor<2x?x3x8xbf16>,
              %l: tensor<2x5x6xf32>, %o: tensor<2x5x6x8xbf16>,
              %s: tensor<2x12x5xf32>, %d: index) {
  %0:2 = diff.attention
      ins(%q, %k, %k, %l : tensor<2x5x12x8xbf16>, tensor<2x?x3x8xbf16>,
          tensor<2x?x3x8xbf16>, tensor<2x5x6xf32>)
      outs(%o, %s : tensor<2x5x6x8xbf16>, tensor<2x12x5xf32>)
      diagonal(%d) mask<causal> -> tensor<2x5x6x8xbf16>, tensor<2x12x5xf32>
  return
}
func.func @v1(%q: tensor<1x4x4x16xf64>, %k: tensor<1x4x4x16xf64>,
              %v: tensor<1x4x2x32xf64>, %l: tensor<2xf64>, %w: tensor<32xf64>,
              %o: tensor<1x4x2x32xf64>) {
  %0 = diff.attention_v1
      ins(%q, %k, %v, %l, %w : tensor<1x4x4x16xf64>, tensor<1x4x4x16xf64>,
          tensor<1x4x2x32xf64>, tensor<2xf64>, tensor<32xf64>)
      outs(%o : tensor<1x4x2x32xf64>)
      scale(0.5) lambda_init(0.25) -> tensor<1x4x2x32xf64>
  return
}
)mlir";

class Interfaces : public ::testing::Test {
protected:
  Interfaces() {
    context.loadDialect<DiffDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>(kLayers, &context);
    module->walk([&](AttentionOpInterface op) { ops.push_back(op); });
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  SmallVector<AttentionOpInterface> ops;
};

TEST_F(Interfaces, CountsHeadsAndMaps) {
  ASSERT_EQ(ops.size(), 2u);
  EXPECT_EQ(ops[0].getNumMaps(), 2);
  EXPECT_EQ(ops[0].getNumKeyMaps(), 1);
  EXPECT_EQ(ops[0].getNumOutputHeads(), 6);
  EXPECT_EQ(ops[0].getNumValueHeads(), 3);
  EXPECT_EQ(ops[0].getGroupSize(), 2);
  EXPECT_EQ(ops[1].getNumKeyMaps(), 2);
  EXPECT_EQ(ops[1].getValueWidth(), 2);
}

TEST_F(Interfaces, NamesOperandsWithAndWithoutOptionalOnes) {
  EXPECT_EQ(ops[0].getOperandDims(3), "bnh");
  EXPECT_EQ(ops[0].getOperandName(4), "diagonal");
  EXPECT_EQ(ops[0].getOperandDims(4), "");
  EXPECT_EQ(ops[0].getOperandName(6), "lse");
  EXPECT_EQ(ops[0].getOperandDims(6), "bqn");
  EXPECT_EQ(ops[1].getOperandName(5), "output");
  EXPECT_EQ(ops[1].getOperandDims(5), "bnhv");
}

TEST_F(Interfaces, ComputesInF32AndF64) {
  EXPECT_TRUE(ops[0].getComputeType().isF32());
  EXPECT_TRUE(ops[1].getComputeType().isF64());
  EXPECT_DOUBLE_EQ(ops[0].getEffectiveScale(), 0.35355339059327379);
  EXPECT_DOUBLE_EQ(ops[1].getEffectiveScale(), 0.5);
}

TEST_F(Interfaces, NormalizesRowsOfV1Only) {
  EXPECT_FALSE(cast<AttentionCombineOpInterface>(*ops[0]).getRowNorm());
  std::optional<RowNorm> norm =
      cast<AttentionCombineOpInterface>(*ops[1]).getRowNorm();
  ASSERT_TRUE(norm);
  EXPECT_EQ(norm->weightOperand, 4u);
  EXPECT_DOUBLE_EQ(norm->epsilon, 1e-5);
  EXPECT_DOUBLE_EQ(norm->scale, 0.75);
}

TEST_F(Interfaces, SetsADiagonal) {
  auto function = *module->getOps<func::FuncOp>().begin();
  Value diagonal = function.getArgument(5);
  auto other = cast<AttentionOpInterface>(ops[0]->clone());
  other.setDiagonal(diagonal);
  EXPECT_EQ(other.getDiagonal(), diagonal);
  EXPECT_EQ(other->getNumOperands(), ops[0]->getNumOperands());
  other->destroy();
}

TEST_F(Interfaces, InfersTheLevel) {
  EXPECT_EQ(inferLevel(*module), Level::Semantic);
  for (Level level :
       {Level::Semantic, Level::Tiled, Level::Kernel, Level::Hardware})
    EXPECT_EQ(symbolizeLevel(stringifyLevel(level)), level);
  EXPECT_FALSE(symbolizeLevel("cellar"));
}

TEST(Chips, HaveLimitsWithinTheArchitecture) {
  EXPECT_EQ(getChips().size(), 6u);
  for (const Chip &chip : getChips()) {
    EXPECT_EQ(lookUpChip(chip.name), &chip);
    EXPECT_GE(chip.sharedMemoryPerBlock, 99 * 1024);
    EXPECT_LE(chip.sharedMemoryPerBlock, 227 * 1024);
    EXPECT_GE(chip.ptxVersion, 70u);
    EXPECT_LE(kThreadsPerBlock, chip.threadsPerBlock);
    EXPECT_NE(getTargetNames().find(chip.name.str()), std::string::npos);
  }
  EXPECT_EQ(lookUpChip("host"), nullptr);
  EXPECT_EQ(lookUpChip("sm_90"), nullptr);
}
TEST(Letters, FollowLayoutAndSequences) {
  constexpr char kText[] = R"mlir(
func.func @f(%q: tensor<2x?x8xf32>, %k: tensor<?x1x8xf32>, %cu: tensor<4xi32>,
             %l: tensor<?x1xf32>, %s: tensor<2x?xf32>) {
  %0:2 = diff.attention
      ins(%q, %k, %k, %l : tensor<2x?x8xf32>, tensor<?x1x8xf32>,
          tensor<?x1x8xf32>, tensor<?x1xf32>)
      outs(%k, %s : tensor<?x1x8xf32>, tensor<2x?xf32>)
      cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>)
      layout<query = [1, 0, 2]> -> tensor<?x1x8xf32>, tensor<2x?xf32>
  return
}
)mlir";
  MLIRContext context;
  context.loadDialect<DiffDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(kText, &context);
  ASSERT_TRUE(module);
  AttentionOpInterface op;
  module->walk([&](AttentionOpInterface found) { op = found; });
  const StringRef dims[] = {"qnd", "mkd", "mgv", "s", "s", "nh", "nhv", "qn"};
  for (auto [number, letters] : llvm::enumerate(dims))
    EXPECT_EQ(op.getOperandDims(number), letters);
  EXPECT_TRUE(op.hasSequences());
  EXPECT_FALSE(op.findDim('b'));
  EXPECT_EQ(op.getDimSize('s'), 4);
  EXPECT_EQ(op.getNumOutputHeads(), 1);
  EXPECT_EQ(op.getOperandName(3), "cu_seqlens_q");

  auto layout = op.getLayoutAttr();
  EXPECT_EQ(LayoutAttr::withPermutation(&context, layout, "query", {}),
            LayoutAttr());
  EXPECT_EQ(LayoutAttr::withPermutation(&context, {}, "key", {0, 1, 2}),
            LayoutAttr());
  EXPECT_EQ(LayoutAttr::withPermutation(&context, {}, "query", {1, 0, 2}),
            layout);
}
} // namespace
