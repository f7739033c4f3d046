//===- DiscardableAttributes.cpp - Kind and place of tile.* attributes ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

static InFlightDiagnostic reportAttribute(Operation *op,
                                          NamedAttribute attribute) {
  return op->emitOpError("has the attribute '")
         << attribute.getName().getValue() << "'";
}

static InFlightDiagnostic
reportWrongKind(Operation *op, NamedAttribute attribute, StringRef legal) {
  return reportAttribute(op, attribute)
         << " of the wrong kind: " << legal << " is legal, found "
         << attribute.getValue();
}

/// Verifies a layout for each vector result and `unit` for the others.
static LogicalResult verifyLayouts(Operation *op, NamedAttribute attribute) {
  auto layouts = dyn_cast<ArrayAttr>(attribute.getValue());
  if (!layouts || !llvm::all_of(layouts, llvm::IsaPred<LayoutAttr, UnitAttr>))
    return reportWrongKind(op, attribute, "an array of #tile.layout and unit");
  if (layouts.size() != op->getNumResults())
    return reportAttribute(op, attribute)
           << " with " << layouts.size() << " layouts for "
           << op->getNumResults() << " results";
  for (auto [result, layout] : llvm::zip_equal(op->getResults(), layouts)) {
    auto type = dyn_cast<VectorType>(result.getType());
    if (isa<UnitAttr>(layout))
      continue;
    if (!type || !cast<LayoutAttr>(layout).getLaneType(type))
      return reportAttribute(op, attribute)
             << " with the layout " << layout << " for result "
             << result.getResultNumber() << ", which does not fit "
             << result.getType();
  }
  return success();
}

/// Verifies the op itself. MLIR does so after the discardable attributes, so
/// the operands and inherent attributes of an op may be wrong or missing here.
static LogicalResult verifyInvariants(Operation *op) {
  return op->getName().verifyInvariants(op);
}

/// Verifies that the instruction fits the contraction.
static LogicalResult verifyMma(Operation *op, NamedAttribute attribute) {
  auto mma = dyn_cast<MmaAttr>(attribute.getValue());
  if (!mma)
    return reportWrongKind(op, attribute, "#tile.mma");
  auto contract = dyn_cast<vector::ContractionOp>(op);
  if (!contract)
    return reportAttribute(op, attribute) << ", which is for a vector.contract";
  if (failed(verifyInvariants(op)))
    return failure();
  auto type = dyn_cast<VectorType>(contract.getResultType());
  if (!type || !mma.getResult().getLaneType(type))
    return reportAttribute(op, attribute)
           << " with the result layout " << mma.getResult()
           << ", which does not fit " << contract.getResultType();
  Type element = contract.getLhsType().getElementType();
  bool isTF32 = mma.getK() == 8;
  if (element.isTF32() != isTF32 ||
      (!isTF32 && !element.isF16() && !element.isBF16()))
    return reportAttribute(op, attribute)
           << " of m16n8k" << mma.getK() << ", which multiplies "
           << (isTF32 ? "tf32" : "f16 or bf16") << ", found " << element;
  SmallVector<AffineMap> maps = contract.getIndexingMapsArray();
  SmallVector<int64_t> bounds;
  contract.getIterationBounds(bounds);
  for (auto [dim, size] : llvm::enumerate(bounds))
    if (!maps[2].isFunctionOfDim(dim) && size % mma.getK() != 0)
      return reportAttribute(op, attribute)
             << " of m16n8k" << mma.getK() << ", but the reduced dimension has "
             << "size " << size << ", which is not a multiple of "
             << mma.getK();
  return success();
}

/// Verifies that the block has the warps of the schedule.
static LogicalResult verifySchedule(Operation *op, NamedAttribute attribute) {
  auto schedule = dyn_cast<ScheduleAttr>(attribute.getValue());
  if (!schedule)
    return reportWrongKind(op, attribute, "#tile.schedule");
  if (auto loop = dyn_cast<scf::ForallOp>(op)) {
    std::optional<ArrayAttr> mapping = loop.getMapping();
    if (!mapping || mapping->empty() ||
        !llvm::all_of(*mapping, llvm::IsaPred<gpu::GPUBlockMappingAttr>))
      return reportAttribute(op, attribute)
             << ", which is for a loop that is mapped to blocks";
    return success();
  }
  auto launch = dyn_cast<gpu::LaunchOp>(op);
  if (!launch)
    return reportAttribute(op, attribute)
           << ", which is for an scf.forall or a gpu.launch";
  if (failed(verifyInvariants(op)))
    return failure();
  std::optional<int64_t> threads = getConstantIntValue(launch.getBlockSizeX());
  for (Value size : {launch.getBlockSizeY(), launch.getBlockSizeZ()})
    if (threads)
      if (std::optional<int64_t> count = getConstantIntValue(size);
          !count || *count != 1)
        threads.reset();
  if (!threads || *threads != schedule.getWarps() * kLanes) {
    InFlightDiagnostic diag =
        reportAttribute(op, attribute)
        << " with " << schedule.getWarps() << " warps, which require blocks of "
        << schedule.getWarps() * kLanes << " x 1 x 1 threads, found ";
    return threads ? diag << *threads : diag << "another shape";
  }
  return success();
}

static LogicalResult verifyStages(Operation *op, NamedAttribute attribute) {
  auto stages = dyn_cast<IntegerAttr>(attribute.getValue());
  if (!stages || !stages.getType().isSignlessInteger(64))
    return reportWrongKind(op, attribute, "an integer of 64 bits");
  if (!isa<scf::ForOp>(op))
    return reportAttribute(op, attribute) << ", which is for an scf.for";
  if (stages.getInt() < 1 || stages.getInt() > kMaxStages)
    return reportAttribute(op, attribute)
           << " of 1 to " << kMaxStages << " slots, found " << stages.getInt();
  return success();
}

static LogicalResult verifySteady(Operation *op, NamedAttribute attribute) {
  if (!isa<UnitAttr>(attribute.getValue()))
    return reportWrongKind(op, attribute, "no value");
  if (!isa<scf::ForOp>(op))
    return reportAttribute(op, attribute) << ", which is for an scf.for";
  return success();
}

namespace {
/// The verifier of an attribute.
struct Rule {
  StringLiteral name;
  LogicalResult (*verify)(Operation *, NamedAttribute);
};
} // namespace

static constexpr Rule kRules[] = {
    {TileDialect::kLayoutsAttrName, verifyLayouts},
    {TileDialect::kMmaAttrName, verifyMma},
    {TileDialect::kScheduleAttrName, verifySchedule},
    {TileDialect::kStagesAttrName, verifyStages},
    {TileDialect::kSteadyAttrName, verifySteady},
};

static const Rule *findRule(NamedAttribute attribute) {
  const Rule *rule = llvm::find_if(kRules, [&](const Rule &rule) {
    return rule.name == attribute.getName();
  });
  return rule == std::end(kRules) ? nullptr : rule;
}

static LogicalResult reportUnknown(Operation *op, NamedAttribute attribute) {
  InFlightDiagnostic diag =
      reportAttribute(op, attribute)
      << ", which dialect 'tile' does not define; legal are ";
  llvm::interleaveComma(
      kRules, diag, [&](const Rule &rule) { diag << "'" << rule.name << "'"; });
  return diag;
}

LogicalResult TileDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  const Rule *rule = findRule(attribute);
  return rule ? rule->verify(op, attribute) : reportUnknown(op, attribute);
}

/// Rejects attributes of the dialect on arguments and results.
static LogicalResult verifySlot(Operation *op, NamedAttribute attribute,
                                StringRef slot, unsigned number) {
  if (!findRule(attribute))
    return reportUnknown(op, attribute);
  return reportAttribute(op, attribute)
         << " on " << slot << " " << number << ", which is for operations";
}

LogicalResult TileDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned number,
                                                    NamedAttribute attribute) {
  return verifySlot(op, attribute, "argument", number);
}

LogicalResult TileDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned number, NamedAttribute attribute) {
  return verifySlot(op, attribute, "result", number);
}
