//===- Pipelines.cpp - Named pipelines ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Pipelines/Pipelines.h"
#include "PipelineParts.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Target/Chips.h"
#include "diff/Target/HostChips.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/ShapedOpInterfaces.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace mlir::diff;

static constexpr StringLiteral kLevels[] = {"semantic", "tiled", "kernel",
                                            "hardware"};

StringRef diff::stringifyLevel(Level level) {
  return kLevels[static_cast<unsigned>(level)];
}

std::optional<Level> diff::symbolizeLevel(StringRef keyword) {
  const auto *found = llvm::find(kLevels, keyword);
  if (found == std::end(kLevels))
    return std::nullopt;
  return static_cast<Level>(found - std::begin(kLevels));
}

/// Returns true if the function has results as arguments.
static bool hasEntryForm(Operation *op) {
  auto func = dyn_cast<func::FuncOp>(op);
  return func && llvm::any_of(func.getArguments(), [&](BlockArgument argument) {
           return func.getArgAttr(argument.getArgNumber(), kResultAttrName) !=
                  nullptr;
         });
}

/// Functions of the LLVM dialect next to other functions have the level of the
/// others.
static bool isBesideOthers(Operation *op, Operation *module) {
  return op->getParentOp() == module &&
         llvm::any_of(module->getRegion(0).getOps<func::FuncOp>(),
                      [](func::FuncOp func) { return !func.isExternal(); });
}

Level diff::inferLevel(Operation *module) {
  Level level = Level::Semantic;
  // A tile of a product contains no diff op. An attention in the same module is
  // not tiled yet.
  bool hasTiles = false, hasAttention = false;
  module->walk([&](Operation *op) {
    Level opLevel = Level::Semantic;
    if (isa<OnlineAttentionOp>(op))
      opLevel = Level::Tiled;
    else if (isa<gpu::GPUFuncOp>(op) || hasEntryForm(op))
      opLevel = Level::Kernel;
    else if (isa<LLVM::LLVMFuncOp>(op) && !isBesideOthers(op, module))
      opLevel = Level::Hardware;
    level = std::max(level, opLevel);
    hasTiles |= isa<scf::ForallOp>(op) && op->hasAttr(kKernelAttrName);
    hasAttention |= isa<AttentionCombineOpInterface>(op);
  });
  return hasTiles && !hasAttention ? std::max(level, Level::Tiled) : level;
}

/// Reports a constant dimension that the shaped value does not have. The op is
/// legal, but its result is undefined.
static LogicalResult verifyDim(ShapedDimOpInterface op) {
  auto type = cast<ShapedType>(op.getShapedValue().getType());
  std::optional<int64_t> dim = getConstantIntValue(op.getDimension());
  if (!dim || !type.hasRank() || (*dim >= 0 && *dim < type.getRank()))
    return success();
  return op->emitOpError("reads dimension ")
         << *dim << " of a value of rank " << type.getRank();
}

LogicalResult diff::verifyCompilable(ModuleOp module, Level from) {
  uint64_t indexBits =
      DataLayout(module).getTypeSizeInBits(IndexType::get(module.getContext()));
  if (indexBits != 64)
    return module.emitError("has an index of ")
           << indexBits
           << " bits in its data layout; sizes and strides have 64 bits on "
              "every target";
  // Passes process the functions of the outermost module, at one level. Reject
  // other attentions, which would be dropped silently.
  WalkResult result = module.walk([&](Operation *op) {
    if (auto dim = dyn_cast<ShapedDimOpInterface>(op))
      return WalkResult(verifyDim(dim));
    if (!isa<AttentionOpInterface>(op))
      return WalkResult::advance();
    if (op->getParentOfType<ModuleOp>() != module)
      op->emitOpError("is in a nested module; only functions of the outermost "
                      "module are compiled");
    else if (from >= Level::Kernel)
      op->emitOpError("is at a higher level than the rest of the module, which "
                      "is at level ")
          << stringifyLevel(from) << "; all functions must be at one level";
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Sets `chosen` if `value` is `second`. Returns an error unless it is either.
static std::string parseChoice(StringRef option, StringRef first,
                               StringRef second, StringRef value,
                               bool &chosen) {
  chosen = value == second;
  if (chosen || value == first)
    return "";
  return (option + " must be " + first + " or " + second + ", found '" + value +
          "'")
      .str();
}

std::string diff::parseF32(StringRef value, CompileOptions &options) {
  return parseChoice("f32", "ieee", "tf32", value, options.tf32);
}

std::string diff::parseTiles(StringRef value, CompileOptions &options) {
  return parseChoice("tiles", "threads", "tensor-cores", value,
                     options.tensorCores);
}

void diff::buildCompilePipeline(OpPassManager &pm, Level from, Level to,
                                const CompileOptions &options) {
  const Chip *chip = lookUpChip(options.chip);
  const HostChip *host = lookUpHostChip(options.chip);
  assert((chip || host) && "the chip was not checked");
  auto passes = [&](Level level) { return from < level && level <= to; };
  if (passes(Level::Tiled))
    buildTilingPipeline(pm, chip, host, options);
  if (passes(Level::Kernel))
    chip ? buildGPUKernelPipeline(pm, *chip)
         : buildHostKernelPipeline(pm, *host);
  if (passes(Level::Hardware))
    chip ? buildGPUHardwarePipeline(pm, *chip, options.lineInfo)
         : buildHostHardwarePipeline(pm, *host);
}

namespace {
/// `diff-compile` is a pass, not a fixed pipeline, because its first step
/// depends on the level of the module.
struct DiffCompile : public PassWrapper<DiffCompile, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DiffCompile)

  DiffCompile() = default;
  explicit DiffCompile(const CompileStrings &options) {
    chip = options.chip;
    stopAfter = options.stopAfter;
    f32 = options.f32;
    tiles = options.tiles;
    debug = options.debug;
  }
  DiffCompile(const DiffCompile &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "diff-compile"; }
  StringRef getDescription() const override {
    return "Compile a module for a chip, starting at its level";
  }

  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("host, a CPU such as x86-64-v3, or a GPU such as "
                     "sm_90a"),
      llvm::cl::init("host")};
  Option<std::string> stopAfter{
      *this, "stop-after",
      llvm::cl::desc("Last level: tiled, kernel or hardware (default)")};
  Option<std::string> f32{
      *this, "f32",
      llvm::cl::desc("Products of f32 on a GPU: ieee (default), or tf32 to "
                     "round to tf32 and use tensor cores"),
      llvm::cl::init("ieee")};
  Option<std::string> tiles{
      *this, "tiles",
      llvm::cl::desc("On a GPU: tensor-cores (default) for the types that they "
                     "support, or threads to compile any head dimension and "
                     "alignment without tensor cores"),
      llvm::cl::init("tensor-cores")};
  Option<std::string> debug{
      *this, "debug",
      llvm::cl::desc("line: keep source locations in device code")};

  void getDependentDialects(DialectRegistry &registry) const override {
    for (StringRef target : {"host", "sm_80"}) {
      OpPassManager pm(ModuleOp::getOperationName());
      CompileOptions options;
      options.chip = target.str();
      buildCompilePipeline(pm, Level::Semantic, Level::Hardware, options);
      pm.getDependentDialects(registry);
    }
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::optional<Level> to = stopAfter.empty() ? std::optional(Level::Hardware)
                                                : symbolizeLevel(stopAfter);
    if (!to || *to == Level::Semantic) {
      // At the location: the note of an error at the op is the whole module.
      emitError(module.getLoc(), "diff-compile: stop-after must be tiled, "
                                 "kernel or hardware, found '")
          << stopAfter << "'";
      return signalPassFailure();
    }
    if (!debug.empty() && debug != "line") {
      emitError(module.getLoc(), "diff-compile: debug must be line, found '")
          << debug << "'";
      return signalPassFailure();
    }
    bool isHost = lookUpHostChip(chip) != nullptr;
    if (!isHost && !lookUpChip(chip)) {
      emitError(module.getLoc(), "diff-compile: unknown chip '")
          << chip << "'; known are " << getTargetNames();
      return signalPassFailure();
    }
    CompileOptions options;
    options.chip = chip;
    options.lineInfo = debug == "line";
    for (std::string error :
         {parseF32(f32, options), parseTiles(tiles, options)})
      if (!error.empty()) {
        emitError(module.getLoc(), "diff-compile: ") << error;
        return signalPassFailure();
      }
    if (isHost && (options.tf32 || !options.tensorCores)) {
      emitError(module.getLoc(), "diff-compile: f32=tf32 and tiles=threads are "
                                 "for a GPU, found chip=")
          << chip;
      return signalPassFailure();
    }
    Level from = inferLevel(module);
    if (from > *to) {
      emitError(module.getLoc(), "diff-compile: the module is at level ")
          << stringifyLevel(from) << " already, past stop-after=" << stopAfter;
      return signalPassFailure();
    }
    if (failed(verifyCompilable(module, from)))
      return signalPassFailure();
    OpPassManager pm(ModuleOp::getOperationName());
    buildCompilePipeline(pm, from, *to, options);
    if (failed(runPipeline(pm, module)))
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass>
diff::createDiffCompilePass(const CompileStrings &options) {
  return std::make_unique<DiffCompile>(options);
}

std::optional<CompileRequest> diff::getCompileRequest(OpPassManager &pm) {
  for (Pass &pass : pm)
    if (pass.getTypeID() == TypeID::get<DiffCompile>()) {
      auto &compile = static_cast<DiffCompile &>(pass);
      return CompileRequest{compile.chip, compile.stopAfter};
    }
  return std::nullopt;
}

void diff::registerPipelines() {
  PassRegistration<DiffCompile>();
  PassPipelineRegistration<>("diff-linalg",
                             "Lower to the LLVM dialect without fusion",
                             buildLinalgPipeline);
}
