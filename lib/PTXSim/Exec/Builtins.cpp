//===- Builtins.cpp - Parameters of calls and built-in functions ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Builtins.h"
#include "InitRules.h"
#include "Warp.h"
#include <algorithm>
#include <cinttypes>
#include <cstdio>

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Passing values
//===----------------------------------------------------------------------===//

template <typename T>
static void execCopyRegister(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes l(mask); l; ++l)
    w.reg<T>(i.d)[*l] = w.reg<T>(i.a)[*l];
}
static void execCopyPredicate(Warp &w, const Inst &i, uint32_t mask) {
  w.setPred(i.d, w.pred(i.a), mask);
}

static ExecFn getCopy(const Ref &ref) {
  switch (ref.size) {
  case 0:
    return execCopyPredicate;
  case 2:
    return execCopyRegister<uint16_t>;
  case 4:
    return execCopyRegister<uint32_t>;
  case 8:
    return execCopyRegister<uint64_t>;
  default:
    return execCopyRegister<unsigned __int128>;
  }
}

void ptxsim::setCopyRegister(Inst &inst, const Ref &to, const Ref &from) {
  inst.d = to;
  inst.a = from;
  inst.init = InitRule::Move;
  inst.exec = getCopy(to);
}

/// Returns the address of a lane in local memory.
static uint8_t *getLocal(const Warp &w, unsigned lane, uint64_t offset) {
  return w.local + uint64_t(lane) * w.kernel->localBytes + offset;
}
static uint8_t *getLocalInit(const Warp &w, unsigned lane, uint64_t offset) {
  return w.localInit + uint64_t(lane) * w.kernel->localBytes + offset;
}

/// mode: the destination's offset; imm: the source's; mode2: bytes.
static void execCopyLocal(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes l(mask); l; ++l) {
    std::memmove(getLocal(w, *l, i.mode), getLocal(w, *l, uint64_t(i.imm)),
                 i.mode2);
    std::memmove(getLocalInit(w, *l, i.mode),
                 getLocalInit(w, *l, uint64_t(i.imm)), i.mode2);
  }
}

void ptxsim::setCopyLocal(Inst &inst, int64_t to, int64_t from,
                          uint64_t bytes) {
  inst.mode = uint32_t(to);
  inst.imm = from;
  inst.mode2 = uint32_t(bytes);
  inst.init = InitRule::Define;
  inst.exec = execCopyLocal;
}

/// The bytes of the lane of a register, which start with its value.
static void execLoadLocal(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes l(mask); l; ++l) {
    size_t bytes = std::min<size_t>(i.mode2, i.d.size);
    std::memcpy(w.registers + i.d.offset + *l * i.d.size,
                getLocal(w, *l, i.mode), bytes);
    if (w.undefined && std::memchr(getLocalInit(w, *l, i.mode), 0, bytes))
      w.setUndefined(i.d, kAllLanes, 1u << *l);
  }
}
static void execStoreLocal(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t undefined = w.undefined ? w.anyUndefined(i.a) : 0;
  for (Lanes l(mask); l; ++l) {
    size_t bytes = std::min<size_t>(i.mode2, i.a.size);
    std::memcpy(getLocal(w, *l, i.mode),
                w.registers + i.a.offset + *l * i.a.size, bytes);
    std::memset(getLocalInit(w, *l, i.mode), undefined >> *l & 1 ? 0 : 1,
                bytes);
  }
}

void ptxsim::setLoadLocal(Inst &inst, const Ref &to, int64_t from,
                          uint64_t bytes) {
  inst.d = to;
  inst.mode = uint32_t(from);
  inst.mode2 = uint32_t(bytes);
  inst.init = InitRule::Define;
  inst.exec = execLoadLocal;
}
void ptxsim::setStoreLocal(Inst &inst, int64_t to, const Ref &from,
                           uint64_t bytes) {
  inst.a = from;
  inst.mode = uint32_t(to);
  inst.mode2 = uint32_t(bytes);
  inst.init = InitRule::Define;
  inst.exec = execStoreLocal;
}

//===----------------------------------------------------------------------===//
// Functions of the driver
//===----------------------------------------------------------------------===//

/// Reads an argument of 4 or 8 bytes of a lane.
static uint64_t getArgument(const Warp &w, unsigned lane, uint64_t offset,
                            unsigned bytes) {
  uint64_t value = 0;
  std::memcpy(&value, getLocal(w, lane, offset), std::min(bytes, 8u));
  return value;
}

/// Reads a string in memory up to some length.
static std::string readString(Warp &w, const Inst &i, unsigned lane,
                              uint64_t address) {
  std::string text;
  while (text.size() < 4096) {
    const uint8_t *byte =
        w.access(i, lane, Space::Generic, address++, 1, AccessKind::Load);
    if (!byte || !*byte)
      break;
    text += char(*byte);
  }
  return text;
}

namespace {
/// A conversion of printf: `%[flags][width][.precision][length]letter`.
struct Conversion {
  std::string flags; // with width and precision
  bool isLong = false;
  char letter = 0;
  unsigned stars = 0; // of flags: widths that are arguments
};
} // namespace

/// Reads the conversion after `%`. Returns false if there is none.
static bool parseConversion(const std::string &format, size_t &at,
                            Conversion &found) {
  auto peek = [&] { return at < format.size() ? format[at] : '\0'; };
  auto takeNumber = [&] {
    if (peek() == '*') {
      ++found.stars;
      found.flags += format[at++];
      return true;
    }
    size_t begin = at;
    while (std::isdigit(static_cast<unsigned char>(peek())))
      found.flags += format[at++];
    return at - begin <= 3;
  };
  while (peek() && std::strchr("-+ #0", peek()) && found.flags.size() < 8)
    found.flags += format[at++];
  if (!takeNumber())
    return false;
  if (peek() == '.') {
    found.flags += format[at++];
    if (!takeNumber())
      return false;
  }
  size_t length = at;
  while (peek() && std::strchr("hlLqjzt", peek()) && at - length < 2)
    found.isLong |= peek() != 'h', ++at;
  found.letter = peek();
  ++at;
  return found.letter && std::strchr("diuxXocpsfFeEgGaA", found.letter);
}

static std::string formatOne(Warp &w, const Inst &i, unsigned lane,
                             const Conversion &conversion, uint64_t value) {
  char buffer[1024];
  std::string flags = "%" + conversion.flags;
  double real;
  std::memcpy(&real, &value, sizeof(real));
  switch (conversion.letter) {
  case 'd':
  case 'i':
    std::snprintf(buffer, sizeof(buffer), (flags + PRId64).c_str(),
                  conversion.isLong ? int64_t(value) : int64_t(int32_t(value)));
    break;
  case 'u':
  case 'x':
  case 'X':
  case 'o':
    std::snprintf(buffer, sizeof(buffer),
                  (flags + "l" + conversion.letter).c_str(),
                  conversion.isLong ? value : uint64_t(uint32_t(value)));
    break;
  case 'c':
    std::snprintf(buffer, sizeof(buffer), (flags + "c").c_str(), int(value));
    break;
  case 'p':
    std::snprintf(buffer, sizeof(buffer), "0x%" PRIx64, value);
    break;
  case 's': {
    std::string text = readString(w, i, lane, value);
    if (conversion.flags.empty())
      return text;
    std::snprintf(buffer, sizeof(buffer), (flags + "s").c_str(), text.c_str());
    break;
  }
  default:
    std::snprintf(buffer, sizeof(buffer), (flags + conversion.letter).c_str(),
                  real);
    break;
  }
  return buffer;
}

/// Returns the text of a lane's printf. `at` is the address of its arguments,
/// which follow each other, each aligned to its size.
static std::string formatAll(Warp &w, const Inst &i, unsigned lane,
                             const std::string &format, uint64_t at) {
  auto take = [&](unsigned bytes) {
    at = (at + bytes - 1) / bytes * bytes;
    uint64_t value = 0;
    if (const uint8_t *place =
            w.access(i, lane, Space::Generic, at, bytes, AccessKind::Load))
      std::memcpy(&value, place, bytes);
    at += bytes;
    return value;
  };
  std::string text;
  for (size_t next = 0; next < format.size();) {
    size_t begin = next++;
    if (format[begin] != '%') {
      text += format[begin];
      continue;
    }
    if (format.compare(next, 1, "%") == 0) {
      text += format[next++];
      continue;
    }
    Conversion conversion;
    if (!parseConversion(format, next, conversion))
      return text + format.substr(begin); // as it stands
    for (; conversion.stars; --conversion.stars) {
      int width = std::clamp(int(int32_t(take(4))), -999, 999);
      size_t star = conversion.flags.find('*');
      conversion.flags.replace(star, 1, std::to_string(width));
    }
    bool isWide =
        conversion.isLong || std::strchr("fFeEgGaAps", conversion.letter);
    text += formatOne(w, i, lane, conversion, take(isWide ? 8 : 4));
  }
  return text;
}

/// int vprintf(const char *format, const void *arguments)
static void execPrintf(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes l(mask); l; ++l) {
    std::string format = readString(w, i, *l, getArgument(w, *l, i.mode, 8));
    std::string text =
        formatAll(w, i, *l, format, getArgument(w, *l, i.mode2, 8));
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (i.imm >= 0) {
      uint32_t one = 1;
      std::memcpy(getLocal(w, *l, uint64_t(i.imm)), &one, sizeof(one));
      std::memset(getLocalInit(w, *l, uint64_t(i.imm)), 1, sizeof(one));
    }
  }
}

/// void __assertfail(message, file, line, function, char size)
static void execAssertFail(Warp &w, const Inst &i, uint32_t mask) {
  unsigned lane = unsigned(__builtin_ctz(mask));
  std::string message = readString(w, i, lane, getArgument(w, lane, i.mode, 8));
  w.report(i, lane, CheckSync, "assertion", "assertion failed: " + message);
  w.launch->stop = true;
}

bool ptxsim::setBuiltinCall(const std::string &name,
                            const std::vector<int64_t> &arguments,
                            const std::vector<unsigned> &sizes, int64_t result,
                            Inst &inst) {
  inst.init = InitRule::Define;
  inst.imm = result;
  if (name == "vprintf" && arguments.size() == 2 && sizes[0] == 8 &&
      sizes[1] == 8) {
    inst.exec = execPrintf;
    inst.mode2 = uint32_t(arguments[1]);
  } else if (name == "__assertfail" && arguments.size() == 5 && sizes[0] == 8) {
    inst.exec = execAssertFail;
    inst.flow = Flow::Exit;
  } else {
    return false;
  }
  inst.mode = uint32_t(arguments[0]);
  return true;
}
