"""Kernels where no folder can be written: compiled in memory, same answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import numpy as np
from autoprep.kernels import compile
from autoprep.kernels.groups import Groups
print(compile.CACHED, Groups.build(np.array([1, 0, 1], np.int32), 2).rows.tolist())
"""


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write")
def test_a_folder_that_cannot_be_written_is_no_hindrance() -> None:
    told = os.environ | {"NUMBA_CACHE_DIR": "/proc/nowhere"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=told, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False [1, 0, 2]", done
