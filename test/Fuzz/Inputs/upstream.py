# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""upstream.py BUILD FILE: adds the ops of a file, which crash upstream's parser, to a
text with ops of the project, runs diff-opt on it, and prints what the generator
reports and counts."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True
from fuzz.mutations import generator  # noqa: E402

mutations = generator.Mutations(Path(sys.argv[1]))
good = mutations.corpus.samples[0].files["kernel"]
mutant = generator.Mutant(0, "kernel", good + Path(sys.argv[2]).read_bytes(), ("diff-opt", "{in}", "-o", "{out}"))
with tempfile.TemporaryDirectory() as folder:
    verdict = mutations.run(mutant, Path(folder))
print(verdict.failures, dict(verdict.counts))
