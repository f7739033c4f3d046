//===- Sha256.h - The hash of keys and entries ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_SHA256_H
#define DIFF_LIB_RUNTIME_CACHE_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mlir::diff::cache {

using Digest = std::array<uint8_t, 32>;

/// SHA-256 (FIPS 180-4).
class Sha256 {
public:
  void update(const void *data, size_t size);
  void update(const std::string &text) { update(text.data(), text.size()); }
  /// Adds the number of bytes first, so that the parts of a sequence of texts
  /// are told apart.
  void updateSized(const void *data, size_t size);
  void updateSized(const std::string &text) {
    updateSized(text.data(), text.size());
  }
  /// Returns the digest. No more data may follow.
  Digest finish();

private:
  void addBlock(const uint8_t *block);

  std::array<uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending{};
  size_t pendingSize = 0;
  uint64_t size = 0;
};

/// Returns the digest in lower-case hexadecimal.
std::string toHex(const Digest &digest);

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_SHA256_H
