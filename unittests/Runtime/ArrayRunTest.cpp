//===- ArrayRunTest.cpp - Checked runs on arrays --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/ArrayRun.h"
#include "Manifests.h"
#include "diff/Runtime/Launch/CudaDevice.h"
#include "diff/Runtime/Launch/SimDevice.h"
#include "gtest/gtest.h"
#include <cstring>
#include <functional>

using namespace mlir::diff;
using namespace mlir::diff::launch;

namespace {
/// A device without checkers, like a GPU. Its memory is host memory, and a
/// kernel is a function on the parameter block.
class HostDevice : public DeviceInterface {
public:
  using Kernel = std::function<void(const LaunchShape &, const uint64_t *)>;
  explicit HostDevice(Kernel kernel) : kernel(std::move(kernel)) {}

  std::string getName() const override { return "host"; }
  unsigned getCapability() const override { return 80; }
  DeviceLimits getLimits() const override {
    DeviceLimits limits;
    limits.sharedMemoryPerBlock = 1000;
    return limits;
  }
  std::string load(const std::string &,
                   std::unique_ptr<LoadedCode> &loaded) override {
    loaded = std::make_unique<LoadedCode>();
    return "";
  }
  std::string allocate(uint64_t bytes, uint64_t &address) override {
    address =
        uint64_t(uintptr_t(std::aligned_alloc(256, bytes / 256 * 256 + 256)));
    return "";
  }
  std::string free(uint64_t address) override {
    std::free(reinterpret_cast<void *>(uintptr_t(address)));
    return "";
  }
  std::string copyToDevice(uint64_t to, const void *from,
                           uint64_t bytes) override {
    std::memcpy(reinterpret_cast<void *>(uintptr_t(to)), from, bytes);
    return "";
  }
  std::string copyToHost(void *to, uint64_t from, uint64_t bytes) override {
    std::memcpy(to, reinterpret_cast<void *>(uintptr_t(from)), bytes);
    return "";
  }
  std::string set(uint64_t to, uint8_t value, uint64_t bytes) override {
    std::memset(reinterpret_cast<void *>(uintptr_t(to)), value, bytes);
    return "";
  }
  std::string launch(const LoadedCode &, const std::string &,
                     const LaunchShape &shape,
                     const std::vector<uint8_t> &parameters) override {
    std::vector<uint64_t> words(parameters.size() / 8);
    std::memcpy(words.data(), parameters.data(), parameters.size());
    kernel(shape, words.data());
    return "";
  }
  std::string synchronize() override { return ""; }
  std::string beginTiming() override { return ""; }
  std::string endTiming(double &milliseconds) override {
    milliseconds = 1;
    return "";
  }

private:
  Kernel kernel;
};

float *toPointer(uint64_t address) {
  return reinterpret_cast<float *>(uintptr_t(address));
}

/// The same computation as the PTX.
void scale(const LaunchShape &shape, const uint64_t *words) {
  for (uint64_t row = 0; row < shape.grid[0]; ++row)
    for (uint64_t i = 0; i < words[6]; ++i)
      toPointer(words[4])[row * words[5] + i] =
          2 * toPointer(words[0])[row * words[1] + i] +
          toPointer(words[2])[row * words[3] + i];
}

NpyArray makeArray(float first) {
  NpyArray array{NpyType::F32, {5, 8}, std::vector<char>(5 * 8 * 4)};
  for (int i = 0; i < 40; ++i) {
    float value = first + float(i);
    std::memcpy(array.data.data() + i * 4, &value, 4);
  }
  return array;
}

/// Runs once. Returns the error or the findings.
std::string runOn(DeviceInterface &device, const std::string &ptx,
                  std::vector<float> *sum = nullptr) {
  std::unique_ptr<Program> program;
  std::string error = Program::load(device, kScaleManifest, ptx, program);
  if (!error.empty())
    return error;
  const FunctionInfo *function = program->findFunction("scale", error);
  ArrayRun run(*program, *function);
  NpyArray x = makeArray(1), y = makeArray(100);
  error = run.prepare({&x, &y}, {{NpyType::F32, {5, 8}, {}}});
  double milliseconds = -1;
  if (error.empty())
    error = run.run(milliseconds);
  if (!error.empty())
    return error;
  EXPECT_GE(milliseconds, 0);
  for (const std::string &finding : device.getFindings())
    error += finding + "\n";
  if (error.empty())
    error = run.finish();
  if (error.empty() && sum) {
    sum->resize(40);
    std::memcpy(sum->data(), run.getResults()[0].getData(), 160);
  }
  return error;
}

std::string runOnHost(HostDevice::Kernel kernel,
                      std::vector<float> *sum = nullptr) {
  HostDevice device(std::move(kernel));
  return runOn(device, "", sum);
}

std::string runOnSim(const std::string &ptx, const std::string &check = "all",
                     std::vector<float> *sum = nullptr) {
  std::unique_ptr<DeviceInterface> device;
  SimSettings settings;
  settings.chip = "sm_80";
  settings.check = check;
  EXPECT_EQ(createSimDevice(settings, device), "");
  return device ? runOn(*device, ptx, sum) : "no device";
}

std::vector<float> getExpected() {
  std::vector<float> expected;
  expected.reserve(40);
  for (int i = 0; i < 40; ++i)
    expected.push_back(2 * float(1 + i) + float(100 + i));
  return expected;
}

//===----------------------------------------------------------------------===//
// Guard zones
//===----------------------------------------------------------------------===//

TEST(GuardedRun, Computes) {
  std::vector<float> sum;
  EXPECT_EQ(runOnHost(scale, &sum), "");
  EXPECT_EQ(sum, getExpected());
}

TEST(GuardedRun, UnwrittenElements) {
  EXPECT_EQ(runOnHost([](const LaunchShape &, const uint64_t *words) {
              for (int i = 0; i < 40; ++i)
                if (i != 13 && i != 14)
                  toPointer(words[4])[i] = 0;
            }),
            "2 of the 40 elements of result 0 of 'scale' were not written, the "
            "first at [1, 5]");
}

TEST(GuardedRun, StrayWrites) {
  auto writeAt = [](unsigned word, int element) {
    return runOnHost([=](const LaunchShape &shape, const uint64_t *words) {
      scale(shape, words);
      toPointer(words[word])[element] = 0;
    });
  };
  EXPECT_EQ(writeAt(4, 40),
            "the kernel wrote after the array of result 0 of 'scale'");
  EXPECT_EQ(writeAt(4, -1),
            "the kernel wrote before the array of result 0 of 'scale'");
  EXPECT_EQ(writeAt(2, 40),
            "the kernel wrote after the array of argument 1 of 'scale'");
  EXPECT_EQ(writeAt(2, 7), "the kernel wrote inside the read-only array of "
                           "argument 1 of 'scale'");
}

/// Elements outside of an array are NaN. If arithmetic keeps the payload of a
/// NaN, the result looks unwritten.
TEST(GuardedRun, StrayReadsShow) {
  std::vector<float> sum;
  std::string error = runOnHost(
      [](const LaunchShape &shape, const uint64_t *words) {
        scale(shape, words);
        toPointer(words[4])[0] = 1 + toPointer(words[0])[40];
      },
      &sum);
  EXPECT_TRUE(!error.empty() || sum[0] != sum[0]) << error;
}

//===----------------------------------------------------------------------===//
// The simulator
//===----------------------------------------------------------------------===//

TEST(SimulatedRun, Computes) {
  for (const char *check : {"all", "none"}) {
    std::vector<float> sum;
    EXPECT_EQ(runOnSim(kScalePTX, check, &sum), "");
    EXPECT_EQ(sum, getExpected()) << check;
  }
}

TEST(SimulatedRun, UnwrittenElements) {
  std::string ptx =
      replaceInPTX("setp.ge.u64 %p, %d1, %d3;", "setp.ge.u64 %p, %d1, 6;");
  for (const char *check : {"all", "none"})
    EXPECT_EQ(runOnSim(ptx, check),
              "10 of the 40 elements of result 0 of 'scale' were not written, "
              "the first at [0, 6]")
        << check;
}

TEST(SimulatedRun, Findings) {
  std::string found = runOnSim(
      replaceInPTX("st.global.f32 [%d10]", "st.global.f32 [%d10+4096]"));
  EXPECT_NE(found.find("out-of-bounds"), std::string::npos) << found;
  EXPECT_NE(found.find("st.global.f32 [%d10+4096], %f3"), std::string::npos)
      << found;
  EXPECT_EQ(found.find('\n') + 1, found.size()) << found;
}

TEST(SimulatedRun, ReadOnlyArguments) {
  EXPECT_EQ(
      runOnSim(replaceInPTX("  fma.rn", "  st.global.f32 [%d7], 0f00000000;\n"
                                        "  fma.rn")),
      "the kernel wrote inside the read-only array of argument 1 of 'scale'");
}

TEST(SimulatedRun, ReportsAddUp) {
  std::unique_ptr<DeviceInterface> device;
  SimSettings settings;
  settings.chip = "sm_80";
  settings.profile = true;
  ASSERT_EQ(createSimDevice(settings, device), "");
  EXPECT_EQ(device->getProfile(), "");
  auto getTotal = [&] {
    std::string report = device->getReport();
    size_t at = report.find("\"threads\":");
    return at == std::string::npos ? 0 : std::atoi(report.c_str() + at + 10);
  };
  ASSERT_EQ(runOn(*device, kScalePTX), "");
  int once = getTotal();
  EXPECT_GT(once, 0);
  EXPECT_NE(device->getProfile(), "");
  ASSERT_EQ(runOn(*device, kScalePTX), "");
  EXPECT_EQ(getTotal(), 2 * once);
  device->clearResults();
  EXPECT_EQ(getTotal(), 0);
}

//===----------------------------------------------------------------------===//
// Functions that cannot run
//===----------------------------------------------------------------------===//

TEST(Program, Refusals) {
  EXPECT_EQ(runOnSim("\x7f"
                     "ELF"),
            "the simulator runs PTX, found a cubin");
  EXPECT_EQ(runOnSim(replaceInPTX("ret;", "return;")).find("PTX:"), 0u);
  EXPECT_EQ(runOnSim(replaceInPTX("scale_kernel", "other")),
            "the PTX has no kernel 'scale_kernel'");
  EXPECT_EQ(runOnSim(replaceInPTX(", .param .u64 columns",
                                  ", .param .u64 columns, .param .u64 more")),
            "kernel 'scale_kernel' takes 64 bytes of parameters, the manifest "
            "describes 56");
  HostDevice device(scale);
  std::unique_ptr<Program> program;
  EXPECT_EQ(
      Program::load(device, replaceInManifest("sm_80", "sm_90a"), "", program),
      "code for sm_90a does not run on host");
  ASSERT_EQ(Program::load(device, kScaleManifest, "", program), "");
  std::string error;
  EXPECT_EQ(program->findFunction("add", error), nullptr);
  EXPECT_EQ(error, "the manifest has no function 'add'; functions: 'scale'");
}

TEST(Program, ArraysThatDoNotFit) {
  HostDevice device(scale);
  std::unique_ptr<Program> program;
  ASSERT_EQ(Program::load(device, kScaleManifest, "", program), "");
  ArrayRun run(*program, program->getManifest().functions[0]);
  NpyArray x = makeArray(1);
  EXPECT_EQ(run.prepare({&x}, {{NpyType::F32, {5, 8}, {}}}),
            "function 'scale' takes 3 tensors (1 of them results), found 2");
  NpyArray wide{NpyType::F32, {5, 9}, std::vector<char>(180)};
  EXPECT_EQ(run.prepare({&x, &wide}, {{NpyType::F32, {5, 8}, {}}}),
            "function 'scale': argument 1 'y' has the shape (rows, 8), found "
            "(5, 9)");
}

TEST(SimDevice, Settings) {
  auto open = [](auto change) {
    std::unique_ptr<DeviceInterface> device;
    SimSettings settings;
    settings.chip = "sm_80";
    change(settings);
    return createSimDevice(settings, device);
  };
  EXPECT_EQ(open([](SimSettings &) {}), "");
  EXPECT_EQ(open([](SimSettings &s) {
              s.chip = "sm_1";
            }).find("unknown GPU 'sm_1'; known are sm_80"),
            0u);
  EXPECT_EQ(open([](SimSettings &s) { s.check = "memory,rice"; }),
            "unknown checkers 'memory,rice'; none or a list of all, memory, "
            "init, race, sync, async, same-value is legal");
  EXPECT_EQ(open([](SimSettings &s) { s.async = "never"; }),
            "unknown policy of copies 'never'; late, eager and random are "
            "legal");
  EXPECT_EQ(open([](SimSettings &s) { s.tensor = "exact"; }),
            "unknown arithmetic of tensor cores 'exact'; fma and truncate are "
            "legal");
}

TEST(CudaDevice, NoDriver) {
  std::unique_ptr<DeviceInterface> device;
  CudaSettings settings;
  settings.library = "/nowhere/libcuda.so.1";
  EXPECT_EQ(createCudaDevice(settings, device)
                .find("no CUDA driver: /nowhere/libcuda.so.1: "),
            0u);
  // A library without the functions of the driver.
  settings.library = "libm.so.6";
  EXPECT_EQ(createCudaDevice(settings, device),
            "no CUDA driver: libm.so.6 has no function cuInit");
  EXPECT_EQ(device, nullptr);
}
} // namespace
