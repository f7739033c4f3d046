//===- Entry.cpp - Compiled code and its description ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entry.h"
#include <cstring>

using namespace mlir::diff::cache;

/// Changes with the format.
static constexpr char kMagic[8] = {'D', 'I', 'F', 'F', 'E', 'N', 'T', '1'};

namespace {
/// Little-endian, without padding. The digest covers what follows it, the magic
/// and the key.
struct Header {
  char magic[8];
  Key key;
  Digest digest;
  uint8_t manifestSize[8];
  uint8_t codeSize[8];
};
} // namespace
static_assert(sizeof(Header) == 88, "the header has no padding");

static void writeSize(uint64_t size, uint8_t *bytes) {
  for (int i = 0; i < 8; ++i)
    bytes[i] = uint8_t(size >> 8 * i);
}

static uint64_t readSize(const uint8_t *bytes) {
  uint64_t size = 0;
  for (int i = 0; i < 8; ++i)
    size |= uint64_t(bytes[i]) << 8 * i;
  return size;
}

static Digest computeDigest(const Key &key, const char *manifest,
                            size_t manifestSize, const char *code,
                            size_t codeSize) {
  Sha256 hash;
  hash.update(kMagic, sizeof(kMagic));
  hash.update(key.data(), key.size());
  hash.updateSized(manifest, manifestSize);
  hash.updateSized(code, codeSize);
  return hash.finish();
}

std::string mlir::diff::cache::writeEntry(const Key &key, const Entry &entry) {
  Header header;
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.key = key;
  header.digest =
      computeDigest(key, entry.manifest.data(), entry.manifest.size(),
                    entry.code.data(), entry.code.size());
  writeSize(entry.manifest.size(), header.manifestSize);
  writeSize(entry.code.size(), header.codeSize);
  std::string bytes(reinterpret_cast<const char *>(&header), sizeof(header));
  bytes += entry.manifest;
  bytes += entry.code;
  return bytes;
}

bool mlir::diff::cache::readEntry(const std::string &bytes, const Key &key,
                                  Entry &entry) {
  Header header;
  if (bytes.size() < sizeof(header))
    return false;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0 ||
      header.key != key)
    return false;
  size_t payload = bytes.size() - sizeof(header);
  uint64_t manifestSize = readSize(header.manifestSize);
  uint64_t codeSize = readSize(header.codeSize);
  if (manifestSize > payload || codeSize != payload - manifestSize)
    return false;
  const char *manifest = bytes.data() + sizeof(header);
  const char *code = manifest + manifestSize;
  if (computeDigest(key, manifest, manifestSize, code, codeSize) !=
      header.digest)
    return false;
  entry.manifest.assign(manifest, manifestSize);
  entry.code.assign(code, codeSize);
  return true;
}
