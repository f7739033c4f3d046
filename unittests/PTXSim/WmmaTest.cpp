//===- WmmaTest.cpp - wmma.load, wmma.mma, wmma.store ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

namespace {
struct Case {
  unsigned m, n, k;
  std::string input, from, to; // types of A and B, C, D
  std::string suffix = "";     // of wmma.mma's shape
};

unsigned getSize(const std::string &type) {
  return type == "f32" || type == "tf32" || type == "s32" ? 4
         : type == "s8" || type == "u8"                   ? 1
                                                          : 2;
}

/// A matrix in memory with rows (or columns) a stride apart: at least `extra`
/// elements more than they have, and a multiple of 16 bytes.
struct Matrix {
  unsigned rows, columns;
  bool byColumns;
  unsigned stride;
  std::string type;
  std::vector<int> values; // by rows

  Matrix(unsigned rows, unsigned columns, bool byColumns, unsigned extra,
         std::string type)
      : rows(rows), columns(columns), byColumns(byColumns),
        stride((byColumns ? rows : columns) + extra), type(std::move(type)),
        values(rows * columns) {
    unsigned unit = 16 / size();
    stride = (stride + unit - 1) / unit * unit;
  }

  unsigned size() const { return getSize(type); }
  bool isInteger() const { return type[0] == 's' || type[0] == 'u'; }
  size_t bytes() const {
    return size_t(stride) * (byColumns ? columns : rows) * size();
  }
  size_t place(unsigned i, unsigned j) const {
    return size_t(byColumns ? j * stride + i : i * stride + j) * size();
  }
  Bytes write() const {
    Bytes out(bytes());
    for (unsigned i = 0; i < rows; ++i)
      for (unsigned j = 0; j < columns; ++j) {
        auto value = float(values[i * columns + j]);
        uint32_t bits = isInteger()      ? uint32_t(values[i * columns + j])
                        : size() == 4    ? floatBits(value)
                        : type == "bf16" ? encode(value, 8, 7)
                                         : encode(value, 5, 10);
        std::memcpy(&out[place(i, j)], &bits, size());
      }
    return out;
  }
  float read(const Bytes &from, unsigned i, unsigned j) const {
    uint32_t bits = 0;
    std::memcpy(&bits, &from[place(i, j)], size());
    return isInteger()     ? float(int32_t(bits))
           : type == "f32" ? bitsFloat(bits)
                           : decode(bits, 5, 10);
  }
};
} // namespace

static std::string list(unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", %r" : "%r") + std::to_string(first + i);
  return text + "}";
}

static unsigned countInputs(const std::string &type, unsigned elements) {
  return type == "f16" ? 8 : elements * getSize(type) / 128;
}

static const char *layout(bool byColumns) { return byColumns ? "col" : "row"; }

/// D = 2 * (A * B + C); the doubling is elementwise, on fragments.
static std::string makeKernelFor(const Case &c, const Matrix &a,
                                 const Matrix &b, const Matrix &start,
                                 const Matrix &d, const std::string &space) {
  std::string shape = ".m" + std::to_string(c.m) + "n" + std::to_string(c.n) +
                      "k" + std::to_string(c.k);
  unsigned countA = countInputs(c.input, c.m * c.k);
  unsigned countB = countInputs(c.input, c.n * c.k);
  unsigned countC = c.from == "f16" ? 4 : 8, countD = c.to == "f16" ? 4 : 8;
  auto load = [&](const char *what, const Matrix &from, unsigned first,
                  unsigned count, unsigned pointer) {
    return std::string("wmma.load.") + what + ".sync.aligned." +
           layout(from.byColumns) + shape + space + "." + from.type + " " +
           list(first, count) + ", [%rd" + std::to_string(pointer) + "], " +
           std::to_string(from.stride) + ";\n";
  };
  std::string body = load("a", a, 10, countA, 0) + load("b", b, 20, countB, 1) +
                     load("c", start, 30, countC, 2);
  body += std::string("wmma.mma.sync.aligned.") + layout(a.byColumns) + "." +
          layout(b.byColumns) + shape + c.suffix + "." + c.to +
          (c.input == "f16" ? "" : "." + c.input + "." + c.input) + "." +
          c.from + " " + list(40, countD) + ", " + list(10, countA) + ", " +
          list(20, countB) + ", " + list(30, countC) + ";\n";
  for (unsigned i = 0; i < countD; ++i) {
    std::string r = "%r" + std::to_string(40 + i);
    if (c.to == "f16")
      body += "add.f16x2 " + r + ", " + r + ", " + r + ";\n";
    else if (c.to == "s32")
      body += "add.s32 " + r + ", " + r + ", " + r + ";\n";
    else
      body += "mov.b32 %f1, " + r + ";\nadd.f32 %f1, %f1, %f1;\nmov.b32 " + r +
              ", %f1;\n";
  }
  body += std::string("wmma.store.d.sync.aligned.") + layout(d.byColumns) +
          shape + space + "." + d.type + " [%rd3], " + list(40, countD) + ", " +
          std::to_string(d.stride) + ";\n";
  return makeKernel("sm_80", 4, "", body);
}

/// Runs random matrices of a case in one set of layouts.
static void checkProduct(const Case &c, unsigned layouts,
                         std::mt19937 &random) {
  Matrix a(c.m, c.k, layouts & 1, layouts & 4 ? 8 : 0, c.input);
  Matrix b(c.k, c.n, layouts & 2, 24, c.input);
  Matrix start(c.m, c.n, layouts & 4, 8, c.from);
  Matrix d(c.m, c.n, layouts & 8, 16, c.to);
  for (Matrix *x : {&a, &b, &start})
    for (int &value : x->values)
      value = int(random() % 9) - (x->type == "u8" ? 0 : 4);
  if (c.input == "u8")
    a.values[0] = 255;
  std::vector<Bytes> buffers = {a.write(), b.write(), start.write(),
                                Bytes(d.bytes(), 0xee)};
  std::string space = layouts & 1 ? ".global" : "";
  SimOptions options;
  options.truncateTensor = layouts & 2;
  LaunchResult result =
      run(makeKernelFor(c, a, b, start, d, space), buffers, 32, options);
  EXPECT_CLEAN(result);
  for (unsigned i = 0; i < c.m; ++i)
    for (unsigned j = 0; j < c.n; ++j) {
      int sum = start.values[i * c.n + j];
      for (unsigned k = 0; k < c.k; ++k)
        sum += a.values[i * c.k + k] * b.values[k * c.n + j];
      ASSERT_EQ(d.read(buffers[3], i, j), float(2 * sum))
          << c.m << "x" << c.n << " " << c.input << " " << c.from << " " << c.to
          << " layouts " << layouts;
    }
  // The elements between the rows did not change.
  size_t touched = 0;
  for (uint8_t byte : buffers[3])
    touched += byte != 0xee;
  EXPECT_LE(touched, size_t(c.m) * c.n * d.size());
  EXPECT_EQ(buffers[3].back(), 0xee);
}

TEST(Wmma, MatchesMatrixProduct) {
  std::mt19937 random(11);
  const std::string types[][3] = {{"f16", "f32", "f32"},  {"f16", "f16", "f16"},
                                  {"f16", "f16", "f32"},  {"f16", "f32", "f16"},
                                  {"bf16", "f32", "f32"}, {"s8", "s32", "s32"},
                                  {"u8", "s32", "s32"}};
  const unsigned shapes[][2] = {{16, 16}, {32, 8}, {8, 32}};
  for (unsigned layouts = 0; layouts < 16; ++layouts) {
    for (auto [m, n] : shapes)
      for (const auto &t : types)
        checkProduct({m, n, 16, t[0], t[1], t[2]}, layouts, random);
    checkProduct({16, 16, 8, "tf32", "f32", "f32"}, layouts, random);
  }
}

TEST(Wmma, SaturatesWhereAsked) {
  for (bool saturates : {false, true}) {
    Case c = {16, 16, 16, "s8", "s32", "s32", saturates ? ".satfinite" : ""};
    Matrix a(16, 16, false, 0, "s8"), b(16, 16, true, 0, "s8");
    Matrix start(16, 16, false, 0, "s32"), d(16, 16, false, 0, "s32");
    a.values.assign(256, 1);
    b.values.assign(256, 1);
    start.values.assign(256, INT32_MAX);
    std::vector<Bytes> buffers = {a.write(), b.write(), start.write(),
                                  Bytes(d.bytes())};
    EXPECT_CLEAN(run(makeKernelFor(c, a, b, start, d, ""), buffers));
    // Twice INT32_MAX, or twice INT32_MIN + 15.
    EXPECT_EQ(d.read(buffers[3], 3, 5), saturates ? -2.0f : 30.0f);
  }
}

/// A tile in shared memory, with an address and a stride given as text.
static LaunchResult load(const std::string &address,
                         const std::string &stride) {
  std::string text = makeKernel(
      "sm_80", 0, ".shared .align 32 .b8 tile[1024];\n",
      "mov.u32 %r2, tile;\nmad.lo.u32 %r3, %r1, 32, %r2;\nmov.b32 %r4, 0;\n"
      "st.shared.v4.b32 [%r3], {%r4, %r4, %r4, %r4};\n"
      "st.shared.v4.b32 [%r3+16], {%r4, %r4, %r4, %r4};\n"
      "bar.warp.sync -1;\n" +
          address + "wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 " +
          list(10, 8) + ", [%r2], " + stride + ";\n");
  std::vector<Bytes> buffers;
  return run(text, buffers);
}

TEST(Wmma, ChecksAddresses) {
  EXPECT_CLEAN(load("", "16"));
  EXPECT_CLEAN(load("", "24"));
  EXPECT_TRUE(hasFinding(load("", "64"), "out-of-bounds"));
  EXPECT_TRUE(hasFinding(load("", "20"), "misaligned"));
  EXPECT_TRUE(hasFinding(load("", "8"), "misaligned"));
  EXPECT_TRUE(hasFinding(load("add.u32 %r2, %r2, 8;\n", "16"), "misaligned"));
  EXPECT_TRUE(
      hasFinding(load("mad.lo.u32 %r2, %r1, 16, %r2;\n", "16"), "not-uniform"));
}
