//===- Manifest.cpp - The manifest of a PTX module ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the host side of the hardware level: a function with memref arguments,
// which decomposes them and launches kernels on the parts.
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "diff/Target/Chips.h"
#include "diff/Target/GPUEmission.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;

static constexpr int64_t kSchemaVersion = 1;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

namespace {
/// Names of the arguments of a function and of their dynamic sizes.
class Names {
public:
  explicit Names(func::FuncOp func) : func(func) {}

  std::string getTensor(unsigned argument) {
    if (auto name = func.getArgAttrOfType<StringAttr>(argument, kNameAttrName))
      return name.str();
    return ("argument" + Twine(argument)).str();
  }

  std::string getSize(unsigned argument, unsigned dim) {
    if (auto sizes = func.getArgAttrOfType<ArrayAttr>(argument, kSizesAttrName))
      if (dim < sizes.size())
        if (auto name = dyn_cast<StringAttr>(sizes[dim]);
            name && !name.getValue().empty())
          return name.str();
    return getTensor(argument) + "_" + std::to_string(dim);
  }

private:
  func::FuncOp func;
};

/// A part of a memref argument (its pointer, a size or a stride), or a pointer
/// to a buffer that the function allocates.
struct Part {
  enum Kind { Pointer, Size, Stride, Buffer } kind;
  unsigned argument = 0;
  unsigned dim = 0;
  memref::AllocOp buffer = {};
};

/// Writes expressions over named sizes.
class ExpressionWriter {
public:
  ExpressionWriter(func::FuncOp func) : func(func), names(func) {}

  /// Returns the part that a value on the host represents, if any.
  std::optional<Part> getPart(Value value) {
    auto metadata = value.getDefiningOp<memref::ExtractStridedMetadataOp>();
    if (!metadata)
      return std::nullopt;
    if (auto buffer = metadata.getSource().getDefiningOp<memref::AllocOp>();
        buffer && value == metadata.getBaseBuffer())
      return Part{Part::Buffer, 0, 0, buffer};
    auto argument = dyn_cast<BlockArgument>(metadata.getSource());
    if (!argument || argument.getOwner()->getParentOp() != func)
      return std::nullopt;
    unsigned number = argument.getArgNumber();
    if (value == metadata.getBaseBuffer())
      return Part{Part::Pointer, number};
    for (auto [dim, size] : llvm::enumerate(metadata.getSizes()))
      if (size == value)
        return Part{Part::Size, number, static_cast<unsigned>(dim)};
    for (auto [dim, stride] : llvm::enumerate(metadata.getStrides()))
      if (stride == value)
        return Part{Part::Stride, number, static_cast<unsigned>(dim)};
    return std::nullopt;
  }

  /// Returns the size of a buffer in bytes.
  FailureOr<std::string> writeBytes(memref::AllocOp buffer) {
    MemRefType type = buffer.getType();
    std::string text =
        std::to_string(tile::getElementBytes(type.getElementType()));
    for (OpFoldResult size : buffer.getMixedSizes()) {
      FailureOr<std::string> factor;
      if (auto value = dyn_cast<Value>(size))
        factor = write(value);
      else
        factor = std::to_string(*getConstantIntValue(size));
      if (failed(factor))
        return failure();
      text = "(" + text + " * " + *factor + ")";
    }
    return text;
  }

  FailureOr<std::string> write(Value value) {
    IntegerAttr constant;
    if (matchPattern(value, m_Constant(&constant)))
      return std::to_string(constant.getInt());
    if (std::optional<Part> part = getPart(value);
        part && part->kind == Part::Size)
      return names.getSize(part->argument, part->dim);
    if (auto apply = value.getDefiningOp<affine::AffineApplyOp>())
      return write(apply.getAffineMap().getResult(0), apply.getAffineMap(),
                   apply.getMapOperands());
    return writeArithmetic(value.getDefiningOp());
  }

private:
  /// Ops by which functions compute sizes, which are not negative.
  FailureOr<std::string> writeArithmetic(Operation *op) {
    if (!op || op->getNumOperands() != 2)
      return failure();
    FailureOr<std::string> lhs = write(op->getOperand(0)),
                           rhs = write(op->getOperand(1));
    if (failed(lhs) || failed(rhs))
      return failure();
    if (isa<arith::AddIOp>(op))
      return "(" + *lhs + " + " + *rhs + ")";
    if (isa<arith::MulIOp>(op))
      return "(" + *lhs + " * " + *rhs + ")";
    if (isa<arith::DivUIOp, arith::DivSIOp, arith::FloorDivSIOp>(op))
      return "floordiv(" + *lhs + ", " + *rhs + ")";
    if (isa<arith::CeilDivUIOp, arith::CeilDivSIOp>(op))
      return "ceildiv(" + *lhs + ", " + *rhs + ")";
    if (isa<arith::RemUIOp, arith::RemSIOp>(op))
      return "mod(" + *lhs + ", " + *rhs + ")";
    return failure();
  }

  FailureOr<std::string> write(AffineExpr expr, AffineMap map,
                               ValueRange operands) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return std::to_string(constant.getValue());
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return write(operands[dim.getPosition()]);
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      return write(operands[map.getNumDims() + symbol.getPosition()]);
    auto binary = cast<AffineBinaryOpExpr>(expr);
    FailureOr<std::string> lhs = write(binary.getLHS(), map, operands);
    FailureOr<std::string> rhs = write(binary.getRHS(), map, operands);
    if (failed(lhs) || failed(rhs))
      return failure();
    switch (expr.getKind()) {
    case AffineExprKind::Add:
      return "(" + *lhs + " + " + *rhs + ")";
    case AffineExprKind::Mul:
      return "(" + *lhs + " * " + *rhs + ")";
    case AffineExprKind::Mod:
      return "mod(" + *lhs + ", " + *rhs + ")";
    case AffineExprKind::FloorDiv:
      return "floordiv(" + *lhs + ", " + *rhs + ")";
    default:
      return "ceildiv(" + *lhs + ", " + *rhs + ")";
    }
  }

  func::FuncOp func;
  Names names;
};
} // namespace

//===----------------------------------------------------------------------===//
// Accesses of a kernel through a pointer
//===----------------------------------------------------------------------===//

/// Follows a pointer through the kernel, also as an integer and through loops,
/// to its loads, stores and copies.
static void collectAccesses(Value pointer, bool &reads, bool &writes,
                            DenseSet<Value> &seen) {
  if (!seen.insert(pointer).second)
    return;
  for (OpOperand &use : pointer.getUses()) {
    Operation *user = use.getOwner();
    if (isa<LLVM::LoadOp>(user))
      reads = true;
    else if (auto store = dyn_cast<LLVM::StoreOp>(user))
      writes |= store.getAddr() == pointer;
    else if (auto copy = dyn_cast<NVVM::CpAsyncOp>(user))
      (copy.getSrc() == pointer ? reads : writes) = true;
    else if (isa<LLVM::GEPOp, LLVM::AddrSpaceCastOp, LLVM::InsertValueOp,
                 LLVM::ExtractValueOp, LLVM::BitcastOp, LLVM::PtrToIntOp,
                 LLVM::IntToPtrOp, LLVM::AddOp>(user))
      for (Value result : user->getResults())
        collectAccesses(result, reads, writes, seen);
    else if (auto branch = dyn_cast<BranchOpInterface>(user)) {
      if (std::optional<BlockArgument> argument =
              branch.getSuccessorBlockArgument(use.getOperandNumber()))
        collectAccesses(*argument, reads, writes, seen);
    } else
      reads = writes = true;
  }
}

static StringRef getAccess(LLVM::LLVMFuncOp kernel, unsigned parameter) {
  bool reads = false, writes = false;
  DenseSet<Value> seen;
  collectAccesses(kernel.getArgument(parameter), reads, writes, seen);
  return reads && writes ? "read_write" : writes ? "write" : "read";
}

//===----------------------------------------------------------------------===//
// The manifest
//===----------------------------------------------------------------------===//

/// Returns the alignment of a tensor's pointer and strides in bytes: 16, or
/// less if the innermost dimension is not a multiple. An empty dimension is a
/// multiple of everything.
static int64_t getAlignment(MemRefType type) {
  int64_t element = type.getElementTypeBitWidth() / 8;
  if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1))
    return element;
  int64_t bytes = type.getShape().back() * element;
  return bytes ? std::min<int64_t>(16, bytes & -bytes) : 16;
}

static std::string getTypeName(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return name;
}

namespace {
class ManifestWriter {
public:
  ManifestWriter(ModuleOp module, const Chip &chip, raw_ostream &os)
      : module(module), chip(chip), json(os, /*IndentSize=*/2) {}

  LogicalResult write() {
    json.objectBegin();
    json.attribute("schema_version", kSchemaVersion);
    json.attributeObject("target", [&] {
      json.attribute("chip", chip.name);
      json.attribute("ptx_version", std::to_string(chip.ptxVersion / 10) + "." +
                                        std::to_string(chip.ptxVersion % 10));
      json.attribute("address_size", 64);
    });
    json.attributeArray("functions", [&] {
      for (auto func : module.getOps<func::FuncOp>())
        if (func.isPublic() && !func.isExternal())
          writeFunction(func);
    });
    json.objectEnd();
    return success(!failedOnce);
  }

private:
  /// Returns the type of the argument before it became a memref.
  static Type getTensorType(Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    return memref ? RankedTensorType::get(memref.getShape(),
                                          memref.getElementType())
                  : type;
  }

  /// The launcher passes arrays only.
  LogicalResult verifySignature(func::FuncOp func) {
    auto isLegal = [](Type type) {
      auto memref = dyn_cast<MemRefType>(type);
      Type element = memref ? memref.getElementType() : Type();
      return memref && (element.isF16() || element.isBF16() ||
                        element.isF32() || element.isInteger(32));
    };
    for (BlockArgument argument : func.getArguments()) {
      if (isLegal(argument.getType()) ||
          (!isa<MemRefType>(argument.getType()) && argument.use_empty()))
        continue;
      bool isResult = static_cast<bool>(
          func.getArgAttr(argument.getArgNumber(), kResultAttrName));
      return func.emitOpError()
             << "has " << (isResult ? "a result" : "an argument") << " (number "
             << argument.getArgNumber() << ") of "
             << getTensorType(argument.getType())
             << "; the GPU launcher supports tensors of f16, bf16, f32 and "
                "i32, and numbers as tensors without dimensions";
    }
    if (func.getNumResults() != 0)
      return func.emitOpError("returns ")
             << func.getResultTypes().front()
             << "; GPU kernels return tensors only";
    return success();
  }

  void writeFunction(func::FuncOp func) {
    if (failed(verifySignature(func))) {
      failedOnce = true;
      return;
    }
    json.object([&] {
      json.attribute("name", func.getName());
      json.attributeArray("tensors", [&] { writeTensors(func); });
      nameBuffers(func);
      if (!buffers.empty())
        json.attributeArray("buffers", [&] { writeBuffers(func); });
      json.attributeArray("kernels", [&] {
        func.walk([&](gpu::LaunchFuncOp launch) { writeKernel(func, launch); });
      });
    });
  }

  void nameBuffers(func::FuncOp func) {
    buffers.clear();
    for (auto buffer : func.getBody().getOps<memref::AllocOp>())
      buffers[buffer] = "buffer" + std::to_string(buffers.size());
  }

  void writeBuffers(func::FuncOp func) {
    ExpressionWriter expressions(func);
    for (auto &[buffer, name] : buffers)
      json.object([&, op = cast<memref::AllocOp>(buffer), &name = name] {
        json.attribute("name", name);
        FailureOr<std::string> bytes = expressions.writeBytes(op);
        if (failed(bytes)) {
          op->emitOpError("has a size that is not an expression of the "
                          "argument sizes");
          failedOnce = true;
          return;
        }
        json.attribute("bytes", *bytes);
      });
  }

  /// Arguments, then results, in the order of the function.
  void writeTensors(func::FuncOp func) {
    Names names(func);
    for (BlockArgument argument : func.getArguments()) {
      unsigned number = argument.getArgNumber();
      auto type = dyn_cast<MemRefType>(argument.getType());
      if (!type)
        continue;
      json.object([&] {
        json.attribute("name", names.getTensor(number));
        json.attribute("role", func.getArgAttr(number, kResultAttrName)
                                   ? "result"
                                   : "argument");
        json.attribute("element_type", getTypeName(type.getElementType()));
        json.attributeArray("shape", [&] {
          for (auto [dim, size] : llvm::enumerate(type.getShape())) {
            if (ShapedType::isDynamic(size))
              json.value(names.getSize(number, dim));
            else
              json.value(size);
          }
        });
        json.attribute("alignment", getAlignment(type));
        if (auto offsets =
                func.getArgAttrOfType<OffsetsAttr>(number, kOffsetsAttrName))
          json.attributeObject("offsets", [&] {
            json.attribute("tensor", offsets.getTensor());
            json.attribute("dimension", offsets.getDimension());
          });
      });
    }
  }

  void writeKernel(func::FuncOp func, gpu::LaunchFuncOp launch) {
    auto kernel = dyn_cast_or_null<LLVM::LLVMFuncOp>(
        SymbolTable::lookupNearestSymbolFrom(launch, launch.getKernelAttr()));
    if (!kernel) {
      launch.emitOpError("launches no kernel at the hardware level");
      failedOnce = true;
      return;
    }
    ExpressionWriter expressions(func);
    gpu::KernelDim3 grid = launch.getGridSizeOperandValues();
    gpu::KernelDim3 block = launch.getBlockSizeOperandValues();
    json.object([&] {
      json.attribute("name", kernel.getName());
      json.attributeArray("grid", [&] {
        for (Value size : {grid.x, grid.y, grid.z})
          writeExpression(launch, expressions, size);
      });
      json.attributeArray("block", [&] {
        for (Value size : {block.x, block.y, block.z})
          writeConstant(launch, size);
      });
      json.attributeBegin("dynamic_shared_memory");
      if (Value shared = launch.getDynamicSharedMemorySize())
        writeConstant(launch, shared);
      else
        json.value(0);
      json.attributeEnd();
      json.attributeArray("parameters", [&] {
        for (auto [number, operand] :
             llvm::enumerate(launch.getKernelOperands()))
          writeParameter(func, launch, kernel, expressions, number, operand);
      });
      json.attributeObject("limits", [&] {
        json.attribute("threads_per_block", chip.threadsPerBlock);
        json.attribute("shared_memory_per_block", chip.sharedMemoryPerBlock);
        json.attribute("registers_per_block", chip.registersPerBlock);
        json.attribute("registers_per_thread", chip.registersPerThread);
      });
    });
  }

  void writeParameter(func::FuncOp func, gpu::LaunchFuncOp launch,
                      LLVM::LLVMFuncOp kernel, ExpressionWriter &expressions,
                      unsigned number, Value operand) {
    std::optional<Part> part = expressions.getPart(operand);
    if (!part) {
      launch.emitOpError("has a kernel operand (number ")
          << number << ") that is not a pointer, size or stride of an argument";
      failedOnce = true;
      return;
    }
    if (part->kind == Part::Buffer) {
      json.object([&] {
        json.attribute("kind", "buffer");
        json.attribute("type", "ptr");
        json.attribute("buffer", buffers[part->buffer]);
        json.attribute("access", getAccess(kernel, number));
        json.attribute("alignment", kMaxAccessBytes);
      });
      return;
    }
    Names names(func);
    auto type = cast<MemRefType>(func.getArgument(part->argument).getType());
    json.object([&] {
      json.attribute("kind", part->kind == Part::Pointer ? "pointer"
                             : part->kind == Part::Size  ? "size"
                                                         : "stride");
      json.attribute("type", part->kind == Part::Pointer ? "ptr" : "i64");
      json.attribute("tensor", names.getTensor(part->argument));
      switch (part->kind) {
      case Part::Pointer:
        json.attribute("access", getAccess(kernel, number));
        json.attribute("alignment", getAlignment(type));
        break;
      case Part::Buffer:
        break;
      case Part::Size:
        json.attribute("dimension", part->dim);
        json.attribute("name", names.getSize(part->argument, part->dim));
        break;
      case Part::Stride:
        // In elements.
        json.attribute("dimension", part->dim);
        json.attribute("multiple_of",
                       getAlignment(type) * 8 / type.getElementTypeBitWidth());
        break;
      }
    });
  }

  void writeExpression(gpu::LaunchFuncOp launch, ExpressionWriter &expressions,
                       Value value) {
    FailureOr<std::string> text = expressions.write(value);
    if (failed(text)) {
      launch.emitOpError("has a grid size that is not an expression of the "
                         "argument sizes");
      failedOnce = true;
      return;
    }
    json.value(*text);
  }

  void writeConstant(gpu::LaunchFuncOp launch, Value value) {
    IntegerAttr constant;
    if (!matchPattern(value, m_Constant(&constant))) {
      launch.emitOpError("must have a constant block size and shared memory");
      failedOnce = true;
      return;
    }
    json.value(constant.getInt());
  }

  ModuleOp module;
  const Chip &chip;
  llvm::json::OStream json;
  /// The buffers of the current function, in order, by name.
  llvm::MapVector<Operation *, std::string> buffers;
  bool failedOnce = false;
};
} // namespace

FailureOr<std::string> diff::emitManifest(ModuleOp module, const Chip &chip) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (failed(ManifestWriter(module, chip, os).write()))
    return failure();
  os << "\n";
  return text;
}
