//===- JsonReader.cpp - JSON reader with checks ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JsonReader.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir::diff::launch;
using Json = nlohmann::json;

std::string mlir::diff::launch::describeJson(const Json &value) {
  if (value.is_object())
    return "an object";
  if (value.is_array())
    return "an array";
  // Strings may contain anything, and must not make messages unreadable.
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true,
                                Json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

namespace {
/// Finds the errors in a text. A parser without exceptions only reports that
/// there is an error.
class ErrorFinder : public nlohmann::json_sax<Json> {
public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t &) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t, const std::string &,
                   const nlohmann::detail::exception &exception) override {
    // `[json.exception.parse_error.101] parse error at line 1, column 2: ...`
    message = exception.what();
    size_t prefix = message.find("] ");
    if (prefix != std::string::npos)
      message.erase(0, prefix + 2);
    return false;
  }

  std::string message;
};
} // namespace

bool JsonReader::fail(const std::string &place, const std::string &message) {
  if (!error.empty())
    return false;
  error = root + place + ": " + message;
  // Names in the document may contain anything, but a message is one line.
  std::replace_if(
      error.begin(), error.end(), [](unsigned char c) { return c < ' '; }, '?');
  return false;
}

bool JsonReader::parse(const std::string &text, Json &document) {
  document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_discarded())
    return true;
  ErrorFinder finder;
  Json::sax_parse(text, &finder);
  return fail("", "it is not JSON: " + finder.message);
}

bool JsonReader::checkObject(const Json &value, const std::string &place,
                             std::initializer_list<const char *> required,
                             std::initializer_list<const char *> optional) {
  if (!error.empty())
    return false;
  if (!value.is_object())
    return fail(place, "an object is legal, found " + describeJson(value));
  for (const char *key : required)
    if (!value.contains(key))
      return fail(place, std::string("the key '") + key + "' is missing");
  for (const auto &[key, element] : value.items()) {
    auto is = [&, &name = key](const char *known) { return name == known; };
    if (std::none_of(required.begin(), required.end(), is) &&
        std::none_of(optional.begin(), optional.end(), is)) {
      std::string known;
      for (auto keys : {required, optional})
        for (const char *one : keys)
          known += (known.empty() ? "" : ", ") + std::string(one);
      return fail(place,
                  "unknown key " + describeJson(key) + "; known are " + known);
    }
  }
  return true;
}

bool JsonReader::readString(const Json &value, const std::string &place,
                            std::string &result) {
  if (!error.empty())
    return false;
  if (!value.is_string())
    return fail(place, "a string is legal, found " + describeJson(value));
  result = value.get_ref<const std::string &>();
  return true;
}

bool JsonReader::readInteger(const Json &value, const std::string &place,
                             int64_t least, int64_t &result) {
  if (!error.empty())
    return false;
  bool fits = value.is_number_integer() &&
              (!value.is_number_unsigned() ||
               *value.get_ptr<const uint64_t *>() <=
                   uint64_t(std::numeric_limits<int64_t>::max()));
  if (fits)
    result = value.is_number_unsigned()
                 ? int64_t(*value.get_ptr<const uint64_t *>())
                 : *value.get_ptr<const int64_t *>();
  if (!fits || result < least)
    return fail(place, "an integer from " + std::to_string(least) +
                           " on is legal, found " + describeJson(value));
  return true;
}

bool JsonReader::readNumber(const Json &value, const std::string &place,
                            double &result) {
  if (!error.empty())
    return false;
  if (value.is_number())
    result = value.get<double>();
  if (!value.is_number() || !std::isfinite(result) || result < 0)
    return fail(place,
                "a number from 0 on is legal, found " + describeJson(value));
  return true;
}

bool JsonReader::readArray(
    const Json &value, const std::string &place,
    const std::function<bool(const Json &, const std::string &)> &read) {
  if (!error.empty())
    return false;
  if (!value.is_array())
    return fail(place, "an array is legal, found " + describeJson(value));
  size_t number = 0;
  for (const Json &element : value)
    if (!read(element, place + "[" + std::to_string(number++) + "]"))
      return false;
  return true;
}
