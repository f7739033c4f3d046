//===- JsonReader.h - JSON reader with checks -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_LAUNCH_JSONREADER_H
#define DIFF_LIB_RUNTIME_LAUNCH_JSONREADER_H

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace mlir::diff::launch {

/// Reads values from a JSON document. The first error sets a message with its
/// location; afterwards every function returns false.
class JsonReader {
public:
  using Json = nlohmann::json;

  /// `root` is the name of the document in messages.
  explicit JsonReader(std::string root) : root(std::move(root)) {}

  const std::string &getError() const { return error; }
  bool fail(const std::string &place, const std::string &message);

  /// Parses a complete text.
  bool parse(const std::string &text, Json &document);

  /// Checks that a value is an object with all keys of `required`, and no
  /// others except those of `optional`.
  bool checkObject(const Json &value, const std::string &place,
                   std::initializer_list<const char *> required,
                   std::initializer_list<const char *> optional = {});

  bool readString(const Json &value, const std::string &place,
                  std::string &result);
  /// Reads an integer that is at least `least`.
  bool readInteger(const Json &value, const std::string &place, int64_t least,
                   int64_t &result);
  /// Reads a number that is finite and not negative.
  bool readNumber(const Json &value, const std::string &place, double &result);
  bool readArray(const Json &value, const std::string &place,
                 const std::function<bool(const Json &element,
                                          const std::string &place)> &read);

private:
  std::string root;
  std::string error;
};

/// Returns a value for messages, truncated if it is long.
std::string describeJson(const nlohmann::json &value);

} // namespace mlir::diff::launch

#endif // DIFF_LIB_RUNTIME_LAUNCH_JSONREADER_H
