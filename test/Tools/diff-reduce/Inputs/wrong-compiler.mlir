// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A pass that is wrong: it changes the scale of attentions with a causal mask.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %attention = transform.structured.match ops{["diff.attention"]}
        attributes{mask = #diff.mask<causal>} in %root
        : (!transform.any_op) -> !transform.any_op
    %scale = transform.param.constant 3.0 : f64 -> !transform.any_param
    transform.annotate %attention "scale" = %scale
        : !transform.any_op, !transform.any_param
    transform.yield
  }
}
