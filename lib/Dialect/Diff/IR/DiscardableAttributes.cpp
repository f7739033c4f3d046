//===- DiscardableAttributes.cpp - Kind and place of diff.* attributes ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::diff;

/// The default name of a tensor is this prefix and its number.
static constexpr StringLiteral kDefaultName = "argument";

static InFlightDiagnostic reportAttribute(Operation *op,
                                          NamedAttribute attribute) {
  return op->emitOpError("has the attribute '")
         << attribute.getName().getValue() << "'";
}

static InFlightDiagnostic reportUnknown(Operation *op,
                                        NamedAttribute attribute) {
  return reportAttribute(op, attribute)
         << ", which dialect 'diff' does not define; legal are '"
         << kKernelAttrName << "', '" << kNameAttrName << "', '"
         << kSizesAttrName << "', '" << kOffsetsAttrName << "' and '"
         << kResultAttrName << "'";
}

static bool isKnown(StringRef name) {
  return llvm::is_contained({kKernelAttrName, kNameAttrName, kSizesAttrName,
                             kOffsetsAttrName, kResultAttrName},
                            name);
}

//===----------------------------------------------------------------------===//
// On an operation
//===----------------------------------------------------------------------===//

LogicalResult DiffDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (!isKnown(name))
    return reportUnknown(op, attribute);
  if (name != kKernelAttrName)
    return reportAttribute(op, attribute)
           << ", which is for arguments and results of functions";
  if (!isa<KernelAttr>(attribute.getValue()))
    return reportAttribute(op, attribute)
           << " of the wrong kind: #diff.kernel is legal, found "
           << attribute.getValue();
  auto loop = dyn_cast<scf::ForallOp>(op);
  std::optional<ArrayAttr> mapping = loop ? loop.getMapping() : std::nullopt;
  if (!mapping || mapping->empty() ||
      !llvm::all_of(*mapping, llvm::IsaPred<gpu::GPUBlockMappingAttr>))
    return reportAttribute(op, attribute)
           << ", which is for an scf.forall that is mapped to blocks";
  return success();
}

//===----------------------------------------------------------------------===//
// On arguments and results
//===----------------------------------------------------------------------===//

namespace {
/// An argument or result of a function, with its attributes.
struct Slot {
  unsigned number;
  bool isResult;
  Type type;
  DictionaryAttr attributes;

  bool operator==(const Slot &other) const {
    return number == other.number && isResult == other.isResult;
  }
  std::string describe() const {
    return (Twine(isResult ? "result" : "argument") + " " + Twine(number))
        .str();
  }
  template <typename AttrTy> AttrTy get(StringRef name) const {
    return attributes ? attributes.getAs<AttrTy>(name) : AttrTy();
  }
  /// Returns the shape; empty for types without one.
  ArrayRef<int64_t> getShape() const {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && shaped.hasRank() ? shaped.getShape() : ArrayRef<int64_t>();
  }
  /// Returns the name of an argument in a launcher.
  std::string getTensorName() const {
    if (auto name = get<StringAttr>(kNameAttrName))
      return name.str();
    return (kDefaultName + Twine(number)).str();
  }
};

/// Verifies one attribute of one argument or result.
class SlotVerifier {
public:
  SlotVerifier(FunctionOpInterface func, const Slot &slot,
               NamedAttribute attribute)
      : func(func), slot(slot), attribute(attribute) {
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      slots.push_back(
          {i, false, func.getArgumentTypes()[i], func.getArgAttrDict(i)});
    // The number of attributes of results is verified after the arguments.
    ArrayAttr results = func.getAllResultAttrs();
    for (unsigned i = 0; i < func.getNumResults(); ++i)
      slots.push_back({i, true, func.getResultTypes()[i],
                       results && i < results.size()
                           ? dyn_cast<DictionaryAttr>(results[i])
                           : DictionaryAttr()});
  }

  LogicalResult run() {
    StringRef name = attribute.getName();
    if (name == kNameAttrName)
      return verifyName();
    if (name == kSizesAttrName)
      return verifySizes();
    if (name == kOffsetsAttrName)
      return verifyOffsets();
    return verifyResult();
  }

private:
  InFlightDiagnostic emitError() {
    return reportAttribute(func, attribute)
           << " on " << slot.describe() << ", ";
  }
  InFlightDiagnostic emitWrongKind(StringRef legal) {
    return emitError() << "of the wrong kind: " << legal << " is legal, found "
                       << attribute.getValue();
  }

  /// The names are used in C and Python code and in expressions of a manifest.
  static bool isIdentifier(StringRef name) {
    return !name.empty() && !llvm::isDigit(name.front()) &&
           llvm::all_of(name,
                        [](char c) { return llvm::isAlnum(c) || c == '_'; });
  }

  LogicalResult verifyName() {
    auto name = dyn_cast<StringAttr>(attribute.getValue());
    if (!name)
      return emitWrongKind("a string");
    if (!isIdentifier(name))
      return emitError() << "whose names are letters, digits and _ and do not "
                            "begin with a digit, found '"
                         << name.getValue() << "'";
    for (const Slot &other : slots) {
      if (other == slot)
        break;
      if (other.get<StringAttr>(kNameAttrName) == name)
        return emitError() << "but " << other.describe()
                           << " already has the name '" << name.getValue()
                           << "'";
    }
    StringRef rest = name.getValue();
    uint64_t number;
    if (rest.consume_front(kDefaultName) && !rest.getAsInteger(10, number) &&
        (slot.isResult || number != slot.number))
      return emitError() << "but '" << name.getValue()
                         << "' is reserved for argument " << number
                         << " without a name";
    return success();
  }

  LogicalResult verifySizes() {
    auto names = dyn_cast<ArrayAttr>(attribute.getValue());
    if (!names || !llvm::all_of(names, llvm::IsaPred<StringAttr>))
      return emitWrongKind("an array of strings");
    ArrayRef<int64_t> shape = slot.getShape();
    if (names.size() != shape.size())
      return emitError() << "which must name each of the " << shape.size()
                         << " sizes of " << slot.type << ", found "
                         << names.size() << " names";
    for (auto [dim, name] : llvm::enumerate(names.getAsRange<StringAttr>())) {
      if (name.empty())
        continue;
      if (!isIdentifier(name))
        return emitError() << "whose names are letters, digits and _ and do "
                              "not begin with a digit, or empty, found '"
                           << name.getValue() << "'";
      if (failed(verifySize(name, dim)))
        return failure();
    }
    return success();
  }

  /// Verifies that static sizes with the same name are equal.
  LogicalResult verifySize(StringAttr name, unsigned dim) {
    int64_t size = slot.getShape()[dim];
    for (const Slot &other : slots) {
      auto names = other.get<ArrayAttr>(kSizesAttrName);
      ArrayRef<int64_t> shape = other.getShape();
      if (names && !ShapedType::isDynamic(size))
        for (auto [otherDim, otherName] : llvm::enumerate(
                 ArrayRef(names.getValue())
                     .take_front(std::min(names.size(), shape.size()))))
          if (otherName == name && !ShapedType::isDynamic(shape[otherDim]) &&
              shape[otherDim] != size)
            return emitError() << "but '" << name.getValue() << "' is " << size
                               << " here and " << shape[otherDim] << " on "
                               << other.describe();
      if (other == slot)
        break;
    }
    return success();
  }

  LogicalResult verifyOffsets() {
    auto offsets = dyn_cast<OffsetsAttr>(attribute.getValue());
    if (!offsets)
      return emitWrongKind("#diff.offsets");
    auto type = dyn_cast<ShapedType>(slot.type);
    if (slot.isResult || slot.get<UnitAttr>(kResultAttrName) || !type ||
        !type.getElementType().isInteger(32) || slot.getShape().size() != 1)
      return emitError() << "which is for an argument of i32 with one "
                            "dimension, found "
                         << slot.type;
    for (const Slot &other : slots) {
      if (other.isResult || other.getTensorName() != offsets.getTensor())
        continue;
      int64_t rank = other.getShape().size();
      if (offsets.getDimension() >= 0 && offsets.getDimension() < rank)
        return success();
      return emitError() << "which points into dimension "
                         << offsets.getDimension() << " of '"
                         << offsets.getTensor() << "', but that has " << rank
                         << " dimensions";
    }
    return emitError() << "which points into '" << offsets.getTensor()
                       << "', but no argument has that name";
  }

  LogicalResult verifyResult() {
    if (!isa<UnitAttr>(attribute.getValue()))
      return emitWrongKind("no value");
    if (slot.isResult || !isa<MemRefType>(slot.type))
      return emitError() << "which is for an argument of a memref type, found "
                         << slot.type;
    for (const Slot &other : slots)
      if (!other.isResult && other.number > slot.number &&
          !other.get<UnitAttr>(kResultAttrName))
        return emitError() << "but " << other.describe()
                           << " after it has no such attribute; results are "
                              "the last arguments";
    return success();
  }

  FunctionOpInterface func;
  Slot slot;
  NamedAttribute attribute;
  SmallVector<Slot> slots;
};
} // namespace

static LogicalResult verifySlot(Operation *op, const Slot &slot,
                                NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (!isKnown(name))
    return reportUnknown(op, attribute);
  if (name == kKernelAttrName)
    return reportAttribute(op, attribute)
           << " on " << slot.describe()
           << ", which is for an scf.forall that is mapped to blocks";
  return SlotVerifier(cast<FunctionOpInterface>(op), slot, attribute).run();
}

LogicalResult DiffDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned number,
                                                    NamedAttribute attribute) {
  auto func = dyn_cast<FunctionOpInterface>(op);
  if (!func)
    return reportAttribute(op, attribute)
           << ", which is for arguments and results of functions";
  return verifySlot(op,
                    {number, false, func.getArgumentTypes()[number],
                     func.getArgAttrDict(number)},
                    attribute);
}

LogicalResult DiffDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned number, NamedAttribute attribute) {
  auto func = dyn_cast<FunctionOpInterface>(op);
  if (!func)
    return reportAttribute(op, attribute)
           << ", which is for arguments and results of functions";
  return verifySlot(op,
                    {number, true, func.getResultTypes()[number],
                     func.getResultAttrDict(number)},
                    attribute);
}
