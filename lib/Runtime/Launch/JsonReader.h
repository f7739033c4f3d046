//===- JsonReader.h - JSON with checks --------------------------*- C++ -*-===//
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

/// Reads values out of a JSON document. The first thing that is wrong makes a
/// message with its place; from then on every function returns false.
class JsonReader {
public:
  using Json = nlohmann::json;

  /// `root` is what messages call the document.
  explicit JsonReader(std::string root) : root(std::move(root)) {}

  const std::string &getError() const { return error; }
  bool fail(const std::string &place, const std::string &message);

  /// Parses a text whole.
  bool parse(const std::string &text, Json &document);

  /// Checks that a value is an object with all keys of `required`, and no other
  /// ones but those of `optional`.
  bool checkObject(const Json &value, const std::string &place,
                   std::initializer_list<const char *> required,
                   std::initializer_list<const char *> optional = {});

  bool readString(const Json &value, const std::string &place,
                  std::string &result);
  /// An integer that is at least `least`.
  bool readInteger(const Json &value, const std::string &place, int64_t least,
                   int64_t &result);
  /// A number that is finite and not negative.
  bool readNumber(const Json &value, const std::string &place, double &result);
  bool readArray(const Json &value, const std::string &place,
                 const std::function<bool(const Json &element,
                                          const std::string &place)> &read);

private:
  std::string root;
  std::string error;
};

/// A value as messages show it, cut off when it is long.
std::string describeJson(const nlohmann::json &value);

} // namespace mlir::diff::launch

#endif // DIFF_LIB_RUNTIME_LAUNCH_JSONREADER_H
