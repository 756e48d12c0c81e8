"""The image cannot be built where there is no engine: what its stages would do is tried here one by one."""

import fnmatch
import re
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.deploy.packages import ROOT, imported_modules, runtime_distributions
from tests.deploy.tools import PROGRAMS, run

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
TEXT = DOCKERFILE.read_text()
STAGES = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]
SETUP = (ROOT / "deploy" / "dev" / "setup.sh").read_text()
UV = ROOT / ".uv" / "bin" / "uv"


def test_hadolint_finds_nothing() -> None:
    said = run(PROGRAMS / "hadolint", DOCKERFILE)
    assert said.stdout == ""
    assert said.returncode == 0


def test_every_base_image_is_pinned_by_a_full_version() -> None:
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)$", TEXT, flags=re.MULTILINE)
    assert len(images) == 2
    assert [image for image in images if not re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+", image)] == []


def test_the_final_stage_runs_as_a_numbered_user_and_is_asked_for_its_health() -> None:
    final = STAGES[-1]
    assert re.search(r"^USER 10001:10001$", final, flags=re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*/healthz", final, flags=re.MULTILINE)
    assert not re.search(r"\b(apt-get|pip|npm|gcc)\b", final)


@pytest.mark.parametrize(
    ("name", "pattern"), [("UV_VERSION", r"ARG UV_VERSION=(\S+)"), ("NODE", r"NODE_IMAGE=node:(\d+)")]
)
def test_the_tools_are_those_of_the_set_up(name: str, pattern: str) -> None:
    here = re.search(pattern, TEXT)
    there = re.search(rf"^{name}\w*=(\S+)$", SETUP, flags=re.MULTILINE)
    assert here
    assert there
    assert there[1].startswith(here[1])


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    sources = [
        word for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, flags=re.MULTILINE) for word in line.split()[:-1]
    ]
    assert "requirements.lock" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if source.split("/")[0] not in let_in] == []


def test_secrets_and_data_do_not_reach_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    for private in (".data", ".git", ".venv", "deploy"):
        assert not any(fnmatch.fnmatch(private, rule[1:]) for rule in rules if rule.startswith("!"))


@pytest.mark.skipif(not UV.exists(), reason="uv is not in .uv; `make setup` brings it")
def test_the_lock_as_constraints_gives_every_runtime_package_and_no_other(tmp_path: Path) -> None:
    command = re.search(r"uv (pip install --no-build .+)$", TEXT, flags=re.MULTILINE)
    assert command
    # Into an empty target everything is still to be installed, whatever this environment holds.
    said = run(UV, *command[1].split(), "--dry-run", "--python", sys.executable, "--target", tmp_path)
    if "error sending request" in said.stderr:
        pytest.skip("the package index is not reachable")
    assert said.returncode == 0, said.stderr
    installed = set(re.findall(r"^ \+ ([a-z0-9-]+)==", said.stderr, flags=re.MULTILINE))
    assert {"fastapi", "aiokafka", "asyncpg", "ortools"} <= installed
    assert installed <= runtime_distributions()


def test_no_module_of_the_image_imports_what_only_developers_have() -> None:
    holds = runtime_distributions()
    homes = packages_distributions()
    own = {"services", "shared", *sys.stdlib_module_names}
    missing = {
        f"{file.relative_to(ROOT)} imports {module}"
        for folder in ("services", "shared")
        for file in (ROOT / folder).rglob("*.py")
        if "node_modules" not in file.parts
        for module in imported_modules(file)
        if module not in own and not {canonicalize_name(home) for home in homes.get(module, ())} & holds
    }
    assert missing == set()


def test_the_wheel_carries_every_file_the_rooms_read(tmp_path: Path) -> None:
    built = run(Path(sys.executable), "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    kept = {
        str(file.relative_to(ROOT))
        for folder in ("services", "shared")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and not {"node_modules", "__pycache__"} & set(file.parts)
    }
    assert kept - carried == set()
    assert any(name.endswith("entry_points.txt") for name in carried)
