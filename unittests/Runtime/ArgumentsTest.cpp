//===- ArgumentsTest.cpp - Checks before a launch -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Arguments.h"
#include "Manifests.h"
#include "gtest/gtest.h"
#include <cstring>
#include <limits>

using namespace mlir::diff;
using namespace mlir::diff::launch;

namespace {
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

class Arguments : public testing::Test {
protected:
  void SetUp() override { read(kScaleManifest); }

  void read(const std::string &text) {
    ASSERT_EQ(parseManifest(text, manifest), "");
    function = &manifest.functions[0];
  }

  static TensorArgument makeTensor(uint64_t address) {
    return {address, NpyType::F32, {5, 8}, {8, 1}};
  }
  std::string bind() {
    return bindArguments(*function, arguments, true, sizes);
  }
  std::string plan() {
    EXPECT_EQ(bind(), "");
    return planLaunches(*function, arguments, buffers, sizes, limits, launches);
  }

  Manifest manifest;
  const FunctionInfo *function = nullptr;
  std::vector<TensorArgument> arguments = {
      makeTensor(0x1000), makeTensor(0x2000), makeTensor(0x3000)};
  TensorArgument &x = arguments[0], &y = arguments[1], &sum = arguments[2];
  std::vector<uint64_t> buffers;
  SizeTable sizes;
  DeviceLimits limits{
      {2147483647, 65535, 65535}, {1024, 1024, 64}, 1024, 100000};
  std::vector<PlannedLaunch> launches;
};

TEST_F(Arguments, AreBound) {
  EXPECT_EQ(bind(), "");
  EXPECT_EQ(sizes, (SizeTable{{"rows", 5}}));
}

TEST_F(Arguments, BecomeALaunch) {
  x.strides[0] = 12;
  y.strides[0] = 9;
  ASSERT_EQ(plan(), "");
  ASSERT_EQ(launches.size(), 1u);
  EXPECT_EQ(launches[0].kernel->name, "scale_kernel");
  EXPECT_EQ(launches[0].shape.grid, (std::array<uint32_t, 3>{5, 1, 1}));
  EXPECT_EQ(launches[0].shape.block, (std::array<uint32_t, 3>{32, 1, 1}));
  EXPECT_EQ(launches[0].shape.dynamicSharedMemory, 0u);
  std::vector<uint64_t> words(launches[0].parameters.size() / 8);
  ASSERT_EQ(words.size() * 8, launches[0].parameters.size());
  std::memcpy(words.data(), launches[0].parameters.data(), words.size() * 8);
  EXPECT_EQ(words,
            (std::vector<uint64_t>{0x1000, 12, 0x2000, 9, 0x3000, 8, 8}));
}

TEST_F(Arguments, NothingIsLaunchedOnAnEmptyGrid) {
  for (TensorArgument &argument : arguments)
    argument.shape[0] = 0;
  // An empty tensor needs no address, and its strides are not used.
  x.address = 0;
  x.strides = {3, 2};
  sum.strides = {0, 0};
  ASSERT_EQ(plan(), "");
  EXPECT_TRUE(launches.empty());
}

TEST_F(Arguments, KernelsAreLaunchedInOrder) {
  std::string text = kScaleManifest;
  size_t begin = text.find("[{", text.find("kernels")) + 1;
  size_t end = text.rfind("}]", text.rfind("}]") - 1) + 1;
  std::string kernel = text.substr(begin, end - begin);
  kernel.replace(kernel.find("scale_kernel"), 12, "second");
  read(text.insert(end, ", " + kernel));
  ASSERT_EQ(plan(), "");
  ASSERT_EQ(launches.size(), 2u);
  EXPECT_EQ(launches[0].kernel->name, "scale_kernel");
  EXPECT_EQ(launches[1].kernel->name, "second");
}

TEST_F(Arguments, BuffersHaveSizesAndAddresses) {
  read(addBuffer("{\"name\": \"other\", \"bytes\": \"24\"}, "
                 "{\"name\": \"between\", \"bytes\": \"(rows * 32)\"}"));
  buffers = {0x4000, 0x5000};
  ASSERT_EQ(plan(), "");
  std::vector<uint64_t> bytes;
  ASSERT_EQ(getBufferSizes(*function, sizes, bytes), "");
  EXPECT_EQ(bytes, (std::vector<uint64_t>{24, 5 * 32}));
  uint64_t first = 0;
  std::memcpy(&first, launches[0].parameters.data(), sizeof(first));
  EXPECT_EQ(first, 0x5000u);

  read(addBuffer("{\"name\": \"between\", "
                 "\"bytes\": \"(rows * 4611686018427387904)\"}"));
  EXPECT_EQ(getBufferSizes(*function, sizes, bytes)
                .find("function 'scale': buffer 'between': "),
            0u);
}

TEST_F(Arguments, Count) {
  arguments.pop_back();
  EXPECT_EQ(bindArguments(*function, arguments, true, sizes),
            "function 'scale' takes 3 tensors (1 of them results), found 2");
}

TEST_F(Arguments, Types) {
  y.type = NpyType::BF16;
  EXPECT_EQ(bind(), "function 'scale': argument 1 'y' needs elements of type "
                    "f32, found bf16");
}

TEST_F(Arguments, Shapes) {
  x.shape = {8};
  x.strides = {1};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' has the shape (rows, 8), "
                    "found (8,) of rank 1");
  x = makeTensor(0x1000);
  sum.shape[1] = 9;
  EXPECT_EQ(bind(), "function 'scale': result 0 'sum' has the shape (rows, 8), "
                    "found (5, 9)");
  sum = makeTensor(0x3000);
  y.shape[0] = 6;
  EXPECT_EQ(bind(),
            "function 'scale': argument 1 'y' has 6 as size 'rows' (dimension "
            "0), but argument 0 'x' has 5 (dimension 0)");
  x.shape[0] = -1;
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' has the shape (-1, 8) "
                    "with a negative size");
}

TEST_F(Arguments, Strides) {
  x.strides = {8};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' needs a stride for each "
                    "of its 2 dimensions, found 1");
  x.strides = {8, 2};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' stride 2 of dimension 1, "
                    "the innermost, is not 1");
  x.strides = {10, 1};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' stride 10 of dimension 0 "
                    "is not a multiple of 4 elements (16 bytes)");
  x.strides = {-8, 1};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' stride -8 of dimension 0 "
                    "is negative; 0 and more are legal");
  x.strides = {kMost & ~7, 1};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' exceeds the range of "
                    "64-bit addresses");
  // One row for all.
  x.strides = {0, 1};
  EXPECT_EQ(bind(), "");
  // The stride of a dimension of size 1 is not used, but must be aligned.
  for (TensorArgument &argument : arguments)
    argument.shape[0] = 1;
  x.strides = {3, 1};
  EXPECT_EQ(bind(), "");
  x.strides = {-3, 1};
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' stride -3 of dimension 0 "
                    "is negative; 0 and more are legal");
}

TEST_F(Arguments, ResultsMustNotOverlap) {
  sum.strides = {7, 1};
  EXPECT_EQ(bind(),
            "function 'scale': result 0 'sum' has elements that overlap: "
            "stride 7 of dimension 0 is less than the 8 elements that one step "
            "spans");
  sum.strides = {0, 1};
  EXPECT_NE(bind().find("has elements that overlap: stride 0 of dimension 0"),
            std::string::npos);
}

TEST_F(Arguments, Addresses) {
  x.address = 0x1008;
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' starts at address 4104, "
                    "which is not a multiple of 16");
  EXPECT_EQ(bindArguments(*function, arguments, false, sizes), "");
  x.address = 0;
  EXPECT_EQ(bind(), "function 'scale': argument 0 'x' has no address");
}

TEST_F(Arguments, Extent) {
  EXPECT_EQ(x.getExtent(), 40);
  x.strides = {100, 1};
  EXPECT_EQ(x.getExtent(), 408);
  x.shape = {0, 8};
  EXPECT_EQ(x.getExtent(), 0);
  TensorArgument scalar{0, NpyType::F32, {}, {}};
  EXPECT_EQ(scalar.getExtent(), 1);
  EXPECT_EQ((TensorArgument{0, NpyType::F32, {kMost}, {1}}).getExtent(), -1);
  EXPECT_EQ(getContiguousStrides({2, 3, 4}), (std::vector<int64_t>{12, 4, 1}));
  EXPECT_EQ(getContiguousStrides({1, kMost, kMost, 1})[0], kMost);
}

TEST_F(Arguments, GridLimits) {
  read(replaceInManifest(R"(["rows", "1", "1"])",
                         R"(["1", "rows * 20000", "1"])"));
  EXPECT_EQ(plan(), "kernel 'scale_kernel': grid size y is 100000 ('rows * "
                    "20000'); 0 to 65535 are legal");
  read(
      replaceInManifest(R"(["rows", "1", "1"])", R"(["rows + -6", "1", "1"])"));
  EXPECT_EQ(plan(), "kernel 'scale_kernel': grid size x is -1 ('rows + -6'); 0 "
                    "to 2147483647 are legal");
  read(replaceInManifest(R"(["rows", "1", "1"])",
                         R"j(["mod(1, rows + -5)", "1", "1"])j"));
  EXPECT_EQ(plan(), "kernel 'scale_kernel': grid size x: 'mod(1, rows + -5)' "
                    "divides by 0; positive divisors are legal");
}

TEST_F(Arguments, BlockLimits) {
  read(replaceInManifest("[32, 1, 1]", "[1, 1, 65]"));
  EXPECT_EQ(plan(),
            "kernel 'scale_kernel': block size z is 65; 1 to 64 are legal");
  read(replaceInManifest("[32, 1, 1]", "[512, 2, 2]"));
  EXPECT_EQ(plan(), "kernel 'scale_kernel': a block has 2048 threads; up to "
                    "1024 are legal");
  // The limit of the manifest, if it is lower.
  read(replaceInManifest("\"threads_per_block\": 1024",
                         "\"threads_per_block\": 16"));
  EXPECT_EQ(plan(), "kernel 'scale_kernel': a block has 32 threads; up to 16 "
                    "are legal");
}

TEST_F(Arguments, SharedMemoryLimits) {
  read(replaceInManifest("\"dynamic_shared_memory\": 0",
                         "\"dynamic_shared_memory\": 100001"));
  EXPECT_EQ(plan(), "kernel 'scale_kernel': a block needs 100001 bytes of "
                    "dynamic shared memory; up to 100000 are legal");
  read(replaceInManifest("\"dynamic_shared_memory\": 0",
                         "\"dynamic_shared_memory\": 100000"));
  ASSERT_EQ(plan(), "");
  EXPECT_EQ(launches[0].shape.dynamicSharedMemory, 100000u);
}

TEST(Chips, RunOnWhatTheyAreFor) {
  EXPECT_TRUE(runsOn("sm_80", 80));
  EXPECT_TRUE(runsOn("sm_80", 90));
  EXPECT_FALSE(runsOn("sm_89", 80));
  EXPECT_TRUE(runsOn("sm_90a", 90));
  EXPECT_FALSE(runsOn("sm_90a", 100));
  EXPECT_TRUE(runsOn("sm_100f", 103));
  EXPECT_FALSE(runsOn("sm_100f", 120));
  EXPECT_FALSE(runsOn("sm_", 80));
  EXPECT_FALSE(runsOn("gfx900", 80));
  EXPECT_FALSE(runsOn("sm_80x", 80));
}
} // namespace
