//===- Emulator.c - AMX-BF16 on CPUs without it ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library to preload into a program, so that code with AMX is tested on every
// x86-64 CPU with AVX-512. The CPU raises SIGILL for each AMX instruction, and
// the handler executes it. A filter of system calls grants the request for the
// tiles, without which no instruction is executed. The variable DIFF_AMX
// selects more:
//
//   count   print the number of each instruction when the program ends
//   refuse  let the filter refuse the request, and execute nothing
//   stack   give the first thread a signal stack that is too small for the
//           tiles, so that Linux refuses the request; execute nothing
//
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { TILES = 8, ROWS = 16, ROW_BYTES = 64 };
enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };

/// The state of a thread.
struct Tiles {
  int isConfigured;
  uint16_t rowBytes[TILES];
  uint8_t rows[TILES];
  uint8_t data[TILES][ROWS][ROW_BYTES];
};
static __thread struct Tiles tiles;

enum Kind { CONFIGURE, RELEASE, ZERO, LOAD, STORE, MULTIPLY, KINDS };
static const char *const kindNames[KINDS] = {"ldtilecfg",  "tilerelease",
                                             "tilezero",   "tileloadd",
                                             "tilestored", "tdpbf16ps"};
static unsigned long counts[KINDS];
static int isGranted, isInstalled;

static void fail(const char *text) {
  (void)!write(2, "amx_emulator: ", 14);
  (void)!write(2, text, strlen(text));
  (void)!write(2, "\n", 1);
  abort();
}

/// The numbers of ucontext's registers in the order of encodings.
static const int registerNumbers[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

/// A decoded operand in memory.
struct Memory {
  uint64_t base;  // without the index
  uint64_t index; // scaled: the bytes from row to row
  const uint8_t *end;
};

static struct Memory decodeMemory(const uint8_t *modrm, int extendIndex,
                                  int extendBase, const greg_t *registers) {
  struct Memory memory = {0, 0, modrm + 1};
  int mode = modrm[0] >> 6, rm = modrm[0] & 7;
  int hasBase = 1, base = rm | extendBase << 3;
  if (rm == 4) {
    uint8_t sib = *memory.end++;
    int index = (sib >> 3 & 7) | extendIndex << 3;
    base = (sib & 7) | extendBase << 3;
    if (index != 4)
      memory.index = (uint64_t)registers[registerNumbers[index]] << (sib >> 6);
    hasBase = !((sib & 7) == 5 && mode == 0);
  } else if (rm == 5 && mode == 0) {
    int32_t offset;
    memcpy(&offset, memory.end, 4);
    memory.end += 4;
    memory.base = (uint64_t)memory.end + (int64_t)offset;
    return memory;
  }
  if (hasBase)
    memory.base = registers[registerNumbers[base]];
  if (mode == 1) {
    memory.base += (int64_t)(int8_t)*memory.end++;
  } else if (mode == 2 || !hasBase) {
    int32_t offset;
    memcpy(&offset, memory.end, 4);
    memory.end += 4;
    memory.base += (int64_t)offset;
  }
  return memory;
}

static void configure(const uint8_t *memory) {
  memset(&tiles, 0, sizeof tiles);
  if (memory[0] != 1)
    fail("unsupported palette");
  tiles.isConfigured = 1;
  for (int i = 0; i < TILES; ++i) {
    memcpy(&tiles.rowBytes[i], memory + 16 + 2 * i, 2);
    tiles.rows[i] = memory[48 + i];
    if (tiles.rows[i] > ROWS || tiles.rowBytes[i] > ROW_BYTES)
      fail("invalid tile configuration");
  }
}

/// Denormal numbers are 0 in operands and results.
static float flush(uint32_t bits) {
  float value;
  if ((bits & 0x7f800000) == 0)
    bits &= 0x80000000;
  memcpy(&value, &bits, 4);
  return value;
}

static float flushFloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return flush(bits);
}

/// sum[m][n] += left[m][k] * right[k / 2][n][k % 2]. Even and odd k are summed
/// apart first.
static void multiply(int sum, int left, int right) {
  int pairs = tiles.rowBytes[left] / 4, columns = tiles.rowBytes[sum] / 4;
  if (tiles.rows[sum] != tiles.rows[left] ||
      tiles.rowBytes[sum] != tiles.rowBytes[right] ||
      pairs != tiles.rows[right])
    fail("shapes of a product do not match");
  for (int m = 0; m < tiles.rows[sum]; ++m)
    for (int n = 0; n < columns; ++n) {
      float parts[2] = {0, 0}, old;
      for (int k = 0; k < pairs; ++k) {
        uint32_t a, c;
        memcpy(&a, tiles.data[left][m] + 4 * k, 4);
        memcpy(&c, tiles.data[right][k] + 4 * n, 4);
        parts[0] = flushFloat(
            __builtin_fmaf(flush(a << 16), flush(c << 16), parts[0]));
        parts[1] = flushFloat(__builtin_fmaf(flush(a & 0xffff0000),
                                             flush(c & 0xffff0000), parts[1]));
      }
      memcpy(&old, tiles.data[sum][m] + 4 * n, 4);
      old = flushFloat(flushFloat(old) + flushFloat(parts[0] + parts[1]));
      memcpy(tiles.data[sum][m] + 4 * n, &old, 4);
    }
}

/// Replaces the function of the C library, so that the program does not replace
/// the handlers.
int sigaction(int number, const struct sigaction *action,
              struct sigaction *old) {
  static int (*next)(int, const struct sigaction *, struct sigaction *);
  if (!next)
    next = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(
        RTLD_NEXT, "sigaction");
  if (isInstalled && (number == SIGILL || number == SIGSYS))
    action = NULL;
  return next(number, action, old);
}

/// Lets the instruction end the program, as without the emulator.
static void raiseAgain(void) {
  isInstalled = 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(SIGILL, &action, NULL);
}

static void execute(int signalNumber, siginfo_t *info, void *opaque) {
  (void)signalNumber;
  (void)info;
  ucontext_t *context = opaque;
  greg_t *registers = context->uc_mcontext.gregs;
  const uint8_t *code = (const uint8_t *)registers[REG_RIP];
  // VEX.128.map2.W0
  if (!isGranted || code[0] != 0xc4 || (code[1] & 0x1f) != 2 ||
      (code[2] & 0x84) != 0) {
    raiseAgain();
    return;
  }
  int extendIndex = !(code[1] & 0x40), extendBase = !(code[1] & 0x20);
  int prefix = code[2] & 3; // none, 66, F3, F2
  int third = ~(code[2] >> 3) & 15, opcode = code[3];
  const uint8_t *modrm = code + 4;
  int isRegister = modrm[0] >> 6 == 3;
  int reg = modrm[0] >> 3 & 7, rm = modrm[0] & 7;
  const uint8_t *end = modrm + 1;
  enum Kind kind;
  if (opcode == 0x49 && prefix == 0 && isRegister) {
    kind = RELEASE;
    memset(&tiles, 0, sizeof tiles);
  } else if (opcode == 0x49 && prefix == 0) {
    struct Memory memory =
        decodeMemory(modrm, extendIndex, extendBase, registers);
    kind = CONFIGURE;
    configure((const uint8_t *)(memory.base + memory.index));
    end = memory.end;
  } else if (!tiles.isConfigured) {
    fail("tiles are not configured");
    return;
  } else if (opcode == 0x49 && prefix == 3 && isRegister) {
    kind = ZERO;
    memset(tiles.data[reg], 0, sizeof tiles.data[reg]);
  } else if (opcode == 0x4b && !isRegister && prefix != 0) {
    struct Memory memory =
        decodeMemory(modrm, extendIndex, extendBase, registers);
    int size = tiles.rowBytes[reg];
    end = memory.end;
    kind = prefix == 2 ? STORE : LOAD;
    if (kind == LOAD)
      memset(tiles.data[reg], 0, sizeof tiles.data[reg]);
    for (int row = 0; row < tiles.rows[reg]; ++row) {
      uint8_t *address = (uint8_t *)(memory.base + row * memory.index);
      if (kind == LOAD)
        memcpy(tiles.data[reg][row], address, size);
      else
        memcpy(address, tiles.data[reg][row], size);
    }
  } else if (opcode == 0x5c && prefix == 2 && isRegister) {
    kind = MULTIPLY;
    multiply(reg, rm, third);
  } else {
    raiseAgain();
    return;
  }
  __atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED);
  registers[REG_RIP] = (greg_t)end;
}

static void answer(int signalNumber, siginfo_t *info, void *opaque) {
  (void)signalNumber;
  (void)info;
  ucontext_t *context = opaque;
  isGranted = 1;
  context->uc_mcontext.gregs[REG_RAX] = 0;
}

static void printCounts(void) {
  for (int i = 0; i < KINDS; ++i)
    fprintf(stderr, "%s %lu\n", kindNames[i], counts[i]);
}

/// Adds a filter that answers the request for tiles by `action`.
static void filterRequest(uint32_t action) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_arch_prctl, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REQUEST_PERMISSION, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TILE_DATA, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
    fail("cannot filter system calls");
}

static void useSmallStack(void) {
  static char memory[4096];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
  if (sigaltstack(&stack, NULL))
    fail("cannot set the signal stack");
}

__attribute__((constructor)) static void install(void) {
  const char *mode = getenv("DIFF_AMX");
  if (mode && strcmp(mode, "refuse") == 0)
    return filterRequest(SECCOMP_RET_ERRNO | ENOSPC);
  if (mode && strcmp(mode, "stack") == 0)
    return useSmallStack();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  action.sa_sigaction = answer;
  sigaction(SIGSYS, &action, NULL);
  action.sa_sigaction = execute;
  sigaction(SIGILL, &action, NULL);
  isInstalled = 1;
  filterRequest(SECCOMP_RET_TRAP);
  if (mode && strcmp(mode, "count") == 0)
    atexit(printCounts);
}
