//===- ParserTest.cpp - The front end of the PTX simulator ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frontend/Parser.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace ptxsim;

namespace {

constexpr const char *kHead = ".version 8.0\n.target sm_80\n.address_size 64\n";
/// Line 4 of a text starts here: registers that most tests use.
constexpr const char *kEntry =
    ".entry k(.param .u64 a, .param .align 8 .b8 s[24]) { "
    ".reg .pred %p<4>; .reg .b32 %r<10>; .reg .b64 %rd<10>; .reg .f32 %f<4>; "
    ".shared .align 16 .b8 sm[256];\n";

std::unique_ptr<Tree> parse(const std::string &text) {
  Diagnostic error;
  auto tree = parseTree(text, error);
  EXPECT_TRUE(tree) << error.format("ptx") << "\n" << text;
  EXPECT_EQ(bool(tree), !error);
  return tree;
}

std::unique_ptr<Tree> parseTop(const std::string &text) {
  return parse(kHead + text);
}

/// The statements start in line 5.
std::unique_ptr<Tree> parseBody(const std::string &statements) {
  return parse(std::string(kHead) + kEntry + statements + "\n}\n");
}

/// Returns the message for a complete text, as `LINE:COLUMN: message`.
std::string failWhole(const std::string &text) {
  Diagnostic error;
  auto tree = parseTree(text, error);
  EXPECT_FALSE(tree) << text;
  return error.format("").substr(error.line ? 1 : 0);
}
std::string failTop(const std::string &text) { return failWhole(kHead + text); }
std::string failBody(const std::string &statements) {
  return failWhole(std::string(kHead) + kEntry + statements + "\n}\n");
}

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

#define EXPECT_FAIL(message, part)                                             \
  do {                                                                         \
    std::string found = message;                                               \
    EXPECT_TRUE(contains(found, part)) << "message: " << found;                \
  } while (false)

const Instruction &first(const std::unique_ptr<Tree> &tree) {
  return tree->functions.back().body.front();
}

/// Returns the operand after the first one of `mov.b64 %rd1, OPERAND`.
Operand operandOf(const std::string &text) {
  auto tree = parseBody("mov.b64 %rd1, " + text + ";");
  return tree ? first(tree).operands.at(1) : Operand();
}

int64_t fold(const std::string &expression) {
  Operand operand = operandOf(expression);
  EXPECT_EQ(operand.kind, Operand::Int) << expression;
  return int64_t(operand.value);
}

double asDouble(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

template <typename T> T readAt(const Variable &variable, size_t offset) {
  T value{};
  EXPECT_LE(offset + sizeof(T), variable.initializer.size());
  if (offset + sizeof(T) <= variable.initializer.size())
    std::memcpy(&value, variable.initializer.data() + offset, sizeof(T));
  return value;
}

//===----------------------------------------------------------------------===//
// Headers
//===----------------------------------------------------------------------===//

TEST(PTXParser, head) {
  auto tree = parse("// c\n/* d\n */.version 7.0\n.target sm_90a, debug\n");
  EXPECT_EQ(tree->version, 70u);
  EXPECT_EQ(tree->target, "sm_90a");
  EXPECT_EQ(parse(".version 9.0 .target texmode_independent, sm_100f "
                  ".address_size 64")
                ->target,
            "sm_100f");
  // Drivers get texts with a zero byte at the end.
  EXPECT_TRUE(parse(std::string(".version 8.0\n.target sm_80\n\0", 29)));
}

TEST(PTXParser, wrongHead) {
  EXPECT_EQ(failWhole(".version 6.5\n.target sm_80\n"),
            "1:10: PTX ISA version 6.5 is not supported; 7.0 to 9.0 are legal");
  EXPECT_FAIL(failWhole(".version 9.1\n"), "7.0 to 9.0 are legal");
  EXPECT_FAIL(failWhole(".version 10.0\n"), "version 10.0 is not supported");
  EXPECT_FAIL(failWhole(".version 8\n"), "expected a version such as 8.0");
  EXPECT_FAIL(failWhole(""), "1:1: expected '.version'");
  EXPECT_FAIL(failWhole(".version 8.0\n"), "expected '.target'");
  EXPECT_FAIL(failWhole(".version 8.0\n.target compute_80"),
              "2:9: expected a target such as sm_80");
  EXPECT_FAIL(failWhole(".version 8.0\n.target sm_8x"), "found 'sm_8x'");
  EXPECT_FAIL(failWhole(".version 8.0\n.target debug"), "expected a chip");
  EXPECT_FAIL(failWhole(".version 8.0\n.target sm_80\n.address_size 32"),
              "3:15: expected 64");
  EXPECT_FAIL(failTop(".alias a, b;"), ".alias is not supported");
  EXPECT_FAIL(failTop(".reg .b32 x;"), ".reg is legal in functions only");
  EXPECT_FAIL(failTop(".tex .u32 x;"), "textures are not supported");
  EXPECT_FAIL(failTop("add.u32 x;"), "4:1: expected a directive");
}

TEST(PTXParser, ignoredDirectives) {
  auto tree = parseTop(R"(
.file 1 "a.cu"
.file 2 "b \" c.cu", 1234, 5
@@DWARF .byte 0x1, ' what a driver skips
.pragma "nounroll";
.entry k() {
  .reg .b32 r;
  .loc 1 2 3
  .loc 1 5 6, function_name $L__info_string0+4, inlined_at 1 2 3 mov.u32 r, 1;
$L__tmp0:
  .pragma "a", "b";
}
.section .debug_str { $L: .b8 1,2
 .b32 x-y { "}" } }
)");
  EXPECT_EQ(tree->functions.at(0).body.size(), 1u);
  EXPECT_FAIL(failTop(".section .debug {"), "'{' has no '}'");
  EXPECT_FAIL(failTop(".section debug {}"), "expected the section's name");
  EXPECT_FAIL(failTop(".file x"), "expected the file's number");
  EXPECT_FAIL(failTop(".pragma nounroll;"), "expected a string");
  EXPECT_FAIL(failBody(".loc 1 2;"), "expected a file, a line and a column");
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

TEST(PTXParser, kernelHead) {
  auto tree = parseTop(R"(
.visible .entry k(
  .param .u64 .ptr .global .align 16 a,
  .param .align 4 .b8 s[3][4],
  .param .f32 f
)
.maxntid 256, 2
.minnctapersm 2 .maxnreg 64 .maxnctapersm 3
.reqntid 8, 4, 2 .reqnctapercluster 2 .maxclusterrank 8
.explicitcluster .blocksareclusters .pragma "nounroll";
{ ret; }
.weak .entry empty { }
)");
  const Function &k = tree->functions.at(0);
  EXPECT_TRUE(k.isEntry);
  EXPECT_FALSE(k.isExtern);
  EXPECT_EQ(k.position.line, 5u);
  ASSERT_EQ(k.parameters.size(), 3u);
  const Variable &a = k.variables[k.parameters[0].index];
  EXPECT_EQ(a.space, Space::Param);
  EXPECT_TRUE(a.isPointer);
  EXPECT_EQ(a.size, 8u);
  // The alignment is that of the target.
  EXPECT_EQ(a.alignment, 8u);
  const Variable &s = k.variables[k.parameters[1].index];
  EXPECT_EQ(s.size, 12u);
  EXPECT_EQ(s.alignment, 4u);
  EXPECT_TRUE(s.isArray);
  EXPECT_FALSE(s.isPointer);
  EXPECT_EQ(k.maxThreads[0], 256u);
  EXPECT_EQ(k.maxThreads[1], 2u);
  EXPECT_EQ(k.maxThreads[2], 1u);
  EXPECT_EQ(k.requiredThreads[2], 2u);
  EXPECT_EQ(k.requiredCluster[0], 2u);
  EXPECT_EQ(k.minBlocksPerSM, 2u);
  EXPECT_EQ(k.maxRegisters, 64u);
  EXPECT_TRUE(tree->functions.at(1).parameters.empty());
}

TEST(PTXParser, functions) {
  auto tree = parseTop(R"(
.extern .func (.param .b32 r) vprintf (.param .b64 f, .param .b64 a);
.func (.param .b32 _) later (.param .b32 _, .param .align 8 .b8 _[24]) ;
.func (.reg .b32 %out) regs (.reg .b32 %in, .reg .pred %q) .noreturn {
  call (%out), later, (%in, 0);
  call (%out), regs, (%in, %q);
  ret;
}
.visible .func (.param .b32 r) later (.param .b32 a, .param .align 8 .b8 b[24])
{ ret; }
)");
  ASSERT_EQ(tree->functions.size(), 3u);
  EXPECT_TRUE(tree->functions[0].isExtern);
  EXPECT_EQ(tree->functions[0].parameters.size(), 2u);
  EXPECT_FALSE(tree->functions[1].isExtern);
  EXPECT_EQ(tree->functions[1].body.size(), 1u);
  const Function &regs = tree->functions[2];
  EXPECT_TRUE(regs.noReturn);
  EXPECT_TRUE(regs.parameters[1].isRegister);
  EXPECT_EQ(regs.registers[regs.parameters[1].index].type, Type::Pred);
  EXPECT_EQ(regs.body[0].operands[0].function, 1);
  EXPECT_EQ(regs.body[1].operands[0].function, 2);
}

TEST(PTXParser, wrongFunctions) {
  EXPECT_FAIL(failTop(".entry k();"), "entry k has no body");
  EXPECT_FAIL(failTop(".func f(){} .func f(){}"),
              "4:19: function f is defined at line 4 already");
  EXPECT_FAIL(failTop(".func f(.param .b32 a);.func f(.param .b64 a){}"),
              "other parameters or results than at line 4");
  EXPECT_FAIL(failTop(".global .b32 f; .func f(){}"), "as a variable before");
  EXPECT_FAIL(failTop(".func f(); .global .b32 f;"), "as a function before");
  EXPECT_FAIL(failTop(".extern .func f(){}"), "is .extern and has a body");
  EXPECT_FAIL(failTop(".entry k(.param .b32 a[]){}"), "has no size");
  EXPECT_FAIL(failTop(".entry k(.param .b32 a, .param .b32 a){}"),
              "a is declared in this scope already");
  EXPECT_FAIL(failTop(".entry k(.global .b32 a){}"), "expected a parameter");
  EXPECT_FAIL(failTop(".entry k() .maxntid 0 {}"), ".maxntid is 0");
  EXPECT_FAIL(failTop(".entry k() .maxntid 1,1,1,1 {}"), "at most 3");
  EXPECT_FAIL(failTop(".entry k() .maxnreg 5000000000 {}"), "2147483647");
  EXPECT_FAIL(failTop(".entry k() .fast {}"), "found '.fast'");
  EXPECT_FAIL(failTop(".func f() .maxntid 1 {}"), "legal for entries only");
  EXPECT_FAIL(failTop(".func 5() {}"), "expected a function's name");
  EXPECT_FAIL(failTop(".entry k() { ret;"), "the body of k has no '}'");
  EXPECT_FAIL(failTop(".entry k() ret;"), "expected '{' or ';'");
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

TEST(PTXParser, moduleVariables) {
  auto tree = parseTop(R"(
.extern .shared .align 16 .b8 dyn[];
.visible .global .attribute(.managed) .align 4 .u32 m = 7;
.const .f32 c[2][3] = {{1.5, 0f40000000}, {-4.0}};
.global .v2 .f32 v[2] = {{1.0, 2.0}, {3.0}};
.global .b8 bytes[] = {1, 0xff, -1};
.global .b64 p = generic(bytes)+2, q[3] = {0, bytes+1};
.extern .global .b32 later;
.global .b32 later = WARP_SZ;
.global .f64 d = 0d3FF0000000000000;
)");
  const auto &v = tree->variables;
  ASSERT_EQ(v.size(), 9u);
  EXPECT_TRUE(v[0].isExtern && v[0].isArray);
  EXPECT_EQ(v[0].size, 0u);
  EXPECT_EQ(v[0].alignment, 16u);
  EXPECT_EQ(v[1].name, "m");
  EXPECT_EQ(readAt<uint32_t>(v[1], 0), 7u);
  EXPECT_EQ(v[2].space, Space::Const);
  EXPECT_EQ(v[2].size, 24u);
  EXPECT_EQ(readAt<float>(v[2], 0), 1.5f);
  EXPECT_EQ(readAt<float>(v[2], 4), 2.0f);
  EXPECT_EQ(readAt<float>(v[2], 8), 0.0f);
  EXPECT_EQ(readAt<float>(v[2], 12), -4.0f);
  EXPECT_EQ(v[3].size, 16u);
  EXPECT_EQ(v[3].alignment, 8u);
  EXPECT_EQ(readAt<float>(v[3], 8), 3.0f);
  EXPECT_EQ(v[4].size, 3u);
  EXPECT_EQ(readAt<uint8_t>(v[4], 2), 0xff);
  ASSERT_EQ(v[5].relocations.size(), 1u);
  EXPECT_TRUE(v[5].relocations[0].generic);
  EXPECT_EQ(v[5].relocations[0].variable, 4);
  EXPECT_EQ(v[5].relocations[0].addend, 2);
  ASSERT_EQ(v[6].relocations.size(), 1u);
  EXPECT_FALSE(v[6].relocations[0].generic);
  EXPECT_EQ(v[6].relocations[0].offset, 8u);
  EXPECT_EQ(v[6].relocations[0].size, 8u);
  EXPECT_EQ(v[6].size, 24u);
  // The definition replaces its declaration.
  EXPECT_FALSE(v[7].isExtern);
  EXPECT_EQ(readAt<uint32_t>(v[7], 0), 32u);
  EXPECT_EQ(readAt<double>(v[8], 0), 1.0);
}

TEST(PTXParser, addressesByteByByte) {
  auto tree =
      parseTop(".global .b32 x;\n.global .b8 t[16] = {7, 0, 0, 0, 0, 0, "
               "0, 0, 0xFF(x), 0xFF00(x), 0xFF0000(x), 0xFF000000(x), "
               "0xFF00000000(x), 0xFF0000000000(x), "
               "0xFF000000000000(x), 0xFF00000000000000(x)};");
  const Variable &table = tree->variables.at(1);
  ASSERT_EQ(table.relocations.size(), 1u);
  EXPECT_EQ(table.relocations[0].offset, 8u);
  EXPECT_EQ(table.relocations[0].size, 8u);
  EXPECT_FAIL(failTop(".global .b32 x; .global .b8 t[2] = {0xFF(x)};"),
              "1 bytes of an address");
  EXPECT_FAIL(failTop(".global .b32 x; .global .b8 t[2] = {0xFF00(x)};"),
              "one after another");
  EXPECT_FAIL(failTop(".global .b32 x; .global .b32 t[2] = {0xFF(x)};"),
              "arrays of bytes only");
}

TEST(PTXParser, localVariables) {
  auto tree = parseBody(".local .align 8 .b8 stack[40]; .shared .f32 t[8][9];"
                        ".global .b32 kept = 3; .extern .shared .b8 e[];"
                        "{ .param .b32 x; .param .align 8 .b8 y[12];"
                        "st.param.b32 [y+8], 1; }");
  const Function &k = tree->functions.at(0);
  // a, s, sm come first.
  ASSERT_EQ(k.variables.size(), 8u);
  EXPECT_EQ(k.variables[3].space, Space::Local);
  EXPECT_EQ(k.variables[4].size, 288u);
  EXPECT_TRUE(k.variables[5].isExtern);
  const Operand &address = k.body[0].operands[0];
  EXPECT_TRUE(address.variable.isLocal);
  EXPECT_EQ(address.variable.index, 7);
  EXPECT_EQ(address.value, 8u);
  // It lives as long as the module.
  EXPECT_EQ(tree->variables.at(0).name, "kept");
}

TEST(PTXParser, wrongVariables) {
  EXPECT_FAIL(failTop(".global .b32 x; .global .b32 x;"),
              "4:30: variable x is defined at line 4 already");
  EXPECT_FAIL(failTop(".extern .global .b32 x; .global .b64 x;"),
              "x is declared as .global .b32 at line 4");
  EXPECT_FAIL(failTop(".global .bf16 x;"), "expected a type");
  EXPECT_FAIL(failTop(".global .texref x;"), "textures are not supported");
  EXPECT_FAIL(failTop(".global .b32 .b64 x;"), "two types");
  EXPECT_FAIL(failTop(".global .align 8 x;"), "has no type");
  EXPECT_FAIL(failTop(".global .align 3 .b32 x;"), ".align 3; powers of two");
  EXPECT_FAIL(failTop(".global .pred x;"), "type of registers only");
  EXPECT_FAIL(failTop(".const[2] .b32 x;"), "numbered banks");
  EXPECT_FAIL(failTop(".global .b32 x<4>;"), "only registers");
  EXPECT_FAIL(failTop(".global .b32 x[];"), "array x has no size");
  EXPECT_FAIL(failTop(".global .b32 x[0];"), "0 elements");
  EXPECT_FAIL(failTop(".global .b32 x[-1];"), "-1 elements");
  EXPECT_FAIL(failTop(".global .b32 x[2][];"), "first dimension");
  EXPECT_FAIL(failTop(".global .b32 x[4294967296][4294967296];"),
              "larger than 2^40 bytes");
  EXPECT_FAIL(failTop(".global .b32 x[][1099511627776] = {{1}};"),
              "larger than 2^40 bytes");
  std::string deep = ".global .b32 x";
  for (int i = 0; i < 40; ++i)
    deep += "[1]";
  EXPECT_FAIL(failTop(deep + ";"), "more than 32 dimensions");
  EXPECT_FAIL(failTop(".global .b32 x y;"), "expected ';'");
  EXPECT_FAIL(failBody(".shared .b32 x, sm;"), "5:17: sm is declared");
  EXPECT_FAIL(failBody(".local .b32 x = 1;"), "cannot have an initializer");
  EXPECT_FAIL(failTop(".extern .global .b32 x = 1;"), "cannot have");
}

TEST(PTXParser, wrongInitializers) {
  EXPECT_FAIL(failTop(".global .b32 x[2] = {1,2,3};"),
              "more values than the 2");
  EXPECT_FAIL(failTop(".global .b32 x[2][2] = {1,2};"), "expected '{'");
  EXPECT_FAIL(failTop(".global .b32 x[2] = 1;"), "expected '{'");
  EXPECT_FAIL(failTop(".global .b32 x = {1};"), "expected a value");
  EXPECT_FAIL(failTop(".global .b32 x[2] = {1,};"), "expected a value");
  EXPECT_FAIL(failTop(".global .b32 x[2] = {1;"), "expected '}' or ','");
  EXPECT_FAIL(failTop(".global .b32 x[] = {};"), "neither a size nor a value");
  EXPECT_FAIL(failTop(".global .f32 x = 1;"),
              "must be a floating-point number");
  EXPECT_FAIL(failTop(".global .f16 x = 1.0;"), "write its bits");
  EXPECT_FAIL(failTop(".global .u64 x = y;"), "undeclared variable y");
  EXPECT_FAIL(failTop(".func f(); .global .u64 x = f;"),
              "the address of function f");
  EXPECT_FAIL(failTop(".shared .b32 s; .global .u64 x = s;"),
              "of space .shared");
  EXPECT_FAIL(failTop(".global .b32 y; .global .u16 x = y;"),
              "an address cannot be a value of type .u16");
  EXPECT_FAIL(failTop(".global .b32 x = \"s\";"), "expected a value");
  // A value at a large offset would fill the memory with zeros.
  EXPECT_FAIL(failTop(".global .b8 x[2][1000000000] = {{}, {1}};"), "2^28");
}

//===----------------------------------------------------------------------===//
// Registers, scopes, labels
//===----------------------------------------------------------------------===//

TEST(PTXParser, registers) {
  auto tree = parseBody(".reg .f64 x, y<3>, $z; .reg .b16 %r1_<2>;"
                        "mov.f64 x, y2; mov.b16 %r1_1, %r1_0; mov.b32 %r1, %r9;"
                        "mov.b32 %r9, %r1;");
  const Function &k = tree->functions.at(0);
  auto typeOf = [&](int inst, int operand) {
    return k.registers[k.body[inst].operands[operand].reg].type;
  };
  EXPECT_EQ(typeOf(0, 0), Type::F64);
  EXPECT_EQ(typeOf(0, 1), Type::F64);
  EXPECT_EQ(typeOf(1, 1), Type::B16);
  EXPECT_EQ(typeOf(2, 0), Type::B32);
  EXPECT_EQ(k.body[2].operands[0].reg, k.body[3].operands[1].reg);
  EXPECT_EQ(k.body[2].operands[1].reg, k.body[3].operands[0].reg);
  EXPECT_NE(k.body[2].operands[0].reg, k.body[2].operands[1].reg);
  EXPECT_EQ(k.registers[k.body[2].operands[1].reg].name, "%r9");
  // Names are views of the tree's own text.
  const char *name = k.registers[0].name.data();
  EXPECT_TRUE(name >= tree->text.data() &&
              name < tree->text.data() + tree->text.size());
  // A large count costs nothing.
  tree = parseBody(".reg .b64 %big<16777216>; mov.b64 %big16777215, 0;");
  EXPECT_EQ(tree->functions.at(0).registers.size(), 1u);
}

TEST(PTXParser, wrongRegisters) {
  EXPECT_FAIL(failBody(".reg .b32 %q<4000000000>;"),
              "'%q<4000000000>': 1 to 16777216 registers are legal");
  EXPECT_FAIL(failBody(".reg .b32 %q<0>;"), "1 to 16777216");
  EXPECT_FAIL(failBody(".reg .b32 x, x;"), "5:14: x is declared in this scope");
  EXPECT_FAIL(failBody(".reg .b32 %r<4>;"), "%r<...> are declared");
  EXPECT_FAIL(failBody(".reg .b32 %r3;"), "%r3 is declared in this scope");
  EXPECT_FAIL(failBody(".reg .v2 .b32 v;"), "vector registers");
  EXPECT_FAIL(failBody(".reg .b32 x[2];"), "cannot be an array");
  EXPECT_FAIL(failBody("mov.b32 %r10, 1;"),
              "undeclared register %r10: %r<10> declares %r0 to %r9");
  EXPECT_FAIL(failBody("mov.b32 %q, 1;"), "5:9: undeclared register %q");
  EXPECT_FAIL(failBody("mov.b32 %r01, 1;"), "undeclared register %r01");
  EXPECT_FAIL(failBody("mov.b32 foo, 1;"), "undeclared name foo");
  EXPECT_FAIL(failBody("mov.b32 %r1.x, 1;"), "parts of registers");
  EXPECT_FAIL(failBody("@%r1 ret;"), "%r1 is not a predicate register");
  EXPECT_FAIL(failBody("@%p9 ret;"), "undeclared register %p9");
  EXPECT_FAIL(failBody("@5 ret;"), "expected a predicate register after '@'");
  EXPECT_FAIL(failBody("@%p1 { }"), "expected an instruction after its guard");
}

TEST(PTXParser, scopes) {
  auto tree = parseBody(R"(
LOOP: mov.b32 %r1, 1;
{ .reg .b64 %r1; .reg .pred p;
  LOOP: mov.b64 %r1, 2; @p bra LOOP; bra DONE;
  { .reg .f32 p; mov.f32 p, 0f00000000; bra LOOP; }
}
{ .reg .b32 %r<2>; LOOP: mov.b32 %r1, 3; bra.uni LOOP; }
bra LOOP;
DONE:)");
  const Function &k = tree->functions.at(0);
  ASSERT_EQ(k.labels.size(), 4u);
  auto target = [&](size_t inst) {
    return k.labels[k.body.at(inst).operands.at(0).label];
  };
  EXPECT_EQ(target(2), 1u);
  EXPECT_EQ(target(3), 9u);
  EXPECT_EQ(target(5), 1u);
  EXPECT_EQ(target(7), 6u);
  EXPECT_EQ(target(8), 0u);
  EXPECT_EQ(k.labelNames[3], "DONE");
  EXPECT_NE(k.body[0].operands[0].reg, k.body[1].operands[0].reg);
  EXPECT_NE(k.body[0].operands[0].reg, k.body[6].operands[0].reg);
  EXPECT_EQ(k.registers[k.body[1].operands[0].reg].type, Type::B64);
}

TEST(PTXParser, branchTargets) {
  auto tree = parseBody("T: .branchtargets A, B,\n A; brx.idx %r1, T;\n"
                        "A: ret; B: ret;");
  const Function &k = tree->functions.at(0);
  ASSERT_EQ(k.branchTargets.size(), 3u);
  EXPECT_EQ(k.branchTargets[0], (std::vector<int>{1, 2, 1}));
  EXPECT_TRUE(k.branchTargets[1].empty());
  EXPECT_EQ(k.body[0].operands[1].label, 0);
  EXPECT_EQ(k.labels[2], 2u);
}

TEST(PTXParser, wrongLabels) {
  EXPECT_FAIL(failBody("bra NOWHERE;"), "5:5: undeclared label NOWHERE");
  EXPECT_FAIL(failBody("{ IN: } bra IN;"), "5:13: undeclared label IN");
  EXPECT_FAIL(failBody("A: A:"), "A is declared in this scope already");
  EXPECT_FAIL(failBody("T: .branchtargets X;"), "undeclared label X");
  EXPECT_FAIL(failBody(".branchtargets X;"), "must have a label before it");
  EXPECT_FAIL(failBody("%r1"), "expected an instruction, found '%r1'");
  std::string deep(250, '{');
  EXPECT_FAIL(failBody(deep), "nested more than 200 deep");
}

//===----------------------------------------------------------------------===//
// Instructions and operands
//===----------------------------------------------------------------------===//

TEST(PTXParser, instructions) {
  auto tree = parseBody(
      "@!%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [sm], 16;"
      "ret; ldmatrix.sync.aligned.m8n8.x2.shared.b16{%r1,%r2},[%r3];\n"
      "shfl.sync.idx.b32 %r1|%p2, %r2, 0x1f, 31, -1; "
      "setp.eq.and.u32 %p1 | %p2, %r1, 2, !%p3;");
  const auto &body = tree->functions.at(0).body;
  ASSERT_EQ(body.size(), 5u);
  EXPECT_EQ(body[0].opcode, "mbarrier");
  EXPECT_EQ(body[0].qualifiers,
            (std::vector<std::string_view>{"arrive", "expect_tx", "shared::cta",
                                           "b64"}));
  EXPECT_TRUE(body[0].guardNegated);
  EXPECT_EQ(tree->functions[0].registers[body[0].guard].name, "%p1");
  EXPECT_EQ(body[0].position.line, 5u);
  EXPECT_EQ(body[0].position.column, 7u);
  EXPECT_EQ(body[0].operands[0].kind, Operand::Sink);
  EXPECT_EQ(body[1].guard, -1);
  EXPECT_TRUE(body[1].operands.empty());
  EXPECT_EQ(body[2].operands[0].kind, Operand::Vector);
  EXPECT_EQ(body[2].operands[0].elements.size(), 2u);
  ASSERT_EQ(body[3].operands.size(), 6u);
  EXPECT_TRUE(body[3].operands[1].afterBar);
  EXPECT_FALSE(body[3].operands[2].afterBar);
  EXPECT_EQ(body[3].position.line, 6u);
  EXPECT_TRUE(body[4].operands[4].negated);
  EXPECT_FALSE(body[4].operands[0].negated);
}

TEST(PTXParser, addresses) {
  auto address = [](const std::string &text) { return operandOf(text); };
  Operand op = address("[%rd2+16]");
  EXPECT_EQ(op.kind, Operand::Address);
  ASSERT_EQ(op.elements.size(), 1u);
  EXPECT_EQ(op.elements[0].kind, Operand::Reg);
  EXPECT_EQ(op.value, 16u);
  EXPECT_EQ(int64_t(address("[%rd2+-16]").value), -16);
  EXPECT_EQ(int64_t(address("[%rd2 - 8*2 + 4]").value), -12);
  op = address("[sm+(1<<3)]");
  EXPECT_TRUE(op.elements.empty());
  EXPECT_TRUE(op.variable.isLocal);
  EXPECT_EQ(op.variable.index, 2);
  EXPECT_EQ(op.value, 8u);
  op = address("[100+4]");
  EXPECT_TRUE(op.elements.empty());
  EXPECT_LT(op.variable.index, 0);
  EXPECT_EQ(op.value, 104u);
  op = address("sm-4");
  EXPECT_EQ(op.kind, Operand::VariableAddress);
  EXPECT_EQ(int64_t(op.value), -4);
  op = address("[%rd2+8, {%r1, 0, _}]");
  ASSERT_EQ(op.elements.size(), 2u);
  EXPECT_EQ(op.elements[0].kind, Operand::Reg);
  EXPECT_EQ(op.elements[0].value, 8u);
  EXPECT_EQ(op.value, 0u);
  EXPECT_EQ(op.elements[1].kind, Operand::Vector);
  EXPECT_EQ(op.elements[1].elements.size(), 3u);
  op = address("[sm+4, {%r1}]");
  EXPECT_EQ(op.elements[0].kind, Operand::VariableAddress);
  EXPECT_EQ(op.elements[0].variable.index, 2);
  EXPECT_LT(op.variable.index, 0);
}

TEST(PTXParser, wrongOperands) {
  EXPECT_FAIL(failBody("add.u32 %r1, %r2"), "expected ',' or ';'");
  EXPECT_FAIL(failBody("add.u32 %r1 %r2;"),
              "5:13: expected ',' or ';' after an operand of add, found '%r2'");
  EXPECT_FAIL(failBody("add.u32 %r1,;"), "expected an operand, found ';'");
  EXPECT_FAIL(failBody("add.u32 %r1, {%r2, {%r3}};"), "between braces");
  EXPECT_FAIL(failBody("add.u32 %r1, {};"), "expected an operand");
  EXPECT_FAIL(failBody("add.u32 %r1, -%r2;"), "expected a constant");
  EXPECT_FAIL(failBody("ld.b32 %r1, [%rd1+%rd2];"), "a constant as the");
  EXPECT_FAIL(failBody("ld.b32 %r1, [%rd1+sm];"), "found 'sm'");
  EXPECT_FAIL(failBody("ld.b32 %r1, [%rd1;"), "expected ']'");
  EXPECT_FAIL(failBody("ld.b32 %r1, [k];"), "the base of an address");
  EXPECT_FAIL(failBody("ld.b32 %r1, [1.5];"), "floating-point number");
  EXPECT_FAIL(failBody("ld.b32 %r1, [sm+1.5];"), "must be an integer");
  EXPECT_FAIL(failBody("ld.b32 %r1, [%rd1, [%rd2]];"), "a vector in the");
  EXPECT_FAIL(failBody("mov.u32 %r1, sm[1];"), "index in brackets");
  EXPECT_FAIL(failBody("mov.u32 %r1, .x;"), "found '.x'");
  EXPECT_FAIL(failBody("mov.u32 %r1, \"s\";"), "found '\"s\"'");
  EXPECT_FAIL(failBody("mov.u32 %r1, 1; ;"), "found ';'");
}

TEST(PTXParser, specialRegisters) {
  EXPECT_EQ(operandOf("%ctaid.z").special, Special::CtaidZ);
  EXPECT_EQ(operandOf("%laneid").kind, Operand::SpecialReg);
  EXPECT_EQ(operandOf("%clock64").special, Special::Clock64);
  EXPECT_EQ(operandOf("%cluster_nctaid.y").special, Special::ClusterNCtaIdY);
  EXPECT_FAIL(failBody("mov.u32 %r1, %tid.w;"), "%tid.w is not supported");
  EXPECT_FAIL(failBody("mov.u32 %r1, %tid;"), "%tid.x, .y and .z are");
  EXPECT_FAIL(failBody("mov.u32 %r1, %pm0;"), "%pm0 is not supported");
  EXPECT_FAIL(failBody("mov.u32 %r1, %envreg3;"), "%envreg3 is not supported");
  EXPECT_FAIL(failBody("mov.u32 %r1, %foo;"), "undeclared register %foo");
  // A declared name has priority.
  auto tree = parseBody(".reg .b32 %laneid; mov.b32 %laneid, 1;");
  EXPECT_EQ(first(tree).operands[0].kind, Operand::Reg);
}

TEST(PTXParser, calls) {
  auto tree = parseTop(R"(
.func (.param .b32 r) f(.param .b32 a, .param .b32 b) { ret; }
.func g() { ret; }
.entry k() {
  .reg .b32 %r<3>; .reg .b64 %rd<2>; .param .b32 x; .param .b32 y;
  call.uni (x), f, (y, 7);
  call g; call.uni g, ();
  mov.u64 %rd1, f;
  P: .callprototype (.param .b32 _) _ (.param .b32 _, .param .b32 _, ...);
  C: .calltargets f;
  call (x), %rd1, (y, y), P;
  call %rd1, C;
})");
  const auto &body = tree->functions.at(2).body;
  ASSERT_EQ(body.size(), 6u);
  EXPECT_EQ(body[0].operands.at(0).kind, Operand::Function);
  EXPECT_EQ(body[0].operands[0].function, 0);
  EXPECT_EQ(body[0].callResults.at(0).kind, Operand::VariableAddress);
  EXPECT_EQ(body[0].callArguments.at(1).value, 7u);
  EXPECT_EQ(body[1].operands[0].function, 1);
  EXPECT_TRUE(body[2].callArguments.empty());
  EXPECT_EQ(body[3].operands[1].kind, Operand::Function);
  EXPECT_EQ(body[4].operands.at(0).kind, Operand::Reg);
  EXPECT_EQ(body[4].callArguments.size(), 2u);
  EXPECT_EQ(body[5].operands.size(), 1u);

  EXPECT_FAIL(failBody("call nowhere;"), "undeclared name nowhere");
  EXPECT_FAIL(failBody("call sm;"), "the callee is not a function");
  EXPECT_FAIL(failBody("call (%r1);"), "expected ',' after the results");
  EXPECT_FAIL(failBody("call %rd1, (%r1), P;"), "undeclared label P");
  EXPECT_FAIL(failBody("call k, (%r1;"), "expected ')' or ','");
  EXPECT_FAIL(failBody("P: .callprototype (.param"), "expected ';'");
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

TEST(PTXParser, integers) {
  EXPECT_EQ(fold("0x1F"), 31);
  EXPECT_EQ(fold("0X1fU"), 31);
  EXPECT_EQ(fold("017"), 15);
  EXPECT_EQ(fold("0b101"), 5);
  EXPECT_EQ(fold("0"), 0);
  EXPECT_EQ(fold("-7"), -7);
  EXPECT_EQ(fold("18446744073709551615"), -1);
  EXPECT_FAIL(failBody("mov.b64 %rd1, 18446744073709551616;"),
              "5:15: '18446744073709551616': this is not a");
  EXPECT_FAIL(failBody("mov.b64 %rd1, 09;"), "'09': this is not a");
  EXPECT_FAIL(failBody("mov.b64 %rd1, 12ab;"), "'12ab': this is not a");
  EXPECT_FAIL(failBody("mov.b64 %rd1, 0x;"), "'0x': this is not a");
  EXPECT_FAIL(failBody("mov.b64 %rd1, 0b2;"), "'0b2': this is not a");
}

TEST(PTXParser, floats) {
  EXPECT_EQ(operandOf("0f3F800000").kind, Operand::Float32);
  EXPECT_EQ(operandOf("0f3F800000").value, 0x3f800000u);
  EXPECT_EQ(operandOf("0d4000000000000000").kind, Operand::Float64);
  EXPECT_EQ(asDouble(operandOf("0D4000000000000000").value), 2.0);
  EXPECT_EQ(asDouble(operandOf("-1.5").value), -1.5);
  EXPECT_EQ(asDouble(operandOf("2.5e-3").value), 2.5e-3);
  EXPECT_EQ(asDouble(operandOf("1e5").value), 1e5);
  EXPECT_EQ(asDouble(operandOf(".25").value), 0.25);
  EXPECT_EQ(asDouble(operandOf("1.").value), 1.0);
  EXPECT_EQ(asDouble(operandOf("1.0+2.0*3").value), 7.0);
  EXPECT_EQ(fold("1.5 < 2.0"), 1);
  EXPECT_FAIL(failBody("mov.f32 %f1, 0f3F8;"), "8 hexadecimal digits");
  EXPECT_FAIL(failBody("mov.f32 %f1, 0d3F8;"), "16 hexadecimal digits");
  EXPECT_FAIL(failBody("mov.f32 %f1, 1.5x;"), "not a 64-bit floating-point");
  EXPECT_FAIL(failBody("mov.f32 %f1, -0f3F800000;"), "cannot be negated");
  EXPECT_FAIL(failBody("mov.f32 %f1, 1.0 & 1;"), "needs integers");
  EXPECT_FAIL(failBody("mov.f32 %f1, ~1.0;"), "'~' needs an integer");
}

TEST(PTXParser, constantExpressions) {
  EXPECT_EQ(fold("1+2*3-8/4"), 5);
  EXPECT_EQ(fold("10-4-3"), 3);
  EXPECT_EQ(fold("-7 / 2"), -3);
  EXPECT_EQ(fold("-7 % 3"), -1);
  EXPECT_EQ(fold("(1<<4)|3"), 19);
  EXPECT_EQ(fold("6 & 3 ^ 1 | 8"), 11);
  EXPECT_EQ(fold("~0 >> 1"), -1);
  EXPECT_EQ(fold("-8 >> 1U"), -4);
  EXPECT_EQ(fold("(.u64)(-1) >> 63"), 1);
  EXPECT_EQ(fold("-1 < 0U"), 0);
  EXPECT_EQ(fold("-1 < 0"), 1);
  EXPECT_EQ(fold("(.s64) 0xFFFFFFFFFFFFFFFF < 0"), 1);
  EXPECT_EQ(fold("(.s64) 2.9"), 2);
  EXPECT_EQ(fold("!0 && 2 || 0"), 1);
  EXPECT_EQ(fold("3 >= 3 == 1 != 0"), 1);
  EXPECT_EQ(fold("1 > 2 ? 3 : 4 <= 4 ? 5 : 6"), 5);
  EXPECT_EQ(fold("WARP_SZ*2"), 64);
  EXPECT_EQ(fold("- -+5"), 5);
  // The only quotient that overflows wraps.
  EXPECT_EQ(fold("(.s64) 0x8000000000000000 / -1"), INT64_MIN);
  EXPECT_EQ(fold("(.s64) 0x8000000000000000 % -1"), 0);
  EXPECT_EQ(fold("9223372036854775807 + 1"), INT64_MIN);

  EXPECT_FAIL(failBody("mov.u32 %r1, 1/0;"), "5:15: division by zero");
  EXPECT_FAIL(failBody("mov.u32 %r1, 1 << 64;"), "shifts by 64; 0 to 63");
  EXPECT_FAIL(failBody("mov.u32 %r1, (1;"), "expected ')'");
  EXPECT_FAIL(failBody("mov.u32 %r1, (.b32) 1;"), "a cast to .s64 or .u64");
  EXPECT_FAIL(failBody("mov.u32 %r1, 1 ? 2;"), "expected ':'");
  EXPECT_FAIL(failBody("mov.u32 %r1, 1.0 ? 2 : 3;"), "must be an integer");
  for (const char *piece : {"(", "-", "1?"}) {
    std::string deep;
    for (int i = 0; i < 100000; ++i)
      deep += piece;
    EXPECT_FAIL(failBody("mov.u32 %r1, " + deep + "1;"), "nested more than");
  }
}

//===----------------------------------------------------------------------===//
// Broken texts, tables
//===----------------------------------------------------------------------===//

TEST(PTXParser, brokenTexts) {
  EXPECT_FAIL(failTop("/* no end"), "4:1: this comment has no end");
  EXPECT_FAIL(failTop(".pragma \"no end\n\";"), "4:9: this string does not");
  EXPECT_FAIL(failBody("mov.u32 %r1, `;"), "'`': this character is not");
  EXPECT_FAIL(failBody("mov.u32 %r1, \xff;"), "not a printable ASCII");
  EXPECT_FAIL(failBody("mov.u32 " + std::string(5000, 'x') + ";"), "xxx");
}

TEST(PTXParser, everyPrefixIsRefusedOrWhole) {
  const std::string text = std::string(kHead) + kEntry +
                           "L: @%p1 bra L; mov.u32 %r1, (1+2)*3;\n"
                           "ld.shared.v2.b32 {%r1, %r2}, [sm+8]; ret;\n}\n"
                           ".global .b32 g[2][2] = {{1, 2}, {3}};\n";
  for (size_t length = 0; length <= text.size(); ++length) {
    Diagnostic error;
    auto tree = parseTree(text.substr(0, length), error);
    EXPECT_EQ(bool(tree), !error);
    EXPECT_EQ(bool(tree), error.line == 0);
  }
}

TEST(PTXParser, tables) {
  EXPECT_EQ(lookUpType("bf16x2"), Type::BF16x2);
  EXPECT_EQ(lookUpType("foo"), Type::None);
  EXPECT_EQ(getTypeName(Type::B128), "b128");
  EXPECT_EQ(getTypeSize(Type::B128), 16u);
  EXPECT_EQ(getTypeSize(Type::Pred), 0u);
  EXPECT_EQ(getTypeSize(Type::E4M3x2), 2u);
  EXPECT_EQ(getSpaceName(Space::Const), "const");
  EXPECT_EQ(getSpecialSize(Special::GlobalTimer), 8u);
  EXPECT_EQ(getSpecialSize(Special::TidX), 4u);
  EXPECT_EQ(getSpecialSize(Special::IsExplicitCluster), 0u);
  Special special;
  for (unsigned i = 0; i <= unsigned(Special::IsExplicitCluster); ++i) {
    ASSERT_TRUE(lookUpSpecial(getSpecialName(Special(i)), special));
    EXPECT_EQ(special, Special(i));
  }
}

} // namespace
