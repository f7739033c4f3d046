//===- CaseFolder.cpp - A folder with compiled cases ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseFolder.h"
#include "JsonReader.h"
#include "diff/Runtime/Launch/DeviceInterface.h"
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

using namespace mlir::diff::launch;
using Json = nlohmann::json;

static constexpr int64_t kSchemaVersion = 1;

std::string mlir::diff::launch::readFile(const std::string &path,
                                         std::string &text) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  // An empty file would make the stream fail.
  if (file && file.peek() != std::ifstream::traits_type::eof())
    contents << file.rdbuf();
  if (!file.is_open() || file.bad() || contents.fail())
    return "cannot read '" + path + "'" +
           (errno ? std::string(": ") + std::strerror(errno) : "");
  text = contents.str();
  return "";
}

namespace {
class FolderReader {
public:
  FolderReader(std::string folder, std::vector<LaunchCase> &cases)
      : folder(std::move(folder)), cases(cases),
        reader(this->folder + "/index.json") {}

  std::string run() {
    std::string text;
    std::string error = readFile(folder + "/index.json", text);
    if (!error.empty())
      return error;
    Json document;
    if (reader.parse(text, document))
      readIndex(document);
    return reader.getError();
  }

private:
  bool readIndex(const Json &value) {
    int64_t version = 0;
    if (!reader.checkObject(value, "", {"schema_version", "cases"}) ||
        !reader.readInteger(value["schema_version"], ": schema_version", 0,
                            version))
      return false;
    if (version != kSchemaVersion)
      return reader.fail(": schema_version",
                         std::to_string(version) + " was found; " +
                             std::to_string(kSchemaVersion) + " is legal");
    return reader.readArray(value["cases"], ": cases",
                            [&](const Json &element, const std::string &place) {
                              return readCase(element, place);
                            });
  }

  bool readCase(const Json &value, const std::string &place) {
    LaunchCase entry;
    if (!reader.checkObject(
            value, place, {"name", "function", "code", "inputs", "expected"}) ||
        !reader.readString(value["name"], place + ".name", entry.name) ||
        !reader.readString(value["function"], place + ".function",
                           entry.function))
      return false;
    if (!names.insert(entry.name).second)
      return reader.fail(place + ".name",
                         "a second case is named '" + entry.name + "'");
    auto readCode = [&](const Json &element, const std::string &at) {
      entry.code.emplace_back();
      CaseCode &code = entry.code.back();
      return reader.checkObject(element, at, {"chip", "file", "manifest"}) &&
             reader.readString(element["chip"], at + ".chip", code.chip) &&
             readPath(element["file"], at + ".file", code.file) &&
             readPath(element["manifest"], at + ".manifest", code.manifest);
    };
    auto readInput = [&](const Json &element, const std::string &at) {
      entry.inputs.emplace_back();
      return readPath(element, at, entry.inputs.back());
    };
    auto readExpected = [&](const Json &element, const std::string &at) {
      entry.expected.emplace_back();
      return readResult(element, at, entry.expected.back());
    };
    if (!reader.readArray(value["code"], place + ".code", readCode) ||
        !reader.readArray(value["inputs"], place + ".inputs", readInput) ||
        !reader.readArray(value["expected"], place + ".expected", readExpected))
      return false;
    cases.push_back(std::move(entry));
    return true;
  }

  bool readResult(const Json &value, const std::string &place,
                  CaseResult &result) {
    if (!reader.checkObject(value, place, {"file", "max_error"},
                            {"norm_error", "zero_rows"}) ||
        !readPath(value["file"], place + ".file", result.file) ||
        !reader.readNumber(value["max_error"], place + ".max_error",
                           result.limits.maxError))
      return false;
    if (value.contains("norm_error")) {
      double limit = 0;
      if (!reader.readNumber(value["norm_error"], place + ".norm_error", limit))
        return false;
      result.limits.normError = limit;
    }
    if (!value.contains("zero_rows"))
      return true;
    const Json &zero = value["zero_rows"];
    if (!zero.is_boolean())
      return reader.fail(place + ".zero_rows", "true and false are legal, "
                                               "found " +
                                                   describeJson(zero));
    result.limits.zeroRows = *zero.get_ptr<const bool *>();
    return true;
  }

  bool readPath(const Json &value, const std::string &place,
                std::string &path) {
    if (!reader.readString(value, place, path))
      return false;
    if (path.empty())
      return reader.fail(place, "the name of a file is empty");
    path = folder + "/" + path;
    return true;
  }

  std::string folder;
  std::vector<LaunchCase> &cases;
  std::set<std::string> names;
  JsonReader reader;
};

/// The number in the name of a chip, and whether a letter follows it.
std::pair<unsigned, bool> rankChip(const std::string &chip) {
  unsigned number = 0;
  for (char c : chip)
    if (c >= '0' && c <= '9' && number < 10000)
      number = number * 10 + unsigned(c - '0');
  return {number, !chip.empty() && (chip.back() < '0' || chip.back() > '9')};
}
} // namespace

const CaseCode *LaunchCase::chooseCode(unsigned capability) const {
  const CaseCode *best = nullptr;
  for (const CaseCode &candidate : code)
    if (runsOn(candidate.chip, capability) &&
        (!best || rankChip(best->chip) < rankChip(candidate.chip)))
      best = &candidate;
  return best;
}

std::string mlir::diff::launch::readCaseFolder(const std::string &folder,
                                               std::vector<LaunchCase> &cases) {
  cases.clear();
  return FolderReader(folder, cases).run();
}
