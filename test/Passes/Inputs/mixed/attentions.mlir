// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rare forms of the dialect's ops: on buffers, in f64, empty, in tiles, with
// schedules, in loops and branches.
func.func @buffers(%q: memref<1x12x4x16xf32>, %k: memref<1x20x2x16xf32>, %o: memref<1x12x4x16xf32>) {
  diff.softmax_attention ins(%q, %k, %k : memref<1x12x4x16xf32>, memref<1x20x2x16xf32>, memref<1x20x2x16xf32>)
    outs(%o : memref<1x12x4x16xf32>) {schedule = #diff.schedule<queries = 8, keys = 16>}
  return
}

func.func @online(%q: tensor<1x64x2x128xbf16>, %k: tensor<1x?x1x128xbf16>, %acc: tensor<1x2x64x128xf32>,
                  %max: tensor<1x2x64xf32>, %sum: tensor<1x2x64xf32>, %d: index, %n: index)
    -> (tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>) {
  %0:3 = diff.online_attention ins(%q, %k, %k : tensor<1x64x2x128xbf16>, tensor<1x?x1x128xbf16>, tensor<1x?x1x128xbf16>)
    outs(%acc, %max, %sum : tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>)
    maps(2) diagonal(%d) key_length(%n) mask<causal> scale(0.0883)
    {schedule = #diff.schedule<queries = 64, keys = 32, threads = 128, stages = 2>}
    -> tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
}

func.func @doubles(%q: tensor<1x12x4x16xf64>, %o: tensor<1x12x4x16xf64>, %lse: tensor<1x4x12xf64>)
    -> (tensor<1x12x4x16xf64>, tensor<1x4x12xf64>) {
  %0:2 = diff.softmax_attention ins(%q, %q, %q : tensor<1x12x4x16xf64>, tensor<1x12x4x16xf64>, tensor<1x12x4x16xf64>)
    outs(%o, %lse : tensor<1x12x4x16xf64>, tensor<1x4x12xf64>) softcap(30.0)
    {schedule = #diff.schedule<queries = 8, keys = 16, threads = 32>}
    -> tensor<1x12x4x16xf64>, tensor<1x4x12xf64>
  return %0#0, %0#1 : tensor<1x12x4x16xf64>, tensor<1x4x12xf64>
}

func.func @empty(%q: tensor<0x12x4x16xf16>, %k: tensor<0x0x2x16xf16>, %o: tensor<0x12x4x16xf16>)
    -> tensor<0x12x4x16xf16> {
  %0 = diff.softmax_attention ins(%q, %k, %k : tensor<0x12x4x16xf16>, tensor<0x0x2x16xf16>, tensor<0x0x2x16xf16>)
    outs(%o : tensor<0x12x4x16xf16>) -> tensor<0x12x4x16xf16>
  return %0 : tensor<0x12x4x16xf16>
}

func.func @odd_schedule(%q: tensor<1x12x4x24xf16>, %o: tensor<1x12x4x24xf16>) -> tensor<1x12x4x24xf16> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x12x4x24xf16>, tensor<1x12x4x24xf16>, tensor<1x12x4x24xf16>)
    outs(%o : tensor<1x12x4x24xf16>) {schedule = #diff.schedule<queries = 5, keys = 7, threads = 64, stages = 1>}
    -> tensor<1x12x4x24xf16>
  return %0 : tensor<1x12x4x24xf16>
}

func.func @packed(%q: tensor<?x4x16xf32>, %k: tensor<0x2x16xf32>, %cu: tensor<3xi32>, %o: tensor<?x4x16xf32>, %p: i1)
    -> tensor<?x4x16xf32> {
  %0 = scf.if %p -> (tensor<?x4x16xf32>) {
    %1 = diff.softmax_attention ins(%q, %k, %k : tensor<?x4x16xf32>, tensor<0x2x16xf32>, tensor<0x2x16xf32>)
      outs(%o : tensor<?x4x16xf32>) cu_seqlens(%cu, %cu : tensor<3xi32>, tensor<3xi32>)
      mask<window = [4, 4]> -> tensor<?x4x16xf32>
    scf.yield %1 : tensor<?x4x16xf32>
  } else {
    scf.yield %o : tensor<?x4x16xf32>
  }
  return %0 : tensor<?x4x16xf32>
}
