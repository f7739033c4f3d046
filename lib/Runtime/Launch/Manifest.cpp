//===- Manifest.cpp - The manifest of compiled code -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Manifest.h"
#include "JsonReader.h"
#include <algorithm>

using namespace mlir::diff;
using namespace mlir::diff::launch;

using Json = nlohmann::json;

static constexpr int64_t kSchemaVersion = 1;

static constexpr NpyType kTypes[] = {
    NpyType::F16, NpyType::BF16, NpyType::F32, NpyType::I32, NpyType::F64,
    NpyType::I8,  NpyType::I16,  NpyType::I64, NpyType::U8,  NpyType::U16,
    NpyType::U32, NpyType::U64,  NpyType::Bool};
/// The number of types that kernels of GPUs support, the first ones.
static constexpr size_t kGPUTypes = 4;

static std::string quote(const std::string &name) { return "'" + name + "'"; }

namespace {
class ManifestReader {
public:
  explicit ManifestReader(Manifest &manifest) : manifest(manifest) {}

  std::string run(const std::string &text) {
    Json document;
    if (reader.parse(text, document))
      readManifest(document);
    return reader.getError();
  }

private:
  /// A member function that reads an element of an array.
  template <typename Owner>
  bool readAll(const Json &value, const std::string &place, Owner &owner,
               bool (ManifestReader::*read)(const Json &, const std::string &,
                                            Owner &)) {
    return reader.readArray(value, place,
                            [&](const Json &element, const std::string &at) {
                              return (this->*read)(element, at, owner);
                            });
  }

  bool readManifest(const Json &value) {
    // Check the version first, because other versions may have other keys.
    int64_t version = 0;
    if (value.is_object() && value.contains("schema_version")) {
      if (!reader.readInteger(value["schema_version"], ".schema_version", 0,
                              version))
        return false;
      if (version != kSchemaVersion)
        return reader.fail(".schema_version",
                           std::to_string(version) + " was found; " +
                               std::to_string(kSchemaVersion) + " is legal");
    }
    if (!reader.checkObject(value, "",
                            {"schema_version", "target", "functions"}))
      return false;
    return readTarget(value["target"], ".target") &&
           readAll(value["functions"], ".functions", manifest,
                   &ManifestReader::readFunction);
  }

  bool readTarget(const Json &value, const std::string &place) {
    // The chip determines the other keys.
    if (value.is_object() && value.contains("chip") &&
        !reader.readString(value["chip"], place + ".chip", manifest.chip))
      return false;
    bool isForCPU = !manifest.chip.empty() && !manifest.isForGPU();
    if (isForCPU
            ? !reader.checkObject(
                  value, place,
                  {"chip", "triple", "features", "address_size"}) ||
                  !reader.readString(value["triple"], place + ".triple",
                                     manifest.triple) ||
                  !readAll(value["features"], place + ".features", manifest,
                           &ManifestReader::readFeature)
            : !reader.checkObject(value, place,
                                  {"chip", "ptx_version", "address_size"}) ||
                  !readVersion(value["ptx_version"], place + ".ptx_version"))
      return false;
    int64_t size = 0;
    if (!reader.readInteger(value["address_size"], place + ".address_size", 0,
                            size))
      return false;
    return size == 64 ||
           reader.fail(place + ".address_size",
                       std::to_string(size) + " was found; 64 is legal");
  }

  bool readFeature(const Json &value, const std::string &place,
                   Manifest &owner) {
    return reader.readString(value, place, owner.features.emplace_back());
  }

  bool readVersion(const Json &value, const std::string &place) {
    std::string &version = manifest.ptxVersion;
    if (!reader.readString(value, place, version))
      return false;
    size_t dot = version.find('.');
    if (version.find_first_not_of("0123456789.") == std::string::npos &&
        dot != std::string::npos && dot != 0 && dot + 1 != version.size() &&
        version.find('.', dot + 1) == std::string::npos)
      return true;
    return reader.fail(place, "a version such as 7.0 is legal, found " +
                                  describeJson(value));
  }

  bool readFunction(const Json &value, const std::string &place,
                    Manifest &owner) {
    FunctionInfo function;
    if (!reader.checkObject(value, place, {"name", "tensors", "kernels"},
                            {"buffers"}) ||
        !reader.readString(value["name"], place + ".name", function.name))
      return false;
    if (owner.findFunction(function.name))
      return reader.fail(place + ".name",
                         "a second function is named " + quote(function.name));
    if (!readAll(value["tensors"], place + ".tensors", function,
                 &ManifestReader::readTensor) ||
        !readAllOffsets(value["tensors"], place + ".tensors", function) ||
        (value.contains("buffers") &&
         !readAll(value["buffers"], place + ".buffers", function,
                  &ManifestReader::readBuffer)) ||
        !readAll(value["kernels"], place + ".kernels", function,
                 &ManifestReader::readKernel))
      return false;
    owner.functions.push_back(std::move(function));
    return true;
  }

  bool readTensor(const Json &value, const std::string &place,
                  FunctionInfo &function) {
    TensorInfo tensor;
    std::string role, type;
    if (!reader.checkObject(
            value, place,
            {"name", "role", "element_type", "shape", "alignment"},
            {"offsets"}) ||
        !reader.readString(value["name"], place + ".name", tensor.name) ||
        !reader.readString(value["role"], place + ".role", role) ||
        !reader.readString(value["element_type"], place + ".element_type",
                           type) ||
        !readAll(value["shape"], place + ".shape", tensor,
                 &ManifestReader::readSize) ||
        !reader.readInteger(value["alignment"], place + ".alignment", 1,
                            tensor.alignment))
      return false;
    if (findTensor(function, tensor.name) < function.tensors.size())
      return reader.fail(place + ".name",
                         "a second tensor is named " + quote(tensor.name));
    if (role != "argument" && role != "result")
      return reader.fail(place + ".role",
                         "argument and result are legal, found " +
                             describeJson(value["role"]));
    tensor.isResult = role == "result";
    if (!tensor.isResult && !function.tensors.empty() &&
        function.tensors.back().isResult)
      return reader.fail(place + ".role", "an argument follows a result");
    const NpyType *found =
        std::find_if(std::begin(kTypes), std::end(kTypes),
                     [&](NpyType one) { return type == getNpyTypeName(one); });
    // Kernels of GPUs have the first types only.
    const NpyType *end = std::begin(kTypes) +
                         (manifest.isForGPU() ? kGPUTypes : std::size(kTypes));
    if (found >= end) {
      std::string legal;
      for (const NpyType *one = kTypes; one != end; ++one)
        legal += std::string(one == kTypes    ? ""
                             : one + 1 == end ? " and "
                                              : ", ") +
                 getNpyTypeName(*one);
      return reader.fail(place + ".element_type",
                         legal + " are legal, found " +
                             describeJson(value["element_type"]));
    }
    tensor.type = *found;
    function.tensors.push_back(std::move(tensor));
    return true;
  }

  /// The argument of offsets may come before the tensor that they index.
  bool readAllOffsets(const Json &tensors, const std::string &place,
                      FunctionInfo &function) {
    for (size_t i = 0; i < function.tensors.size(); ++i)
      if (tensors[i].contains("offsets") &&
          !readOffsets(tensors[i]["offsets"],
                       place + "[" + std::to_string(i) + "].offsets", function,
                       function.tensors[i]))
        return false;
    return true;
  }

  bool readOffsets(const Json &value, const std::string &place,
                   const FunctionInfo &function, TensorInfo &tensor) {
    std::string name;
    ParameterInfo target;
    if (!reader.checkObject(value, place, {"tensor", "dimension"}) ||
        !reader.readString(value["tensor"], place + ".tensor", name))
      return false;
    if (tensor.type != NpyType::I32 || tensor.shape.size() != 1 ||
        tensor.isResult)
      return reader.fail(place, quote(tensor.name) +
                                    " has offsets; an argument of i32 with one "
                                    "dimension is legal");
    target.tensor = findTensor(function, name);
    if (target.tensor == function.tensors.size())
      return reader.fail(place + ".tensor",
                         "the function has no tensor " + quote(name));
    if (!readDimension(value["dimension"], place + ".dimension", function,
                       target))
      return false;
    tensor.offsets = TensorDimension{target.tensor, target.dimension};
    return true;
  }

  bool readBuffer(const Json &value, const std::string &place,
                  FunctionInfo &function) {
    BufferInfo buffer;
    if (!reader.checkObject(value, place, {"name", "bytes"}) ||
        !reader.readString(value["name"], place + ".name", buffer.name) ||
        !readExpression(value["bytes"], place + ".bytes", function,
                        buffer.bytes))
      return false;
    if (findByName(function.buffers, buffer.name) < function.buffers.size())
      return reader.fail(place + ".name",
                         "a second buffer is named " + quote(buffer.name));
    function.buffers.push_back(std::move(buffer));
    return true;
  }

  bool readSize(const Json &value, const std::string &place,
                TensorInfo &tensor) {
    DimensionSize size;
    bool read = value.is_string()
                    ? reader.readString(value, place, size.name)
                    : reader.readInteger(value, place, 0, size.number);
    if (read && value.is_string() && size.name.empty())
      return reader.fail(place, "the name of a size is empty");
    tensor.shape.push_back(std::move(size));
    return read;
  }

  bool readKernel(const Json &value, const std::string &place,
                  FunctionInfo &function) {
    function.kernels.emplace_back();
    KernelEntry &kernel = function.kernels.back();
    if (!reader.checkObject(value, place,
                            {"name", "grid", "block", "dynamic_shared_memory",
                             "parameters", "limits"}) ||
        !reader.readString(value["name"], place + ".name", kernel.name) ||
        !readGrid(value["grid"], place + ".grid", function) ||
        !readBlock(value["block"], place + ".block", kernel) ||
        !reader.readInteger(value["dynamic_shared_memory"],
                            place + ".dynamic_shared_memory", 0,
                            kernel.dynamicSharedMemory) ||
        !readAll(value["parameters"], place + ".parameters", function,
                 &ManifestReader::readParameter))
      return false;
    const Json &limits = value["limits"];
    if (!limits.is_object())
      return reader.fail(place + ".limits",
                         "an object is legal, found " + describeJson(limits));
    for (const auto &[name, limit] : limits.items())
      if (!reader.readInteger(limit, place + ".limits." + name, 0,
                              kernel.limits[name]))
        return false;
    return true;
  }

  bool checkThree(const Json &value, const std::string &place) {
    if (value.is_array() && value.size() == 3)
      return true;
    return reader.fail(
        place, "an array of 3 is legal, found " +
                   (value.is_array() ? "one of " + std::to_string(value.size())
                                     : describeJson(value)));
  }

  bool readGrid(const Json &value, const std::string &place,
                FunctionInfo &function) {
    if (!checkThree(value, place))
      return false;
    size_t number = 0;
    return reader.readArray(
        value, place, [&](const Json &element, const std::string &at) {
          return readExpression(element, at, function,
                                function.kernels.back().grid[number++]);
        });
  }

  /// Reads an expression over the sizes of the function's tensors.
  bool readExpression(const Json &value, const std::string &place,
                      const FunctionInfo &function, Expression &expression) {
    std::string text;
    if (!reader.readString(value, place, text))
      return false;
    std::string problem = Expression::parse(text, expression);
    if (!problem.empty())
      return reader.fail(place, problem);
    for (const std::string &name : expression.getNames())
      if (!hasSize(function, name))
        return reader.fail(place, quote(text) + ": no tensor has a size " +
                                      quote(name));
    return true;
  }

  bool readBlock(const Json &value, const std::string &place,
                 KernelEntry &kernel) {
    if (!checkThree(value, place))
      return false;
    size_t number = 0;
    return reader.readArray(
        value, place, [&](const Json &element, const std::string &at) {
          return reader.readInteger(element, at, 1, kernel.block[number++]);
        });
  }

  bool readParameter(const Json &value, const std::string &place,
                     FunctionInfo &function) {
    std::string kind, type, name;
    ParameterInfo parameter;
    if (!value.is_object() || !value.contains("kind"))
      return reader.checkObject(value, place, {"kind"});
    if (!reader.readString(value["kind"], place + ".kind", kind))
      return false;
    if (kind == "pointer")
      parameter.kind = ParameterInfo::Kind::Pointer;
    else if (kind == "size")
      parameter.kind = ParameterInfo::Kind::Size;
    else if (kind == "stride")
      parameter.kind = ParameterInfo::Kind::Stride;
    else if (kind == "buffer")
      parameter.kind = ParameterInfo::Kind::Buffer;
    else
      return reader.fail(place + ".kind",
                         "pointer, size, stride and buffer are legal, found " +
                             describeJson(value["kind"]));
    bool isBuffer = parameter.kind == ParameterInfo::Kind::Buffer;
    bool isPointer = parameter.kind == ParameterInfo::Kind::Pointer || isBuffer;
    const char *what = isBuffer ? "buffer" : "tensor";
    if (!checkParameterKeys(value, place, parameter.kind) ||
        !reader.readString(value["type"], place + ".type", type) ||
        !reader.readString(value[what], place + "." + what, name))
      return false;
    if (type != (isPointer ? "ptr" : "i64"))
      return reader.fail(place + ".type",
                         std::string(isPointer ? "ptr" : "i64") +
                             " is legal for a " + kind + ", found " +
                             describeJson(value["type"]));
    size_t count = isBuffer ? function.buffers.size() : function.tensors.size();
    parameter.tensor = isBuffer ? findByName(function.buffers, name)
                                : findTensor(function, name);
    if (parameter.tensor == count)
      return reader.fail(place + "." + what,
                         std::string("the function has no ") + what + " " +
                             quote(name));
    if (!isPointer && !readDimension(value["dimension"], place + ".dimension",
                                     function, parameter))
      return false;
    function.kernels.back().parameters.push_back(parameter);
    return true;
  }

  bool checkParameterKeys(const Json &value, const std::string &place,
                          ParameterInfo::Kind kind) {
    int64_t number = 0;
    std::string text;
    switch (kind) {
    case ParameterInfo::Kind::Pointer:
    case ParameterInfo::Kind::Buffer:
      if (!reader.checkObject(
              value, place,
              {"kind", "type",
               kind == ParameterInfo::Kind::Buffer ? "buffer" : "tensor",
               "access", "alignment"}))
        return false;
      if (!reader.readString(value["access"], place + ".access", text) ||
          !reader.readInteger(value["alignment"], place + ".alignment", 1,
                              number))
        return false;
      return text == "read" || text == "write" || text == "read_write" ||
             reader.fail(place + ".access",
                         "read, write and read_write are legal, found " +
                             describeJson(value["access"]));
    case ParameterInfo::Kind::Size:
      return reader.checkObject(
                 value, place,
                 {"kind", "type", "tensor", "dimension", "name"}) &&
             reader.readString(value["name"], place + ".name", text);
    case ParameterInfo::Kind::Stride:
      break;
    }
    return reader.checkObject(
               value, place,
               {"kind", "type", "tensor", "dimension", "multiple_of"}) &&
           reader.readInteger(value["multiple_of"], place + ".multiple_of", 1,
                              number);
  }

  bool readDimension(const Json &value, const std::string &place,
                     const FunctionInfo &function, ParameterInfo &parameter) {
    int64_t dimension = 0;
    if (!reader.readInteger(value, place, 0, dimension))
      return false;
    const TensorInfo &tensor = function.tensors[parameter.tensor];
    parameter.dimension = size_t(dimension);
    return parameter.dimension < tensor.shape.size() ||
           reader.fail(place, std::to_string(dimension) + " was found; " +
                                  quote(tensor.name) + " has " +
                                  std::to_string(tensor.shape.size()) +
                                  " dimensions, counted from 0");
  }

  static bool hasSize(const FunctionInfo &function, const std::string &name) {
    for (const TensorInfo &tensor : function.tensors)
      for (const DimensionSize &size : tensor.shape)
        if (size.name == name)
          return true;
    return false;
  }

  /// Returns the number of the entry with the name, or the number of entries.
  template <typename Info>
  static size_t findByName(const std::vector<Info> &list,
                           const std::string &name) {
    auto found = std::find_if(list.begin(), list.end(), [&](const Info &info) {
      return info.name == name;
    });
    return size_t(found - list.begin());
  }
  static size_t findTensor(const FunctionInfo &function,
                           const std::string &name) {
    return findByName(function.tensors, name);
  }

  Manifest &manifest;
  JsonReader reader{"manifest"};
};
} // namespace

const FunctionInfo *Manifest::findFunction(const std::string &name) const {
  for (const FunctionInfo &function : functions)
    if (function.name == name)
      return &function;
  return nullptr;
}

std::string mlir::diff::launch::parseManifest(const std::string &text,
                                              Manifest &manifest) {
  manifest = Manifest();
  return ManifestReader(manifest).run(text);
}
