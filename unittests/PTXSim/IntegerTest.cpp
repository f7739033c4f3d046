//===- IntegerTest.cpp - Integer arithmetic of PTX ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The references use 128-bit integers and single bits, so that they are exact
// and share no code with the handlers.
//
//===----------------------------------------------------------------------===//

#include "RunPTX.h"

using namespace ptxsim::test;

namespace {
using Int = __int128;

/// An integer type of PTX.
struct IntType {
  std::string name, reg;
  unsigned bits;
  bool isSigned;

  Int value(uint64_t raw) const {
    if (bits < 64)
      raw &= (uint64_t(1) << bits) - 1;
    bool negative = isSigned && (raw >> (bits - 1)) & 1;
    return Int(raw) - (negative ? Int(1) << bits : 0);
  }
  Int least() const { return isSigned ? -(Int(1) << (bits - 1)) : 0; }
  Int most() const { return (Int(1) << (isSigned ? bits - 1 : bits)) - 1; }
  Int clamp(Int value) const {
    return std::min(std::max(value, least()), most());
  }
};

const IntType kU16{"u16", "b16", 16, false}, kS16{"s16", "b16", 16, true},
    kU32{"u32", "b32", 32, false}, kS32{"s32", "b32", 32, true},
    kU64{"u64", "b64", 64, false}, kS64{"s64", "b64", 64, true};
const std::vector<IntType> kAll = {kU16, kS16, kU32, kS32, kU64, kS64};
const std::vector<IntType> kSmall = {kU16, kS16, kU32, kS32};

template <typename Fn>
void checkBinary(const std::string &name, const IntType &type, Fn expected) {
  check(makeOp(name + "." + type.name, type.reg, {type.reg, type.reg}),
        cross({integers(type.bits), integers(type.bits)}),
        [&](const Values &v) {
          return expected(type.value(v[0]), type.value(v[1]));
        });
}

template <typename Fn>
void checkTernary(const std::string &name, const IntType &type, Fn expected) {
  check(
      makeOp(name + "." + type.name, type.reg, {type.reg, type.reg, type.reg}),
      cross({integers(type.bits), integers(type.bits), integers(type.bits)},
            4000),
      [&](const Values &v) {
        return expected(type.value(v[0]), type.value(v[1]), type.value(v[2]));
      });
}

/// Each half separately.
template <typename Fn>
void checkPairs(const std::string &name, bool isSigned, Fn expected) {
  const IntType &half = isSigned ? kS16 : kU16;
  check(makeOp(name, "b32", {"b32", "b32"}),
        cross({integers(32, 40), integers(32, 40)}), [&](const Values &v) {
          uint64_t low = uint64_t(
              expected(half.value(v[0] & 0xffff), half.value(v[1] & 0xffff)));
          uint64_t high = uint64_t(
              expected(half.value(v[0] >> 16), half.value(v[1] >> 16)));
          return (low & 0xffff) | (high & 0xffff) << 16;
        });
}
} // namespace

TEST(Integer, SumsAndDifferences) {
  for (const IntType &type : kAll) {
    checkBinary("add", type, [](Int a, Int b) { return a + b; });
    checkBinary("sub", type, [](Int a, Int b) { return a - b; });
  }
  checkBinary("add.sat", kS32, [](Int a, Int b) { return kS32.clamp(a + b); });
  checkBinary("sub.sat", kS32, [](Int a, Int b) { return kS32.clamp(a - b); });
  checkPairs("add.u16x2", false, [](Int a, Int b) { return a + b; });
  checkPairs("add.s16x2", true, [](Int a, Int b) { return a + b; });
}

TEST(Integer, Products) {
  for (const IntType &type : kAll) {
    // The low half of a 64-bit product does not fit into 128 signed bits for
    // unsigned factors, but wraps to the correct bits.
    checkBinary("mul.lo", type, [](Int a, Int b) {
      return Int((unsigned __int128)a * (unsigned __int128)b);
    });
    checkBinary("mul.hi", type, [&](Int a, Int b) {
      return type.isSigned ? a * b >> type.bits
                           : Int((unsigned __int128)a * (unsigned __int128)b >>
                                 type.bits);
    });
    checkTernary("mad.lo", type, [](Int a, Int b, Int c) {
      return Int((unsigned __int128)a * (unsigned __int128)b +
                 (unsigned __int128)c);
    });
    checkTernary("mad.hi", type, [&](Int a, Int b, Int c) {
      return (type.isSigned ? a * b >> type.bits
                            : Int((unsigned __int128)a * (unsigned __int128)b >>
                                  type.bits)) +
             c;
    });
  }
  checkTernary("mad.hi.sat", kS32, [](Int a, Int b, Int c) {
    return kS32.clamp((a * b >> 32) + c);
  });
}

TEST(Integer, WideProducts) {
  for (const IntType &type : kSmall) {
    std::string wide = type.bits == 16 ? "b32" : "b64";
    check(makeOp("mul.wide." + type.name, wide, {type.reg, type.reg}),
          cross({integers(type.bits), integers(type.bits)}),
          [&](const Values &v) { return type.value(v[0]) * type.value(v[1]); });
    check(makeOp("mad.wide." + type.name, wide, {type.reg, type.reg, wide}),
          cross({integers(type.bits), integers(type.bits),
                 integers(2 * type.bits)},
                4000),
          [&](const Values &v) {
            return type.value(v[0]) * type.value(v[1]) + Int(v[2]);
          });
  }
}

TEST(Integer, ProductsOf24Bits) {
  for (const IntType &type : {kU32, kS32}) {
    IntType part{"", "", 24, type.isSigned};
    auto product = [&](Int a, Int b) {
      return part.value(uint64_t(a) & 0xffffff) *
             part.value(uint64_t(b) & 0xffffff);
    };
    checkBinary("mul24.lo", type, product);
    checkBinary("mul24.hi", type,
                [&](Int a, Int b) { return product(a, b) >> 16; });
    checkTernary("mad24.lo", type,
                 [&](Int a, Int b, Int c) { return product(a, b) + c; });
    checkTernary("mad24.hi", type, [&](Int a, Int b, Int c) {
      return (product(a, b) >> 16) + c;
    });
    if (type.isSigned)
      checkTernary("mad24.hi.sat", type, [&](Int a, Int b, Int c) {
        // The high 32 bits are a 32-bit number before c is added.
        return kS32.clamp(
            kS32.value(uint64_t(product(a, b) >> 16) & 0xffffffff) + c);
      });
  }
}

TEST(Integer, Quotients) {
  for (const IntType &type : kAll) {
    checkBinary("div", type,
                [](Int a, Int b) { return b == 0 ? Int(-1) : a / b; });
    checkBinary("rem", type, [](Int a, Int b) { return b == 0 ? a : a % b; });
  }
}

TEST(Integer, SignsAndOrder) {
  for (const IntType &type : kAll) {
    checkBinary("min", type, [](Int a, Int b) { return std::min(a, b); });
    checkBinary("max", type, [](Int a, Int b) { return std::max(a, b); });
    checkTernary("sad", type, [](Int a, Int b, Int c) {
      return c + (a < b ? b - a : a - b);
    });
    if (!type.isSigned)
      continue;
    auto values = cross({integers(type.bits, 30)});
    check(makeOp("abs." + type.name, type.reg, {type.reg}), values,
          [&](const Values &v) {
            Int a = type.value(v[0]);
            return a < 0 ? -a : a;
          });
    check(makeOp("neg." + type.name, type.reg, {type.reg}), values,
          [&](const Values &v) { return -type.value(v[0]); });
  }
  auto least = [](Int a, Int b) { return std::min(a, b); };
  auto most = [](Int a, Int b) { return std::max(a, b); };
  auto relu = [](Int a) { return std::max<Int>(a, 0); };
  checkPairs("min.u16x2", false, least);
  checkPairs("min.s16x2", true, least);
  checkPairs("max.u16x2", false, most);
  checkPairs("max.s16x2", true, most);
  checkPairs("min.relu.s16x2", true,
             [&](Int a, Int b) { return relu(std::min(a, b)); });
  checkPairs("max.relu.s16x2", true,
             [&](Int a, Int b) { return relu(std::max(a, b)); });
  checkBinary("min.relu", kS32,
              [&](Int a, Int b) { return relu(std::min(a, b)); });
  checkBinary("max.relu", kS32,
              [&](Int a, Int b) { return relu(std::max(a, b)); });
}

TEST(Integer, ExtendedPrecision) {
  // Two words form a number with twice the bits, with the carry in between.
  struct {
    const char *low, *high;
    int sign;
  } pairs[] = {{"add.cc.u32", "addc.u32", 1}, {"sub.cc.u32", "subc.u32", -1}};
  for (auto [low, high, sign] : pairs) {
    Op op{"{ " + std::string(low) + " %d0, %s0, %s2; " + high +
              " %d1, %s1, %s3; }",
          {"b32", "b32"},
          {"b32", "b32", "b32", "b32"}};
    // A guard applies to one instruction, so there is no guarded run here.
    Runner runner;
    auto srcs = cross({integers(32), integers(32), integers(32), integers(32)});
    auto results = runner.run(op, srcs, false);
    ASSERT_EQ(results.size(), 2u);
    for (size_t n = 0; n < srcs[0].size(); ++n) {
      uint64_t a = srcs[0][n] | srcs[1][n] << 32;
      uint64_t b = srcs[2][n] | srcs[3][n] << 32;
      uint64_t want = sign > 0 ? a + b : a - b;
      EXPECT_EQ((results[0][n] & 0xffffffff) | results[1][n] << 32, want);
    }
  }
  // addc.cc and subc.cc in the middle, in 64-bit words.
  for (const char *name : {"add", "sub"}) {
    std::string n = name;
    Op op{n + ".cc.u64 %d0, %s0, %s2; " + n + "c.cc.u64 %d1, %s1, %s3; " + n +
              "c.u32 %d2, 7, 2;",
          {"b64", "b64", "b32"},
          {"b64", "b64", "b64", "b64"}};
    Runner runner;
    auto srcs = cross({integers(64), integers(64), integers(64), integers(64)});
    auto results = runner.run(op, srcs, false);
    ASSERT_EQ(results.size(), 3u);
    for (size_t i = 0; i < srcs[0].size(); ++i) {
      using Big = unsigned __int128;
      Big a = Big(srcs[1][i]) << 64 | srcs[0][i];
      Big b = Big(srcs[3][i]) << 64 | srcs[2][i];
      Big want = n == "add" ? a + b : a - b;
      bool carry = n == "add" ? want < a : a < b;
      EXPECT_EQ(results[0][i], uint64_t(want));
      EXPECT_EQ(results[1][i], uint64_t(want >> 64));
      EXPECT_EQ(uint32_t(results[2][i]), n == "add" ? 9u + carry : 5u - carry);
    }
  }
  // A product of 64 bits by 64 bits from 32-bit words.
  Op op{"mul.lo.u32 %d0, %s0, %s2; mul.hi.u32 %d1, %s0, %s2; "
        "mad.lo.cc.u32 %d1, %s0, %s3, %d1; madc.hi.u32 %d2, %s0, %s3, 0; "
        "mad.lo.cc.u32 %d1, %s1, %s2, %d1; madc.hi.cc.u32 %d2, %s1, %s2, %d2; "
        "addc.u32 %d3, 0, 0; mad.lo.cc.u32 %d2, %s1, %s3, %d2; "
        "madc.hi.u32 %d3, %s1, %s3, %d3;",
        {"b32", "b32", "b32", "b32"},
        {"b32", "b32", "b32", "b32"}};
  Runner runner;
  auto srcs = cross({integers(32), integers(32), integers(32), integers(32)});
  auto results = runner.run(op, srcs, false);
  ASSERT_EQ(results.size(), 4u);
  for (size_t n = 0; n < srcs[0].size(); ++n) {
    auto a = (unsigned __int128)(srcs[0][n] | srcs[1][n] << 32);
    auto b = (unsigned __int128)(srcs[2][n] | srcs[3][n] << 32);
    for (unsigned word = 0; word < 4; ++word)
      EXPECT_EQ(uint32_t(results[word][n]), uint32_t(a * b >> (32 * word)));
  }
}

TEST(Integer, Counting) {
  for (unsigned bits : {32u, 64u}) {
    std::string reg = "b" + std::to_string(bits);
    auto values = cross({integers(bits, 100)});
    check(makeOp("popc." + reg, "b32", {reg}), values, [&](const Values &v) {
      unsigned count = 0;
      for (unsigned b = 0; b < bits; ++b)
        count += v[0] >> b & 1;
      return count;
    });
    check(makeOp("clz." + reg, "b32", {reg}), values, [&](const Values &v) {
      unsigned count = 0;
      while (count < bits && !(v[0] >> (bits - 1 - count) & 1))
        ++count;
      return count;
    });
    check(makeOp("brev." + reg, reg, {reg}), values, [&](const Values &v) {
      uint64_t result = 0;
      for (unsigned b = 0; b < bits; ++b)
        result |= (v[0] >> b & 1) << (bits - 1 - b);
      return result;
    });
    for (const IntType &type :
         bits == 32 ? std::vector{kU32, kS32} : std::vector{kU64, kS64})
      for (bool amount : {false, true})
        check(makeOp((amount ? "bfind.shiftamt." : "bfind.") + type.name, "b32",
                     {reg}),
              values, [&](const Values &v) {
                bool sign = type.isSigned && v[0] >> (bits - 1) & 1;
                for (int b = int(bits) - 1; b >= 0; --b)
                  if ((v[0] >> b & 1) != sign)
                    return amount ? int64_t(bits) - 1 - b : int64_t(b);
                return int64_t(-1);
              });
  }
  check(makeOp("fns.b32", "b32", {"b32", "b32", "b32"}),
        cross({integers(32),
               {0, 1, 5, 16, 30, 31},
               {0, 1, 2, 3, 8, 31, 32, 0xffffffff, 0xfffffffe, 0xfffffff8}}),
        [](const Values &v) {
          auto offset = int32_t(v[2]);
          int base = int(v[1]);
          std::vector<int> set; // in the order in which they are counted
          for (int b = base; b >= 0 && b < 32; b += offset < 0 ? -1 : 1)
            if (v[0] >> b & 1)
              set.push_back(b);
          if (offset == 0)
            return v[0] >> base & 1 ? base : -1;
          size_t n = size_t(std::abs(offset));
          return n <= set.size() ? set[n - 1] : -1;
        });
}

TEST(Integer, Fields) {
  Values places = {0, 1, 5, 8, 16, 31, 32, 33, 63, 64, 255, 256, 0x10003};
  for (const IntType &type : {kU32, kS32, kU64, kS64}) {
    int msb = int(type.bits) - 1;
    check(makeOp("bfe." + type.name, type.reg, {type.reg, "b32", "b32"}),
          cross({integers(type.bits), places, places}), [&](const Values &v) {
            int position = int(v[1] & 0xff), length = int(v[2] & 0xff);
            uint64_t sign =
                type.isSigned && length
                    ? v[0] >> std::min(position + length - 1, msb) & 1
                    : 0;
            uint64_t result = 0;
            for (int b = 0; b <= msb; ++b)
              result |= (b < length && position + b <= msb
                             ? v[0] >> (position + b) & 1
                             : sign)
                        << b;
            return result;
          });
  }
  for (unsigned bits : {32u, 64u}) {
    std::string reg = "b" + std::to_string(bits);
    check(makeOp("bfi." + reg, reg, {reg, reg, "b32", "b32"}),
          cross({integers(bits), integers(bits), places, places}),
          [&](const Values &v) {
            unsigned position = v[2] & 0xff, length = v[3] & 0xff;
            uint64_t result = v[1];
            for (unsigned b = 0; b < length && position + b < bits; ++b) {
              result &= ~(uint64_t(1) << (position + b));
              result |= (v[0] >> b & 1) << (position + b);
            }
            return result;
          });
  }
  for (bool wrap : {false, true}) {
    std::string mode = wrap ? "wrap" : "clamp";
    auto cut = [wrap](uint64_t n) {
      return unsigned(wrap ? n & 31 : std::min<uint64_t>(n, 32));
    };
    for (const IntType &type : {kU32, kS32})
      check(makeOp("szext." + mode + "." + type.name, "b32", {"b32", "b32"}),
            cross({integers(32), integers(32)}), [&](const Values &v) {
              unsigned count = cut(v[1]);
              if (count == 0)
                return Int(0);
              IntType part{"", "", count, type.isSigned};
              return part.value(v[0]);
            });
    check(makeOp("bmsk." + mode + ".b32", "b32", {"b32", "b32"}),
          cross({integers(32), integers(32)}), [&](const Values &v) {
            unsigned from = cut(v[0]), count = cut(v[1]);
            uint64_t result = 0;
            for (unsigned b = from; b < from + count && b < 32; ++b)
              result |= uint64_t(1) << b;
            return result;
          });
  }
}

TEST(Integer, DotProducts) {
  auto part = [](uint64_t word, unsigned n, unsigned bits, bool isSigned) {
    IntType type{"", "", bits, isSigned};
    return type.value(word >> (n * bits));
  };
  for (bool aSigned : {false, true})
    for (bool bSigned : {false, true}) {
      std::string types =
          std::string(aSigned ? ".s32" : ".u32") + (bSigned ? ".s32" : ".u32");
      auto srcs = cross({integers(32), integers(32), integers(32)}, 3000);
      check(makeOp("dp4a" + types, "b32", {"b32", "b32", "b32"}), srcs,
            [&](const Values &v) {
              Int sum = Int(v[2]);
              for (unsigned n = 0; n < 4; ++n)
                sum += part(v[0], n, 8, aSigned) * part(v[1], n, 8, bSigned);
              return sum;
            });
      for (unsigned high : {0u, 1u})
        check(makeOp(std::string(high ? "dp2a.hi" : "dp2a.lo") + types, "b32",
                     {"b32", "b32", "b32"}),
              srcs, [&](const Values &v) {
                Int sum = Int(v[2]);
                for (unsigned n = 0; n < 2; ++n)
                  sum += part(v[0], n, 16, aSigned) *
                         part(v[1], n + 2 * high, 8, bSigned);
                return sum;
              });
    }
}

TEST(Integer, Errors) {
  EXPECT_NE(getParseError("add.s32 %r0, %h0, %r1;"), "");
  EXPECT_NE(getParseError("add.s32 %r0, %r1;"), "");
  EXPECT_NE(getParseError("add.s32 _, %r1, %r2;"), "");
  EXPECT_NE(getParseError("mul.s32 %r0, %r1, %r2;"), "");
  EXPECT_NE(getParseError("add.sat.u32 %r0, %r1, %r2;"), "");
  EXPECT_EQ(getParseError("add.s32 %r0, %r1, -5;"), "");
}
