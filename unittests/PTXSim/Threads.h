//===- Threads.h - Kernels that give one number a thread --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a body in every thread of a grid, with and without checkers and on one
// and several host threads, and compares the value stored by each thread with a
// function of its number.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_UNITTESTS_THREADS_H
#define PTXSIM_UNITTESTS_THREADS_H

#include "ptxsim/Device.h"
#include "gtest/gtest.h"
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace ptxsim::test {

/// The text of a kernel and the shape of its launch.
struct Threads {
  std::string body;
  /// Variables and functions of the module.
  std::string declarations;
  Dim3 grid;
  Dim3 block{32, 1, 1};
  uint32_t dynamicShared = 0;
  std::string target = "sm_90a";
  SimOptions options;

  /// %r0 is the number of the thread in the grid, %r1 in its block, %r2 its
  /// result, %rd0 the address of `scratch`: 4096 zeros.
  std::string getText() const {
    return ".version 8.6\n.target " + target +
           "\n.address_size 64\n"
           ".extern .shared .align 16 .b8 dynamic[];\n" +
           declarations +
           "\n.visible .entry k(.param .u64 results, .param .u64 scratch)\n{\n"
           ".reg .b16 %h<16>;\n.reg .b32 %r<64>;\n.reg .b64 %rd<32>;\n"
           ".reg .f32 %f<16>;\n.reg .pred %p<16>;\n.reg .b32 %t<3>;\n"
           ".reg .b64 %a<2>;\n"
           "mov.u32 %t0, %tid.z;\nmov.u32 %t1, %ntid.y;\nmov.u32 %t2, %tid.y;\n"
           "mad.lo.u32 %t0, %t0, %t1, %t2;\n"
           "mov.u32 %t1, %ntid.x;\nmov.u32 %t2, %tid.x;\n"
           "mad.lo.u32 %r1, %t0, %t1, %t2;\n"
           "mov.u32 %t0, %ntid.z;\nmul.lo.u32 %t1, %t1, %t0;\n"
           "mov.u32 %t0, %ntid.y;\nmul.lo.u32 %t1, %t1, %t0;\n"
           "mov.u32 %t0, %ctaid.x;\nmad.lo.u32 %r0, %t0, %t1, %r1;\n"
           "mul.wide.u32 %a0, %r0, 4;\nld.param.u64 %a1, [results];\n"
           "add.u64 %a0, %a1, %a0;\nld.param.u64 %rd0, [scratch];\n"
           "mov.u32 %r2, 0;\n" +
           body + "\nst.global.u32 [%a0], %r2;\nret;\n}\n";
  }

  uint64_t count() const { return grid.count() * block.count(); }

  /// The values stored by the threads, 0xffffffff for those that ended before.
  std::vector<uint32_t> run(LaunchResult &result) const {
    std::vector<uint32_t> values(count());
    Diagnostic error;
    auto module = Module::parse(getText(), error);
    if (!module) {
      ADD_FAILURE() << error.line << ": " << error.message << "\n" << body;
      return values;
    }
    Device device(*lookUpChip(target));
    auto loaded = device.load(module, error);
    DevicePtr results = device.allocate(values.size() * 4, error);
    DevicePtr scratch = device.allocate(4096, error);
    std::vector<uint8_t> parameters(16);
    std::memcpy(parameters.data(), &results, 8);
    std::memcpy(parameters.data() + 8, &scratch, 8);
    LaunchConfig config;
    config.grid = grid;
    config.block = block;
    config.dynamicShared = dynamicShared;
    bool isFine =
        device.poison(results, values.size() * 4, error) &&
        device.set(scratch, 0, 4, 1024, error) && loaded &&
        device.launch(*loaded, *module->findKernel("k"), config, parameters,
                      options, result, error) &&
        device.copyToHost(values.data(), results, values.size() * 4, error);
    EXPECT_TRUE(isFine) << error.message << "\n" << body;
    return values;
  }

  std::string getFindings() const {
    LaunchResult result;
    run(result);
    std::string text;
    for (const Finding &finding : result.findings)
      text += finding.kind + "\n";
    return text;
  }

  void expect(const std::function<uint32_t(uint32_t)> &expected) {
    for (unsigned checks : {unsigned(CheckAll), unsigned(CheckNone)})
      for (unsigned hostThreads : {1u, 2u}) {
        options.checks = checks;
        options.hostThreads = hostThreads;
        LaunchResult result;
        std::vector<uint32_t> values = run(result);
        for (const Finding &finding : result.findings)
          ADD_FAILURE() << finding.format() << "\n" << finding.text;
        unsigned failures = 0;
        for (uint32_t n = 0; n < values.size() && failures < 4; ++n)
          if (values[n] != expected(n)) {
            ADD_FAILURE() << "thread " << n << " gives " << values[n]
                          << ", expected " << expected(n) << "; checks "
                          << checks << ", host threads " << hostThreads << "\n"
                          << body;
            ++failures;
          }
        if (testing::Test::HasFailure())
          return;
      }
  }
};

} // namespace ptxsim::test

#endif // PTXSIM_UNITTESTS_THREADS_H
