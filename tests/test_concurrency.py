"""Many threads and processes at once: each gets the same results as it would alone."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import texts

from crfseg import Segmenter, train

LONG = pytest.mark.long
PROGRAM = """
import sys
from crfseg import Segmenter
print(Segmenter().segment("结婚的和尚未结婚的，10:30 见http://a.cn。", "|"),
      [name for name in ("numba", "numpy") if name in sys.modules])
"""
WORDS = "结婚|的|和|尚未|结婚|的|，|10:30 见|http://a.cn|。"


@pytest.fixture
def hurried() -> Any:
    """Threads take turns a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("seconds", [0.7, pytest.param(120, marks=LONG)])
def test_threads_while_words_come_and_go(hurried: None, seconds: float) -> None:
    """Every text comes out as it does with a word, or as it does without: nothing between."""
    segmenter, chance = Segmenter(), random.Random(0)
    some = [*texts.CHINESE, *(texts.text(chance) for _ in range(300))]
    words = ["江大桥上", "京市长江", "从马上", "和尚未"]
    plain = [segmenter.cut(text) for text in some]
    changed = [Segmenter(force_dict=[word]) for word in words]
    allowed = [
        {tuple(words), *(tuple(other.cut(text)) for other in changed)}
        for text, words in zip(some, plain, strict=True)
    ]
    stop, cuts = Event(), []

    def change() -> None:
        mine = random.Random(1)
        while not stop.is_set():
            word = mine.choice(words)
            segmenter.add_word(word, force=True)
            time.sleep(0)
            segmenter.del_word(word)

    def segment(seed: int) -> None:
        mine, count = random.Random(seed), 0
        while not stop.is_set():
            k = mine.randrange(len(some))
            if count % 200 == 199:
                for found, right in zip(segmenter.cut_many(some, 2), allowed, strict=True):
                    assert tuple(found) in right
            assert tuple(segmenter.cut(some[k])) in allowed[k], some[k]
            count += 1
        cuts.append(count)

    changer = Thread(target=change)
    changer.start()
    with ThreadPoolExecutor(32) as pool:
        jobs = [pool.submit(segment, seed) for seed in range(32)]
        time.sleep(seconds)
        stop.set()
        for job in jobs:
            job.result()
    changer.join()
    assert len(cuts) == 32
    assert [segmenter.cut(text) for text in some] == plain


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "method", ["fork", *(pytest.param(m, marks=LONG) for m in ("spawn", "forkserver"))]
)
def test_processes(method: str) -> None:
    segmenter = Segmenter(force_dict=["和尚未"])
    right = [segmenter.cut(text) for text in texts.CHINESE]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(segmenter.cut, texts.CHINESE, chunksize=2) == right


def start(cache: Path, program: str = PROGRAM, **variables: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment |= {"XDG_CACHE_HOME": str(cache)} | variables
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ends_well(process: subprocess.Popen[str], imported: str | None = None) -> None:
    output, said = process.communicate(timeout=300)
    assert (process.returncode, said) == (0, "")
    assert output.startswith(WORDS)
    if imported is not None:
        assert output.rstrip().endswith(imported)


def test_first_runs_at_once(tmp_path: Path) -> None:
    """All compile into one cache; what is kept then serves the next."""
    running = [start(tmp_path) for _ in range(2)]
    for process in running:
        ends_well(process)
    ends_well(start(tmp_path), imported="[]")
    assert not [name for name in os.listdir(next((tmp_path / "crfseg").iterdir())) if "tmp" in name]


@LONG
def test_first_runs_killed(tmp_path: Path) -> None:
    """At any moment; the next is none the worse for it."""
    chance = random.Random(0)
    for _ in range(40):
        shutil.rmtree(tmp_path / "crfseg", ignore_errors=True)
        process = start(tmp_path)
        time.sleep(chance.random() * 0.8)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        ends_well(start(tmp_path))
        ends_well(start(tmp_path), imported="[]")
        folder = next((tmp_path / "crfseg").iterdir())
        assert not [name for name in os.listdir(folder) if "tmp" in name]


@LONG
def test_first_run_of_many_threads(tmp_path: Path) -> None:
    program = (
        "from concurrent.futures import ThreadPoolExecutor\nfrom crfseg import Segmenter\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print({pool.submit(lambda: Segmenter().segment('结婚的和尚未结婚的，10:30 见"
        "http://a.cn。', '|')).result() for _ in range(16)}.pop())"
    )
    ends_well(start(tmp_path, program))


def test_nothing_is_written_beside_the_package(tmp_path: Path) -> None:
    """Where site-packages cannot be written to, nothing is missed."""
    spec = find_spec("crfseg")
    assert spec
    assert spec.origin
    folder = Path(spec.origin).parent
    package = tmp_path / "site" / "crfseg"
    for name in ("", "cli", "data"):  # beside it in a checkout
        source = folder.parent / name if name and not (folder / name).is_dir() else folder / name
        if source.is_dir():
            shutil.copytree(source, package / name, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    before = sorted(package.rglob("*"))
    program = f"import sys\nsys.path.insert(0, {str(package.parent)!r})\n{PROGRAM}"
    options = {"PYTHONDONTWRITEBYTECODE": "1"}
    ends_well(start(tmp_path / "cache", program, **options))
    assert sorted(package.rglob("*")) == before


@LONG
def test_training_without_a_compiler(tiny: Path, tmp_path: Path) -> None:
    """As plain Python, slow but right."""
    program = (
        "import sys\nfrom crfseg import Segmenter, train\n"
        "model = train(sys.argv[1], max_iter=3).model\n"
        "print(Segmenter(model).segment('中国人民爱北京大学的学生', '|'), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tiny)], capture_output=True, text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    model = train(tiny, max_iter=3).model
    assert done.stdout == Segmenter(model).segment("中国人民爱北京大学的学生", "|")
