func.func @v2(%q: tensor<2x7x8x16xbf16>, %k: tensor<2x9x2x16xbf16>,
              %v: tensor<2x9x2x16xbf16>, %lambda: tensor<2x7x4xbf16>,
              %output: tensor<2x7x4x16xbf16>, %lse: tensor<2x8x7xf32>,
              %diagonal: index) -> (tensor<2x7x4x16xbf16>, tensor<2x8x7xf32>) {
  %0:2 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<2x7x8x16xbf16>,
               tensor<2x9x2x16xbf16>, tensor<2x9x2x16xbf16>,
               tensor<2x7x4xbf16>)
           outs(%output, %lse : tensor<2x7x4x16xbf16>, tensor<2x8x7xf32>)
           diagonal(%diagonal) mask<causal> scale(0.25) softcap(3.0)
           {schedule = #diff.schedule<queries = 16, keys = 16, threads = 0>}
           -> tensor<2x7x4x16xbf16>, tensor<2x8x7xf32>
  return %0#0, %0#1 : tensor<2x7x4x16xbf16>, tensor<2x8x7xf32>
}

func.func @v1(%q: tensor<1x8x7x16xf16>, %k: tensor<1x4x9x16xf16>,
              %v: tensor<1x2x9x32xf16>, %lambda: tensor<4xf32>,
              %weight: tensor<32xf32>, %output: tensor<1x4x7x32xf16>)
    -> tensor<1x4x7x32xf16> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<1x8x7x16xf16>,
             tensor<1x4x9x16xf16>, tensor<1x2x9x32xf16>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%output : tensor<1x4x7x32xf16>)
         layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
         lambda_init(0.5) epsilon(1.0e-6) -> tensor<1x4x7x32xf16>
  return %0 : tensor<1x4x7x32xf16>
}

func.func @softmax(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xf32>,
                   %v: tensor<?x2x8xf32>, %cu_q: tensor<3xi32>,
                   %cu_k: tensor<3xi32>, %output: tensor<?x4x8xf32>)
    -> tensor<?x4x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<?x4x16xf32>, tensor<?x2x16xf32>,
             tensor<?x2x8xf32>)
         outs(%output : tensor<?x4x8xf32>)
         cu_seqlens(%cu_q, %cu_k : tensor<3xi32>, tensor<3xi32>)
         mask<window = [4, 2]> -> tensor<?x4x8xf32>
  return %0 : tensor<?x4x8xf32>
}
