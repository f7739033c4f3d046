// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of the dialect with the wrong kind, in the wrong place or of
// another name.
// RUN: diff-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{'func.func' op has the attribute 'diff.colour', which dialect 'diff' does not define; legal are 'diff.kernel', 'diff.name', 'diff.sizes', 'diff.offsets' and 'diff.result'}}
func.func @unknown() attributes {diff.colour = "red"} { return }

// -----

// expected-error @below {{has the attribute 'diff.colour', which dialect 'diff' does not define}}
func.func private @unknown(tensor<4xf32> {diff.colour = "red"})

// -----

// expected-error @below {{has the attribute 'diff.colour', which dialect 'diff' does not define}}
func.func private @unknown() -> (tensor<4xf32> {diff.colour = "red"})

// -----

// Places.

// expected-error @below {{has the attribute 'diff.name', which is for arguments and results of functions}}
func.func @name_of_function() attributes {diff.name = "query"} { return }

// -----

// expected-error @below {{has the attribute 'diff.kernel' on argument 0, which is for an scf.forall that is mapped to blocks}}
func.func private @kernel_of_argument(tensor<4xf32> {diff.kernel = #diff.kernel<op = "fill", threads = 32>})

// -----

func.func @kernel_of_loop(%o: memref<4xf32>) {
  // expected-error @below {{has the attribute 'diff.kernel', which is for an scf.forall that is mapped to blocks}}
  scf.forall (%i) in (4) {
  } {mapping = [#gpu.thread<x>], diff.kernel = #diff.kernel<op = "fill", threads = 32>}
  return
}

// -----

func.func @kernel_kind(%o: memref<4xf32>) {
  // expected-error @below {{has the attribute 'diff.kernel' of the wrong kind: #diff.kernel is legal, found 128 : i64}}
  scf.forall (%i) in (4) {
  } {mapping = [#gpu.block<x>], diff.kernel = 128}
  return
}

// -----

// expected-error @below {{'threads' of a kernel must be 1 to 1024, found 0}}
#kernel = #diff.kernel<op = "fill", threads = 0>

// -----

// expected-error @below {{'op' of a kernel must not be empty}}
#kernel = #diff.kernel<op = "", threads = 32>

// -----

// Names.

// expected-error @below {{has the attribute 'diff.name' on argument 0, of the wrong kind: a string is legal, found 5 : i64}}
func.func private @name_kind(tensor<4xf32> {diff.name = 5})

// -----

// expected-error @below {{has the attribute 'diff.name' on argument 0, whose names are letters, digits and _ and do not begin with a digit, found 'a b'}}
func.func private @name_text(tensor<4xf32> {diff.name = "a b"})

// -----

// expected-error @below {{has the attribute 'diff.name' on argument 0, whose names are letters, digits and _ and do not begin with a digit, found ''}}
func.func private @name_empty(tensor<4xf32> {diff.name = ""})

// -----

// expected-error @below {{has the attribute 'diff.name' on argument 1, but argument 0 already has the name 'k'}}
func.func private @same_names(tensor<4xf32> {diff.name = "k"}, tensor<4xf32> {diff.name = "k"})

// -----

// expected-error @below {{has the attribute 'diff.name' on result 0, but argument 0 already has the name 'k'}}
func.func private @same_name_of_result(tensor<4xf32> {diff.name = "k"}) -> (tensor<4xf32> {diff.name = "k"})

// -----

// expected-error @below {{has the attribute 'diff.name' on argument 0, but 'argument1' is reserved for argument 1 without a name}}
func.func private @default_name(tensor<4xf32> {diff.name = "argument1"}, tensor<4xf32>)

// -----

func.func private @own_default_name(tensor<4xf32> {diff.name = "argument0"}, tensor<4xf32>)

// -----

// Sizes.

// expected-error @below {{has the attribute 'diff.sizes' on argument 0, of the wrong kind: an array of strings is legal, found "N"}}
func.func private @sizes_kind(tensor<?xf32> {diff.sizes = "N"})

// -----

// expected-error @below {{has the attribute 'diff.sizes' on argument 0, of the wrong kind: an array of strings is legal, found [1]}}
func.func private @sizes_element(tensor<?xf32> {diff.sizes = [1]})

// -----

// expected-error @below {{has the attribute 'diff.sizes' on argument 0, which must name each of the 2 sizes of 'tensor<?x4xf32>', found 1 names}}
func.func private @sizes_count(tensor<?x4xf32> {diff.sizes = ["N"]})

// -----

// expected-error @below {{has the attribute 'diff.sizes' on argument 0, whose names are letters, digits and _ and do not begin with a digit, or empty, found 'N + 1'}}
func.func private @sizes_text(tensor<?x4xf32> {diff.sizes = ["N + 1", ""]})

// -----

// expected-error @below {{has the attribute 'diff.sizes' on argument 1, but 'N' is 5 here and 4 on argument 0}}
func.func private @sizes_differ(tensor<4xf32> {diff.sizes = ["N"]}, tensor<5xf32> {diff.sizes = ["N"]})

// -----

// expected-error @below {{has the attribute 'diff.sizes' on result 0, but 'N' is 5 here and 4 on argument 0}}
func.func private @sizes_of_result(tensor<4xf32> {diff.sizes = ["N"]}) -> (tensor<5xf32> {diff.sizes = ["N"]})

// -----

// Offsets.

// expected-error @below {{has the attribute 'diff.offsets' on argument 0, of the wrong kind: #diff.offsets is legal, found "query"}}
func.func private @offsets_kind(tensor<3xi32> {diff.offsets = "query"})

// -----

// expected-error @below {{has the attribute 'diff.offsets' on argument 1, which is for an argument of i32 with one dimension, found 'tensor<3xi64>'}}
func.func private @offsets_type(tensor<?x4xf32> {diff.name = "query"}, tensor<3xi64> {diff.offsets = #diff.offsets<tensor = "query", dimension = 0>})

// -----

// expected-error @below {{has the attribute 'diff.offsets' on argument 1, which points into 'key', but no argument has that name}}
func.func private @offsets_tensor(tensor<?x4xf32> {diff.name = "query"}, tensor<3xi32> {diff.offsets = #diff.offsets<tensor = "key", dimension = 0>})

// -----

// expected-error @below {{has the attribute 'diff.offsets' on argument 1, which points into dimension 2 of 'query', but that has 2 dimensions}}
func.func private @offsets_dimension(tensor<?x4xf32> {diff.name = "query"}, tensor<3xi32> {diff.offsets = #diff.offsets<tensor = "query", dimension = 2>})

// -----

// expected-error @below {{'dimension' of offsets must not be negative, found -1}}
#offsets = #diff.offsets<tensor = "query", dimension = -1>

// -----

// Results.

// expected-error @below {{has the attribute 'diff.result' on argument 0, of the wrong kind: no value is legal, found 1 : i64}}
func.func private @result_kind(memref<4xf32> {diff.result = 1})

// -----

// expected-error @below {{has the attribute 'diff.result' on argument 0, which is for an argument of a memref type, found 'tensor<4xf32>'}}
func.func private @result_type(tensor<4xf32> {diff.result})

// -----

// expected-error @below {{has the attribute 'diff.result' on result 0, which is for an argument of a memref type, found 'memref<4xf32>'}}
func.func private @result_place() -> (memref<4xf32> {diff.result})

// -----

// expected-error @below {{has the attribute 'diff.result' on argument 0, but argument 1 after it has no such attribute; results are the last arguments}}
func.func private @result_order(memref<4xf32> {diff.result}, memref<4xf32>)

// -----

// Schedules.

// expected-error @below {{a schedule with 'stages' needs 'threads'}}
#schedule = #diff.schedule<queries = 64, keys = 64, stages = 1>

// -----

// The attributes of results are verified after those of arguments.
// expected-error @below {{'func.func' op expects result attribute array to have the same number of elements as the number of function results, got 0, but expected 1}}
"func.func"() <{arg_attrs = [{diff.name = "x"}], res_attrs = [], function_type = (tensor<4xf32>) -> tensor<4xf32>, sym_name = "f", sym_visibility = "private"}> ({}) : () -> ()
