//===- Arrays.cpp - Arguments and results as .npy files -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"
#include "diff/Runtime/HostExecution.h"
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

/// A shape as NumPy writes it, `?` for a dynamic size.
static std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text = "(";
  for (auto [i, size] : llvm::enumerate(shape)) {
    text += i ? ", " : "";
    text += ShapedType::isDynamic(size) ? "?" : std::to_string(size);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// The type of arrays for an argument or result: a ranked tensor or, for an
/// argument, a scalar. Reports an error otherwise.
static std::optional<NpyType> getArrayType(func::FuncOp function, Type type,
                                           StringRef what, unsigned number,
                                           bool allowScalar) {
  auto tensor = dyn_cast<RankedTensorType>(type);
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

/// Signless integers stand for unsigned ones, too.
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
  Type type = run.function.getArgumentTypes()[number];
  std::optional<NpyType> expected = getArrayType(run.function, type, "argument",
                                                 number, /*allowScalar=*/true);
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
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    shape = tensor.getShape();
  if (failed(verifyCompatibleShape(shape, array.shape)))
    return failure(reportError(what + " and needs the shape " +
                               formatShape(shape) + ", found " +
                               formatNpyShape(array.shape)));
  run.inputs.push_back(std::move(array));
  return success();
}

/// The value of an integer in an array without dimensions.
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

static LogicalResult computeResultTypes(Run &run) {
  SmallVector<ArgumentSizes> arguments;
  for (auto [array, type] :
       llvm::zip_equal(run.inputs, run.function.getArgumentTypes())) {
    ArgumentSizes sizes;
    sizes.shape.assign(array.shape.begin(), array.shape.end());
    if (type.isIntOrIndex())
      sizes.integer = getInteger(array);
    arguments.push_back(std::move(sizes));
  }
  auto shapes = evaluateResultShapes(run.function, arguments);
  if (failed(shapes))
    return failure();
  for (auto [number, type] : llvm::enumerate(run.function.getResultTypes())) {
    auto elementType = getArrayType(run.function, type, "result", number,
                                    /*allowScalar=*/false);
    if (!elementType)
      return failure();
    ArrayRef<int64_t> shape = (*shapes)[number];
    run.results.push_back({*elementType, {shape.begin(), shape.end()}});
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
                        run.function.getNumArguments(), run.function)))
    return failure();
  for (auto [number, path] : llvm::enumerate(paths))
    if (failed(loadInput(run, number, path)))
      return failure();
  return computeResultTypes(run);
}

LogicalResult diff::writeOutputs(const Run &run,
                                 const std::vector<std::string> &paths) {
  OutputFiles files;
  std::string error;
  for (auto [result, buffer, path] :
       llvm::zip_equal(run.results, run.outputs, paths)) {
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
