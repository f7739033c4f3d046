//===- Arguments.cpp - Kernel arguments from the command line -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace ptxsim;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

namespace {
struct ScalarType {
  const char *name;
  enum { Unsigned, Signed, Float, Half, BFloat } kind;
  unsigned size;
};
} // namespace

static constexpr ScalarType kScalars[] = {
    {"u8", ScalarType::Unsigned, 1},  {"u16", ScalarType::Unsigned, 2},
    {"u32", ScalarType::Unsigned, 4}, {"u64", ScalarType::Unsigned, 8},
    {"s8", ScalarType::Signed, 1},    {"s16", ScalarType::Signed, 2},
    {"s32", ScalarType::Signed, 4},   {"s64", ScalarType::Signed, 8},
    {"f16", ScalarType::Half, 2},     {"bf16", ScalarType::BFloat, 2},
    {"f32", ScalarType::Float, 4},    {"f64", ScalarType::Float, 8},
};

template <typename T> static void append(std::vector<uint8_t> &bytes, T value) {
  const auto *begin = reinterpret_cast<const uint8_t *>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof(value));
}

/// Rounds to nearest, ties to even; NaN stays NaN.
static uint16_t toBFloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if (std::isnan(value))
    return 0x7fff;
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static std::string parseScalar(const ScalarType &type, const std::string &text,
                               Argument &argument) {
  std::string problem = "'" + text + "' is not a value of type " + type.name;
  char *end = nullptr;
  errno = 0;
  if (text.empty())
    return problem;
  if (type.kind == ScalarType::Unsigned || type.kind == ScalarType::Signed) {
    bool isSigned = type.kind == ScalarType::Signed;
    if (!isSigned && text.front() == '-')
      return problem;
    long long number = isSigned ? std::strtoll(text.c_str(), &end, 0) : 0;
    unsigned long long bits = isSigned ? static_cast<unsigned long long>(number)
                                       : std::strtoull(text.c_str(), &end, 0);
    if (*end || errno)
      return problem;
    unsigned width = type.size * 8;
    if (width < 64 && (isSigned ? number < -(1ll << (width - 1)) ||
                                      number >= 1ll << (width - 1)
                                : bits >> width != 0))
      return problem + ": out of range";
    const auto *begin = reinterpret_cast<const uint8_t *>(&bits);
    argument.bytes.assign(begin, begin + type.size);
    return "";
  }
  double value = std::strtod(text.c_str(), &end);
  if (*end)
    return problem;
  bool isInfinite = std::isinf(value) && errno != ERANGE; // "inf" itself
  bool isTooLarge = std::isinf(value);
  if (type.kind == ScalarType::Half) {
    auto half = static_cast<_Float16>(value);
    isTooLarge = std::isinf(float(half));
    append(argument.bytes, half);
  } else if (type.kind == ScalarType::BFloat) {
    uint16_t bits = toBFloat(float(value));
    isTooLarge = (bits & 0x7fff) == 0x7f80;
    append(argument.bytes, bits);
  } else if (type.size == 4) {
    isTooLarge = std::isinf(float(value));
    append(argument.bytes, float(value));
  } else {
    append(argument.bytes, value);
  }
  return isTooLarge && !isInfinite ? problem + ": out of range" : "";
}

static std::string parseBytes(const std::string &text, Argument &argument) {
  if (text.empty() || text.size() % 2)
    return "bytes: takes pairs of hexadecimal digits, found '" + text + "'";
  for (size_t i = 0; i < text.size(); i += 2) {
    if (!std::isxdigit(static_cast<unsigned char>(text[i])) ||
        !std::isxdigit(static_cast<unsigned char>(text[i + 1])))
      return "bytes: '" + text.substr(i, 2) + "' is not a byte";
    argument.bytes.push_back(
        uint8_t(std::strtoul(text.substr(i, 2).c_str(), nullptr, 16)));
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

static bool lookUpNpyType(const std::string &name, NpyType &type) {
  constexpr NpyType types[] = {
      NpyType::F16, NpyType::BF16, NpyType::F32, NpyType::F64, NpyType::I8,
      NpyType::I16, NpyType::I32,  NpyType::I64, NpyType::U8,  NpyType::U16,
      NpyType::U32, NpyType::U64,  NpyType::Bool};
  for (NpyType candidate : types) {
    std::string known = getNpyTypeName(candidate);
    if (name == known || (name[0] == 's' && known == "i" + name.substr(1))) {
      type = candidate;
      return true;
    }
  }
  return false;
}

/// `TYPE:2x3:FILE`
static std::string parseOutput(const std::string &text, Argument &argument) {
  size_t first = text.find(':');
  size_t second =
      first == std::string::npos ? first : text.find(':', first + 1);
  if (second == std::string::npos || second + 1 == text.size())
    return "out: takes TYPE:SHAPE:FILE, such as out:f32:128x64:c.npy, found '" +
           text + "'";
  std::string type = text.substr(0, first);
  std::string shape = text.substr(first + 1, second - first - 1);
  if (!lookUpNpyType(type, argument.array.type))
    return "out: unknown element type '" + type + "'";
  const char *at = shape.c_str();
  while (true) {
    char *end = nullptr;
    errno = 0;
    long long size = std::strtoll(at, &end, 10);
    if (end == at || !std::isdigit(static_cast<unsigned char>(*at)) || errno ||
        (*end && *end != 'x'))
      return "out: '" + shape + "' is not a shape such as 128x64";
    argument.array.shape.push_back(size);
    if (!*end)
      break;
    at = end + 1;
  }
  int64_t bytes = getNpyDataSize(argument.array.type, argument.array.shape);
  if (bytes < 0 || bytes > int64_t(1) << 40)
    return "out: an array of shape " + shape + " is too large";
  argument.output = text.substr(second + 1);
  return "";
}

std::string ptxsim::parseArgument(const std::string &text, Argument &argument) {
  size_t colon = text.find(':');
  std::string kind = text.substr(0, colon);
  std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  for (const ScalarType &type : kScalars)
    if (kind == type.name) {
      argument.type = kind;
      return parseScalar(type, rest, argument);
    }
  if (kind == "bytes")
    return parseBytes(rest, argument);
  if (kind == "tmap")
    return "tmap: tensor maps are not supported";
  argument.isArray = true;
  if (kind == "in") {
    argument.isRead = true;
    argument.input = rest;
    return readNpy(rest, argument.array);
  }
  if (kind == "inout") {
    size_t last = rest.rfind(':');
    if (last == std::string::npos || last + 1 == rest.size() || !last)
      return "inout: takes two files, before:after, found '" + rest + "'";
    argument.isRead = argument.isWritten = true;
    argument.input = rest.substr(0, last);
    argument.output = rest.substr(last + 1);
    return readNpy(argument.input, argument.array);
  }
  if (kind == "out") {
    argument.isWritten = true;
    return parseOutput(rest, argument);
  }
  return "unknown kind '" + kind +
         "'; known are in, out, inout, bytes and the scalar types u8 to u64, "
         "s8 to s64, f16, bf16, f32, f64";
}

//===----------------------------------------------------------------------===//
// The parameter block
//===----------------------------------------------------------------------===//

std::string ptxsim::packArguments(const KernelInfo &kernel,
                                  const std::vector<Argument> &arguments,
                                  std::vector<uint8_t> &block) {
  if (arguments.size() != kernel.parameters.size())
    return "kernel " + kernel.name + " has " +
           std::to_string(kernel.parameters.size()) +
           " parameters, so --arg must be given as many times, found " +
           std::to_string(arguments.size());
  block.assign(kernel.parameterBytes, 0);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const KernelParameter &parameter = kernel.parameters[i];
    const Argument &argument = arguments[i];
    std::vector<uint8_t> bytes = argument.bytes;
    if (argument.isArray)
      append(bytes, argument.pointer);
    if (bytes.size() != parameter.size)
      return "argument " + std::to_string(i) + " has " +
             std::to_string(bytes.size()) + " bytes, parameter " +
             parameter.name + " (." + parameter.type + ") has " +
             std::to_string(parameter.size);
    std::memcpy(block.data() + parameter.offset, bytes.data(), bytes.size());
  }
  return "";
}
