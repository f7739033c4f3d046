//===- HostExecution.cpp - Compile and run on the host --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/HostExecution.h"
#include "diff/Pipelines/Pipelines.h"
#include "diff/Target/HostChips.h"
#include "diff/Target/HostMachine.h"
#include "diff/Target/LLVMTranslation.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::diff;

/// Libraries that compiled code uses: OpenMP, and copies of memrefs.
static constexpr StringLiteral kRuntimeLibraries[] = {"libomp.so.5",
                                                      DIFF_RUNNER_LIBRARY};

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static std::optional<NpyType> getIntegerType(IntegerType type) {
  bool isUnsigned = type.isUnsigned();
  switch (type.getWidth()) {
  case 1:
    return NpyType::Bool;
  case 8:
    return isUnsigned ? NpyType::U8 : NpyType::I8;
  case 16:
    return isUnsigned ? NpyType::U16 : NpyType::I16;
  case 32:
    return isUnsigned ? NpyType::U32 : NpyType::I32;
  case 64:
    return isUnsigned ? NpyType::U64 : NpyType::I64;
  default:
    return std::nullopt;
  }
}

std::optional<NpyType> diff::getNpyType(Type elementType) {
  using Result = std::optional<NpyType>;
  return llvm::TypeSwitch<Type, Result>(elementType)
      .Case([](Float16Type) { return NpyType::F16; })
      .Case([](BFloat16Type) { return NpyType::BF16; })
      .Case([](Float32Type) { return NpyType::F32; })
      .Case([](Float64Type) { return NpyType::F64; })
      .Case([](IndexType) { return NpyType::I64; })
      .Case([](IntegerType type) { return getIntegerType(type); })
      .Default([](Type) { return std::nullopt; });
}

MemRefDescriptor::MemRefDescriptor(char *data, ArrayRef<int64_t> shape) {
  auto address = static_cast<int64_t>(reinterpret_cast<intptr_t>(data));
  words = {address, address, /*offset=*/0};
  words.append(shape.begin(), shape.end());
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(shape[i], 1);
  }
  words.append(strides);
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

void diff::registerHostExecution(DialectRegistry &registry) {
  registerAllToLLVMIRTranslations(registry);
}

LogicalResult diff::lowerForHost(ModuleOp module, StringRef function,
                                 HostRoute route, const HostChip &chip) {
  Level level = inferLevel(module);
  if (failed(verifyCompilable(module, level)))
    return failure();
  // Only an entry that nothing calls has the signature for external callers.
  for (auto other : module.getOps<func::FuncOp>())
    SymbolTable::setSymbolVisibility(
        other, other.getName() == function ? SymbolTable::Visibility::Public
                                           : SymbolTable::Visibility::Private);
  PassManager pm(module.getContext());
  pm.addPass(createSymbolDCEPass());
  if (route == HostRoute::Linalg) {
    buildLinalgPipeline(pm);
  } else {
    CompileOptions options;
    options.chip = chip.name.str();
    buildCompilePipeline(pm, level, Level::Hardware, options);
  }
  return pm.run(module);
}

/// Loads a library that compiled code needs, so that the engine finds its
/// symbols in the process. Searches next to MLIR first, then with the loader.
static llvm::Error loadRuntimeLibrary(StringRef name) {
  SmallString<128> path(DIFF_RUNTIME_LIBRARY_DIR);
  llvm::sys::path::append(path, name);
  if (!llvm::sys::fs::exists(path))
    path = name;
  std::string error;
  if (llvm::sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &error)
          .isValid())
    return llvm::Error::success();
  return llvm::createStringError("cannot load " + name +
                                 ", which compiled code needs: " + error);
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createHostMachine(const HostChip &chip) {
  llvm::orc::JITTargetMachineBuilder builder = getHostMachineBuilder(chip);
  builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
  return builder.createTargetMachine();
}

HostFunction::~HostFunction() = default;

llvm::Expected<std::unique_ptr<HostFunction>>
HostFunction::compile(ModuleOp module, StringRef function,
                      const HostChip &chip) {
  if (std::string problem = explainWhyNotRun(chip); !problem.empty())
    return llvm::createStringError(problem);
  std::unique_ptr<HostFunction> compiled(new HostFunction());
  auto machine = createHostMachine(chip);
  if (!machine)
    return machine.takeError();
  compiled->machine = std::move(*machine);

  for (StringRef name : kRuntimeLibraries)
    if (llvm::Error error = loadRuntimeLibrary(name))
      return error;

  auto optimize = makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0,
                                            compiled->machine.get());
  ExecutionEngineOptions options;
  options.llvmModuleBuilder = translateToLLVMIR;
  options.transformer = [optimize](llvm::Module *translated) {
    keepFramePointers(*translated);
    return optimize(translated);
  };
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  // The engine owns the machine that it compiles with.
  auto compiling = createHostMachine(chip);
  if (!compiling)
    return compiling.takeError();
  auto engine = ExecutionEngine::create(module, options, std::move(*compiling));
  if (!engine)
    return engine.takeError();
  compiled->engine = std::move(*engine);
  // The engine compiles when a symbol is looked up.
  auto entry =
      compiled->engine->lookupPacked(("_mlir_ciface_" + function).str());
  if (!entry)
    return entry.takeError();
  compiled->entry = *entry;
  return compiled;
}
