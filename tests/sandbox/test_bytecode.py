"""Compiling packages once for all builds: what is taken from the cache is what compiling would give."""

import os
import subprocess
import sys
from pathlib import Path

from sandbox.probe import source_of

SOURCE = "def where():\n    return where.__code__.co_filename\n\n\nVALUE = 41 + 1\n"


def run(folder: Path, *cache: Path) -> None:
    argv = [sys.executable, "-I", "-S", "-W", "ignore", "-c", source_of("bytecode"), folder, *cache]
    assert subprocess.run(argv, check=True, capture_output=True).stderr == b""


def package(folder: Path, name: str = "one") -> Path:
    (folder / "pkg" / "tests").mkdir(parents=True)
    (folder / "pkg" / "broken.py").write_text("def (\n")
    (folder / "pkg" / "tests" / "test_pkg.py").write_text("")
    (folder / "pkg" / "dangling.py").symlink_to("nowhere.py")
    module = folder / "pkg" / f"{name}.py"
    module.write_text(SOURCE)
    return module


def imported(module: Path) -> str:
    """What the module says when Python may use its bytecode and not write any; fails when there is none for it."""
    program = (
        f"import sys; sys.path.insert(0, {str(module.parent)!r}); import {module.stem} as m, os;"
        "assert os.path.exists(m.__cached__); print(m.VALUE, m.where())"
    )
    done = subprocess.run([sys.executable, "-I", "-B", "-v", "-c", program], capture_output=True, text=True, check=True)
    assert f"{module.stem}.cpython" in done.stderr and f"matches {module}" in done.stderr
    return done.stdout.strip()


def test_a_cache_changes_nothing_about_the_result(tmp_path: Path) -> None:
    plain, first, second = (package(tmp_path / name, name) for name in ("plain", "first", "second"))
    run(tmp_path / "plain")
    run(tmp_path / "first", tmp_path / "cache")
    entries = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(entries) == 1
    before = entries[0].stat().st_mtime_ns
    os.utime(second, (1_600_000_000, 1_600_000_000))
    run(tmp_path / "second", tmp_path / "cache")
    assert entries[0].stat().st_mtime_ns == before, "it was taken, not made again"
    for module in (plain, first, second):
        assert imported(module) == f"42 {module}"
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.pyc")}
    tag = sys.implementation.cache_tag
    assert made == {f"{name}/pkg/__pycache__/{name}.{tag}.pyc" for name in ("plain", "first", "second")}


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    run(package(tmp_path / "first").parent, tmp_path / "cache")
    [entry] = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    whole = entry.read_bytes()
    for damaged in (b"", whole[:-1], whole[:8] + bytes([whole[8] ^ 1]) + whole[9:]):
        entry.write_bytes(damaged)
        module = package(tmp_path / f"again{len(damaged)}{damaged[:1].hex()}")
        run(module.parent, tmp_path / "cache")
        assert entry.read_bytes() != damaged
        assert imported(module) == f"42 {module}"


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    module = package(tmp_path / "first")
    (tmp_path / "elsewhere").mkdir()
    (module.parent / "__pycache__").symlink_to(tmp_path / "elsewhere")
    run(tmp_path / "first", tmp_path / "cache")
    assert list((tmp_path / "elsewhere").iterdir()) == []
