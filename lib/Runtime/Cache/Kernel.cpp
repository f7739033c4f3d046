//===- Kernel.cpp - A compiled module in memory ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"
#include "../Launch/CTensor.h"
#include "diff-c/Parallel.h"
#include "diff/Runtime/HostSupport.h"
#include <algorithm>
#include <set>
#include <utility>

using namespace mlir::diff;
using namespace mlir::diff::cache;
using namespace mlir::diff::launch;

//===----------------------------------------------------------------------===//
// Calls with a number of pointers
//===----------------------------------------------------------------------===//

namespace {
constexpr size_t kMaxTensors = 64;

template <size_t> using PointerFor = void *;

template <size_t... I>
void callWith(void *function, void *const *pointers,
              std::index_sequence<I...>) {
  reinterpret_cast<void (*)(PointerFor<I>...)>(function)(pointers[I]...);
}

template <size_t N> void callWithCount(void *function, void *const *pointers) {
  callWith(function, pointers, std::make_index_sequence<N>());
}

using Caller = void (*)(void *, void *const *);

template <size_t... I>
constexpr std::array<Caller, sizeof...(I)>
makeCallers(std::index_sequence<I...>) {
  return {callWithCount<I>...};
}
} // namespace

static void callPointers(void *function, const std::vector<void *> &pointers) {
  static constexpr auto callers =
      makeCallers(std::make_index_sequence<kMaxTensors + 1>());
  callers[pointers.size()](function, pointers.data());
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

/// Returns a size of a result that no argument determines, or empty. The code
/// would write as many elements as it computes into memory of any size.
static std::string findFreeSize(const FunctionInfo &function) {
  std::set<std::string> known;
  for (const TensorInfo &tensor : function.tensors)
    for (const DimensionSize &size : tensor.shape)
      if (!tensor.isResult)
        known.insert(size.name);
      else if (!size.name.empty() && !known.count(size.name))
        return "result '" + tensor.name + "' has the size '" + size.name +
               "', which is the size of no argument";
  return "";
}

void Kernel::addFunction(const FunctionInfo &info) {
  Function function{&info, nullptr, findFreeSize(info)};
  if (function.problem.empty() && info.tensors.size() > kMaxTensors)
    function.problem = "it has " + std::to_string(info.tensors.size()) +
                       " arguments and results; up to " +
                       std::to_string(kMaxTensors) + " are legal";
  if (function.problem.empty()) {
    function.address = object->find("_mlir_ciface_" + info.name);
    if (!function.address)
      function.problem = "the code does not contain it";
  }
  functions.push_back(std::move(function));
}

/// Returns true if the bytes are an ELF file that is not linked.
static bool isRelocatable(const std::string &code) {
  constexpr size_t typeOffset = 16;
  return code.size() > typeOffset && code.compare(0, 4, "\177ELF") == 0 &&
         code[typeOffset] == 1;
}

/// Returns why the code cannot be loaded and called, or an empty string.
std::string Kernel::explainWhyNotCalled() const {
  if (manifest.isForGPU())
    return "the code is for " + manifest.chip +
           " and cannot be called on a CPU; launch it with diffLaunchRun";
  std::string reason =
      explainWhyNotRun(manifest.chip, manifest.triple, manifest.features);
  if (reason.empty() && isRelocatable(entry.code))
    reason = "the code is an object file and must be linked";
  return reason;
}

std::string Kernel::load(Entry entry, const std::string &folder,
                         std::shared_ptr<const Kernel> &kernel) {
  auto loaded = std::make_shared<Kernel>();
  loaded->entry = std::move(entry);
  std::string error = parseManifest(loaded->entry.manifest, loaded->manifest);
  loaded->problem = loaded->explainWhyNotCalled();
  if (error.empty() && loaded->problem.empty())
    error = SharedObject::load(loaded->entry.code, folder, loaded->object);
  if (!error.empty())
    return error;
  if (loaded->object)
    for (const FunctionInfo &info : loaded->manifest.functions)
      loaded->addFunction(info);
  kernel = std::move(loaded);
  return "";
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

std::string Kernel::findFunction(const char *name,
                                 const Function *&found) const {
  if (!object)
    return problem;
  if (!name && functions.size() == 1) {
    found = &functions.front();
    return "";
  }
  std::string known;
  for (const Function &function : functions) {
    if (name && function.info->name == name) {
      found = &function;
      return "";
    }
    known += (known.empty() ? "'" : ", '") + function.info->name + "'";
  }
  return (name ? "there is no function '" + std::string(name) + "'"
               : std::string("a function must be named")) +
         "; functions: " + (known.empty() ? "none" : known);
}

namespace {
/// The bytes that a tensor occupies.
struct Range {
  uint64_t begin;
  uint64_t end;
};
} // namespace

static Range getRange(const TensorArgument &argument) {
  auto elements = uint64_t(argument.getExtent());
  return {argument.address,
          argument.address + elements * getNpyElementSize(argument.type)};
}

/// Tensors with gaps may interleave, such as slices of one array.
static bool isDense(const TensorArgument &argument) {
  int64_t count = 1;
  for (int64_t size : argument.shape)
    count *= size;
  return count == argument.getExtent();
}

/// A result must not overlap another tensor.
static std::string checkOverlaps(const FunctionInfo &function,
                                 const std::vector<TensorArgument> &arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!function.tensors[i].isResult)
      continue;
    Range result = getRange(arguments[i]);
    for (size_t j = 0; j < i; ++j) {
      Range other = getRange(arguments[j]);
      if (result.begin == result.end || other.begin == other.end ||
          result.begin >= other.end || other.begin >= result.end)
        continue;
      if (result.begin == other.begin ||
          (isDense(arguments[i]) && isDense(arguments[j])))
        return "function '" + function.name + "': the memory of result '" +
               function.tensors[i].name + "' overlaps that of '" +
               function.tensors[j].name + "'";
    }
  }
  return "";
}

/// Checks the tensors and copies them to `arguments`.
static std::string bind(const FunctionInfo &function,
                        const DiffLaunchTensor *tensors, size_t count,
                        std::vector<TensorArgument> &arguments) {
  std::string error = checkCount(function, count);
  if (!error.empty())
    return error;
  arguments.resize(count);
  for (size_t i = 0; i < count; ++i) {
    error = readTensor(tensors[i], i, arguments[i]);
    if (error.empty() && tensors[i].memory != DIFF_LAUNCH_HOST)
      error = "tensor " + std::to_string(i) +
              " is in device memory; code for a CPU takes host memory";
    if (!error.empty())
      return error;
  }
  SizeTable sizes;
  error = bindArguments(function, arguments, /*checkAddresses=*/true, sizes);
  for (size_t i = 0; i < count && error.empty(); ++i)
    if (function.tensors[i].offsets)
      error = checkOffsets(
          function, arguments, i,
          reinterpret_cast<const int32_t *>(uintptr_t(arguments[i].address)));
  return error.empty() ? checkOverlaps(function, arguments) : error;
}

namespace {
struct Call {
  void *function;
  const std::vector<void *> &pointers;
};
} // namespace

/// A failed allocation ends it without a return.
static void runCall(void *data) {
  const Call &call = *static_cast<const Call *>(data);
  callPointers(call.function, call.pointers);
}

std::string Kernel::call(const char *name, const DiffLaunchTensor *tensors,
                         size_t count, bool &isInvalid) const {
  isInvalid = true;
  const Function *function = nullptr;
  std::string error = findFunction(name, function);
  if (!error.empty())
    return error;
  if (!function->address)
    return "function '" + function->info->name +
           "' cannot be called: " + function->problem;
  std::vector<TensorArgument> arguments;
  error = bind(*function->info, tensors, count, arguments);
  if (!error.empty())
    return error;
  // A descriptor is two pointers, an offset, the sizes, and the strides.
  size_t words = 0;
  for (const TensorArgument &argument : arguments)
    words += 3 + 2 * argument.shape.size();
  std::vector<int64_t> descriptors(words);
  std::vector<void *> pointers;
  pointers.reserve(count);
  int64_t *next = descriptors.data();
  for (const TensorArgument &argument : arguments) {
    pointers.push_back(next);
    *next++ = int64_t(argument.address);
    *next++ = int64_t(argument.address);
    *next++ = 0;
    next = std::copy(argument.shape.begin(), argument.shape.end(), next);
    next = std::copy(argument.strides.begin(), argument.strides.end(), next);
  }
  isInvalid = false;
  Call call{function->address, pointers};
  if (size_t bytes = diffParallelCall(runCall, &call))
    return "function '" + function->info->name +
           "': not enough memory: " + std::to_string(bytes) +
           " bytes cannot be allocated";
  return "";
}
