//===- StridesTest.cpp - Compiled layers on tensors with gaps -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors whose strides are larger than their sizes, up to more than 2^32
// elements, compute the same bits as contiguous ones, and nothing between their
// elements is read or written.
//
//===----------------------------------------------------------------------===//

#include "diff-c/Launch.h"
#include "diff/InitAll.h"
#include "diff/Pipelines/Pipelines.h"
#include "diff/Runtime/HostExecution.h"
#include "diff/Target/Chips.h"
#include "diff/Target/GPUEmission.h"
#include "diff/Target/HostChips.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;
using namespace mlir::diff;

namespace {
/// V2, GQA, causal, with a log-sum-exp: [batch, tokens, heads, dim].
constexpr char kTokenMajor[] = R"mlir(
func.func @attention(%q: tensor<?x?x4x16xf32>, %k: tensor<?x?x1x16xf32>,
                     %v: tensor<?x?x1x16xf32>, %l: tensor<?x?x2xf32>)
    -> (tensor<?x?x2x16xf32>, tensor<?x4x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4x16xf32>
  %n = tensor.dim %q, %c1 : tensor<?x?x4x16xf32>
  %o = tensor.empty(%b, %n) : tensor<?x?x2x16xf32>
  %s = tensor.empty(%b, %n) : tensor<?x4x?xf32>
  %0:2 = diff.attention
      ins(%q, %k, %v, %l : tensor<?x?x4x16xf32>, tensor<?x?x1x16xf32>,
          tensor<?x?x1x16xf32>, tensor<?x?x2xf32>)
      outs(%o, %s : tensor<?x?x2x16xf32>, tensor<?x4x?xf32>) mask<causal>
      -> tensor<?x?x2x16xf32>, tensor<?x4x?xf32>
  return %0#0, %0#1 : tensor<?x?x2x16xf32>, tensor<?x4x?xf32>
})mlir";

/// The same with head-major tensors.
constexpr char kHeadMajor[] = R"mlir(
func.func @attention(%q: tensor<?x4x?x16xf32>, %k: tensor<?x1x?x16xf32>,
                     %v: tensor<?x1x?x16xf32>, %l: tensor<?x?x2xf32>)
    -> (tensor<?x2x?x16xf32>, tensor<?x4x?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : tensor<?x4x?x16xf32>
  %n = tensor.dim %q, %c2 : tensor<?x4x?x16xf32>
  %o = tensor.empty(%b, %n) : tensor<?x2x?x16xf32>
  %s = tensor.empty(%b, %n) : tensor<?x4x?xf32>
  %0:2 = diff.attention
      ins(%q, %k, %v, %l : tensor<?x4x?x16xf32>, tensor<?x1x?x16xf32>,
          tensor<?x1x?x16xf32>, tensor<?x?x2xf32>)
      outs(%o, %s : tensor<?x2x?x16xf32>, tensor<?x4x?xf32>) mask<causal>
      layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3], value = [0, 2, 1, 3],
             output = [0, 2, 1, 3]>
      -> tensor<?x2x?x16xf32>, tensor<?x4x?xf32>
  return %0#0, %0#1 : tensor<?x2x?x16xf32>, tensor<?x4x?xf32>
})mlir";

/// The same over sequences of variable length.
constexpr char kSequences[] = R"mlir(
func.func @attention(%q: tensor<?x4x16xf32>, %k: tensor<?x1x16xf32>,
                     %v: tensor<?x1x16xf32>, %cq: tensor<?xi32>,
                     %ck: tensor<?xi32>, %l: tensor<?x2xf32>)
    -> (tensor<?x2x16xf32>, tensor<4x?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %q, %c0 : tensor<?x4x16xf32>
  %o = tensor.empty(%n) : tensor<?x2x16xf32>
  %s = tensor.empty(%n) : tensor<4x?xf32>
  %0:2 = diff.attention
      ins(%q, %k, %v, %l : tensor<?x4x16xf32>, tensor<?x1x16xf32>,
          tensor<?x1x16xf32>, tensor<?x2xf32>)
      outs(%o, %s : tensor<?x2x16xf32>, tensor<4x?xf32>)
      cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>) mask<causal>
      -> tensor<?x2x16xf32>, tensor<4x?xf32>
  return %0#0, %0#1 : tensor<?x2x16xf32>, tensor<4x?xf32>
})mlir";

using Sizes = std::vector<int64_t>;

Sizes getContiguousStrides(const Sizes &shape) {
  Sizes strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// A tensor of f32 or i32 with gaps between its elements, which hold NaN.
struct Tensor {
  Sizes shape, strides;
  std::vector<uint32_t> data;
  bool isOffsets = false;

  static constexpr uint32_t kGap = 0x7fc0dead;

  Tensor(Sizes shape, Sizes strides)
      : shape(std::move(shape)), strides(std::move(strides)) {
    int64_t extent = 1;
    for (size_t i = 0; i < this->shape.size(); ++i)
      extent += (this->shape[i] - 1) * this->strides[i];
    data.assign(extent, kGap);
  }

  int64_t size() const {
    int64_t product = 1;
    for (int64_t extent : shape)
      product *= extent;
    return product;
  }
  /// Returns the position of an element, given its number in C order.
  int64_t place(int64_t number) const {
    int64_t offset = 0;
    for (size_t i = shape.size(); i-- > 0;) {
      offset += number % shape[i] * strides[i];
      number /= shape[i];
    }
    return offset;
  }
  std::vector<uint32_t> getElements() const {
    std::vector<uint32_t> elements;
    for (int64_t i = 0; i < size(); ++i)
      elements.push_back(data[place(i)]);
    return elements;
  }
  /// Counts the positions that are not elements and have changed.
  int64_t countTouchedGaps() const {
    std::vector<char> isElement(data.size());
    for (int64_t i = 0; i < size(); ++i)
      isElement[place(i)] = 1;
    int64_t count = 0;
    for (size_t i = 0; i < data.size(); ++i)
      count += !isElement[i] && data[i] != kGap;
    return count;
  }
};

/// The tensors of a layer: arguments, then results.
struct Layer {
  std::vector<Tensor> tensors;
  size_t results = 0;
};

using MakeStrides = llvm::function_ref<Sizes(const Sizes &shape)>;

/// Normally distributed numbers, independent of the strides.
void fill(Tensor &tensor, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    float value = normal(generator);
    std::memcpy(&tensor.data[tensor.place(i)], &value, sizeof(value));
  }
}

Layer makeLayer(const std::vector<Sizes> &shapes, size_t results,
                MakeStrides makeStrides) {
  Layer layer;
  layer.results = results;
  for (const Sizes &shape : shapes) {
    layer.tensors.emplace_back(shape, makeStrides(shape));
    if (layer.tensors.size() + results <= shapes.size())
      fill(layer.tensors.back(), layer.tensors.size());
  }
  return layer;
}

const std::vector<Sizes> kTokenMajorShapes = {{2, 21, 4, 16}, {2, 37, 1, 16},
                                              {2, 37, 1, 16}, {2, 21, 2},
                                              {2, 21, 2, 16}, {2, 4, 21}};
const std::vector<Sizes> kHeadMajorShapes = {{2, 4, 21, 16}, {2, 1, 37, 16},
                                             {2, 1, 37, 16}, {2, 21, 2},
                                             {2, 2, 21, 16}, {2, 4, 21}};
const std::vector<Sizes> kSequenceShapes = {
    {42, 4, 16}, {74, 1, 16}, {74, 1, 16}, {4},
    {4},         {42, 2},     {42, 2, 16}, {4, 42}};

/// Three sequences, one of them without keys.
Layer makeSequences(MakeStrides makeStrides) {
  Layer layer = makeLayer(kSequenceShapes, 2, makeStrides);
  const uint32_t offsets[2][4] = {{0, 21, 30, 42}, {0, 37, 37, 74}};
  for (int i = 0; i < 2; ++i) {
    Tensor &tensor = layer.tensors[3 + i] = Tensor({4}, {1});
    tensor.isOffsets = true;
    tensor.data.assign(std::begin(offsets[i]), std::end(offsets[i]));
  }
  return layer;
}

/// Strides that are multiples of 16 bytes and larger than necessary.
Sizes padded(const Sizes &shape) {
  Sizes strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = (strides[i] * shape[i] + 3) / 4 * 4 + 8;
  return strides;
}

class Strides : public testing::Test {
protected:
  OwningOpRef<ModuleOp> parse(const char *text) {
    DialectRegistry registry;
    mlir::registerAllDialects(registry);
    mlir::registerAllExtensions(registry);
    diff::registerAllDialects(registry);
    diff::registerAllExtensions(registry);
    registerHostExecution(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
    return parseSourceString<ModuleOp>(text, context.get());
  }

  std::unique_ptr<MLIRContext> context;
};

//===----------------------------------------------------------------------===//
// The simulator
//===----------------------------------------------------------------------===//

class SimStrides : public Strides {
protected:
  ~SimStrides() override {
    diffLaunchUnload(program);
    diffLaunchClose(device);
  }

  void compile(const char *text) {
    OwningOpRef<ModuleOp> module = parse(text);
    ASSERT_TRUE(module);
    const Chip &chip = *lookUpChip("sm_80");
    CompileOptions options;
    options.chip = "sm_80";
    PassManager pm(context.get());
    buildCompilePipeline(pm, Level::Semantic, Level::Hardware, options);
    ASSERT_TRUE(succeeded(pm.run(*module)));
    FailureOr<std::string> manifest = emitManifest(*module, chip);
    FailureOr<std::string> ptx = emitPTX(*module, chip);
    ASSERT_TRUE(succeeded(manifest) && succeeded(ptx));
    ASSERT_EQ(diffLaunchOpenSim("sm_80", nullptr, &device),
              DIFF_LAUNCH_SUCCESS);
    ASSERT_EQ(diffLaunchLoad(device, manifest->data(), manifest->size(),
                             ptx->data(), ptx->size(), &program),
              DIFF_LAUNCH_SUCCESS)
        << diffLaunchGetError();
  }

  static DiffLaunchTensor describe(Tensor &tensor) {
    return {
        static_cast<uint64_t>(reinterpret_cast<uintptr_t>(tensor.data.data())),
        DIFF_LAUNCH_HOST,
        tensor.isOffsets ? DIFF_LAUNCH_I32 : DIFF_LAUNCH_F32,
        tensor.shape.size(),
        tensor.shape.data(),
        tensor.strides.data()};
  }

  DiffLaunchStatus run(Layer &layer) {
    std::vector<DiffLaunchTensor> tensors;
    for (Tensor &tensor : layer.tensors)
      tensors.push_back(describe(tensor));
    return diffLaunchRun(program, "attention", tensors.data(), tensors.size(),
                         nullptr);
  }

  /// Both layers compute the same bits, and the gaps do not change.
  void compare(Layer &one, Layer &two) {
    ASSERT_EQ(run(one), DIFF_LAUNCH_SUCCESS) << diffLaunchGetError();
    ASSERT_EQ(run(two), DIFF_LAUNCH_SUCCESS) << diffLaunchGetError();
    for (size_t i = one.tensors.size() - one.results; i < one.tensors.size();
         ++i) {
      EXPECT_EQ(one.tensors[i].getElements(), two.tensors[i].getElements());
      EXPECT_EQ(two.tensors[i].countTouchedGaps(), 0);
    }
  }

  DiffLaunchDevice *device = nullptr;
  DiffLaunchProgram *program = nullptr;
};

TEST_F(SimStrides, PaddedTokenMajor) {
  compile(kTokenMajor);
  Layer one = makeLayer(kTokenMajorShapes, 2, getContiguousStrides);
  Layer two = makeLayer(kTokenMajorShapes, 2, padded);
  compare(one, two);
}

TEST_F(SimStrides, PaddedHeadMajor) {
  compile(kHeadMajor);
  Layer one = makeLayer(kHeadMajorShapes, 2, getContiguousStrides);
  Layer two = makeLayer(kHeadMajorShapes, 2, padded);
  compare(one, two);
}

TEST_F(SimStrides, PaddedSequences) {
  compile(kSequences);
  Layer one = makeSequences(getContiguousStrides);
  Layer two = makeSequences(padded);
  compare(one, two);
}

/// Elements that belong to no sequence keep their values.
TEST_F(SimStrides, SequencesThatEndEarly) {
  compile(kSequences);
  Layer layer = makeSequences(getContiguousStrides);
  layer.tensors[3].data[3] = 35;
  layer.tensors[4].data[3] = 60;
  ASSERT_EQ(run(layer), DIFF_LAUNCH_SUCCESS) << diffLaunchGetError();
  const std::vector<uint32_t> &output = layer.tensors[6].data;
  for (size_t i = 0; i < output.size(); ++i)
    EXPECT_EQ(output[i] == Tensor::kGap, i >= size_t(35 * 32)) << i;
  const std::vector<uint32_t> &lse = layer.tensors[7].data;
  for (size_t i = 0; i < lse.size(); ++i)
    EXPECT_EQ(lse[i] == Tensor::kGap, i % 42 >= 35) << i;
}

TEST_F(SimStrides, OffsetsAreChecked) {
  compile(kSequences);
  Layer layer = makeSequences(getContiguousStrides);
  std::vector<uint32_t> &queries = layer.tensors[3].data;
  queries[0] = 1;
  EXPECT_EQ(run(layer), DIFF_LAUNCH_INVALID);
  EXPECT_STREQ(diffLaunchGetError(),
               "function 'attention': argument 3 'cu_seqlens_q' begins with 1; "
               "0 is legal");
  queries = {0, 22, 21, 42};
  EXPECT_EQ(run(layer), DIFF_LAUNCH_INVALID);
  EXPECT_STREQ(diffLaunchGetError(),
               "function 'attention': argument 3 'cu_seqlens_q' decreases from "
               "22 to 21 at element 2; offsets must not decrease");
  queries = {0, 21, 21, 42};
  layer.tensors[4].data[3] = 75;
  EXPECT_EQ(run(layer), DIFF_LAUNCH_INVALID);
  EXPECT_STREQ(diffLaunchGetError(),
               "function 'attention': argument 4 'cu_seqlens_k' ends with 75; "
               "up to 74, the size of dimension 0 of argument 1 'key', are "
               "legal");
}

/// A kernel requires multiples of 16 bytes.
TEST_F(SimStrides, MisalignedAreErrors) {
  compile(kTokenMajor);
  Layer layer = makeLayer(kTokenMajorShapes, 2, [](const Sizes &shape) {
    Sizes strides = getContiguousStrides(shape);
    strides[0] += 4;
    return strides;
  });
  ASSERT_EQ(run(layer), DIFF_LAUNCH_SUCCESS) << diffLaunchGetError();
  layer.tensors[1].strides[1] += 2;
  EXPECT_EQ(run(layer), DIFF_LAUNCH_INVALID);
  EXPECT_STREQ(
      diffLaunchGetError(),
      "function 'attention': argument 1 'key' stride 18 of dimension 1 "
      "is not a multiple of 4 elements (16 bytes)");
}

/// A layer on the device. Each row along dimension `far` is separate.
class FarLayer {
public:
  FarLayer(DiffLaunchDevice *device, const std::vector<Sizes> &shapes,
           size_t far, int64_t stride)
      : device(device), far(far), stride(stride),
        layer(makeLayer(shapes, 2, getContiguousStrides)) {
    for (Tensor &tensor : layer.tensors) {
      Sizes &strides = farStrides.emplace_back(tensor.strides);
      if (isFar(tensor))
        strides[far] = stride;
      int64_t extent = 1;
      for (size_t i = 0; i < strides.size(); ++i)
        extent += (tensor.shape[i] - 1) * strides[i];
      uint64_t &address = addresses.emplace_back();
      EXPECT_EQ(diffLaunchAllocate(device, extent * 4, &address),
                DIFF_LAUNCH_SUCCESS)
          << diffLaunchGetError();
    }
  }

  DiffLaunchStatus run(DiffLaunchProgram *program) {
    std::vector<DiffLaunchTensor> tensors;
    for (size_t i = 0; i < layer.tensors.size(); ++i) {
      Tensor &tensor = layer.tensors[i];
      copyRows(i, /*toDevice=*/i + layer.results < layer.tensors.size());
      tensors.push_back({addresses[i], DIFF_LAUNCH_DEVICE, DIFF_LAUNCH_F32,
                         tensor.shape.size(), tensor.shape.data(),
                         farStrides[i].data()});
    }
    return diffLaunchRun(program, "attention", tensors.data(), tensors.size(),
                         nullptr);
  }

  Layer &fetch() {
    for (size_t i = layer.tensors.size() - layer.results;
         i < layer.tensors.size(); ++i)
      copyRows(i, /*toDevice=*/false, /*toHost=*/true);
    return layer;
  }

private:
  bool isFar(const Tensor &tensor) const {
    return far + 1 < tensor.shape.size();
  }

  /// Copies runs of the innermost dimension.
  void copyRows(size_t number, bool toDevice, bool toHost = false) {
    Tensor &tensor = layer.tensors[number];
    int64_t length = tensor.shape.back();
    for (int64_t row = 0; row < tensor.size() / length; ++row) {
      int64_t rest = row, offset = 0;
      for (size_t i = tensor.shape.size() - 1; i-- > 0;) {
        offset += rest % tensor.shape[i] * farStrides[number][i];
        rest /= tensor.shape[i];
      }
      uint32_t *host = &tensor.data[row * length];
      uint64_t address = addresses[number] + uint64_t(offset) * 4;
      DiffLaunchStatus status = DIFF_LAUNCH_SUCCESS;
      if (toDevice)
        status = diffLaunchCopyToDevice(device, address, host, length * 4);
      else if (toHost)
        status = diffLaunchCopyToHost(device, host, address, length * 4);
      ASSERT_EQ(status, DIFF_LAUNCH_SUCCESS);
    }
  }

  DiffLaunchDevice *device;
  size_t far;
  int64_t stride;
  Layer layer;
  std::vector<Sizes> farStrides;
  std::vector<uint64_t> addresses;
};

/// Batch entries, tokens and heads more than 2^32 elements apart.
TEST_F(SimStrides, BeyondFourGigaElements) {
  constexpr int64_t kFar = (int64_t(1) << 32) + 4;
  compile(kTokenMajor);
  for (size_t dimension = 0; dimension < 3; ++dimension) {
    SCOPED_TRACE(dimension);
    Layer near = makeLayer(kTokenMajorShapes, 2, getContiguousStrides);
    ASSERT_EQ(run(near), DIFF_LAUNCH_SUCCESS) << diffLaunchGetError();
    FarLayer far(device, kTokenMajorShapes, dimension, kFar);
    ASSERT_EQ(far.run(program), DIFF_LAUNCH_SUCCESS) << diffLaunchGetError();
    Layer &fetched = far.fetch();
    for (size_t i = 4; i < 6; ++i)
      EXPECT_EQ(fetched.tensors[i].data, near.tensors[i].data);
  }
}

//===----------------------------------------------------------------------===//
// The CPU
//===----------------------------------------------------------------------===//

class HostStrides : public Strides,
                    public testing::WithParamInterface<HostRoute> {
protected:
  void compile(const char *text) {
    OwningOpRef<ModuleOp> module = parse(text);
    ASSERT_TRUE(module);
    ASSERT_TRUE(succeeded(
        lowerForHost(*module, "attention", GetParam(), getHostChip())));
    auto compiled = HostFunction::compile(*module, "attention", getHostChip());
    ASSERT_TRUE(bool(compiled)) << llvm::toString(compiled.takeError());
    function = std::move(*compiled);
  }

  void run(Layer &layer) {
    // Pointer, aligned pointer, offset, sizes, strides.
    std::vector<Sizes> descriptors;
    for (Tensor &tensor : layer.tensors) {
      auto data =
          static_cast<int64_t>(reinterpret_cast<uintptr_t>(tensor.data.data()));
      Sizes &words = descriptors.emplace_back(Sizes{data, data, 0});
      words.insert(words.end(), tensor.shape.begin(), tensor.shape.end());
      words.insert(words.end(), tensor.strides.begin(), tensor.strides.end());
    }
    std::vector<void *> addresses, arguments;
    for (Sizes &words : descriptors)
      addresses.push_back(words.data());
    for (void *&address : addresses)
      arguments.push_back(&address);
    function->call(arguments);
  }

  void compare(Layer one, Layer two) {
    run(one);
    run(two);
    for (size_t i = one.tensors.size() - one.results; i < one.tensors.size();
         ++i) {
      EXPECT_EQ(one.tensors[i].getElements(), two.tensors[i].getElements());
      EXPECT_EQ(two.tensors[i].countTouchedGaps(), 0);
    }
  }

  std::unique_ptr<HostFunction> function;
};

TEST_P(HostStrides, PaddedTokenMajor) {
  compile(kTokenMajor);
  compare(makeLayer(kTokenMajorShapes, 2, getContiguousStrides),
          makeLayer(kTokenMajorShapes, 2, padded));
}

TEST_P(HostStrides, PaddedHeadMajor) {
  compile(kHeadMajor);
  compare(makeLayer(kHeadMajorShapes, 2, getContiguousStrides),
          makeLayer(kHeadMajorShapes, 2, padded));
}

TEST_P(HostStrides, PaddedSequences) {
  compile(kSequences);
  compare(makeSequences(getContiguousStrides), makeSequences(padded));
}

INSTANTIATE_TEST_SUITE_P(Routes, HostStrides,
                         testing::Values(HostRoute::Linalg, HostRoute::Cpu),
                         [](const auto &info) {
                           return info.param == HostRoute::Cpu ? "Cpu"
                                                               : "Linalg";
                         });
} // namespace
