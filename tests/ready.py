"""For the process that the workers of tests come from: the model loaded, machine code and all, before the first is
asked for. Otherwise each of some hundred workers would take a second or two to load it for itself."""

from __future__ import annotations

import stand_ins  # noqa: F401

from experiments.running import compiling

compiling.compile_model()
compiling.simulate_samples()
