//===- NpyTest.cpp - Arrays in NumPy files --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Npy.h"
#include "gtest/gtest.h"
#include <limits>

using namespace mlir::diff;

namespace {
/// Returns the bytes of a file of zeros, as written by this library.
std::string makeFile(NpyType type, const std::vector<int64_t> &shape) {
  return formatNpyHeader(type, shape) +
         std::string(getNpyDataSize(type, shape), '\0');
}

/// Returns a file with this version, header text and elements.
std::string makeFile(char major, std::string header, const std::string &data) {
  std::string file = std::string("\x93NUMPY") + major + '\0';
  size_t lengthBytes = major == 1 ? 2 : 4;
  header += '\n';
  for (size_t i = 0; i < lengthBytes; ++i)
    file += static_cast<char>(header.size() >> (8 * i));
  return file + header + data;
}

std::string parse(const std::string &file, NpyArray &array) {
  return parseNpy(file.data(), file.size(), array);
}

TEST(Npy, RoundTripsEveryType) {
  for (NpyType type :
       {NpyType::F16, NpyType::BF16, NpyType::F32, NpyType::F64, NpyType::I8,
        NpyType::I16, NpyType::I32, NpyType::I64, NpyType::U8, NpyType::U16,
        NpyType::U32, NpyType::U64, NpyType::Bool})
    for (const std::vector<int64_t> &shape :
         {std::vector<int64_t>{}, {3}, {2, 0, 4}, {1, 2, 3, 4}}) {
      NpyArray array;
      EXPECT_EQ(parse(makeFile(type, shape), array), "");
      EXPECT_EQ(array.type, type) << getNpyTypeName(type);
      EXPECT_EQ(array.shape, shape);
      EXPECT_EQ(static_cast<int64_t>(array.data.size()),
                getNpyDataSize(type, shape));
    }
}

TEST(Npy, HeaderIsPaddedTo64Bytes) {
  for (int64_t size : {1, 10, 100, 1000000})
    EXPECT_EQ(formatNpyHeader(NpyType::F32, {size, size}).size() % 64, 0u);
}

TEST(Npy, ReadsLaterVersions) {
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  for (char major : {1, 2, 3}) {
    NpyArray array;
    EXPECT_EQ(parse(makeFile(major, header, std::string(8, 'x')), array), "");
    EXPECT_EQ(array.data, std::vector<char>(8, 'x'));
  }
  NpyArray array;
  EXPECT_NE(parse(makeFile(4, header, std::string(8, 'x')), array), "");
}

TEST(Npy, ReadsBothSpellingsOfBF16) {
  for (const char *type : {"<V2", "|V2"}) {
    NpyArray array;
    std::string header = std::string("{'descr': '") + type +
                         "', 'fortran_order': False, 'shape': (1,), }";
    EXPECT_EQ(parse(makeFile(1, header, "ab"), array), "");
    EXPECT_EQ(array.type, NpyType::BF16);
  }
}

TEST(Npy, RefusesWhatIsNoArray) {
  NpyArray array;
  std::string file = makeFile(NpyType::F32, {4});
  EXPECT_NE(parse("", array), "");
  EXPECT_NE(parse("hello", array), "");
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(parse(file.substr(0, size), array), "") << size << " bytes";
  EXPECT_NE(parse(file + "x", array), "");
}

TEST(Npy, RefusesOtherOrdersAndTypes) {
  for (const char *header :
       {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), }",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2), }",
        "{'descr': '<f4', 'shape': (2, 2), }", "{}", "[1, 2]"}) {
    NpyArray array;
    EXPECT_NE(parse(makeFile(1, header, std::string(16, '\0')), array), "")
        << header;
  }
}

TEST(Npy, SizesDoNotOverflow) {
  int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(getNpyDataSize(NpyType::F32, {most}), -1);
  EXPECT_EQ(getNpyDataSize(NpyType::I8, {most, 2}), -1);
  EXPECT_EQ(getNpyDataSize(NpyType::I8, {-1}), -1);
  // The other sizes of an empty array must be valid.
  EXPECT_EQ(getNpyDataSize(NpyType::F64, {0, most}), -1);
  EXPECT_EQ(getNpyDataSize(NpyType::F64, {0, 7}), 0);
  NpyArray array;
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': "
                       "(4611686018427387904, 4), }";
  EXPECT_NE(parse(makeFile(1, header, ""), array), "");
}

TEST(Npy, FormatsShapesAsNumPyDoes) {
  EXPECT_EQ(formatNpyShape({}), "()");
  EXPECT_EQ(formatNpyShape({5}), "(5,)");
  EXPECT_EQ(formatNpyShape({2, 3}), "(2, 3)");
}
} // namespace
