# mypy: ignore-errors
"""Runs in a build container: compiles a folder of Python files, taking what was compiled before from a cache.

`python3 -c <this> <folder> [<cache>]`. The cache is by content: compiling is a function of the source alone. Packages'
own tests are left out. Only ours ever writes there, before any installed code runs.
"""

import gc
import hashlib
import importlib.util
import marshal
import os
import struct
import sys
import zlib


def sources(folder):
    """Every file to compile, largest first."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", "tests")]
        paths = [os.path.join(place, name) for name in names if name.endswith(".py")]
        found += [(os.path.getsize(path), path) for path in paths if os.path.isfile(path)]
    return [path for _, path in sorted(found, reverse=True)]


def compiled(source, path, cache):
    """The bytecode of a source."""
    if not cache:
        return marshal.dumps(compile(source, path, "exec", dont_inherit=True))
    key = hashlib.sha256(importlib.util.MAGIC_NUMBER + source).hexdigest()
    place = os.path.join(cache, key[:2], key[2:])
    try:
        with open(place, "rb") as file:
            kept = file.read()
        if len(kept) > 4 and zlib.crc32(kept[4:]) == int.from_bytes(kept[:4], "little"):
            return kept[4:]
    except OSError:
        pass
    code = marshal.dumps(compile(source, path, "exec", dont_inherit=True))
    os.makedirs(os.path.dirname(place), exist_ok=True)
    write(place, zlib.crc32(code).to_bytes(4, "little") + code)
    return code


def write(path, content):
    """At once or not at all."""
    half = f"{path}.{os.getpid()}"
    with open(half, "wb") as file:
        file.write(content)
    os.replace(half, path)


def work(paths, cache):
    for path in paths:
        try:
            with open(path, "rb") as file:
                source, about = file.read(), os.fstat(file.fileno())
            code = compiled(source, path, cache)
            target = importlib.util.cache_from_source(path)
            if os.path.islink(os.path.dirname(target)):
                continue  # it leads out of the folder
            os.makedirs(os.path.dirname(target), exist_ok=True)
            header = struct.pack("<4sIII", importlib.util.MAGIC_NUMBER, 0, int(about.st_mtime) & 0xFFFFFFFF,
                                 about.st_size & 0xFFFFFFFF)  # fmt: skip
            write(target, header + code)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            continue  # what cannot be compiled is somebody's template, or fails when it is imported


def main(folder, cache=""):
    gc.disable()
    paths, parts = sources(folder), len(os.sched_getaffinity(0))
    children = []
    for part in range(parts):
        child = os.fork()
        if not child:
            work(paths[part::parts], cache)
            os._exit(0)
        children.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))


main(*sys.argv[1:])
