//===- HostManifest.cpp - The manifest of CPU code ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Describes the functions of an object, whose C functions take memref
// descriptors. Reads the source, because the hardware level has no shapes.
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Target/HostChips.h"
#include "diff/Target/HostEmission.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::diff;

static constexpr int64_t kSchemaVersion = 1;

/// Returns the name of an element type in the manifest, or empty.
static std::string getTypeName(Type type) {
  if (type.isF16() || type.isBF16() || type.isF32() || type.isF64()) {
    std::string name;
    llvm::raw_string_ostream(name) << type;
    return name;
  }
  if (type.isIndex())
    return "i64";
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return "";
  if (integer.getWidth() == 1)
    return "bool";
  if (!llvm::is_contained({8u, 16u, 32u, 64u}, integer.getWidth()))
    return "";
  return (integer.isUnsigned() ? "u" : "i") +
         std::to_string(integer.getWidth());
}

/// The size of an element in memory, in bytes.
static int64_t getElementSize(Type type) {
  return type.isIndex() ? 8 : std::max(type.getIntOrFloatBitWidth() / 8, 1u);
}

namespace {
/// An argument or a result of a function.
struct Tensor {
  ShapedType type;
  std::string name;
  ArrayAttr sizes;
  OffsetsAttr offsets;
  bool isResult = false;
};

class HostManifestWriter {
public:
  HostManifestWriter(const HostChip &chip, raw_ostream &os)
      : chip(chip), json(os, /*IndentSize=*/2) {}

  LogicalResult write(ModuleOp module) {
    SymbolTableCollection tables;
    SymbolUserMap users(tables, module);
    bool failedOnce = false;
    json.objectBegin();
    json.attribute("schema_version", kSchemaVersion);
    json.attributeObject("target", [&] {
      json.attribute("chip", chip.name);
      json.attribute("triple", chip.triple);
      json.attributeArray("features", [&] {
        for (const std::string &feature : getRequiredFeatures(chip))
          json.value(feature);
      });
      json.attribute("address_size", 64);
    });
    json.attributeArray("functions", [&] {
      for (auto func : module.getOps<func::FuncOp>())
        // The functions that diff-lower-entry gives an external signature.
        if (func.isPublic() && !func.isExternal() && users.useEmpty(func))
          failedOnce |= failed(writeFunction(func));
    });
    json.objectEnd();
    return success(!failedOnce);
  }

private:
  LogicalResult writeFunction(func::FuncOp func) {
    SmallVector<Tensor> tensors;
    // The results of a lowered function are arguments.
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      if (failed(collect(
              func, func.getArgumentTypes()[i], func.getArgAttrDict(i),
              static_cast<bool>(func.getArgAttr(i, kResultAttrName)), tensors)))
        return failure();
    for (unsigned i = 0; i < func.getNumResults(); ++i)
      if (failed(collect(func, func.getResultTypes()[i],
                         func.getResultAttrDict(i), true, tensors)))
        return failure();
    json.object([&] {
      json.attribute("name", func.getName());
      json.attributeArray("tensors", [&] {
        for (const Tensor &tensor : tensors)
          writeTensor(tensor);
      });
      json.attributeArray("kernels", [] {});
    });
    return success();
  }

  LogicalResult collect(func::FuncOp func, Type type, DictionaryAttr attributes,
                        bool isResult, SmallVector<Tensor> &tensors) {
    StringRef kind = isResult ? "result" : "argument";
    size_t number = llvm::count_if(tensors, [&](const Tensor &tensor) {
      return tensor.isResult == isResult;
    });
    auto shaped = dyn_cast<ShapedType>(type);
    if (!shaped || !shaped.hasRank() ||
        !isa<RankedTensorType, MemRefType>(type) ||
        getTypeName(shaped.getElementType()).empty())
      return func.emitOpError("has a value of type ")
             << type << " (" << kind << " " << number
             << "); the manifest of CPU code describes tensors of floating-"
                "point numbers, integers of 1, 8, 16, 32 or 64 bits, and "
                "index, and numbers as tensors without dimensions";
    Tensor tensor{shaped, (kind + Twine(number)).str(), {}, {}, isResult};
    if (attributes) {
      if (auto name = attributes.getAs<StringAttr>(kNameAttrName))
        tensor.name = name.str();
      tensor.sizes = attributes.getAs<ArrayAttr>(kSizesAttrName);
      tensor.offsets = attributes.getAs<OffsetsAttr>(kOffsetsAttrName);
    }
    tensors.push_back(std::move(tensor));
    return success();
  }

  void writeTensor(const Tensor &tensor) {
    json.object([&] {
      Type element = tensor.type.getElementType();
      json.attribute("name", tensor.name);
      json.attribute("role", tensor.isResult ? "result" : "argument");
      json.attribute("element_type", getTypeName(element));
      json.attributeArray("shape", [&] {
        for (auto [dim, size] : llvm::enumerate(tensor.type.getShape())) {
          if (ShapedType::isDynamic(size))
            json.value(getSizeName(tensor, dim));
          else
            json.value(size);
        }
      });
      json.attribute("alignment", getElementSize(element));
      if (tensor.offsets)
        json.attributeObject("offsets", [&] {
          json.attribute("tensor", tensor.offsets.getTensor());
          json.attribute("dimension", tensor.offsets.getDimension());
        });
    });
  }

  static std::string getSizeName(const Tensor &tensor, unsigned dim) {
    if (tensor.sizes && dim < tensor.sizes.size())
      if (auto name = dyn_cast<StringAttr>(tensor.sizes[dim]);
          name && !name.getValue().empty())
        return name.str();
    return tensor.name + "_" + std::to_string(dim);
  }

  const HostChip &chip;
  llvm::json::OStream json;
};
} // namespace

FailureOr<std::string> diff::emitHostManifest(ModuleOp module,
                                              const HostChip &chip) {
  OwningOpRef<ModuleOp> named = module.clone();
  for (auto func : named->getOps<func::FuncOp>())
    nameArguments(func);
  std::string text;
  llvm::raw_string_ostream os(text);
  if (failed(HostManifestWriter(chip, os).write(*named)))
    return failure();
  os << "\n";
  return text;
}
