//===- LogicTest.cpp - Bitwise logic, shifts, permutes of PTX -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunPTX.h"

using namespace ptxsim::test;

namespace {
const std::vector<unsigned> kSizes = {16, 32, 64};
std::string getReg(unsigned bits) { return "b" + std::to_string(bits); }
} // namespace

TEST(Logic, Bitwise) {
  for (unsigned bits : kSizes) {
    std::string reg = getReg(bits);
    auto pairs = cross({integers(bits), integers(bits)});
    check(makeOp("and." + reg, reg, {reg, reg}), pairs,
          [](const Values &v) { return v[0] & v[1]; });
    check(makeOp("or." + reg, reg, {reg, reg}), pairs,
          [](const Values &v) { return v[0] | v[1]; });
    check(makeOp("xor." + reg, reg, {reg, reg}), pairs,
          [](const Values &v) { return v[0] ^ v[1]; });
    check(makeOp("not." + reg, reg, {reg}), cross({integers(bits)}),
          [](const Values &v) { return ~v[0]; });
    check(makeOp("cnot." + reg, reg, {reg}), cross({integers(bits)}),
          [](const Values &v) { return v[0] == 0; });
  }
}

TEST(Logic, Predicates) {
  auto pairs = cross({integers(8), integers(8)});
  std::vector<std::string> two = {"pred", "pred"};
  check(makeOp("and.pred", "pred", two), pairs,
        [](const Values &v) { return v[0] & v[1]; });
  check(makeOp("or.pred", "pred", two), pairs,
        [](const Values &v) { return v[0] | v[1]; });
  check(makeOp("xor.pred", "pred", two), pairs,
        [](const Values &v) { return v[0] ^ v[1]; });
  check(makeOp("not.pred", "pred", {"pred"}), cross({{0, 1, 1, 0, 1}}),
        [](const Values &v) { return !v[0]; });
  check({"and.pred %d0, %s0, !%s1;", {"pred"}, two},
        cross({integers(8), integers(8)}),
        [](const Values &v) { return v[0] & !v[1]; });
}

TEST(Logic, Shifts) {
  for (unsigned bits : kSizes) {
    std::string reg = getReg(bits), width = std::to_string(bits);
    auto srcs = cross({integers(bits), integers(32, 30)});
    check(makeOp("shl." + reg, reg, {reg, "b32"}), srcs,
          [&](const Values &v) { return v[1] >= bits ? 0 : v[0] << v[1]; });
    for (std::string type : {"b", "u"})
      check(makeOp("shr." + type + width, reg, {reg, "b32"}), srcs,
            [&](const Values &v) { return v[1] >= bits ? 0 : v[0] >> v[1]; });
    check(makeOp("shr.s" + width, reg, {reg, "b32"}), srcs,
          [&](const Values &v) {
            auto value = int64_t(v[0] << (64 - bits)) >> (64 - bits);
            return value >> std::min<uint64_t>(v[1], bits - 1);
          });
  }
}

TEST(Logic, FunnelShifts) {
  for (bool left : {false, true})
    for (bool wrap : {false, true}) {
      std::string name = std::string("shf.") + (left ? "l." : "r.") +
                         (wrap ? "wrap.b32" : "clamp.b32");
      check(makeOp(name, "b32", {"b32", "b32", "b32"}),
            cross({integers(32), integers(32), integers(32)}),
            [&](const Values &v) {
              unsigned n =
                  unsigned(wrap ? v[2] & 31 : std::min<uint64_t>(v[2], 32));
              uint32_t low = uint32_t(v[0]), high = uint32_t(v[1]);
              if (n == 0)
                return left ? high : low;
              if (n == 32)
                return left ? low : high;
              return left ? high << n | low >> (32 - n)
                          : high << (32 - n) | low >> n;
            });
    }
}

TEST(Logic, Lop3) {
  auto srcs = cross({integers(32), integers(32), integers(32)}, 500);
  for (unsigned table : {0u, 0xffu, 0x80u, 0xfeu, 0x96u, 0xe8u, 0xcau, 0xd8u,
                         0x1au, 0xf0u, 0xccu, 0xaau, 0x35u}) {
    auto lookUp = [table](const Values &v) {
      uint64_t result = 0;
      for (unsigned b = 0; b < 32; ++b) {
        unsigned index = unsigned((v[0] >> b & 1) << 2 | (v[1] >> b & 1) << 1 |
                                  (v[2] >> b & 1));
        result |= uint64_t(table >> index & 1) << b;
      }
      return result;
    };
    std::string number = std::to_string(table);
    check({"lop3.b32 %d0, %s0, %s1, %s2, " + number + ";",
           {"b32"},
           {"b32", "b32", "b32"}},
          srcs, lookUp);
    for (bool isOr : {false, true}) {
      auto withPred = srcs;
      withPred.push_back(integers(32, unsigned(srcs[0].size())));
      withPred.back().resize(srcs[0].size());
      std::string name = isOr ? "lop3.or.b32" : "lop3.and.b32";
      checkOp({name + " %d0|%d1, %s0, %s1, %s2, " + number + ", %s3;",
               {"b32", "pred"},
               {"b32", "b32", "b32", "pred"}},
              withPred, [&](const Values &v) {
                uint64_t word = lookUp(v), set = word != 0;
                return Values{word, isOr ? set | v[3] : set & v[3]};
              });
    }
  }
  // The classical identities of the table: a = 0xf0, b = 0xcc, c = 0xaa.
  check({"lop3.b32 %d0, %s0, %s1, %s2, 0xf8;", {"b32"}, {"b32", "b32", "b32"}},
        srcs, [](const Values &v) { return v[0] | (v[1] & v[2]); });
  EXPECT_NE(getParseError("lop3.b32 %r0, %r1, %r2, %r3, 256;"), "");
  EXPECT_NE(getParseError("lop3.b32 %r0, %r1, %r2, %r3, %r4;"), "");
}

TEST(Logic, Prmt) {
  auto pick = [](const Values &v, unsigned choice) {
    uint64_t both = v[1] << 32 | v[0];
    auto byte = uint8_t(both >> (8 * (choice & 7)));
    return uint64_t(choice & 8 ? (byte & 0x80 ? 0xff : 0) : byte);
  };
  auto permute = [&](const Values &v) {
    uint64_t result = 0;
    for (unsigned n = 0; n < 4; ++n)
      result |= pick(v, unsigned(v[2] >> (4 * n) & 15)) << (8 * n);
    return result;
  };
  check(makeOp("prmt.b32", "b32", {"b32", "b32", "b32"}),
        cross({integers(32), integers(32), integers(32, 60)}), permute);
  for (unsigned selector : {0x5410u, 0x7632u, 0x3210u, 0x0123u, 0x1032u,
                            0x7531u, 0xffffu, 0x4440u, 0x9a10u}) {
    Op op{"prmt.b32 %d0, %s0, %s1, " + std::to_string(selector) + ";",
          {"b32"},
          {"b32", "b32"}};
    check(op, cross({integers(32), integers(32)}),
          [&](const Values &v) { return permute({v[0], v[1], selector}); });
  }
  // Bytes of b:a by mode, as functions of the selector n and the position p.
  struct {
    const char *name;
    unsigned (*choose)(unsigned n, unsigned p);
  } modes[] = {
      {"f4e", [](unsigned n, unsigned p) { return n + p; }},
      {"b4e", [](unsigned n, unsigned p) { return (8 + n - p) % 8; }},
      {"rc8", [](unsigned n, unsigned) { return n; }},
      {"ecl", [](unsigned n, unsigned p) { return std::max(n, p); }},
      {"ecr", [](unsigned n, unsigned p) { return std::min(n, p); }},
      {"rc16", [](unsigned n, unsigned p) { return n % 2 * 2 + p % 2; }},
  };
  for (auto [name, choose] : modes)
    check(makeOp(std::string("prmt.b32.") + name, "b32", {"b32", "b32", "b32"}),
          cross({integers(32), integers(32), {0, 1, 2, 3, 6, 0xfffd}}),
          [&, choose = choose](const Values &v) {
            uint64_t result = 0;
            for (unsigned p = 0; p < 4; ++p)
              result |= pick(v, choose(unsigned(v[2] & 3), p)) << (8 * p);
            return result;
          });
}
