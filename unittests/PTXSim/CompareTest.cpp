//===- CompareTest.cpp - set, setp, selp, slct of PTX ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "RunPTX.h"

using namespace ptxsim::test;

namespace {
/// The relation of two values: less, equal, greater, or unordered.
enum Relation { Less = 1, Equal = 2, Greater = 4, Unordered = 8 };

struct Comparison {
  const char *name;
  int holds; // for these relations
};
const Comparison kOrdered[] = {{"eq", Equal},   {"ne", Less | Greater},
                               {"lt", Less},    {"le", Less | Equal},
                               {"gt", Greater}, {"ge", Greater | Equal}};
const Comparison kUnsigned[] = {{"lo", Less},
                                {"ls", Less | Equal},
                                {"hi", Greater},
                                {"hs", Greater | Equal}};
const Comparison kOfFloats[] = {
    {"equ", Equal | Unordered},      {"neu", Less | Greater | Unordered},
    {"ltu", Less | Unordered},       {"leu", Less | Equal | Unordered},
    {"gtu", Greater | Unordered},    {"geu", Greater | Equal | Unordered},
    {"num", Less | Equal | Greater}, {"nan", Unordered}};

struct CompareType {
  std::string name, reg;
  unsigned bits;
  char kind; // u, s, b, f
  Values values;

  /// f80 holds every 64-bit integer and every f64.
  long double value(uint64_t raw) const {
    switch (kind) {
    case 's':
      return (long double)(int64_t(raw << (64 - bits)) >> (64 - bits));
    case 'f':
      return bits == 64   ? (long double)asDouble(raw)
             : bits == 32 ? (long double)asFloat(raw)
             : name[0] == 'b'
                 ? (long double)getBfloatFormat().decode(uint32_t(raw))
                 : (long double)getHalfFormat().decode(uint32_t(raw));
    default:
      return (long double)raw;
    }
  }
  Relation relate(uint64_t a, uint64_t b) const {
    long double x = value(a), y = value(b);
    return x < y ? Less : x > y ? Greater : x == y ? Equal : Unordered;
  }
  std::vector<Comparison> comparisons() const {
    std::vector<Comparison> result(std::begin(kOrdered), std::end(kOrdered));
    if (kind == 'b')
      result.resize(2);
    if (kind == 'u')
      result.insert(result.end(), std::begin(kUnsigned), std::end(kUnsigned));
    if (kind == 'f')
      result.insert(result.end(), std::begin(kOfFloats), std::end(kOfFloats));
    return result;
  }
};

const std::vector<CompareType> &getTypes() {
  static const std::vector<CompareType> types = [] {
    std::vector<CompareType> result;
    for (unsigned bits : {16u, 32u, 64u})
      for (char kind : {'u', 's', 'b'})
        result.push_back({kind + std::to_string(bits),
                          "b" + std::to_string(bits), bits, kind,
                          integers(bits, 6)});
    result.push_back({"f32", "b32", 32, 'f', floats32(8)});
    result.push_back({"f64", "b64", 64, 'f', floats64(8)});
    result.push_back({"f16", "b16", 16, 'f', floats16(8)});
    result.push_back({"bf16", "b16", 16, 'f', bfloats16(8)});
    return result;
  }();
  return types;
}

const char *const kBoolOps[] = {"", "and", "or", "xor"};
uint64_t combine(unsigned boolOp, uint64_t a, uint64_t b) {
  return boolOp == 1 ? a & b : boolOp == 2 ? a | b : boolOp == 3 ? a ^ b : a;
}
Values makePredicates(size_t count) {
  Values values;
  for (size_t n = 0; n < count; ++n)
    values.push_back(getRandom()() & 1);
  return values;
}
/// Pairs of a 16-bit floating-point type.
Values makePairs(const CompareType &type, unsigned count) {
  Values result;
  for (unsigned n = 0; n < count; ++n)
    result.push_back(type.values[getRandom()() % type.values.size()] |
                     type.values[getRandom()() % type.values.size()] << 16);
  return result;
}
} // namespace

TEST(Compare, Setp) {
  for (const CompareType &type : getTypes())
    for (const Comparison &cmp : type.comparisons())
      check(makeOp(std::string("setp.") + cmp.name + "." + type.name, "pred",
                   {type.reg, type.reg}),
            cross({type.values, type.values}, 1500), [&](const Values &v) {
              return (type.relate(v[0], v[1]) & cmp.holds) != 0;
            });
}

TEST(Compare, SetpOfTwoPredicates) {
  for (const CompareType &type : getTypes())
    for (unsigned boolOp = 0; boolOp < 4; ++boolOp) {
      std::string name = "setp.ge.";
      if (type.kind == 'b')
        name = "setp.eq.";
      int holds = type.kind == 'b' ? Equal : Equal | Greater;
      if (boolOp)
        name += std::string(kBoolOps[boolOp]) + ".";
      Op op{name + type.name + " %d0|%d1, %s0, %s1",
            {"pred", "pred"},
            {type.reg, type.reg}};
      auto srcs = cross({type.values, type.values}, 1000);
      if (boolOp) {
        op.text += ", !%s2";
        op.srcs.emplace_back("pred");
        srcs.push_back(makePredicates(srcs[0].size()));
      }
      op.text += ";";
      checkOp(op, srcs, [&](const Values &v) {
        uint64_t is = (type.relate(v[0], v[1]) & holds) != 0;
        uint64_t c = boolOp ? !v[2] : 0;
        return Values{combine(boolOp, is, c), combine(boolOp, !is, c)};
      });
    }
  // Either may be absent.
  Op second{"setp.lt.s32 _|%d0, %s0, %s1;", {"pred"}, {"b32", "b32"}};
  check(second, cross({integers(32), integers(32)}),
        [](const Values &v) { return int32_t(v[0]) >= int32_t(v[1]); });
}

TEST(Compare, SetpOfPairs) {
  for (const CompareType &type : getTypes()) {
    if (type.kind != 'f' || type.bits != 16)
      continue;
    auto srcs = cross({makePairs(type, 50), makePairs(type, 50)});
    auto predicates = makePredicates(srcs[0].size());
    for (const Comparison &cmp : type.comparisons()) {
      auto holds = [&](const Values &v, unsigned shift) {
        return uint64_t(
            (type.relate(v[0] >> shift & 0xffff, v[1] >> shift & 0xffff) &
             cmp.holds) != 0);
      };
      std::string name = std::string("setp.") + cmp.name;
      checkOp({name + "." + type.name + "x2 %d0|%d1, %s0, %s1;",
               {"pred", "pred"},
               {"b32", "b32"}},
              srcs, [&](const Values &v) {
                return Values{holds(v, 0), holds(v, 16)};
              });
      auto with = srcs;
      with.push_back(predicates);
      checkOp({name + ".xor." + type.name + "x2 %d0|%d1, %s0, %s1, %s2;",
               {"pred", "pred"},
               {"b32", "b32", "pred"}},
              with, [&](const Values &v) {
                return Values{holds(v, 0) ^ v[2], holds(v, 16) ^ v[2]};
              });
    }
  }
}

TEST(Compare, SubnormalNumbersAreFlushed) {
  Values small = {0, 1, 0x80000001, 0x7fffff, 0x800000, 0x80800000, 0x80000000};
  auto flushed = [](uint64_t bits) {
    return bits & 0x7f800000 ? asFloat(bits) : 0.0f;
  };
  check(makeOp("setp.lt.ftz.f32", "pred", {"b32", "b32"}),
        cross({small, small}),
        [&](const Values &v) { return flushed(v[0]) < flushed(v[1]); });
  Values halves = {0, 1, 0x8001, 0x3ff, 0x400, 0x8400, 0x8000};
  auto flushedHalf = [](uint64_t bits) {
    return bits & 0x7c00 ? getHalfFormat().decode(uint32_t(bits)) : 0.0;
  };
  check(makeOp("setp.eq.ftz.f16", "pred", {"b16", "b16"}),
        cross({halves, halves}), [&](const Values &v) {
          return flushedHalf(v[0]) == flushedHalf(v[1]);
        });
}

TEST(Compare, Set) {
  struct {
    const char *name, *reg;
    uint64_t yes;
  } results[] = {{"u32", "b32", 0xffffffff}, {"s32", "b32", 0xffffffff},
                 {"f32", "b32", 0x3f800000}, {"u16", "b16", 0xffff},
                 {"f16", "b16", 0x3c00},     {"bf16", "b16", 0x3f80}};
  for (const CompareType &type : getTypes())
    for (auto [name, reg, yes] : results)
      for (unsigned boolOp = 0; boolOp < 4; ++boolOp) {
        std::string text = "set.ne.";
        if (boolOp)
          text += std::string(kBoolOps[boolOp]) + ".";
        std::vector<std::string> regs = {type.reg, type.reg};
        auto srcs = cross({type.values, type.values}, 500);
        if (boolOp) {
          regs.emplace_back("pred");
          srcs.push_back(makePredicates(srcs[0].size()));
        }
        check(makeOp(text + name + "." + type.name, reg, regs), srcs,
              [&, yes = yes](const Values &v) -> uint64_t {
                bool is = type.relate(v[0], v[1]) & (Less | Greater);
                return combine(boolOp, is, boolOp ? v[2] : 0) ? yes : 0;
              });
      }
  for (const CompareType &type : getTypes())
    if (type.kind == 'f' && type.bits == 16)
      for (bool integer : {false, true}) {
        uint64_t yes = integer ? 0xffff : type.name == "f16" ? 0x3c00 : 0x3f80;
        std::string name = "set.le." +
                           (integer ? std::string("u32") : type.name + "x2") +
                           "." + type.name + "x2";
        check(makeOp(name, "b32", {"b32", "b32"}),
              cross({makePairs(type, 40), makePairs(type, 40)}),
              [&](const Values &v) {
                auto part = [&](unsigned shift) {
                  bool is = type.relate(v[0] >> shift & 0xffff,
                                        v[1] >> shift & 0xffff) &
                            (Less | Equal);
                  return (is ? yes : 0) << shift;
                };
                return part(0) | part(16);
              });
      }
}

TEST(Compare, Selp) {
  for (unsigned bits : {16u, 32u, 64u}) {
    std::string reg = "b" + std::to_string(bits);
    for (const std::string &type : {reg, "s" + std::to_string(bits)})
      check(makeOp("selp." + type, reg, {reg, reg, "pred"}),
            cross({integers(bits), integers(bits), {0, 1}}),
            [](const Values &v) { return v[2] ? v[0] : v[1]; });
  }
  check({"selp.f32 %d0, 0f3F800000, 0f00000000, !%s0;", {"b32"}, {"pred"}},
        cross({{0, 1, 1, 0, 1}}),
        [](const Values &v) { return v[0] ? 0 : 0x3f800000; });
}

TEST(Compare, Slct) {
  for (unsigned bits : {16u, 32u, 64u}) {
    std::string reg = "b" + std::to_string(bits);
    check(makeOp("slct." + reg + ".s32", reg, {reg, reg, "b32"}),
          cross({integers(bits), integers(bits), integers(32)}, 3000),
          [](const Values &v) { return int32_t(v[2]) >= 0 ? v[0] : v[1]; });
    check(makeOp("slct." + reg + ".f32", reg, {reg, reg, "b32"}),
          cross({integers(bits), integers(bits), floats32()}, 3000),
          [](const Values &v) { return asFloat(v[2]) >= 0 ? v[0] : v[1]; });
  }
  check(makeOp("slct.ftz.u32.f32", "b32", {"b32", "b32", "b32"}),
        cross({{1}, {2}, {0x80000001, 0x80800000, 1}}),
        [](const Values &v) { return v[2] == 0x80800000 ? v[1] : v[0]; });
}

TEST(Compare, Errors) {
  EXPECT_NE(getParseError("setp.lo.s32 %p0, %r0, %r1;"), "");
  EXPECT_NE(getParseError("setp.num.s32 %p0, %r0, %r1;"), "");
  EXPECT_NE(getParseError("setp.lt.b32 %p0, %r0, %r1;"), "");
  EXPECT_NE(getParseError("setp.eq.and.s32 %p0, %r0, %r1;"), "");
  EXPECT_NE(getParseError("setp.eq.s32 %r0, %r0, %r1;"), "");
  EXPECT_NE(getParseError("setp.eq.ftz.f64 %p0, %rd0, %rd1;"), "");
}
