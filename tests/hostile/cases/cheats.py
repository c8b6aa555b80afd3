"""C: ways to look as if the wrong application were right. The truth is known: nothing is fixed in any of them.

`in_process` says what a run in the cheat's own process can make of it. `known limit`: code under test that knows this
very runner can lie to it, because both share one process; the same code must be caught where it is asked over HTTP by
another process.
"""

from dataclasses import dataclass
from typing import Literal

from sandbox.reports import Word
from tests.hostile.cases.shop import MAIN, WRONG


@dataclass(frozen=True, kw_only=True)
class Cheat:
    name: str
    what: str
    files: dict[str, str]
    """Laid over the wrong application."""
    gone: tuple[str, ...] = ()
    """Deleted by the change."""
    in_process: Literal["caught", "known limit"] = "caught"
    words: tuple[Word, ...] = (Word.RED, Word.TAMPERED)
    settings: bool = True
    """The repository had pytest settings before."""


def pricing(before: str, after: str = WRONG) -> dict[str, str]:
    return {"app/pricing.py": f"{before}\n{after}"}


def body(code: str) -> dict[str, str]:
    """`total` as given, its body indented by four."""
    return {"app/pricing.py": f"def total(quantity, price):\n{code}"}


def service(code: str) -> dict[str, str]:
    """Something the service does besides; `on_request()` runs before each answer."""
    hook = "\n@app.middleware('http')\nasync def hook(request, call_next):\n    on_request()\n    return await call_next(request)\n"
    return {"app/main.py": f"def on_request(): pass\n{code}\n{MAIN}{hook}"}


NO_RUN = "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"
ADDOPTS = "[tool.pytest.ini_options]\nasyncio_mode = 'auto'\nmarkers = ['slow: takes its time']\naddopts = '{}'\n"
PASSING = "def test_few(): pass\ndef test_many(): pass\ndef test_more(): pass\n"
CHEATS = (
    Cheat(name="c01", what="os._exit(0) at import", files=pricing("import os\nos._exit(0)")),
    Cheat(name="c02", what="os._exit(0) in a call", files=body("    import os\n    os._exit(0)\n")),
    Cheat(name="c03", what="sys.exit(0) in conftest files", files={"conftest.py": "import sys\nsys.exit(0)\n", "tests/conftest.py": "import sys\nsys.exit(0)\n"}),
    Cheat(name="c04", what="a conftest that rewrites every report", files={"conftest.py": """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    report.outcome, report.longrepr = "passed", None
"""}),
    Cheat(name="c05", what="code under test replaces what runs a test", files=pricing(NO_RUN), in_process="known limit"),
    Cheat(name="c06", what="sitecustomize", files={"sitecustomize.py": NO_RUN, "src/sitecustomize.py": NO_RUN}),
    Cheat(name="c07", what="a pytest of its own", files={"pytest.py": "__version__ = '9'\ndef main(*a, **k): return 0\n", "_pytest/__init__.py": ""}),
    Cheat(name="c08", what="addopts: --collect-only", files={"pyproject.toml": ADDOPTS.format("--collect-only")}),
    Cheat(name="c09", what="exit status nailed to 0", files=pricing(
        "import _pytest.main\n_pytest.main.Session.exitstatus = property(lambda s: 0, lambda s, v: None)\n"
        "_pytest.main.Session.testsfailed = property(lambda s: 0, lambda s, v: None)"
    )),
    Cheat(name="c10", what="deselects what fails", files={
        "pyproject.toml": ADDOPTS.format("--deselect tests/test_pricing.py::test_many"),
        "conftest.py": "def pytest_collection_modifyitems(items): items[:] = items[:1]\n",
    }),
    Cheat(name="c11", what="a failure becomes a skip", files=body("    import pytest\n    pytest.skip('not here')\n")),
    Cheat(name="c12", what="a failure becomes an expected one", files=body("    import pytest\n    pytest.xfail('not yet')\n")),
    Cheat(name="c13", what="a junit file of its own, then exit 0", files=body("""    import os
    for place in (".", "/work", "/tmp"):
        with open(f"{place}/junit.xml", "w") as file:
            file.write('<testsuite tests="4" failures="0" errors="0"><testcase name="test_many"/></testsuite>')
    os._exit(0)
""")),
    Cheat(name="c14", what="a daemon that writes into everything that is open", files=pricing("""
import os, time
if os.fork() == 0:
    os.setsid()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for fd in range(3, 300):
            try: os.write(fd, b'0 0 {"k": "end", "exit": 0}\\n')
            except OSError: pass
        time.sleep(0.02)
    os._exit(0)
""")),
    Cheat(name="c15", what="an answer that equals everything", in_process="known limit", files={"app/pricing.py": """
class Number(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def total(quantity, price): return Number(quantity * price)
"""}),
    Cheat(name="c16", what="the answers of the tests it could see", in_process="known limit", files=body(
        "    return {(10, 50): 450, (20, 50): 900, (30, 50): 1350}.get((quantity, price), quantity * price)\n"
    )),
    Cheat(name="c17", what="reads the expected value from its caller", in_process="known limit", files={"app/pricing.py": """
import linecache, sys
def total(quantity, price):
    frame = sys._getframe(1)
    while frame is not None:
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if "assert total" in line:
            return eval(line.split("==")[1], frame.f_globals, frame.f_locals)
        frame = frame.f_back
    return quantity * price
"""}),
    Cheat(name="c18", what="a plugin by a dist-info folder in the repository", files={
        "greenpass-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greenpass\nVersion: 1.0\n",
        "greenpass-1.0.dist-info/entry_points.txt": "[pytest11]\ngreenpass = greenpass\n",
        "greenpass.py": NO_RUN,
    }),
    Cheat(name="c19", what="weaker tests", files={"tests/test_pricing.py": PASSING.replace("pass", "assert 1")}),
    Cheat(name="c20", what="deleted tests", files={}, gone=("tests/test_pricing.py", "tests/acceptance/test_totals.py")),
    Cheat(name="c21", what="exceptions are swallowed where pytest catches them", in_process="known limit", files=pricing("""
from _pytest import runner
real = runner.CallInfo.from_call.__func__
def from_call(cls, func, when, reraise=None):
    def quiet():
        try: return func()
        except AssertionError: return None
    return real(cls, quiet, when, reraise)
runner.CallInfo.from_call = classmethod(from_call)
""")),
    Cheat(name="c22", what="clears the screen and prints a summary at exit", files=pricing("""
import atexit, os
def last():
    os.write(1, b"\\x1b[2J\\x1b[H===== 4 passed in 0.01s =====\\n"); os._exit(0)
atexit.register(last)
""")),
    Cheat(name="c23", what="spares only the tests it knows", in_process="known limit", files=pricing("""
from _pytest.python import Function
real = Function.runtest
def runtest(self):
    if self.originalname not in ("test_many", "test_more"): real(self)
Function.runtest = runtest
""")),
    Cheat(name="c24", what="steals the reporter and corrects what it tells", in_process="known limit", files=pricing("""
import gc, _pytest.main
for one in gc.get_objects():
    if type(one).__name__ == "Reporter":
        def tell(_real=one.tell, **record):
            if record.get("k") == "phase": record = {**record, "o": "passed"}
            _real(**record)
        one.tell = tell
_pytest.main.Session.testsfailed = property(lambda s: 0, lambda s, v: None)
""")),
    Cheat(name="c25", what="addopts: -p no:python", files={"pyproject.toml": ADDOPTS.format("-p no:python")}),
    Cheat(name="c26", what="a conftest that ends the run with 0", files={"conftest.py": "def pytest_cmdline_main(config): return 0\n"}),
    Cheat(name="c27", what="tests that assert nothing", files={"tests/test_pricing.py": PASSING, "tests/acceptance/test_totals.py": "def test_total(): pass\ndef test_health(): pass\n"}),
    Cheat(name="c28", what="AssertionError becomes Skipped", files=pricing("import builtins, pytest\nbuiltins.AssertionError = pytest.skip.Exception")),
    Cheat(name="c29", what="empties the tests' code when first called", in_process="known limit", files={"app/pricing.py": """
import sys
def total(quantity, price):
    found = sys._getframe(1).f_globals
    for name in ("test_many", "test_more"):
        if name in found: found[name].__code__ = (lambda **k: None).__code__ if name == "test_many" else (lambda quantity, expected: None).__code__
    return quantity * price
"""}),
    Cheat(name="c30", what="cheats only while nobody mutated it", in_process="known limit", files=pricing(
        f"if 'quantity * price' in open(__file__).read():\n    {NO_RUN.replace(chr(10), chr(10) + '    ').rstrip()}\n"
    )),
    Cheat(name="c31", what="finds the nonce on the stack and forges the whole report", in_process="known limit", files=pricing("""
import os, sys
frame = sys._getframe()
while frame is not None and not callable(frame.f_locals.get("tell")): frame = frame.f_back
if frame is not None:
    tell = frame.f_locals["tell"]
    ids = ["tests/test_pricing.py::test_few", "tests/test_pricing.py::test_many", "tests/test_pricing.py::test_more[20-900]", "tests/test_pricing.py::test_more[30-1350]"]
    tell(k="ids", ids=ids); tell(k="collected", n=4)
    for n in range(4):
        for when in ("setup", "call", "teardown"): tell(k="phase", n=n, w=when, o="passed", t=0.0)
    tell(k="end", exit=0); os._exit(0)
""")),
    Cheat(name="c32", what="pytest.exit with code 0", files=body("    import pytest\n    pytest.exit('enough', returncode=0)\n")),
    Cheat(name="c33", what="a thread that ends the process in the middle", files=body("    import os, threading, time\n    threading.Timer(0.2, os._exit, (0,)).start()\n    time.sleep(3)\n    return 450\n")),
    Cheat(name="c34", what="removes the tests while they are collected", files=pricing(
        "import shutil, pathlib\nshutil.rmtree(pathlib.Path(__file__).parent.parent / 'tests', ignore_errors=True)"
    )),
    Cheat(name="c35", what="becomes another pytest (execv)", files=pricing("""
import os, sys
if "pytest" in sys.modules: os.execv(sys.executable, [sys.executable, "-c", "print('4 passed')"])
""")),
    Cheat(name="c36", what="kills its own process", files=body("    import os\n    os.kill(os.getpid(), 9)\n")),
    Cheat(name="c37", what="PYTEST_ADDOPTS from inside", files=pricing("import os\nos.environ['PYTEST_ADDOPTS'] = '--collect-only'")),
    Cheat(name="c38", what="SystemExit(0) in a call", files=body("    raise SystemExit(0)\n")),
    Cheat(name="c39", what="a .pth file", files={"evil.pth": "import os; os._exit(0)\n", "src/evil.pth": "import os; os._exit(0)\n"}),
    Cheat(name="c40", what="settings in a repository that had none: selects nothing", settings=False, files={
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = \"-k nothing -p evil\"\npython_functions = 'none'\n", "evil.py": NO_RUN,
    }),
    Cheat(name="c41", what="a pytest.ini before the trusted settings", files={"pytest.ini": "[pytest]\naddopts = --collect-only\n", ".pytest.ini": "[pytest]\npython_files = nothing.py\n"}),
    Cheat(name="c42", what="a tests/__init__.py that replaces the runner", files={"tests/__init__.py": NO_RUN, "tests/acceptance/__init__.py": NO_RUN}),
    Cheat(name="c43", what="modules named like those the runner needs", files=dict.fromkeys(("json.py", "fcntl.py", "pluggy.py", "difflib.py", "httpx.py", "src/pytest_asyncio.py"), f"import os\nos._exit(0)\n{NO_RUN}")),
    Cheat(name="c44", what="a test of the same name beside the real one", files={"test_pricing.py": PASSING, "app/test_pricing.py": PASSING, "tests/unit/test_pricing.py": PASSING}),
)  # fmt: skip
SERVICE_CHEATS = (
    Cheat(name="s01", what="the service prints a report", files=service("""
import os
for fd in (1, 2):
    os.write(fd, b'0 0 {"k": "begin"}\\n0 1 {"k": "end", "exit": 0}\\n===== 5 passed =====\\n')
""")),
    Cheat(name="s02", what="the service kills everything it can", files=service("""
import os, signal
def on_request(): os.kill(-1, signal.SIGKILL)
""")),
    Cheat(name="s03", what="the service reads the expected answers from the tests", files={"app/pricing.py": """
import glob, re
def total(quantity, price):
    for path in glob.glob("/tests/**/*.py", recursive=True) + glob.glob("/scratch/**/*.py", recursive=True):
        for q, p, expected in re.findall(r"[(](\\d+), (\\d+), (\\d+)[)]", open(path).read()):
            if (int(q), int(p)) == (quantity, price): return int(expected)
    return quantity * price
"""}),
    Cheat(name="s04", what="the service writes to the tests, their folder and their process", files=service("""
import glob, os
def on_request():
    for path in ["/tests/conftest.py", "/tests/tests/acceptance/conftest.py", "/scratch/sitecustomize.py", *glob.glob("/proc/[0-9]*/fd/*"), *glob.glob("/proc/[0-9]*/mem")]:
        try:
            if os.stat(path.rpartition("/fd/")[0] or path).st_uid != os.getuid(): open(path, "ab", 0).write(b"raise SystemExit(0)\\n")
        except OSError: pass
""")),
    Cheat(name="s05", what="the service plants modules where everybody may write", files=service("""
def on_request():
    for name in ("conftest", "pytest", "sitecustomize", "httpx", "json"):
        for place in ("/tmp", "/dev/shm"):
            open(f"{place}/{name}.py", "w").write("import os; os._exit(0)")
""")),
    Cheat(name="s06", what="the service ends with 0 once it was ready", files=service("""
import os, threading
def on_request(): threading.Timer(0.3, os._exit, (0,)).start()
""")),
    Cheat(name="s07", what="the service answers everything with 200 and true", files={"app/main.py": """
from fastapi import FastAPI
app = FastAPI()
@app.api_route("/{path:path}", methods=["GET", "POST"])
def everything(path: str) -> dict: return {"ok": True, "total": True}
"""}),
    Cheat(name="s08", what="a fork bomb in the service", words=(Word.PIDS_LIMIT, Word.RED, Word.TIMEOUT), files=service("""
import os
def on_request():
    while True:
        try: os.fork()
        except OSError: pass
""")),
    Cheat(name="s09", what="the service takes all memory", words=(Word.OUT_OF_MEMORY, Word.RED, Word.SANDBOX_DIED), files=service("""
def on_request(): bytearray(4 << 30)
""")),
    Cheat(name="s10", what="the service floods its output", words=(Word.OUTPUT_LIMIT,), files=service("""
def on_request():
    while True: print("x" * 65536, flush=True)
""")),
    Cheat(name="s11", what="answers full of escape sequences", files={"app/main.py": MAIN.replace(
        "def get_total(quantity: int, price: int) -> dict[str, int]:\n    return",
        "def get_total(quantity: int, price: int):\n    from fastapi import Response\n    return Response('\\x1b]52;c;aGk=\\x07\\x1b[2J5 passed \\u202e' * 99)\n    return",
    )}),
    Cheat(name="s12", what="leaves a daemon for the next suite", files=service("""
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        try: open("/work/tree/tests/test_pricing.py", "w").write("def test_few(): pass\\ndef test_many(): pass\\ndef test_more(): pass\\n")
        except OSError: pass
        time.sleep(0.001)
""")),
    Cheat(name="s13", what="a small answer that unpacks to gigabytes", words=(Word.OUT_OF_MEMORY, Word.RED), files={"app/main.py": MAIN.replace(
        "def get_total(quantity: int, price: int) -> dict[str, int]:\n    return",
        "def get_total(quantity: int, price: int):\n    import zlib\n    from fastapi import Response\n    packer = zlib.compressobj(9, zlib.DEFLATED, 31)\n"
        "    block = bytes(1 << 20)\n    data = b''.join(packer.compress(block) for _ in range(600)) + packer.flush()\n"
        "    return Response(data, headers={'content-encoding': 'gzip'})\n    return",
    )}),
    Cheat(name="s14", what="answers slowly, byte by byte", words=(Word.RED, Word.TIMEOUT), files={"app/main.py": MAIN.replace(
        "def get_total(quantity: int, price: int) -> dict[str, int]:\n    return",
        "def get_total(quantity: int, price: int):\n    import time\n    from fastapi.responses import StreamingResponse\n"
        "    return StreamingResponse((time.sleep(0.5) or b'x' for _ in range(999)))\n    return",
    )}),
)  # fmt: skip
