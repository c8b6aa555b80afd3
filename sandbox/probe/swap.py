# mypy: ignore-errors
"""Runs inside the container: exchanging code of functions that exist already for that of a changed source.

That is the same as importing the changed source whenever the two differ only in code that never ran so far.
"""

CODE = type((lambda: 0).__code__)


def same_but_nested(old, new):
    """The two do the same, leaving aside the functions and classes defined in them and where they stand."""
    return own_part(old) == own_part(new)


def own_part(code):
    constants = tuple("code" if isinstance(c, CODE) else (type(c).__name__, repr(c)) for c in code.co_consts)
    table = getattr(code, "co_exceptiontable", b"")
    return (*outside(code), code.co_code, code.co_names, code.co_varnames, code.co_cellvars, constants, table)


def outside(code):
    """What others can see of a function without calling it."""
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    return (code.co_name, code.co_flags, code.co_freevars, counts, named)


def nested(code):
    return [c for c in code.co_consts if isinstance(c, CODE)]


def key_of(code, path):
    return "%s:%d:%s" % (path, code.co_firstlineno, code.co_name)


def exchanges(old, new, path, ran, pairs, top=True):
    """Fill `pairs` with (old, new) code objects; False when only importing the changed source will do.

    `ran`: keys of code that has run before now.
    """
    if not same_but_nested(old, new):
        if top or key_of(old, path) in ran or outside(old) != outside(new):
            return False
        pairs.append((old, new))
        return True
    before = len(pairs)
    for one, other in zip(nested(old), nested(new), strict=True):
        if not exchanges(one, other, path, ran, pairs, False):
            return False
    if len(pairs) > before and not top:
        pairs.append((old, new))
    return True


def owners_of(roots):
    """Living functions by the id of their code, for the code below `roots`; and code that something half-run holds."""
    import gc
    import types

    wanted, rest = set(), list(roots)
    while rest:
        code = rest.pop()
        wanted.add(id(code))
        rest += nested(code)
    found, held = {}, set()
    kinds = (("gi_code", types.GeneratorType), ("cr_code", types.CoroutineType), ("ag_code", types.AsyncGeneratorType))
    for one in gc.get_objects():
        if type(one) is types.FunctionType:
            if id(one.__code__) in wanted:
                found.setdefault(id(one.__code__), []).append(one)
            continue
        for name, kind in kinds:
            if type(one) is kind and id(getattr(one, name)) in wanted:
                held.add(id(getattr(one, name)))
    return found, held
