//===- MatrixTest.h - Running small kernels in tests ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_UNITTESTS_MATRIXTEST_H
#define PTXSIM_UNITTESTS_MATRIXTEST_H

#include "ptxsim/Device.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace ptxsim {
namespace test {

using Bytes = std::vector<uint8_t>;

template <typename T> Bytes toBytes(const std::vector<T> &values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
template <typename T> std::vector<T> fromBytes(const Bytes &bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// A kernel `k` with a 64-bit pointer for each buffer, p0, p1, ..., already
/// loaded to %rd0, %rd1, ...; %r0 is the thread, %r1 the lane.
inline std::string makeKernel(const std::string &target, unsigned buffers,
                              const std::string &declarations,
                              const std::string &body) {
  std::string text = ".version 8.6\n.target " + target +
                     "\n.address_size 64\n.visible .entry k(";
  for (unsigned i = 0; i < buffers; ++i)
    text += std::string(i ? ", " : "") + ".param .u64 p" + std::to_string(i);
  text += ")\n{\n.reg .b16 %h<32>;\n.reg .b32 %r<100>;\n.reg .b64 %rd<40>;\n"
          ".reg .f32 %f<40>;\n.reg .pred %p<8>;\n" +
          declarations;
  for (unsigned i = 0; i < buffers; ++i)
    text += "ld.param.u64 %rd" + std::to_string(i) + ", [p" +
            std::to_string(i) + "];\n";
  text += "mov.u32 %r0, %tid.x;\nand.b32 %r1, %r0, 31;\n" + body + "ret;\n}\n";
  return text;
}

/// Runs `k` and returns the buffers after the kernel. The buffer with the
/// number `poisoned` counts as unwritten.
inline LaunchResult run(const std::string &text, std::vector<Bytes> &buffers,
                        unsigned threads = 32,
                        const SimOptions &options = SimOptions(),
                        size_t poisoned = SIZE_MAX) {
  LaunchResult result;
  Diagnostic error;
  auto module = Module::parse(text, error);
  if (!module) {
    ADD_FAILURE() << error.format("kernel") << "\n" << text;
    return result;
  }
  const Chip *chip = lookUpChip(module->getTarget());
  const KernelInfo *kernel = module->findKernel("k");
  if (!chip || !kernel) {
    ADD_FAILURE() << "no chip " << module->getTarget() << " or no kernel k";
    return result;
  }
  Device device(*chip);
  std::vector<uint8_t> parameters;
  std::vector<DevicePtr> pointers;
  for (const Bytes &buffer : buffers) {
    DevicePtr pointer = device.allocate(buffer.size(), error);
    EXPECT_TRUE(
        device.copyToDevice(pointer, buffer.data(), buffer.size(), error))
        << error.message;
    bool isPoisoned = pointers.size() == poisoned &&
                      device.poison(pointer, buffer.size(), error);
    EXPECT_EQ(isPoisoned, pointers.size() == poisoned) << error.message;
    pointers.push_back(pointer);
    for (unsigned i = 0; i < 8; ++i)
      parameters.push_back(uint8_t(pointer >> 8 * i));
  }
  auto loaded = device.load(module, error);
  LaunchConfig config;
  config.block.x = threads;
  EXPECT_TRUE(loaded && device.launch(*loaded, *kernel, config, parameters,
                                      options, result, error))
      << error.message;
  for (size_t i = 0; i < buffers.size(); ++i)
    EXPECT_TRUE(device.copyToHost(buffers[i].data(), pointers[i],
                                  buffers[i].size(), error))
        << error.message;
  return result;
}

inline std::string formatFindings(const LaunchResult &result) {
  std::string text;
  for (const Finding &finding : result.findings)
    text += finding.format() + "\n";
  return text;
}

/// Returns true if there is a finding of this kind.
inline bool hasFinding(const LaunchResult &result, const std::string &kind) {
  return std::any_of(
      result.findings.begin(), result.findings.end(),
      [&](const Finding &finding) { return finding.kind == kind; });
}

#define EXPECT_CLEAN(result)                                                   \
  EXPECT_EQ(::ptxsim::test::formatFindings(result), "")

//===----------------------------------------------------------------------===//
// Small numbers in narrow types, which are exact in these tests.
//===----------------------------------------------------------------------===//

inline uint32_t floatBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline float bitsFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// A normal number (or zero) with the given numbers of bits.
inline uint32_t encode(float value, int exponentBits, int fractionBits) {
  uint32_t sign = std::signbit(value) ? 1u << (exponentBits + fractionBits) : 0;
  if (value == 0)
    return sign;
  int exponent;
  float fraction = std::frexp(std::fabs(value), &exponent); // [0.5, 1)
  int bias = (1 << (exponentBits - 1)) - 1;
  auto significand = uint32_t(std::ldexp(fraction, fractionBits + 1));
  return sign | uint32_t(exponent - 1 + bias) << fractionBits |
         (significand & ((1u << fractionBits) - 1));
}

inline float decode(uint32_t bits, int exponentBits, int fractionBits) {
  int bias = (1 << (exponentBits - 1)) - 1;
  uint32_t fraction = bits & ((1u << fractionBits) - 1);
  int exponent = int(bits >> fractionBits & ((1u << exponentBits) - 1));
  float value = exponent ? std::ldexp(float(fraction | 1u << fractionBits),
                                      exponent - bias - fractionBits)
                         : std::ldexp(float(fraction), 1 - bias - fractionBits);
  return bits >> (exponentBits + fractionBits) & 1 ? -value : value;
}

} // namespace test
} // namespace ptxsim

#endif // PTXSIM_UNITTESTS_MATRIXTEST_H
