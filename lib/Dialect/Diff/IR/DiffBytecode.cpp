//===- DiffBytecode.cpp - Bytecode of the diff dialect --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The version of the dialect, and the properties of the ops that have changed
// since a version that is still read.
//
//===----------------------------------------------------------------------===//

#include "DiffBytecode.h"
#include "mlir/Bytecode/BytecodeImplementation.h"
#include <algorithm>
#include <tuple>

using namespace mlir;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// Version
//===----------------------------------------------------------------------===//

namespace {
/// The version of the dialect in bytecode. `minor` increases for a new op or
/// attribute, `major` for a change of the meaning or encoding of an existing
/// one.
struct DiffDialectVersion : public DialectVersion {
  static constexpr uint64_t kMajor = 2;
  static constexpr uint64_t kMinor = 2;

  uint64_t major = kMajor;
  uint64_t minor = kMinor;
};

struct DiffBytecodeInterface : public BytecodeDialectInterface {
  explicit DiffBytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(DiffDialectVersion::kMajor);
    writer.writeVarInt(DiffDialectVersion::kMinor);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    auto version = std::make_unique<DiffDialectVersion>();
    if (failed(reader.readVarInt(version->major)) ||
        failed(reader.readVarInt(version->minor)))
      return nullptr;
    if (version->major != DiffDialectVersion::kMajor ||
        version->minor > DiffDialectVersion::kMinor) {
      reader.emitError() << "bytecode has version " << version->major << "."
                         << version->minor
                         << " of dialect 'diff'; this reader knows versions "
                         << DiffDialectVersion::kMajor << ".0 to "
                         << DiffDialectVersion::kMajor << "."
                         << DiffDialectVersion::kMinor;
      return nullptr;
    }
    return version;
  }
};
} // namespace

void diff::registerBytecodeInterface(DiffDialect &dialect) {
  dialect.addInterfaces<DiffBytecodeInterface>();
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

/// Before this minor version, ops had no head groups and no gate.
static constexpr uint64_t kHeadGroupsMinor = 2;
/// Before this version of MLIR's bytecode, operand segments are an attribute.
static constexpr uint64_t kNativeSegmentsVersion = 6;

namespace {
/// The attributes of an op in the order of the encoding: those before and those
/// after the operand segments in the encoding of kNativeSegmentsVersion - 1.
/// Attributes of later versions follow at the end. `gateSegment` is the number
/// of the gate among the operand segments.
template <typename OpTy> struct Encoding;

template <> struct Encoding<AttentionOp> {
  using Properties = AttentionOp::Properties;
  static constexpr unsigned gateSegment = 6;
  static auto before(Properties &p) { return std::tie(p.layout, p.mask); }
  static auto after(Properties &p) {
    return std::tie(p.scale, p.schedule, p.softcap);
  }
  static auto headGroups(Properties &p) { return std::tie(p.signals); }
};

template <> struct Encoding<AttentionV1Op> {
  using Properties = AttentionV1Op::Properties;
  static constexpr unsigned gateSegment = 7;
  static auto before(Properties &p) {
    return std::tie(p.epsilon, p.lambda_init, p.layout, p.mask);
  }
  static auto after(Properties &p) {
    return std::tie(p.scale, p.schedule, p.softcap);
  }
  static auto headGroups(Properties &p) { return std::tie(p.signals); }
};

template <> struct Encoding<SoftmaxAttentionOp> {
  using Properties = SoftmaxAttentionOp::Properties;
  static constexpr unsigned gateSegment = 5;
  static auto before(Properties &p) { return std::tie(p.layout, p.mask); }
  static auto after(Properties &p) {
    return std::tie(p.scale, p.schedule, p.softcap);
  }
  static auto headGroups(Properties &) { return std::tuple<>(); }
};
} // namespace

template <typename Tuple>
static LogicalResult readAll(DialectBytecodeReader &reader, Tuple attributes) {
  return std::apply(
      [&](auto &...attribute) {
        return success(
            (succeeded(reader.readOptionalAttribute(attribute)) && ...));
      },
      attributes);
}

template <typename Tuple>
static void writeAll(DialectBytecodeWriter &writer, Tuple attributes) {
  std::apply(
      [&](auto &...attribute) {
        (writer.writeOptionalAttribute(attribute), ...);
      },
      attributes);
}

/// Reads operand segments that are encoded as an attribute.
static LogicalResult readSegmentsAttribute(DialectBytecodeReader &reader,
                                           MutableArrayRef<int32_t> segments) {
  DenseI32ArrayAttr attribute;
  if (failed(reader.readAttribute(attribute)))
    return failure();
  if (static_cast<size_t>(attribute.size()) > segments.size())
    return reader.emitError("has more operand segments than the op");
  llvm::copy(attribute.asArrayRef(), segments.begin());
  return success();
}

template <typename OpTy>
static LogicalResult readOpProperties(DialectBytecodeReader &reader,
                                      OperationState &state) {
  using E = Encoding<OpTy>;
  auto &properties = state.getOrAddProperties<typename OpTy::Properties>();
  MutableArrayRef<int32_t> segments(properties.operandSegmentSizes);
  auto version = reader.getDialectVersion<DiffDialect>();
  bool hasHeadGroups =
      failed(version) ||
      static_cast<const DiffDialectVersion *>(*version)->minor >=
          kHeadGroupsMinor;
  bool nativeSegments = reader.getBytecodeVersion() >= kNativeSegmentsVersion;
  if (failed(readAll(reader, E::before(properties))) ||
      (!nativeSegments && failed(readSegmentsAttribute(reader, segments))) ||
      failed(readAll(reader, E::after(properties))) ||
      (nativeSegments && failed(reader.readSparseArray(segments))))
    return failure();
  if (hasHeadGroups)
    return readAll(reader, E::headGroups(properties));
  // Make room for the gate, which is absent.
  std::move_backward(segments.begin() + E::gateSegment, segments.end() - 1,
                     segments.end());
  segments[E::gateSegment] = 0;
  return success();
}

template <typename OpTy>
static void writeOpProperties(OpTy op, DialectBytecodeWriter &writer) {
  using E = Encoding<OpTy>;
  auto &properties = op.getProperties();
  ArrayRef<int32_t> segments(properties.operandSegmentSizes);
  bool nativeSegments = static_cast<uint64_t>(writer.getBytecodeVersion()) >=
                        kNativeSegmentsVersion;
  writeAll(writer, E::before(properties));
  if (!nativeSegments)
    writer.writeAttribute(DenseI32ArrayAttr::get(op.getContext(), segments));
  writeAll(writer, E::after(properties));
  if (nativeSegments)
    writer.writeSparseArray(segments);
  writeAll(writer, E::headGroups(properties));
}

#define DIFF_PROPERTIES_ENCODING(OpTy)                                         \
  LogicalResult OpTy::readProperties(DialectBytecodeReader &reader,            \
                                     OperationState &state) {                  \
    return readOpProperties<OpTy>(reader, state);                              \
  }                                                                            \
  void OpTy::writeProperties(DialectBytecodeWriter &writer) {                  \
    writeOpProperties(*this, writer);                                          \
  }

DIFF_PROPERTIES_ENCODING(AttentionOp)
DIFF_PROPERTIES_ENCODING(AttentionV1Op)
DIFF_PROPERTIES_ENCODING(SoftmaxAttentionOp)
