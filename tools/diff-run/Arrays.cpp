//===- Arrays.cpp - Arguments and results as .npy files -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Runtime/HostExecution.h"
#include "diff/Runtime/Offsets.h"
#include "diff/Runtime/OutputFiles.h"
#include "diff/Runtime/ShapeEvaluation.h"
#include "diff/Tools/ToolSupport.h"
#include <cstring>

using namespace mlir;
using namespace mlir::diff;

static std::string toString(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << type;
  return text;
}

/// Returns a shape in NumPy's notation, with `?` for dynamic sizes.
static std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text = "(";
  for (auto [i, size] : llvm::enumerate(shape)) {
    text += i ? ", " : "";
    text += ShapedType::isDynamic(size) ? "?" : std::to_string(size);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

Signature diff::getSignature(func::FuncOp function, bool runsPTX) {
  Signature signature;
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    bool isResult =
        runsPTX && function.getArgAttr(number, kResultAttrName) != nullptr;
    signature.isEntry |= isResult;
    (isResult ? signature.results : signature.arguments).push_back(type);
    (isResult ? signature.resultNumbers : signature.argumentNumbers)
        .push_back(number);
  }
  llvm::append_range(signature.results, function.getResultTypes());
  return signature;
}

/// Returns the tensor of an argument or result, or null for a scalar.
static ShapedType getTensor(const Signature &signature, Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor;
  if (auto memref = dyn_cast<MemRefType>(type); memref && signature.isEntry)
    return memref;
  return {};
}

/// Returns the array type for an argument or result: a ranked tensor or, for an
/// argument, a scalar. Reports an error for other types.
static std::optional<NpyType> getArrayType(const Run &run, Type type,
                                           StringRef what, unsigned number,
                                           bool allowScalar) {
  func::FuncOp function = run.function;
  ShapedType tensor = getTensor(run.signature, type);
  if (tensor || (allowScalar && type.isIntOrIndexOrFloat()))
    if (auto found = getNpyType(tensor ? tensor.getElementType() : type))
      return found;
  auto diag = function.emitError(what)
              << " " << number << " of @" << function.getName() << " is "
              << type << "; only ranked tensors"
              << (allowScalar ? " and scalars" : "")
              << " of f16, bf16, f32, f64, index or integers of 1, 8, 16, 32 "
                 "or 64 bits can be read from or written to .npy files";
  return std::nullopt;
}

/// Signless integers also represent unsigned ones.
static bool isSameType(Type type, NpyType expected, NpyType found) {
  if (expected == found)
    return true;
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(type));
  if (!integer || !integer.isSignless())
    return false;
  return getNpyType(IntegerType::get(type.getContext(), integer.getWidth(),
                                     IntegerType::Unsigned)) == found;
}

static LogicalResult loadInput(Run &run, unsigned number,
                               const std::string &path) {
  Type type = run.signature.arguments[number];
  std::optional<NpyType> expected =
      getArrayType(run, type, "argument", number, /*allowScalar=*/true);
  if (!expected)
    return failure();
  NpyArray array;
  std::string error = readNpy(path, array);
  if (!error.empty())
    return failure(reportError(error));
  std::string what = path + ": argument " + std::to_string(number) + " of @" +
                     run.function.getName().str() + " is " + toString(type);
  if (!isSameType(type, *expected, array.type))
    return failure(reportError(what + " and needs elements of type " +
                               getNpyTypeName(*expected) + ", found " +
                               getNpyTypeName(array.type)));
  ArrayRef<int64_t> shape;
  if (ShapedType tensor = getTensor(run.signature, type))
    shape = tensor.getShape();
  if (failed(verifyCompatibleShape(shape, array.shape)))
    return failure(reportError(what + " and needs the shape " +
                               formatShape(shape) + ", found " +
                               formatNpyShape(array.shape)));
  run.inputs.push_back(std::move(array));
  return success();
}

/// Returns the value of an integer in an array without dimensions.
static std::optional<int64_t> getInteger(const NpyArray &array) {
  auto read = [&](auto value) {
    std::memcpy(&value, array.data.data(), sizeof(value));
    return static_cast<int64_t>(value);
  };
  switch (array.type) {
  case NpyType::Bool:
  case NpyType::U8:
    return read(uint8_t());
  case NpyType::U16:
    return read(uint16_t());
  case NpyType::U32:
    return read(uint32_t());
  case NpyType::I8:
    return read(int8_t());
  case NpyType::I16:
    return read(int16_t());
  case NpyType::I32:
    return read(int32_t());
  case NpyType::I64:
    return read(int64_t());
  default:
    return std::nullopt;
  }
}

using Shapes = SmallVector<SmallVector<int64_t>>;

/// Computes the sizes of the results of a function on tensors.
static FailureOr<Shapes> evaluateShapes(const Run &run) {
  SmallVector<ArgumentSizes> arguments;
  for (auto [array, type] :
       llvm::zip_equal(run.inputs, run.signature.arguments)) {
    ArgumentSizes sizes;
    sizes.shape.assign(array.shape.begin(), array.shape.end());
    if (type.isIntOrIndex())
      sizes.integer = getInteger(array);
    arguments.push_back(std::move(sizes));
  }
  return evaluateResultShapes(run.function, arguments);
}

/// Returns the name of a size of an entry argument, or empty.
static StringRef getSizeName(func::FuncOp function, unsigned argument,
                             size_t dim) {
  auto sizes = function.getArgAttrOfType<ArrayAttr>(argument, kSizesAttrName);
  if (!sizes || dim >= sizes.size())
    return {};
  auto name = dyn_cast<StringAttr>(sizes[dim]);
  return name ? name.getValue() : StringRef();
}

/// Computes the sizes of the results of an entry from the argument sizes with
/// the same names.
static FailureOr<Shapes> lookUpShapes(const Run &run) {
  llvm::StringMap<int64_t> sizes;
  for (auto [array, number] :
       llvm::zip_equal(run.inputs, run.signature.argumentNumbers))
    for (auto [dim, size] : llvm::enumerate(array.shape))
      if (StringRef name = getSizeName(run.function, number, dim);
          !name.empty())
        sizes.try_emplace(name, size);
  func::FuncOp function = run.function;
  Shapes shapes;
  for (auto [type, number] :
       llvm::zip_equal(run.signature.results, run.signature.resultNumbers)) {
    auto memref = dyn_cast<MemRefType>(type);
    SmallVector<int64_t> shape;
    if (memref)
      llvm::append_range(shape, memref.getShape());
    for (auto [dim, size] : llvm::enumerate(shape)) {
      if (!ShapedType::isDynamic(size))
        continue;
      auto found = sizes.find(getSizeName(run.function, number, dim));
      if (found == sizes.end())
        return function.emitError("the size of dimension ")
               << dim << " of argument " << number << " (" << type
               << "), a result, has a name that no argument size has";
      size = found->second;
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

static LogicalResult computeResultTypes(Run &run) {
  FailureOr<Shapes> shapes =
      run.signature.isEntry ? lookUpShapes(run) : evaluateShapes(run);
  if (failed(shapes))
    return failure();
  for (auto [number, type] : llvm::enumerate(run.signature.results)) {
    auto elementType =
        getArrayType(run, type, "result", number, /*allowScalar=*/false);
    if (!elementType)
      return failure();
    ArrayRef<int64_t> shape = (*shapes)[number];
    run.results.push_back({*elementType, {shape.begin(), shape.end()}});
  }
  return success();
}

/// Returns the array of the argument with that name, or null.
static const NpyArray *findInput(const Run &run, StringRef name) {
  func::FuncOp function = run.function;
  for (auto [array, number] :
       llvm::zip_equal(run.inputs, run.signature.argumentNumbers))
    if (auto found =
            function.getArgAttrOfType<StringAttr>(number, kNameAttrName);
        found && found.getValue() == name)
      return &array;
  return nullptr;
}

/// Checks that the offsets of sequences are valid for their arrays.
static LogicalResult checkOffsets(const Run &run,
                                  const std::vector<std::string> &paths) {
  func::FuncOp function = run.function;
  for (auto [i, array, number, path] :
       llvm::enumerate(run.inputs, run.signature.argumentNumbers, paths)) {
    auto offsets =
        function.getArgAttrOfType<OffsetsAttr>(number, kOffsetsAttrName);
    const NpyArray *whole =
        offsets ? findInput(run, offsets.getTensor()) : nullptr;
    auto dim = static_cast<size_t>(offsets ? offsets.getDimension() : 0);
    if (!whole || array.type != NpyType::I32 || dim >= whole->shape.size())
      continue;
    std::vector<int32_t> values(array.data.size() / sizeof(int32_t));
    if (!values.empty())
      std::memcpy(values.data(), array.data.data(), array.data.size());
    std::string problem = checkOffsetValues(
        values.data(), static_cast<int64_t>(values.size()), whole->shape[dim],
        "dimension " + std::to_string(dim) + " of '" +
            offsets.getTensor().str() + "'");
    if (!problem.empty())
      return failure(reportError(path + ": argument " + Twine(i) + " of @" +
                                 function.getName() + " " + problem));
  }
  return success();
}

static LogicalResult checkCount(StringRef option, size_t found, StringRef what,
                                size_t expected, func::FuncOp function) {
  if (found == expected)
    return success();
  return failure(reportError(
      "@" + function.getName() + " has " + Twine(expected) + " " + what +
      (expected == 1 ? "" : "s") + ", so --" + option + " must be given " +
      Twine(expected) + " times, found " + Twine(found)));
}

LogicalResult diff::loadInputs(Run &run,
                               const std::vector<std::string> &paths) {
  if (failed(checkCount("input", paths.size(), "argument",
                        run.signature.arguments.size(), run.function)))
    return failure();
  for (auto [number, path] : llvm::enumerate(paths))
    if (failed(loadInput(run, number, path)))
      return failure();
  if (failed(checkOffsets(run, paths)))
    return failure();
  return computeResultTypes(run);
}

LogicalResult diff::writeOutputs(const Run &run,
                                 const std::vector<std::string> &paths) {
  OutputFiles files;
  std::string error;
  if (!run.gpu.reportFile.empty())
    error = files.add(run.gpu.reportFile, run.report);
  if (!error.empty())
    return failure(reportError(error));
  for (auto [result, buffer, path] :
       llvm::zip(run.results, run.outputs, paths)) {
    error = files.add(path, formatNpyHeader(result.type, result.shape),
                      buffer.getData(), static_cast<size_t>(buffer.getSize()));
    if (!error.empty())
      return failure(reportError(error));
  }
  error = files.commit();
  if (!error.empty())
    return failure(reportError(error));
  return success();
}
