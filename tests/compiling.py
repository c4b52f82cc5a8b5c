"""How tests compile: in double precision on the CPU, each program once for a worker, and without optimising it. Imported before JAX."""

import os
import subprocess
import sys
import tempfile

#: Programs run for a moment here, so XLA need not optimise: half the time of all tests.
QUICKLY = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
)

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Where in the source an operation comes from is written into no program: it takes a tenth of the time of tracing.
os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")
# A worker for each core: threads of PyTorch or BLAS that wait for each other would take what the other worker needs.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Most of the time would go to compiling the same program again, for another closure or in a subprocess. A folder for each worker,
# since JAX does not write an entry in one go; it goes with the worker, so that no run depends on an earlier one.
_COMPILED = tempfile.TemporaryDirectory(prefix="entropysym-compiled-")
os.environ["JAX_COMPILATION_CACHE_DIR"] = _COMPILED.name
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"

if "XLA_FLAGS" not in os.environ:  # to compile as users do: XLA_FLAGS= pytest
    # A flag that this XLA does not know would end the process.
    probe = [sys.executable, "-c", "import jax; jax.devices()"]
    known = subprocess.run(probe, env={**os.environ, "XLA_FLAGS": QUICKLY}, capture_output=True)
    os.environ["XLA_FLAGS"] = QUICKLY if known.returncode == 0 else ""


def as_users_do() -> dict[str, str]:
    """An environment for a subprocess that compiles as users do."""
    return {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
