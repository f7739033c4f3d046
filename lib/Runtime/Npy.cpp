//===- Npy.cpp - Arrays in NumPy's file format ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Npy.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

using namespace mlir::diff;

namespace {
struct TypeInfo {
  NpyType type;
  const char *name;
  /// The spellings in headers; the first one is used for writing.
  const char *descr[2];
  int64_t size;
};

constexpr TypeInfo kTypes[] = {
    {NpyType::F16, "f16", {"<f2", nullptr}, 2},
    {NpyType::BF16, "bf16", {"<V2", "|V2"}, 2},
    {NpyType::F32, "f32", {"<f4", nullptr}, 4},
    {NpyType::F64, "f64", {"<f8", nullptr}, 8},
    {NpyType::I8, "i8", {"|i1", "<i1"}, 1},
    {NpyType::I16, "i16", {"<i2", nullptr}, 2},
    {NpyType::I32, "i32", {"<i4", nullptr}, 4},
    {NpyType::I64, "i64", {"<i8", nullptr}, 8},
    {NpyType::U8, "u8", {"|u1", "<u1"}, 1},
    {NpyType::U16, "u16", {"<u2", nullptr}, 2},
    {NpyType::U32, "u32", {"<u4", nullptr}, 4},
    {NpyType::U64, "u64", {"<u8", nullptr}, 8},
    {NpyType::Bool, "bool", {"|b1", "<b1"}, 1},
};
constexpr const char *kLegalTypes =
    "f16 '<f2', bf16 '<V2' or '|V2', f32 '<f4', f64 '<f8', integers '|i1' to "
    "'<u8', bool '|b1'";

const TypeInfo &getInfo(NpyType type) {
  return kTypes[static_cast<unsigned>(type)];
}

constexpr char kMagic[] = "\x93NUMPY";
constexpr int64_t kMagicSize = 6;
constexpr int64_t kAlignment = 64;

/// Parses the Python dictionary of the header,
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
class HeaderParser {
public:
  explicit HeaderParser(const std::string &text) : text(text) {}

  std::string run(NpyArray &array) {
    if (!consume("{"))
      return malformed("it is not a dictionary");
    bool descr = false, order = false, shape = false;
    while (!consume("}")) {
      std::string key, error;
      if (!parseString(key) || !consume(":"))
        return malformed("a quoted key and a colon are missing");
      if (key == "descr") {
        descr = true;
        error = parseDescr(array.type);
      } else if (key == "fortran_order") {
        order = true;
        error = parseOrder();
      } else if (key == "shape") {
        shape = true;
        error = parseShape(array.shape);
      } else {
        error = malformed("unknown key '" + key + "'");
      }
      if (!error.empty())
        return error;
      if (!consume(",") && !peek('}'))
        return malformed("a comma or a closing brace is missing");
    }
    skipSpace();
    if (position != text.size())
      return malformed("text after the dictionary");
    if (!descr || !order || !shape)
      return malformed("it must have 'descr', 'fortran_order' and 'shape'");
    return "";
  }

private:
  static std::string malformed(const std::string &what) {
    return "malformed .npy header: " + what;
  }

  void skipSpace() {
    while (position < text.size() &&
           std::strchr(" \t\r\n", text[position]) != nullptr)
      ++position;
  }
  bool peek(char c) {
    skipSpace();
    return position < text.size() && text[position] == c;
  }
  bool consume(const char *token) {
    skipSpace();
    size_t size = std::strlen(token);
    if (text.compare(position, size, token) != 0)
      return false;
    position += size;
    return true;
  }

  bool parseString(std::string &value) {
    skipSpace();
    if (position == text.size())
      return false;
    char quote = text[position];
    size_t end = quote == '\'' || quote == '"' ? text.find(quote, position + 1)
                                               : std::string::npos;
    if (end == std::string::npos)
      return false;
    value = text.substr(position + 1, end - position - 1);
    position = end + 1;
    return true;
  }

  std::string parseDescr(NpyType &type) {
    std::string found;
    if (!parseString(found))
      return "a structured element type was found; legal are " +
             std::string(kLegalTypes);
    for (const TypeInfo &info : kTypes)
      for (const char *descr : info.descr)
        if (descr && found == descr) {
          type = info.type;
          return "";
        }
    if (found.rfind('>', 0) == 0)
      return "the big-endian element type '" + found +
             "' was found; little-endian ones are legal";
    return "the element type '" + found + "' was found; legal are " +
           kLegalTypes;
  }

  std::string parseOrder() {
    if (consume("True"))
      return "Fortran order was found; C order is legal";
    if (consume("False"))
      return "";
    return malformed("'fortran_order' is neither True nor False");
  }

  std::string parseShape(std::vector<int64_t> &shape) {
    if (!consume("("))
      return malformed("'shape' is not a tuple");
    while (!consume(")")) {
      int64_t size = 0;
      if (!parseSize(size))
        return malformed("a size in 'shape' is not a 64-bit number");
      shape.push_back(size);
      if (!consume(",") && !peek(')'))
        return malformed("a comma or a closing parenthesis is missing");
    }
    return "";
  }

  bool parseSize(int64_t &size) {
    skipSpace();
    size_t begin = position;
    for (; position < text.size() && text[position] >= '0' &&
           text[position] <= '9';
         ++position)
      if (__builtin_mul_overflow(size, 10, &size) ||
          __builtin_add_overflow(size, text[position] - '0', &size))
        return false;
    bool any = position > begin;
    // Python 2 wrote long integers with a suffix.
    consume("L");
    return any;
  }

  const std::string &text;
  size_t position = 0;
};
} // namespace

const char *mlir::diff::getNpyTypeName(NpyType type) {
  return getInfo(type).name;
}

int64_t mlir::diff::getNpyElementSize(NpyType type) {
  return getInfo(type).size;
}

int64_t mlir::diff::getNpyDataSize(NpyType type,
                                   const std::vector<int64_t> &shape) {
  // A size of 0 makes the array empty, but the other sizes must be valid.
  int64_t bytes = getNpyElementSize(type);
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return -1;
    if (size == 0)
      empty = true;
    else if (__builtin_mul_overflow(bytes, size, &bytes))
      return -1;
  }
  return empty ? 0 : bytes;
}

std::string mlir::diff::formatNpyShape(const std::vector<int64_t> &shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// Splits the bytes into the text of the header and the elements.
static std::string splitHeader(const char *bytes, int64_t size,
                               std::string &header, int64_t &offset) {
  if (size < kMagicSize || std::memcmp(bytes, kMagic, kMagicSize) != 0)
    return "it is not a .npy file: it does not start with \\x93NUMPY";
  auto byte = [&](int64_t i) {
    return static_cast<uint64_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (size < kMagicSize + 2)
    return "truncated .npy file: it ends in the version";
  uint64_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0)
    return ".npy format version " + std::to_string(major) + "." +
           std::to_string(minor) + " was found; 1.0, 2.0 and 3.0 are legal";
  int64_t lengthSize = major == 1 ? 2 : 4;
  offset = kMagicSize + 2 + lengthSize;
  if (size < offset)
    return "truncated .npy file: it ends in the header's length";
  uint64_t length = 0;
  for (int64_t i = lengthSize; i-- > 0;)
    length = length << 8 | byte(kMagicSize + 2 + i);
  if (length > static_cast<uint64_t>(size - offset))
    return "truncated .npy file: its header has " + std::to_string(length) +
           " bytes, found " + std::to_string(size - offset);
  header.assign(bytes + offset, length);
  offset += static_cast<int64_t>(length);
  return "";
}

std::string mlir::diff::parseNpy(const char *bytes, int64_t size,
                                 NpyArray &array) {
  array = NpyArray();
  std::string header;
  int64_t offset = 0;
  std::string error = splitHeader(bytes, size, header, offset);
  if (error.empty())
    error = HeaderParser(header).run(array);
  if (!error.empty())
    return error;
  int64_t expected = getNpyDataSize(array.type, array.shape);
  if (expected < 0)
    return "the shape " + formatNpyShape(array.shape) +
           " has more bytes than 64 bits can count";
  int64_t found = size - offset;
  if (found != expected)
    return std::string(found < expected ? "truncated" : "over-long") +
           " .npy file: " + std::to_string(found) +
           " bytes of elements were found; " + getNpyTypeName(array.type) +
           " of shape " + formatNpyShape(array.shape) + " has " +
           std::to_string(expected);
  array.data.assign(bytes + offset, bytes + size);
  return "";
}

std::string mlir::diff::readNpy(const std::string &path, NpyArray &array) {
  bool standard = path == "-";
  std::FILE *file = standard ? stdin : std::fopen(path.c_str(), "rb");
  if (!file)
    return "cannot read '" + path + "': " + std::strerror(errno);
  std::vector<char> bytes;
  char buffer[1 << 16];
  while (size_t size = std::fread(buffer, 1, sizeof(buffer), file))
    bytes.insert(bytes.end(), buffer, buffer + size);
  int readError = std::ferror(file) ? errno : 0;
  if (!standard)
    std::fclose(file);
  if (readError)
    return "cannot read '" + path + "': " + std::strerror(readError);
  std::string error =
      parseNpy(bytes.data(), static_cast<int64_t>(bytes.size()), array);
  return error.empty() ? error : path + ": " + error;
}

std::string mlir::diff::formatNpyHeader(NpyType type,
                                        const std::vector<int64_t> &shape) {
  std::string text =
      std::string("{'descr': '") + getInfo(type).descr[0] +
      "', 'fortran_order': False, 'shape': " + formatNpyShape(shape) + ", }";
  constexpr int64_t kPrefix = kMagicSize + 4;
  int64_t unpadded = kPrefix + static_cast<int64_t>(text.size()) + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string header(kMagic, kMagicSize);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}
