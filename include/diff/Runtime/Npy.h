//===- Npy.h - Arrays in NumPy's file format --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads and writes .npy files (format versions 1.0 to 3.0) of little-endian
// arrays in C order. Plain C++ without MLIR and LLVM. Functions that may fail
// return an empty string or an error message.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_NPY_H
#define DIFF_RUNTIME_NPY_H

#include <cstdint>
#include <string>
#include <vector>

namespace mlir::diff {

/// The element types of arrays. bf16 is stored as NumPy's two-byte void type,
/// like in ml_dtypes.
enum class NpyType {
  F16,
  BF16,
  F32,
  F64,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  Bool
};

/// Returns the keyword of the type, such as `bf16`.
const char *getNpyTypeName(NpyType type);

/// Returns the size of an element in bytes.
int64_t getNpyElementSize(NpyType type);

/// An array in memory with its elements in C order.
struct NpyArray {
  NpyType type = NpyType::F32;
  std::vector<int64_t> shape;
  std::vector<char> data;
};

/// Returns the bytes of an array of this type and shape, or -1 if they exceed
/// `int64_t` or a size is negative.
int64_t getNpyDataSize(NpyType type, const std::vector<int64_t> &shape);

/// Returns a shape in NumPy's notation, such as `(2, 3)` or `(5,)`.
std::string formatNpyShape(const std::vector<int64_t> &shape);

/// Reads an array from the bytes of a file, which must hold nothing else.
std::string parseNpy(const char *bytes, int64_t size, NpyArray &array);

/// Reads a file, `-` for standard input. Messages start with the file name.
std::string readNpy(const std::string &path, NpyArray &array);

/// Returns the bytes before the elements in a file: a version 1.0 header,
/// padded to a multiple of 64 bytes.
std::string formatNpyHeader(NpyType type, const std::vector<int64_t> &shape);

} // namespace mlir::diff

#endif // DIFF_RUNTIME_NPY_H
