//===- MmaDoubleTest.cpp - Products of f64 against the matrix product -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

namespace {
struct Shape {
  const char *name;
  unsigned m, k;
};
constexpr Shape kShapes[] = {{"m8n8k4", 8, 4},
                             {"m16n8k4", 16, 4},
                             {"m16n8k8", 16, 8},
                             {"m16n8k16", 16, 16}};

std::string list(const char *prefix, unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", " : "") + std::string(prefix) + std::to_string(first + i);
  return text + "}";
}

std::string moveAll(const char *op, const char *buffer, unsigned first,
                    unsigned count, bool isStore = false) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    std::string place =
        std::string("[") + buffer + "+" + std::to_string(8 * i) + "]";
    std::string value = "%d" + std::to_string(first + i);
    text += std::string(op) + " " +
            (isStore ? place + ", " + value : value + ", " + place) + ";\n";
  }
  return text;
}

/// Fragments in memory are in the order of the lanes: element i of lane l at l
/// * n + i.
void checkShape(const Shape &shape, std::mt19937 &random) {
  const unsigned m = shape.m, n = 8, k = shape.k;
  const unsigned as = m * k / 32, bs = k * n / 32, cs = m * n / 32;
  std::vector<double> a(m * k), b(k * n), c(m * n);
  for (std::vector<double> *matrix : {&a, &b, &c})
    for (double &value : *matrix)
      value = double(int(random() % 201) - 100);
  std::vector<double> fa(32 * as), fb(32 * bs), fc(32 * cs), wanted(32 * cs);
  for (unsigned l = 0; l < 32; ++l) {
    unsigned group = l / 4, part = l % 4;
    for (unsigned i = 0; i < as; ++i) {
      unsigned row = group + (m == 16 ? i % 2 * 8 : 0);
      unsigned column = part + 4 * (m == 16 ? i / 2 : i);
      fa[l * as + i] = a[row * k + column];
    }
    for (unsigned i = 0; i < bs; ++i)
      fb[l * bs + i] = b[(part + 4 * i) * n + group];
    for (unsigned i = 0; i < cs; ++i) {
      unsigned row = group + i / 2 * 8, column = 2 * part + i % 2;
      double sum = fc[l * cs + i] = c[row * n + column];
      for (unsigned step = 0; step < k; ++step)
        sum += a[row * k + step] * b[step * n + column];
      wanted[l * cs + i] = sum;
    }
  }
  std::string body;
  const unsigned counts[] = {as, bs, cs, cs};
  for (unsigned i = 0; i < 4; ++i)
    body += "mul.wide.u32 %rd9, %r1, " + std::to_string(8 * counts[i]) +
            ";\nadd.u64 %rd" + std::to_string(i) + ", %rd" + std::to_string(i) +
            ", %rd9;\n";
  body += moveAll("ld.global.f64", "%rd0", 0, as) +
          moveAll("ld.global.f64", "%rd1", 10, bs) +
          moveAll("ld.global.f64", "%rd2", 20, cs) + "mma.sync.aligned." +
          shape.name + ".row.col.f64.f64.f64.f64 " + list("%d", 20, cs) + ", " +
          list("%d", 0, as) + ", " + list("%d", 10, bs) + ", " +
          list("%d", 20, cs) + ";\n" +
          moveAll("st.global.f64", "%rd3", 20, cs, true);
  std::vector<Bytes> buffers = {toBytes(fa), toBytes(fb), toBytes(fc),
                                Bytes(32 * cs * 8)};
  LaunchResult result = run(makeKernel("sm_90", 4, ".reg .f64 %d<40>;\n", body),
                            buffers, 32, SimOptions(), 3);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(fromBytes<double>(buffers[3]), wanted) << shape.name;
}

TEST(MmaDouble, likeTheProduct) {
  std::mt19937 random(5);
  for (const Shape &shape : kShapes)
    for (unsigned turn = 0; turn < 5; ++turn)
      checkShape(shape, random);
}

TEST(MmaDouble, needsHopperBeyondEightRows) {
  auto parse = [](const char *target, const std::string &text) {
    Diagnostic error;
    Module::parse(makeKernel(target, 0, ".reg .f64 %d<40>;\n", text), error);
    return error.message;
  };
  std::string small = "mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 "
                      "{%d0, %d1}, {%d2}, {%d3}, {%d4, %d5};\n";
  std::string large =
      "mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%d0, %d1, %d2, %d3}, "
      "{%d4, %d5}, {%d6}, {%d7, %d8, %d9, %d10};\n";
  EXPECT_EQ(parse("sm_80", small), "");
  EXPECT_EQ(parse("sm_90", large), "");
  EXPECT_EQ(parse("sm_80", large),
            "mma: this product needs .target sm_90 or newer");
}

/// A pointer with an odd stride is rejected: rows are aligned to 16 bytes.
TEST(MmaDouble, wmmaStride) {
  std::vector<Bytes> buffers = {Bytes(2048)};
  LaunchResult result =
      run(makeKernel("sm_80", 1, ".reg .f64 %d<4>;\n",
                     "mov.u32 %r2, 5;\nwmma.load.a.sync.aligned.row.m8n8k4."
                     "global.f64 {%d0}, [%rd0], %r2;\n"),
          buffers);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, "misaligned");
}
} // namespace
