"""The full proof that no request breaks the provider's doors: the test of it, with many more requests."""

from __future__ import annotations

import os
import subprocess
import sys
import time

TEST = "tests/call_center/test_fuzz.py"


def run(requests: int) -> dict[str, float]:
    """Send so many to each database; the exit code of the test, and how long it took."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", TEST]
    code = subprocess.run(command, env={**os.environ, "CRM_FUZZ": str(requests)}, check=False).returncode
    return {"requests": requests, "exit_code": code, "seconds": round(time.monotonic() - began, 1)}
