"""The tests on every given Python, with the oldest and the newest supported libraries.

python benchmarks/platforms.py python3.10 python3.11 python3.12 python3.13
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from _reliability import keep_option, publish

ROOT = Path(__file__).resolve().parent.parent
#: The lowest releases with wheels for a Python, where the lowest admitted ones have none.
LOWEST = {
    "3.12": {"numpy": "1.26.0"},
    "3.13": {"numpy": "2.1.0"},
}
SHOWN = ("numpy", "numba", "llvmlite", "click", "safetensors")


def lowest(version: str) -> list[str]:
    """Requirements that pin each library to the lowest release."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    given = dict(line.split(">=") for line in setup["options"]["install_requires"].split())
    return [f"{name}=={at}" for name, at in {**given, **LOWEST.get(version, {})}.items()]


def tried(python: str, lowest_ones: bool) -> list[str]:
    """A row: Python, libraries, the last line of pytest and its exit code."""
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        clone, here = Path(folder, "crfseg"), Path(folder, "venv", "bin", "python")
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        subprocess.run([python, "-m", "venv", here.parent.parent], check=True)
        ask = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
        version = _printed(here, "-c", ask).strip()
        pins = lowest(version.rpartition(".")[0]) if lowest_ones else []
        pip = [here, "-m", "pip", "install", "-q", "--only-binary", "numpy,numba,llvmlite"]
        subprocess.run([*pip, "-e", f"{clone}[test]", *pins], check=True)
        listed = _printed(here, "-m", "pip", "list", "--format", "freeze")
        versions = dict(line.split("==") for line in listed.split() if "==" in line)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder, "cache"))}
        done = subprocess.run(
            [here, "-m", "pytest", "-v", "--no-header", "-p", "no:cacheprovider"],
            cwd=clone, env=environment, capture_output=True, text=True,
        )  # fmt: skip
    last = done.stdout.strip().rpartition("\n")[2].strip("= ")
    if done.returncode:
        click.echo(done.stdout[-8000:] + done.stderr[-2000:], err=True)
    said = re.sub(r" in [0-9].*", "", last).replace(", ", "; ")
    row = [version, *(versions.get(name, "?") for name in SHOWN), said]
    click.echo(" ".join(row), err=True)
    return [*row, str(done.returncode)]


def _printed(*words: str | Path) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("pythons", nargs=-1, required=True, type=click.Path())
@click.option("--only", type=click.Choice(["lowest", "newest"]), help="Half of it.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="How many at once."
)
@keep_option
@click.pass_context
def main(
    context: click.Context, pythons: tuple[str, ...], only: str | None, jobs: int, keep: bool
) -> None:
    """Run the tests of the last commit with each of PYTHONS."""
    ends = [end for end in ("lowest", "newest") if only in (None, end)]
    pairs = [(python, end == "lowest") for python in pythons for end in ends]
    with ThreadPoolExecutor(jobs) as pool:
        done = list(pool.map(lambda pair: tried(*pair), pairs))
    failures = [" ".join(row) for *row, code in done if code != "0"]
    rows = [row for *row, _ in done]
    publish(context, "platforms.py", rows, failures, ["Python", *SHOWN, "tests"])


if __name__ == "__main__":
    main()
