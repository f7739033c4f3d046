//===- MmaTest.cpp - mma.sync against the matrix product ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fragments are built from the positions in the PTX manual, case by case as
// specified there; sums of small integers are exact in every order.
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

namespace {
struct Place {
  unsigned row, column;
};
using Positions = Place (*)(unsigned lane, unsigned i);

/// One shape and type of operands.
struct Product {
  const char *shape;
  const char *a, *b, *c; // types
  unsigned k;
  unsigned bits;           // of an operand's element
  unsigned aCount, bCount; // elements a lane
  Positions positionA, positionB;
  const char *target = "sm_80";
};
} // namespace

static Place positionC(unsigned lane, unsigned i) {
  unsigned group = lane >> 2, inGroup = lane % 4;
  return {i < 2 ? group : group + 8, inGroup * 2 + (i & 1)};
}

static Place a16x16(unsigned lane, unsigned i) {
  unsigned group = lane >> 2, inGroup = lane % 4;
  bool upper = i < 2 || (4 <= i && i < 6);
  unsigned column = inGroup * 2 + (i & 1);
  return {upper ? group : group + 8, i < 4 ? column : column + 8};
}
static Place b16x16(unsigned lane, unsigned i) {
  unsigned row = lane % 4 * 2 + (i & 1);
  return {i < 2 ? row : row + 8, lane >> 2};
}
static Place a16x8(unsigned lane, unsigned i) {
  unsigned group = lane >> 2;
  return {i < 2 ? group : group + 8, lane % 4 * 2 + (i & 1)};
}
static Place b16x8(unsigned lane, unsigned i) {
  return {lane % 4 * 2 + i, lane >> 2};
}
static Place a32x8(unsigned lane, unsigned i) {
  unsigned group = lane >> 2;
  bool upper = i == 0 || i == 2;
  return {upper ? group : group + 8, i < 2 ? lane % 4 : lane % 4 + 4};
}
static Place b32x8(unsigned lane, unsigned i) {
  return {i == 0 ? lane % 4 : lane % 4 + 4, lane >> 2};
}
static Place a32x4(unsigned lane, unsigned i) {
  unsigned group = lane >> 2;
  return {i == 0 ? group : group + 8, lane % 4};
}
static Place b32x4(unsigned lane, unsigned) { return {lane % 4, lane >> 2}; }
static Place a8x32(unsigned lane, unsigned i) {
  unsigned group = lane >> 2;
  bool upper = i < 4 || (8 <= i && i < 12);
  unsigned column = lane % 4 * 4 + (i & 3);
  return {upper ? group : group + 8, i < 8 ? column : column + 16};
}
static Place b8x32(unsigned lane, unsigned i) {
  unsigned row = lane % 4 * 4 + (i & 3);
  return {i < 4 ? row : row + 16, lane >> 2};
}
static Place a8x16(unsigned lane, unsigned i) {
  unsigned group = lane >> 2;
  return {i < 4 ? group : group + 8, lane % 4 * 4 + (i & 3)};
}
static Place b8x16(unsigned lane, unsigned i) {
  return {lane % 4 * 4 + i, lane >> 2};
}

static const Product kProducts[] = {
    {"m16n8k16", "f16", "f16", "f32", 16, 16, 8, 4, a16x16, b16x16},
    {"m16n8k16", "f16", "f16", "f16", 16, 16, 8, 4, a16x16, b16x16},
    {"m16n8k16", "bf16", "bf16", "f32", 16, 16, 8, 4, a16x16, b16x16},
    {"m16n8k8", "f16", "f16", "f32", 8, 16, 4, 2, a16x8, b16x8},
    {"m16n8k8", "f16", "f16", "f16", 8, 16, 4, 2, a16x8, b16x8},
    {"m16n8k8", "bf16", "bf16", "f32", 8, 16, 4, 2, a16x8, b16x8},
    {"m16n8k8", "tf32", "tf32", "f32", 8, 32, 4, 2, a32x8, b32x8},
    {"m16n8k4", "tf32", "tf32", "f32", 4, 32, 2, 1, a32x4, b32x4},
    {"m16n8k32", "s8", "s8", "s32", 32, 8, 16, 8, a8x32, b8x32},
    {"m16n8k32", "u8", "s8", "s32", 32, 8, 16, 8, a8x32, b8x32},
    {"m16n8k32", "s8", "u8", "s32", 32, 8, 16, 8, a8x32, b8x32},
    {"m16n8k32", "u8", "u8", "s32", 32, 8, 16, 8, a8x32, b8x32},
    {"m16n8k16", "s8", "u8", "s32", 16, 8, 8, 4, a8x16, b8x16},
    {"m16n8k32", "e4m3", "e5m2", "f32", 32, 8, 16, 8, a8x32, b8x32, "sm_90"},
    {"m16n8k32", "e5m2", "e4m3", "f16", 32, 8, 16, 8, a8x32, b8x32, "sm_90"},
};

static uint32_t encodeAs(const std::string &type, int value) {
  auto number = float(value);
  if (type == "f16")
    return encode(number, 5, 10);
  if (type == "bf16")
    return encode(number, 8, 7);
  if (type == "tf32" || type == "f32")
    return floatBits(number);
  if (type == "e4m3")
    return encode(number, 4, 3);
  if (type == "e5m2")
    return encode(number, 5, 2);
  return uint32_t(value) & (type == "s32" ? 0xffffffff : 0xff);
}

static std::string registers(unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", %r" : "%r") + std::to_string(first + i);
  return text + "}";
}

/// A kernel that loads A, B and C register by register from p0, and stores D to
/// p1.
static std::string makeProductKernel(const Product &p, const char *extra = "") {
  bool isHalf = std::string(p.c) == "f16";
  unsigned a = p.aCount * p.bits / 32, b = p.bCount * p.bits / 32;
  unsigned c = isHalf ? 2 : 4, inputs = a + b + c;
  std::string body = "mul.wide.u32 %rd10, %r1, 4;\n"
                     "add.u64 %rd11, %rd0, %rd10;\n"
                     "add.u64 %rd12, %rd1, %rd10;\n";
  for (unsigned i = 0; i < inputs; ++i)
    body += "ld.global.b32 %r" + std::to_string(10 + i) + ", [%rd11+" +
            std::to_string(128 * i) + "];\n";
  body += std::string("mma.sync.aligned.") + p.shape + ".row.col" + extra +
          "." + p.c + "." + p.a + "." + p.b + "." + p.c + " " +
          registers(40, c) + ", " + registers(10, a) + ", " +
          registers(10 + a, b) + ", " + registers(10 + a + b, c) + ";\n";
  for (unsigned i = 0; i < c; ++i)
    body += "st.global.b32 [%rd12+" + std::to_string(128 * i) + "], %r" +
            std::to_string(40 + i) + ";\n";
  return makeKernel(p.target, 2, "", body);
}

/// Stores elements at their positions: `count` per lane, `bits` wide.
template <typename At>
static void pack(std::vector<uint32_t> &words, unsigned count, unsigned bits,
                 Positions position, At at) {
  unsigned perWord = 32 / bits;
  size_t begin = words.size();
  words.resize(begin + size_t(count) * bits); // 32 lanes x count x bits / 32
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < count; ++i) {
      Place place = position(lane, i);
      words[begin + i / perWord * 32 + lane] |= at(place.row, place.column)
                                                << i % perWord * bits;
    }
}

static uint32_t unpack(const std::vector<uint32_t> &words, unsigned lane,
                       unsigned i, unsigned bits) {
  unsigned perWord = 32 / bits;
  uint32_t word = words[i / perWord * 32 + lane];
  return bits == 32 ? word : word >> i % perWord * bits & ((1u << bits) - 1);
}

namespace {
class MmaProducts : public testing::TestWithParam<std::tuple<Product, bool>> {};
} // namespace

TEST_P(MmaProducts, MatchesMatrixProduct) {
  const Product &p = std::get<0>(GetParam());
  std::string typeC = p.c;
  bool isHalf = typeC == "f16", isInteger = typeC == "s32";
  std::mt19937 random(7);
  for (unsigned round = 0; round < 5; ++round) {
    auto draw = [&](const char *type) {
      int value = int(random() % 9);
      return *type == 'u' ? value : value - 4;
    };
    int a[16][32], b[32][8], c[16][8];
    for (auto &row : a)
      for (int &x : row)
        x = draw(p.a);
    for (auto &row : b)
      for (int &x : row)
        x = draw(p.b);
    for (auto &row : c)
      for (int &x : row)
        x = draw("s");
    // 5 and 7 have too many digits for e5m2.
    auto fit = [](const char *type, int x) {
      return std::string(type) == "e5m2" && (x == 5 || x == 7) ? 4 : x;
    };
    std::vector<uint32_t> words;
    pack(words, p.aCount, p.bits, p.positionA, [&](unsigned i, unsigned k) {
      return encodeAs(p.a, fit(p.a, a[i][k]));
    });
    pack(words, p.bCount, p.bits, p.positionB, [&](unsigned k, unsigned j) {
      return encodeAs(p.b, fit(p.b, b[k][j]));
    });
    unsigned bitsC = isHalf ? 16 : 32;
    pack(words, 4, bitsC, positionC,
         [&](unsigned i, unsigned j) { return encodeAs(p.c, c[i][j]); });
    std::vector<Bytes> buffers = {toBytes(words), Bytes(isHalf ? 256 : 512)};
    SimOptions options;
    options.truncateTensor = std::get<1>(GetParam());
    LaunchResult result = run(makeProductKernel(p), buffers, 32, options);
    EXPECT_CLEAN(result);
    auto d = fromBytes<uint32_t>(buffers[1]);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned i = 0; i < 4; ++i) {
        Place place = positionC(lane, i);
        int expected = c[place.row][place.column];
        for (unsigned k = 0; k < p.k; ++k)
          expected += fit(p.a, a[place.row][k]) * fit(p.b, b[k][place.column]);
        uint32_t bits = unpack(d, lane, i, bitsC);
        float found = isInteger ? float(int32_t(bits))
                      : isHalf  ? decode(bits, 5, 10)
                                : bitsFloat(bits);
        ASSERT_EQ(found, float(expected))
            << p.shape << " " << p.a << " " << p.b << " " << p.c << " at ("
            << place.row << ", " << place.column << ")";
      }
  }
}

INSTANTIATE_TEST_SUITE_P(All, MmaProducts,
                         testing::Combine(testing::ValuesIn(kProducts),
                                          testing::Bool()));

/// Returns one element of the product of a row `a` and a column `b` of f16
/// bits, with `c` as the initial sum.
static uint32_t sumOne(const char *target, bool truncates,
                       const std::vector<uint32_t> &a,
                       const std::vector<uint32_t> &b, uint32_t c) {
  Product p = kProducts[0];
  p.target = target;
  std::vector<uint32_t> words;
  pack(words, 8, 16, a16x16, [&](unsigned i, unsigned k) {
    return i == 3 && k < a.size() ? a[k] : 0;
  });
  pack(words, 4, 16, b16x16, [&](unsigned k, unsigned j) {
    return j == 5 && k < b.size() ? b[k] : 0;
  });
  pack(words, 4, 32, positionC,
       [&](unsigned i, unsigned j) { return i == 3 && j == 5 ? c : 0; });
  std::vector<Bytes> buffers = {toBytes(words), Bytes(512)};
  SimOptions options;
  options.truncateTensor = truncates;
  LaunchResult result = run(makeProductKernel(p), buffers, 32, options);
  EXPECT_CLEAN(result);
  // Row 3, column 5: lane 3 * 4 + 5 / 2, element 1.
  return fromBytes<uint32_t>(buffers[1])[32 + 14];
}

TEST(Mma, TruncatesAsMeasured) {
  // 1 - 0.75 * 2^-24, as 0.75 * 2^-12 times -2^-12.
  std::vector<uint32_t> a = {encode(0.75f / 4096, 5, 10)};
  std::vector<uint32_t> b = {encode(-1.0f / 4096, 5, 10)};
  uint32_t one = floatBits(1.0f), below = one - 1;
  EXPECT_EQ(sumOne("sm_80", false, a, b, one), below);
  EXPECT_EQ(sumOne("sm_80", true, a, b, one), one);
  EXPECT_EQ(sumOne("sm_90", false, a, b, one), below);
  EXPECT_EQ(sumOne("sm_90", true, a, b, one), below);
  // Sums of two parts on sm_80, of one on sm_90: 2^12 - 2^12 + 2^-13, with the
  // large numbers in different parts.
  std::vector<uint32_t> x(16), y(16, encode(1.0f, 5, 10));
  x[0] = encode(4096.0f, 5, 10);
  x[1] = encode(1.0f / 8192, 5, 10);
  x[8] = encode(-4096.0f, 5, 10);
  EXPECT_EQ(sumOne("sm_80", true, x, y, 0), 0u);
  EXPECT_EQ(sumOne("sm_90", true, x, y, 0), floatBits(1.0f / 8192));
  EXPECT_EQ(sumOne("sm_90", false, x, y, 0), 0u);
}

TEST(Mma, SpecialValues) {
  uint32_t infinity = 0x7c00, one = encode(1.0f, 5, 10);
  for (bool truncates : {false, true}) {
    EXPECT_EQ(sumOne("sm_80", truncates, {infinity}, {one}, 0), 0x7f800000u);
    EXPECT_EQ(sumOne("sm_80", truncates, {infinity, infinity | 0x8000},
                     {one, one}, 0),
              0x7fffffffu);
    EXPECT_EQ(sumOne("sm_80", truncates, {0xfe01}, {one}, 0), 0x7fffffffu);
    EXPECT_EQ(sumOne("sm_80", truncates, {infinity}, {0}, 0), 0x7fffffffu);
    // The smallest subnormal.
    EXPECT_EQ(sumOne("sm_80", truncates, {1}, {one}, 0), floatBits(0x1p-24f));
  }
}

TEST(Mma, IntegersWrapOrSaturate) {
  const Product *p = nullptr;
  for (const Product &product : kProducts)
    if (!p && std::string(product.c) == "s32")
      p = &product;
  for (bool saturates : {false, true})
    for (int sign : {1, -1}) {
      std::vector<uint32_t> words;
      pack(words, 16, 8, a8x32,
           [&](unsigned, unsigned) { return uint32_t(127 * sign) & 0xff; });
      pack(words, 8, 8, b8x32, [](unsigned, unsigned) { return 127u; });
      int64_t start = sign > 0 ? INT32_MAX - 5 : INT32_MIN + 5;
      pack(words, 4, 32, positionC,
           [&](unsigned, unsigned) { return uint32_t(start); });
      std::vector<Bytes> buffers = {toBytes(words), Bytes(512)};
      LaunchResult result =
          run(makeProductKernel(*p, saturates ? ".satfinite" : ""), buffers);
      EXPECT_CLEAN(result);
      int64_t sum = start + sign * 32 * 127 * 127;
      int32_t expected = !saturates ? int32_t(uint32_t(sum))
                         : sign > 0 ? INT32_MAX
                                    : INT32_MIN;
      for (int32_t found : fromBytes<int32_t>(buffers[1]))
        ASSERT_EQ(found, expected);
    }
}

TEST(Mma, LooksAtHighBitsOfTF32) {
  const Product &p = kProducts[6];
  std::vector<uint32_t> words;
  pack(words, 4, 32, a32x8,
       [](unsigned, unsigned) { return floatBits(1.0f) | 0x1fff; });
  pack(words, 2, 32, b32x8, [](unsigned, unsigned) { return floatBits(1.0f); });
  pack(words, 4, 32, positionC, [](unsigned, unsigned) { return 0u; });
  std::vector<Bytes> buffers = {toBytes(words), Bytes(512)};
  EXPECT_CLEAN(run(makeProductKernel(p), buffers));
  for (float found : fromBytes<float>(buffers[1]))
    ASSERT_EQ(found, 8.0f);
}

TEST(Mma, RefusesWhatDoesNotExist) {
  for (const char *text :
       {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f16 {%r2, %r3, %r4, "
        "%r5}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%r2, %r3};\n",
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r2, %r3}, {%r2, "
        "%r3, %r4, %r5}, {%r2, %r3}, {%r2, %r3, %r4, %r5};\n",
        "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f2, %f3, %f4, "
        "%f5}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f2, %f3, %f4, %f5};\n",
        "mma.sync.aligned.m16n8k16.row.row.f32.f16.f16.f32 {%f2, %f3, %f4, "
        "%f5}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f2, %f3, %f4, %f5};\n"}) {
    Diagnostic error;
    EXPECT_FALSE(Module::parse(makeKernel("sm_80", 0, "", text), error));
    EXPECT_TRUE(error);
  }
}
