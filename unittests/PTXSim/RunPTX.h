//===- RunPTX.h - One instruction on many values ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts an instruction into a kernel that loads its operands, runs it once in
// every lane and once in some lanes, and compares the results with a function
// on the host.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_UNITTESTS_RUNPTX_H
#define PTXSIM_UNITTESTS_RUNPTX_H

#include "ptxsim/Device.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace ptxsim::test {

using Values = std::vector<uint64_t>;

inline uint64_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline uint64_t bitsOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  return bits;
}
inline float asFloat(uint64_t bits) {
  auto low = uint32_t(bits);
  float value;
  std::memcpy(&value, &low, 4);
  return value;
}
inline double asDouble(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

/// An instruction with its operands: `add.s32 %d0, %s0, %s1;`, and the types of
/// the registers %d0, %d1, ... and %s0, %s1, ...: b16, b32, b64 or pred.
struct Op {
  std::string text;
  std::vector<std::string> dsts, srcs;
};

/// An instruction of the usual form, `name %d0, %s0, ...;`.
inline Op makeOp(const std::string &name, const std::string &dst,
                 const std::vector<std::string> &srcs) {
  Op op{name + " %d0", {dst}, srcs};
  for (size_t i = 0; i < srcs.size(); ++i)
    op.text += ", %s" + std::to_string(i);
  op.text += ";";
  return op;
}

/// Values of destinations before the instruction; lanes that do not execute it
/// keep them.
constexpr uint64_t kOldValue = 0x5aa5'1234'8765'3c3cull;
/// Lanes that execute it in the second run.
inline bool isActive(size_t index) { return index % 3 != 1; }

inline unsigned getBytes(const std::string &type) {
  return type == "b16" ? 2 : type == "b64" ? 8 : 4;
}
inline uint64_t truncate(uint64_t value, const std::string &type) {
  if (type == "pred")
    return value & 1;
  unsigned bits = 8 * getBytes(type);
  return bits == 64 ? value : value & ((uint64_t(1) << bits) - 1);
}

class Runner {
public:
  SimOptions options;
  std::string target = "sm_100a";
  std::vector<Finding> findings;

  /// Results by destination and index; empty after a failure. `srcs` has the
  /// values of each source, all of one length.
  std::vector<Values> run(const Op &op, const std::vector<Values> &srcs,
                          bool guarded) {
    size_t count = srcs.empty() ? 32 : srcs.front().size();
    size_t padded = (count + 31) / 32 * 32;
    std::vector<Values> buffers = srcs;
    for (size_t i = 0; i < op.dsts.size(); ++i)
      buffers.emplace_back(count, kOldValue);
    for (Values &buffer : buffers)
      buffer.resize(padded, buffer.empty() ? 0 : buffer.back());

    Device device(*lookUpChip(target));
    Diagnostic error;
    auto module = Module::parse(getText(op, guarded), error);
    if (!module) {
      ADD_FAILURE() << op.text << ": " << error.message;
      return {};
    }
    auto loaded = device.load(module, error);
    std::vector<uint8_t> parameters;
    std::vector<DevicePtr> pointers;
    for (const Values &buffer : buffers) {
      DevicePtr pointer = device.allocate(padded * 8, error);
      device.copyToDevice(pointer, buffer.data(), padded * 8, error);
      pointers.push_back(pointer);
      auto *bytes = reinterpret_cast<const uint8_t *>(&pointer);
      parameters.insert(parameters.end(), bytes, bytes + 8);
    }
    LaunchConfig config;
    config.grid.x = uint32_t(padded / 32);
    config.block.x = 32;
    LaunchResult result;
    if (!loaded || !device.launch(*loaded, *module->findKernel("k"), config,
                                  parameters, options, result, error)) {
      ADD_FAILURE() << op.text << ": " << error.message;
      return {};
    }
    findings = result.findings;
    std::vector<Values> results;
    for (size_t i = srcs.size(); i < buffers.size(); ++i) {
      results.emplace_back(padded);
      device.copyToHost(results.back().data(), pointers[i], padded * 8, error);
      results.back().resize(count);
    }
    return results;
  }

  std::string getText(const Op &op, bool guarded) const {
    std::string text = ".version 8.7\n.target " + target +
                       "\n.address_size 64\n.visible .entry k(";
    size_t buffers = op.srcs.size() + op.dsts.size();
    for (size_t i = 0; i < buffers; ++i)
      text += (i ? ", .param .u64 p" : ".param .u64 p") + std::to_string(i);
    text += ")\n{\n.reg .b32 %i<4>;\n.reg .b64 %a<3>;\n.reg .pred %g;\n"
            "mov.u32 %i0, %ctaid.x;\nmov.u32 %i1, %tid.x;\n"
            "mad.lo.u32 %i0, %i0, 32, %i1;\nmul.wide.u32 %a0, %i0, 8;\n";
    auto declare = [&](const std::string &name, const std::string &type) {
      text += ".reg ." + type + " " + name + ";\n";
    };
    // Computes the address of this thread's element of a buffer in %a1.
    auto locate = [&](size_t buffer) {
      text += "ld.param.u64 %a1, [p" + std::to_string(buffer) +
              "];\nadd.u64 %a1, %a1, %a0;\n";
    };
    auto load = [&](size_t buffer, const std::string &name,
                    const std::string &type) {
      declare(name, type);
      locate(buffer);
      if (type == "pred")
        text += "ld.global.u32 %i2, [%a1];\nand.b32 %i2, %i2, 1;\n"
                "setp.ne.u32 " +
                name + ", %i2, 0;\n";
      else
        text += "ld.global." + type + " " + name + ", [%a1];\n";
    };
    for (size_t i = 0; i < op.srcs.size(); ++i)
      load(i, "%s" + std::to_string(i), op.srcs[i]);
    for (size_t i = 0; i < op.dsts.size(); ++i)
      load(op.srcs.size() + i, "%d" + std::to_string(i), op.dsts[i]);
    if (guarded) {
      text += "rem.u32 %i3, %i0, 3;\nsetp.ne.u32 %g, %i3, 1;\n@%g ";
    }
    text += op.text + "\n";
    for (size_t i = 0; i < op.dsts.size(); ++i) {
      std::string name = "%d" + std::to_string(i);
      locate(op.srcs.size() + i);
      if (op.dsts[i] == "pred")
        text +=
            "selp.u32 %i2, 1, 0, " + name + ";\nst.global.u32 [%a1], %i2;\n";
      else
        text += "st.global." + op.dsts[i] + " [%a1], " + name + ";\n";
    }
    return text + "ret;\n}\n";
  }
};

/// Returns the expected results of an instruction, one for each destination,
/// from the values of the sources. An empty result accepts any value.
using Expected = std::function<Values(const Values &)>;
/// Returns true if a result matches the expected one (for one destination).
using Same = std::function<bool(uint64_t found, uint64_t expected)>;

inline void checkOp(const Op &op, const std::vector<Values> &srcs,
                    const Expected &expected, const Same &same = nullptr) {
  for (bool guarded : {false, true}) {
    Runner runner;
    // One of the runs also tests the rules for undefined values.
    runner.options.checks = guarded ? CheckAll : CheckNone;
    std::vector<Values> results = runner.run(op, srcs, guarded);
    ASSERT_EQ(results.size(), op.dsts.size()) << op.text;
    for (const Finding &finding : runner.findings)
      ADD_FAILURE() << op.text << ": " << finding.format();
    unsigned failures = 0;
    for (size_t n = 0; n < srcs.front().size(); ++n) {
      Values inputs;
      for (size_t s = 0; s < srcs.size(); ++s)
        inputs.push_back(truncate(srcs[s][n], op.srcs[s]));
      Values values = expected(inputs);
      if (values.empty())
        continue;
      bool active = !guarded || isActive(n);
      for (size_t d = 0; d < op.dsts.size(); ++d) {
        uint64_t want = truncate(active ? values[d] : kOldValue, op.dsts[d]);
        uint64_t found = truncate(results[d][n], op.dsts[d]);
        if (found == want || (active && same && same(found, want)))
          continue;
        std::string text;
        for (uint64_t input : inputs) {
          char buffer[24];
          snprintf(buffer, sizeof(buffer), " %llx", (unsigned long long)input);
          text += buffer;
        }
        ADD_FAILURE() << op.text << (guarded ? " (guarded)" : "") << " of"
                      << text << ": destination " << d << " is " << std::hex
                      << found << ", expected " << want;
        if (++failures == 5)
          return;
      }
    }
  }
}

/// For one destination.
template <typename Fn>
void check(const Op &op, const std::vector<Values> &srcs, Fn expected,
           const Same &same = nullptr) {
  checkOp(
      op, srcs,
      [&](const Values &inputs) { return Values{uint64_t(expected(inputs))}; },
      same);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

inline std::mt19937_64 &getRandom() {
  static std::mt19937_64 random(12345);
  return random;
}

/// Edge values of integers, and some random ones.
inline Values integers(unsigned bits, unsigned random = 12) {
  uint64_t ones = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  uint64_t top = uint64_t(1) << (bits - 1);
  Values values = {0,
                   1,
                   2,
                   3,
                   7,
                   31,
                   32,
                   33,
                   63,
                   64,
                   255,
                   ones,
                   ones - 1,
                   top,
                   top - 1,
                   top + 1,
                   ones / 3,
                   ones / 3 * 2,
                   ones >> bits / 2,
                   ones << bits / 2 & ones,
                   0x12345678 & ones};
  for (unsigned n = 0; n < random; ++n) {
    uint64_t value = getRandom()();
    values.push_back((n % 2 ? value : value >> (getRandom()() % bits)) & ones);
  }
  return values;
}

/// Edge values of a floating-point format with these bits of exponent and
/// significand, and random ones.
inline Values floats(unsigned exponentBits, unsigned significandBits,
                     unsigned random = 16) {
  unsigned e = exponentBits, m = significandBits;
  uint64_t infinity = ((uint64_t(1) << e) - 1) << m;
  uint64_t one = ((uint64_t(1) << (e - 1)) - 1) << m;
  uint64_t unit = uint64_t(1) << m;
  Values values = {0,
                   1,
                   unit / 2,
                   unit - 1, // subnormal numbers
                   unit,     // the smallest normal one
                   unit + 1,
                   one - unit, // 1/2
                   one - 1,
                   one,
                   one + 1,
                   one + unit / 2,        // 3/2
                   one + unit + unit / 4, // 5/2
                   one + 8 * unit + unit / 2 + 3,
                   infinity - unit,
                   infinity - 1, // the largest
                   infinity,
                   infinity + 1, // NaNs
                   infinity + unit / 2};
  for (unsigned n = 0; n < random; ++n) {
    uint64_t value = getRandom()() & (infinity | (unit - 1));
    // Half of them are near 1, where sums and products are neither lost nor
    // large.
    if (n % 2)
      value = one - 3 * unit + value % (6 * unit);
    values.push_back(value);
  }
  Values both;
  for (uint64_t value : values) {
    both.push_back(value);
    both.push_back(value | uint64_t(1) << (e + m));
  }
  return both;
}
inline Values floats32(unsigned random = 16) { return floats(8, 23, random); }
inline Values floats64(unsigned random = 16) { return floats(11, 52, random); }
inline Values floats16(unsigned random = 16) { return floats(5, 10, random); }
inline Values bfloats16(unsigned random = 16) { return floats(8, 7, random); }

/// Every combination, or `most` random ones if there are more.
inline std::vector<Values> cross(const std::vector<Values> &sets,
                                 size_t most = 6000) {
  size_t count = 1;
  for (const Values &set : sets)
    count *= set.size();
  std::vector<Values> result(sets.size());
  for (size_t n = 0; n < std::min(count, most); ++n) {
    size_t rest = count > most ? getRandom()() % count : n;
    for (size_t s = 0; s < sets.size(); ++s) {
      result[s].push_back(sets[s][rest % sets[s].size()]);
      rest /= sets[s].size();
    }
  }
  return result;
}

/// Returns the kinds of findings of a kernel with this body, in one warp. The
/// body may use the registers %r<8>, %h<8> (16 bits), %rd<8>, %f<8> and %p<4>;
/// %rd0 is the address of 256 bytes for each thread.
inline std::vector<std::string> getFindings(const std::string &body) {
  Device device(*lookUpChip("sm_80"));
  Diagnostic error;
  std::string text =
      ".version 8.0\n.target sm_80\n.address_size 64\n"
      ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<8>;\n"
      ".reg .b16 %h<8>;\n.reg .b64 %rd<8>;\n.reg .f32 %f<8>;\n"
      ".reg .pred %p<4>;\nld.param.u64 %rd0, [p];\n{\n.reg .b32 %t;\n"
      ".reg .b64 %o;\nmov.u32 %t, %tid.x;\nmul.wide.u32 %o, %t, 256;\n"
      "add.u64 %rd0, %rd0, %o;\n}\n" +
      body + "\nret;\n}\n";
  auto module = Module::parse(text, error);
  if (!module) {
    ADD_FAILURE() << body << ": " << error.message;
    return {};
  }
  auto loaded = device.load(module, error);
  DevicePtr pointer = device.allocate(256 * 32, error);
  std::vector<uint8_t> parameters(8);
  std::memcpy(parameters.data(), &pointer, 8);
  LaunchConfig config;
  config.block.x = 32;
  LaunchResult result;
  if (!loaded || !device.launch(*loaded, *module->findKernel("k"), config,
                                parameters, SimOptions(), result, error))
    ADD_FAILURE() << body << ": " << error.message;
  std::vector<std::string> kinds;
  kinds.reserve(result.findings.size());
  for (const Finding &finding : result.findings)
    kinds.push_back(finding.kind);
  return kinds;
}

/// Returns the error of a text whose kernel has this body, or empty.
inline std::string getParseError(const std::string &body,
                                 const std::string &target = "sm_90") {
  Diagnostic error;
  auto module = Module::parse(
      ".version 8.7\n.target " + target +
          "\n.address_size 64\n.visible .entry k()\n{\n.reg .b32 %r<8>;\n"
          ".reg .b16 %h<8>;\n.reg .b64 %rd<8>;\n.reg .f32 %f<8>;\n"
          ".reg .pred %p<4>;\n" +
          body + "\nret;\n}\n",
      error);
  return module ? "" : error.message;
}

} // namespace ptxsim::test

#endif // PTXSIM_UNITTESTS_RUNPTX_H
