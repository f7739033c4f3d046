//===- Integers.cu - Integer arithmetic and bits --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// Two operands and a result of 32 bits, by an instruction in words.
#define BINARY(instruction, type, a, b)                                        \
  [&] {                                                                        \
    type d;                                                                    \
    asm(instruction " %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));                \
    return (unsigned)d;                                                        \
  }()
#define TERNARY(instruction, a, b, c)                                          \
  [&] {                                                                        \
    unsigned d;                                                                \
    asm(instruction " %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));    \
    return d;                                                                  \
  }()
#define UNARY(instruction, a)                                                  \
  [&] {                                                                        \
    unsigned d;                                                                \
    asm(instruction " %0, %1;" : "=r"(d) : "r"(a));                            \
    return d;                                                                  \
  }()

/// What C and its intrinsics name. Row j of `out` is operation j.
extern "C" __global__ void integers32(const unsigned *x, const unsigned *y,
                                      const unsigned *z, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned a = x[i], b = y[i], c = z[i];
  int sa = a, sb = b, sc = c;
  auto put = [&](unsigned value) {
    out[i] = value;
    out += n;
  };
  put(a + b - c);
  put(a * b + c);
  put(__umulhi(a, b));
  put(__mulhi(sa, sb));
  put(__umul24(a, b));
  put(__mul24(sa, sb));
  put(a / (b | 1));
  put(a % (c | 1));
  put(sa / (int)((b & 0xffff) + 1));
  put(sa % -(int)((c & 0xff) + 2));
  put(a / 7 + b % 10);
  put(sa / -12 + sb % 100);
  put(min(sa, sb));
  put(max(a, max(b, c)));
  put(__sad(sa, sb, c));
  put(__usad(a, b, c));
  put(__popc(a));
  put(__clz(sa >> (b & 31)));
  put(__brev(a));
  put(__ffs(a & b & c));
  put(__funnelshift_l(a, b, c));
  put(__funnelshift_r(a, b, c));
  put(__funnelshift_lc(a, b, c & 63));
  put(__funnelshift_rc(a, b, c & 63));
  put(__byte_perm(a, b, c));
  put(__dp4a(sa, sb, sc));
  put(__dp4a(a, b, c));
  put(__dp2a_lo(sa, sb, sc));
  put(__dp2a_hi(a, b, c));
  put((a & b) | (~a & c));
  put(a ^ b ^ c);
  put(sa < sb ? a : sc >= 0 ? b : c);
  put(__hadd(sa, sb));
  put(__urhadd(a, b));
}

/// What only PTX names.
extern "C" __global__ void integersPtx(const unsigned *x, const unsigned *y,
                                       const unsigned *z, unsigned *out,
                                       int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned a = x[i], b = y[i], c = z[i];
  auto put = [&](unsigned value) {
    out[i] = value;
    out += n;
  };
  put(TERNARY("mad.hi.u32", a, b, c));
  put(TERNARY("mad.hi.s32", a, b, c));
  put(TERNARY("mad.hi.sat.s32", a, b, c));
  put(TERNARY("mad24.lo.u32", a, b, c));
  put(BINARY("add.sat.s32", int, a, b));
  put(BINARY("sub.sat.s32", int, a, b));
  put(TERNARY("bfe.u32", a, b, c));
  put(TERNARY("bfe.s32", a, b, c));
  put(TERNARY("bfe.s32", a, b & 31, c & 31));
  {
    unsigned d;
    asm("bfi.b32 %0, %1, %2, %3, %4;"
        : "=r"(d)
        : "r"(a), "r"(b), "r"(c & 31), "r"(c >> 5 & 31));
    put(d);
  }
  put(UNARY("bfind.u32", a));
  put(UNARY("bfind.s32", a));
  put(UNARY("bfind.shiftamt.u32", a));
  put(BINARY("bmsk.clamp.b32", unsigned, b & 63, c & 63));
  put(BINARY("bmsk.wrap.b32", unsigned, b, c));
  put(BINARY("szext.clamp.s32", int, a, b & 63));
  put(BINARY("szext.wrap.u32", unsigned, a, b));
  put(BINARY("shl.b32", unsigned, a, b & 63));
  put(BINARY("shr.u32", unsigned, a, b & 63));
  put(BINARY("shr.s32", int, a, b & 63));
  put(TERNARY("prmt.b32.f4e", a, b, c));
  put(TERNARY("prmt.b32.b4e", a, b, c));
  put(TERNARY("prmt.b32.rc8", a, b, c));
  put(TERNARY("prmt.b32.ecl", a, b, c));
  put(TERNARY("prmt.b32.ecr", a, b, c));
  put(TERNARY("prmt.b32.rc16", a, b, c));
  put(UNARY("cnot.b32", a & b & c));
  put(BINARY("set.lt.u32.s32", unsigned, a, b));
  put(TERNARY("slct.u32.s32", a, b, c));
  put(UNARY("abs.s32", a | 1));
  {
    // A 96-bit sum, difference and product with carries.
    unsigned d0, d1, d2;
    asm("add.cc.u32 %0, %3, %4;\n"
        "addc.cc.u32 %1, %4, %5;\n"
        "addc.u32 %2, %5, %3;"
        : "=&r"(d0), "=&r"(d1), "=&r"(d2)
        : "r"(a), "r"(b), "r"(c));
    put(d0), put(d1), put(d2);
    asm("sub.cc.u32 %0, %3, %4;\n"
        "subc.cc.u32 %1, %4, %5;\n"
        "subc.u32 %2, %5, %3;"
        : "=&r"(d0), "=&r"(d1), "=&r"(d2)
        : "r"(a), "r"(b), "r"(c));
    put(d0), put(d1), put(d2);
    asm("mad.lo.cc.u32 %0, %3, %4, %5;\n"
        "madc.hi.cc.u32 %1, %3, %4, %4;\n"
        "addc.u32 %2, 0, 0;"
        : "=&r"(d0), "=&r"(d1), "=&r"(d2)
        : "r"(a), "r"(b), "r"(c));
    put(d0), put(d1), put(d2);
  }
  {
    unsigned d;
    asm("lop3.b32 %0, %1, %2, %3, 0xd2;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    put(d);
    // p: (a < b and c <= 5) or a > c; q: a >= b and c <= 5.
    asm("{\n"
        ".reg .pred p, q, r;\n"
        "setp.gt.s32 r, %3, 5;\n"
        "setp.lt.and.u32 p|q, %1, %2, !r;\n"
        "setp.eq.s32 r, %3, 0;\n"
        "setp.gt.or.s32 p, %1, %3, p;\n"
        "xor.pred r, r, p;\n"
        "@!q not.pred r, r;\n"
        "selp.u32 %0, %1, %2, r;\n"
        "}"
        : "=r"(d)
        : "r"(a), "r"(b), "r"(c));
    put(d);
  }
}

/// 64 and 128 bits.
extern "C" __global__ void integers64(const unsigned long long *x,
                                      const unsigned long long *y,
                                      const unsigned *z,
                                      unsigned long long *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned long long a = x[i], b = y[i];
  unsigned c = z[i];
  long long sa = a, sb = b;
  auto put = [&](unsigned long long value) {
    out[i] = value;
    out += n;
  };
  put(a + b);
  put(a - b);
  put(a * b);
  put(__umul64hi(a, b));
  put(__mul64hi(sa, sb));
  put(a / (b | 1));
  put(a % (b | 1));
  put(sa / (long long)((b >> 33) + 1));
  put(sa % (long long)(c + 1ull));
  put(a / 1000000007ull);
  put(a << (c & 63));
  put(a >> (c & 63));
  put(sa >> (c & 63));
  put(__popcll(a));
  put(__clzll(sa >> (c & 63)));
  put(__brevll(a));
  put(__ffsll(a & b));
  put(min(sa, sb));
  put(max(a, b));
  put((unsigned long long)(unsigned)a * (unsigned)b + c);
  put((long long)(int)a * (int)b - (long long)(int)c);
  unsigned __int128 wide = (unsigned __int128)a * b + a + c;
  put(wide), put(wide >> 64);
  wide = wide << (c & 31) ^ wide >> 40;
  put(wide), put(wide >> 64);
  unsigned long long d;
  asm("bfe.u64 %0, %1, %2, %3;" : "=l"(d) : "l"(a), "r"(c & 63), "r"(c >> 6));
  put(d);
  asm("bfe.s64 %0, %1, %2, %3;"
      : "=l"(d)
      : "l"(a), "r"(c & 63), "r"(c >> 6 & 63));
  put(d);
  asm("bfi.b64 %0, %1, %2, %3, %4;"
      : "=l"(d)
      : "l"(a), "l"(b), "r"(c & 63), "r"(c >> 6 & 63));
  put(d);
  asm("abs.s64 %0, %1;" : "=l"(d) : "l"(a | 1));
  put(d);
  asm("bfind.s64 %0, %1;" : "=r"(c) : "l"(a));
  put(c);
}

/// 8 and 16 bits: loads that extend, arithmetic that wraps, comparisons.
extern "C" __global__ void
integersNarrow(const signed char *x, const unsigned char *y, const short *z,
               const unsigned short *w, int *wide, short *narrow,
               unsigned char *bytes, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  signed char a = x[i];
  unsigned char b = y[i];
  short c = z[i];
  unsigned short d = w[i];
  wide[i] = a * b + c - d;
  wide[n + i] = c * d;
  wide[2 * n + i] = (a < c) + 2 * (b > d) + 4 * (c == (short)d);
  narrow[i] = c * d;
  narrow[n + i] = c / (short)(b + 1);
  narrow[2 * n + i] = d % (unsigned short)(b + 1);
  narrow[3 * n + i] = (short)(c >> (b & 15)) ^ (short)(d << (b & 7));
  bytes[i] = a + b;
  bytes[n + i] = (unsigned char)(b * d) >> 3;
  bytes[2 * n + i] = max((int)a, (int)b);
}
