//===- ManifestTest.cpp - Valid and invalid manifests ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Manifest.h"
#include "Manifests.h"
#include "gtest/gtest.h"

using namespace mlir::diff;
using namespace mlir::diff::launch;

namespace {
/// Returns the error of the manifest after a replacement.
std::string error(const std::string &before, const std::string &after) {
  Manifest manifest;
  return parseManifest(replaceInManifest(before, after), manifest);
}

TEST(Manifest, IsRead) {
  Manifest manifest;
  ASSERT_EQ(parseManifest(kScaleManifest, manifest), "");
  EXPECT_EQ(manifest.chip, "sm_80");
  EXPECT_EQ(manifest.ptxVersion, "7.0");
  EXPECT_EQ(manifest.findFunction("scales"), nullptr);
  const FunctionInfo *function = manifest.findFunction("scale");
  ASSERT_NE(function, nullptr);
  ASSERT_EQ(function->tensors.size(), 3u);
  const TensorInfo &x = function->tensors[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_FALSE(x.isResult);
  EXPECT_EQ(x.type, NpyType::F32);
  ASSERT_EQ(x.shape.size(), 2u);
  EXPECT_EQ(x.shape[0].name, "rows");
  EXPECT_EQ(x.shape[1].name, "");
  EXPECT_EQ(x.shape[1].number, 8);
  EXPECT_EQ(x.alignment, 16);
  EXPECT_TRUE(function->tensors[2].isResult);
  ASSERT_EQ(function->kernels.size(), 1u);
  const KernelEntry &kernel = function->kernels[0];
  EXPECT_EQ(kernel.name, "scale_kernel");
  EXPECT_EQ(kernel.grid[0].getText(), "rows");
  EXPECT_EQ(kernel.block, (std::array<int64_t, 3>{32, 1, 1}));
  EXPECT_EQ(kernel.dynamicSharedMemory, 0);
  EXPECT_EQ(kernel.limits.at("threads_per_block"), 1024);
  ASSERT_EQ(kernel.parameters.size(), 7u);
  EXPECT_EQ(kernel.parameters[1].kind, ParameterInfo::Kind::Stride);
  EXPECT_EQ(kernel.parameters[6].kind, ParameterInfo::Kind::Size);
  EXPECT_EQ(kernel.parameters[6].tensor, 2u);
  EXPECT_EQ(kernel.parameters[6].dimension, 1u);
}

TEST(Manifest, ElementTypes) {
  for (auto [name, type] :
       {std::pair("f16", NpyType::F16), std::pair("bf16", NpyType::BF16)}) {
    Manifest manifest;
    ASSERT_EQ(parseManifest(replaceInManifest("f32", name), manifest), "");
    EXPECT_EQ(manifest.functions[0].tensors[0].type, type);
  }
}

TEST(Manifest, TextThatIsNoJson) {
  Manifest manifest;
  EXPECT_EQ(parseManifest("", manifest)
                .find("manifest: it is not JSON: parse "
                      "error at line 1, column 1"),
            0u);
  EXPECT_EQ(parseManifest("{\"a\": 1e999}", manifest),
            "manifest: it is not JSON: number overflow parsing '1e999'");
  EXPECT_EQ(parseManifest("[1]", manifest),
            "manifest: an object is legal, found an array");
  std::string text = kScaleManifest;
  for (size_t size = 0; size + 1 < text.size(); size += 7)
    EXPECT_NE(parseManifest(text.substr(0, size), manifest), "") << size;
  // Deep nesting does not exhaust the stack.
  EXPECT_NE(parseManifest(std::string(1000000, '['), manifest), "");
}

TEST(Manifest, EveryKeyIsNeededAndKnown) {
  Manifest manifest;
  for (const char *key :
       {"schema_version", "target",      "functions",
        "chip",           "ptx_version", "address_size",
        "tensors",        "kernels",     "role",
        "element_type",   "shape",       "alignment",
        "grid",           "block",       "dynamic_shared_memory",
        "parameters",     "limits",      "kind",
        "access",         "tensor",      "dimension",
        "multiple_of"}) {
    std::string quoted = "\"" + std::string(key) + "\":";
    std::string problem = error(quoted, "\"gone\":");
    EXPECT_NE(problem.find("the key '" + std::string(key) + "' is missing"),
              std::string::npos)
        << problem;
    problem = error(quoted, "\"more\": 1, " + quoted);
    EXPECT_NE(problem.find("unknown key \"more\"; known are "),
              std::string::npos)
        << problem;
  }
  EXPECT_EQ(error("\"name\": \"scale\",", ""),
            "manifest.functions[0]: the key 'name' is missing");
}

TEST(Manifest, Target) {
  EXPECT_EQ(error("\"schema_version\": 1", "\"schema_version\": 2"),
            "manifest.schema_version: 2 was found; 1 is legal");
  EXPECT_EQ(error("\"schema_version\": 1", "\"schema_version\": \"1\""),
            "manifest.schema_version: an integer from 0 on is legal, found "
            "\"1\"");
  EXPECT_EQ(error("\"sm_80\"", "80"),
            "manifest.target.chip: a string is legal, found 80");
  for (const char *version :
       {"\"7\"", "\"7.\"", "\".0\"", "\"7.0.1\"", "\"seven\""})
    EXPECT_EQ(error("\"7.0\"", version),
              std::string("manifest.target.ptx_version: a version such as 7.0 "
                          "is legal, found ") +
                  version);
  EXPECT_EQ(error("64}", "32}"),
            "manifest.target.address_size: 32 was found; 64 is legal");
}

TEST(Manifest, Tensors) {
  EXPECT_EQ(error("\"name\": \"y\"", "\"name\": \"x\""),
            "manifest.functions[0].tensors[1].name: a second tensor is named "
            "'x'");
  EXPECT_EQ(error("\"argument\"", "\"operand\""),
            "manifest.functions[0].tensors[0].role: argument and result are "
            "legal, found \"operand\"");
  EXPECT_EQ(error("\"argument\"", "\"result\""),
            "manifest.functions[0].tensors[1].role: an argument follows a "
            "result");
  EXPECT_EQ(
      error("\"f32\"", "\"f64\""),
      "manifest.functions[0].tensors[0].element_type: f16, bf16, f32 and i32 "
      "are legal, found \"f64\"");
  EXPECT_EQ(
      error("\"f32\"", "\"f\""),
      "manifest.functions[0].tensors[0].element_type: f16, bf16, f32 and i32 "
      "are legal, found \"f\"");
  EXPECT_EQ(error("[\"rows\", 8]", "[\"rows\", -8]"),
            "manifest.functions[0].tensors[0].shape[1]: an integer from 0 on "
            "is legal, found -8");
  EXPECT_EQ(error("[\"rows\", 8]", "[\"rows\", 8.5]"),
            "manifest.functions[0].tensors[0].shape[1]: an integer from 0 on "
            "is legal, found 8.5");
  EXPECT_EQ(error("[\"rows\", 8]", "[\"rows\", 18446744073709551615]"),
            "manifest.functions[0].tensors[0].shape[1]: an integer from 0 on "
            "is legal, found 18446744073709551615");
  EXPECT_EQ(error("[\"rows\", 8]", "[\"\", 8]"),
            "manifest.functions[0].tensors[0].shape[0]: the name of a size is "
            "empty");
  EXPECT_EQ(error("[\"rows\", 8]", "8"),
            "manifest.functions[0].tensors[0].shape: an array is legal, found "
            "8");
  EXPECT_EQ(error("\"alignment\": 16", "\"alignment\": 0"),
            "manifest.functions[0].tensors[0].alignment: an integer from 1 on "
            "is legal, found 0");
}

TEST(Manifest, Kernels) {
  const std::string at = "manifest.functions[0].kernels[0]";
  EXPECT_EQ(error("[\"rows\", \"1\", \"1\"]", "[\"rows\", \"1\"]"),
            at + ".grid: an array of 3 is legal, found one of 2");
  EXPECT_EQ(error("[\"rows\", \"1\", \"1\"]", "7"),
            at + ".grid: an array of 3 is legal, found 7");
  EXPECT_EQ(error("[\"rows\", \"1\", \"1\"]", "[\"rows\", 1, \"1\"]"),
            at + ".grid[1]: a string is legal, found 1");
  EXPECT_EQ(error("[\"rows\", \"1\", \"1\"]", "[\"rows\", \"1 +\", \"1\"]"),
            at +
                ".grid[1]: '1 +': a number, a name or a parenthesis is missing "
                "at character 4");
  EXPECT_EQ(error("[\"rows\", \"1\", \"1\"]", "[\"lines\", \"1\", \"1\"]"),
            at + ".grid[0]: 'lines': no tensor has a size 'lines'");
  EXPECT_EQ(error("[32, 1, 1]", "[32, 0, 1]"),
            at + ".block[1]: an integer from 1 on is legal, found 0");
  EXPECT_EQ(
      error("\"dynamic_shared_memory\": 0", "\"dynamic_shared_memory\": -1"),
      at + ".dynamic_shared_memory: an integer from 0 on is legal, found "
           "-1");
  EXPECT_EQ(error("\"threads_per_block\": 1024", "\"threads_per_block\": {}"),
            at + ".limits.threads_per_block: an integer from 0 on is legal, "
                 "found an object");
}

TEST(Manifest, Parameters) {
  const std::string at = "manifest.functions[0].kernels[0].parameters";
  EXPECT_EQ(error("\"pointer\"", "\"handle\""),
            at + "[0].kind: pointer, size, stride and buffer are legal, found "
                 "\"handle\"");
  EXPECT_EQ(error("\"type\": \"ptr\"", "\"type\": \"i64\""),
            at + "[0].type: ptr is legal for a pointer, found \"i64\"");
  EXPECT_EQ(error("\"type\": \"i64\"", "\"type\": \"i32\""),
            at + "[1].type: i64 is legal for a stride, found \"i32\"");
  EXPECT_EQ(error("\"tensor\": \"x\"", "\"tensor\": \"z\""),
            at + "[0].tensor: the function has no tensor 'z'");
  EXPECT_EQ(error("\"access\": \"read\"", "\"access\": \"borrow\""),
            at + "[0].access: read, write and read_write are legal, found "
                 "\"borrow\"");
  EXPECT_EQ(error("\"dimension\": 0", "\"dimension\": 2"),
            at + "[1].dimension: 2 was found; 'x' has 2 dimensions, counted "
                 "from 0");
  EXPECT_EQ(error("\"multiple_of\": 4", "\"multiple_of\": 0"),
            at + "[1].multiple_of: an integer from 1 on is legal, found 0");
}

TEST(Manifest, Buffers) {
  Manifest manifest;
  ASSERT_EQ(parseManifest(addBuffer("{\"name\": \"between\", "
                                    "\"bytes\": \"(rows * 32)\"}"),
                          manifest),
            "");
  const FunctionInfo &function = manifest.functions[0];
  ASSERT_EQ(function.buffers.size(), 1u);
  EXPECT_EQ(function.buffers[0].name, "between");
  EXPECT_EQ(function.buffers[0].bytes.getText(), "(rows * 32)");
  const ParameterInfo &parameter = function.kernels[0].parameters[0];
  EXPECT_EQ(parameter.kind, ParameterInfo::Kind::Buffer);
  EXPECT_EQ(parameter.tensor, 0u);

  const std::string at = "manifest.functions[0].";
  auto errorOf = [&](const std::string &buffers) {
    return parseManifest(addBuffer(buffers), manifest);
  };
  EXPECT_EQ(errorOf("{\"name\": \"between\", \"bytes\": 32}"),
            at + "buffers[0].bytes: a string is legal, found 32");
  EXPECT_EQ(errorOf("{\"name\": \"between\", \"bytes\": \"lines\"}"),
            at + "buffers[0].bytes: 'lines': no tensor has a size 'lines'");
  EXPECT_EQ(errorOf("{\"name\": \"between\", \"bytes\": \"1\"}, "
                    "{\"name\": \"between\", \"bytes\": \"2\"}"),
            at + "buffers[1].name: a second buffer is named 'between'");
  EXPECT_EQ(errorOf("{\"name\": \"beside\", \"bytes\": \"1\"}"),
            at + "kernels[0].parameters[0].buffer: the function has no buffer "
                 "'between'");
}

TEST(Manifest, FunctionsHaveNamesOfTheirOwn) {
  std::string text = kScaleManifest;
  size_t begin = text.find("[{"), end = text.rfind("]");
  std::string function = text.substr(begin + 1, end - begin - 1);
  Manifest manifest;
  EXPECT_EQ(parseManifest(text.insert(end, ", " + function), manifest),
            "manifest.functions[1].name: a second function is named 'scale'");
}

TEST(Manifest, MessagesAreOneLine) {
  EXPECT_EQ(
      error("\"rows\", \"1\", \"1\"", "\"a\\nb\", \"1\", \"1\"").find('\n'),
      std::string::npos);
}
/// `y` holds the offsets of rows of `x`.
std::string withOffsets(const std::string &offsets) {
  return replaceInManifest(
      R"({"name": "y", "role": "argument", "element_type": "f32",
       "shape": ["rows", 8], "alignment": 4})",
      R"({"name": "y", "role": "argument", "element_type": "i32",
       "shape": [3], "alignment": 4, "offsets": )" +
          offsets + "}");
}

TEST(Manifest, Offsets) {
  Manifest manifest;
  std::string text = withOffsets(R"({"tensor": "x", "dimension": 0})");
  // A pointer to offsets has no stride.
  text.replace(
      text.find(R"({"kind": "stride", "type": "i64", "tensor": "y")"),
      text.find(R"({"kind": "pointer", "type": "ptr", "tensor": "sum")") -
          text.find(R"({"kind": "stride", "type": "i64", "tensor": "y")"),
      "");
  ASSERT_EQ(parseManifest(text, manifest), "");
  const std::vector<TensorInfo> &tensors = manifest.functions[0].tensors;
  EXPECT_FALSE(tensors[0].offsets);
  EXPECT_EQ(tensors[1].type, NpyType::I32);
  ASSERT_TRUE(tensors[1].offsets);
  EXPECT_EQ(tensors[1].offsets->tensor, 0u);
  EXPECT_EQ(tensors[1].offsets->dimension, 0u);
  EXPECT_NE(
      parseManifest(withOffsets(R"({"tensor": "z", "dimension": 0})"), manifest)
          .find("tensors[1].offsets.tensor: the function has no tensor "
                "'z'"),
      std::string::npos);
  EXPECT_NE(
      parseManifest(withOffsets(R"({"tensor": "x", "dimension": 2})"), manifest)
          .find("tensors[1].offsets.dimension: 2 was found; 'x' has 2 "
                "dimensions"),
      std::string::npos);
  EXPECT_NE(
      parseManifest(replaceInManifest(
                        "\"alignment\": 16}",
                        "\"alignment\": 16, \"offsets\": {\"tensor\": \"x\", "
                        "\"dimension\": 0}}"),
                    manifest)
          .find("tensors[0].offsets: 'x' has offsets; an argument of i32 with "
                "one dimension is legal"),
      std::string::npos);
}
} // namespace

TEST(Manifest, Host) {
  auto parse = [](const std::string &type, Manifest &manifest) {
    return parseManifest(
        "{\"schema_version\": 1, \"target\": {\"chip\": \"host\", "
        "\"triple\": \"x86_64-pc-linux-gnu\", \"features\": [\"avx\", "
        "\"fma\"], \"address_size\": 64}, \"functions\": [{\"name\": \"f\", "
        "\"tensors\": [{\"name\": \"x\", \"role\": \"argument\", "
        "\"element_type\": \"" +
            type + "\", \"shape\": [], \"alignment\": 1}], \"kernels\": []}]}",
        manifest);
  };
  for (NpyType type :
       {NpyType::F16, NpyType::BF16, NpyType::F32, NpyType::F64, NpyType::I8,
        NpyType::I16, NpyType::I32, NpyType::I64, NpyType::U8, NpyType::U16,
        NpyType::U32, NpyType::U64, NpyType::Bool}) {
    Manifest manifest;
    EXPECT_EQ(parse(getNpyTypeName(type), manifest), "");
    EXPECT_FALSE(manifest.isForGPU());
    EXPECT_EQ(manifest.triple, "x86_64-pc-linux-gnu");
    EXPECT_EQ(manifest.features, std::vector<std::string>({"avx", "fma"}));
    ASSERT_EQ(manifest.functions.size(), 1u);
    EXPECT_EQ(manifest.functions[0].tensors[0].type, type);
  }
  Manifest manifest;
  EXPECT_EQ(parse("i1", manifest),
            "manifest.functions[0].tensors[0].element_type: f16, bf16, f32, "
            "i32, f64, i8, i16, i64, u8, u16, u32, u64 and bool are legal, "
            "found \"i1\"");
}
