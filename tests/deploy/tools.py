"""The programs that look at deployment files without an engine; they come with the development packages."""

import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

from tests.deploy.packages import ROOT

PROGRAMS = Path(sys.executable).parent


def run(program: Path, *arguments: str | Path) -> CompletedProcess[str]:
    """Run a program in the project's root and return what it said, whether it succeeded or not."""
    return subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
