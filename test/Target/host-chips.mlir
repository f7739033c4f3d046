// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LLVM IR for a CPU has its triple, data layout, name and features, so that LLVM's tools
// compile it as the object is compiled. Scalable vectors are not used.
// RUN: diff-opt %s --diff-compile=chip=x86-64-v3 --emit=llvm | FileCheck %s --check-prefix=V3
// RUN: diff-opt %s --diff-compile=chip=neoverse-v2 --emit=llvm | FileCheck %s --check-prefix=ARM
// RUN: diff-opt %s --diff-compile=chip=apple-m4 --emit=llvm | FileCheck %s --check-prefix=APPLE
// RUN: diff-opt %s --diff-compile=chip=sapphirerapids --emit=manifest | FileCheck %s --check-prefix=MANIFEST
// RUN: not diff-opt %s --diff-compile=chip=haswell --emit=ptx 2>&1 | FileCheck %s --check-prefix=PTX
// RUN: not diff-opt %s --diff-compile="chip=haswell f32=tf32" 2>&1 | FileCheck %s --check-prefix=TF32

// V3: target datalayout = "e-m:e-
// V3: target triple = "x86_64-unknown-linux-gnu"
// V3: attributes #{{[0-9]+}} = { {{.*}}"target-cpu"="x86-64-v3"
// V3-NOT: "target-features"
// ARM: target triple = "aarch64-unknown-linux-gnu"
// ARM: attributes #{{[0-9]+}} = { {{.*}}"target-cpu"="neoverse-v2" "target-features"="-sve"
// APPLE: target datalayout = "e-m:o-
// APPLE: target triple = "arm64-apple-macosx11.0.0"
// APPLE: "target-cpu"="apple-m4"
// MANIFEST:      "chip": "sapphirerapids",
// MANIFEST-NEXT: "triple": "x86_64-unknown-linux-gnu",
// MANIFEST-NOT:  "amx
// MANIFEST:      "avx512bf16"
// PTX: error: --emit=ptx is not for chip haswell; it has mlir, llvm, object, library, header, manifest
// TF32: error: diff-compile: f32=tf32 and tiles=threads are for a GPU, found chip=haswell
func.func @twice(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = arith.addf %x, %x : tensor<?xf32>
  return %0 : tensor<?xf32>
}
