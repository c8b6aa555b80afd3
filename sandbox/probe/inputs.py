# mypy: ignore-errors
"""Runs inside the container with the gates' own interpreter: makes up arguments for functions, by Hypothesis."""

import ast
import datetime
import warnings

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))
LONGEST = 2000
PLAIN = {
    "int": st.integers(-(10**9), 10**9),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "str": st.text(max_size=30),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=20),
    "Decimal": st.decimals(-(10**6), 10**6, allow_nan=False, places=3),
    "date": st.dates(datetime.date(1990, 1, 1), datetime.date(2060, 12, 31)),
    "datetime": st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2060, 12, 31)),
    "timedelta": st.timedeltas(datetime.timedelta(-1000), datetime.timedelta(1000)),
    "UUID": st.uuids(),
    "None": st.none(),
}


def near(constants, kind):
    """Values of a kind that stand in the code, and their neighbours."""
    found = []
    for text in constants:
        value = ast.literal_eval(text)
        if kind == "str" and isinstance(value, str):
            found += [value, value.upper(), value + "x", " %s " % value]
        elif kind in ("int", "float") and type(value) in (int, float) and abs(value) < 10**12:
            found += [value - 1, value, value + 1] if kind == "float" or type(value) is int else []
    return [float(one) for one in found] if kind == "float" else found


def strategy(spec, constants):
    kind, inner = spec["kind"], [strategy(one, constants) for one in spec.get("of", ())]
    if kind in PLAIN:
        known = near(constants, kind)
        return st.one_of(st.sampled_from(known), PLAIN[kind]) if known else PLAIN[kind]
    if kind == "union":
        return st.one_of(*inner)
    if kind == "literal":
        return st.sampled_from([ast.literal_eval(one) for one in spec["values"]])
    if kind == "list":
        return st.lists(inner[0], max_size=6)
    if kind == "tuple of any length":
        return st.lists(inner[0], max_size=6).map(tuple)
    if kind == "tuple":
        return st.tuples(*inner)
    if kind == "dict":
        return st.dictionaries(inner[0], inner[1], max_size=5)
    return (st.frozensets if kind == "frozenset" else st.sets)(inner[0], max_size=5)


def arguments(function):
    """Different argument lists as Python source."""
    found = {}

    @settings(
        max_examples=task["examples"], derandomize=True, database=None, deadline=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.tuples(*[strategy(spec, function["constants"]) for spec in function["specs"]]))
    def collect(values):
        text = repr(list(values))
        if len(text) <= LONGEST:
            found.setdefault(text)

    collect()
    return list(found)


def main():
    warnings.simplefilter("ignore")
    for number, function in enumerate(task["functions"]):
        try:
            rows = arguments(function)
        except Exception as broken:  # noqa: BLE001 - a type that cannot be made up has no inputs
            tell(k="none", n=number, why="%s: %s" % (type(broken).__name__, str(broken)[:200]))
            continue
        for start in range(0, len(rows), 40):
            tell(k="inputs", n=number, rows=rows[start : start + 40])
    tell(k="end")
    sys.stderr.flush()
    os._exit(0)


main()
