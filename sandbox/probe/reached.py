# mypy: ignore-errors
"""Runs inside the container: some files of the tree tell each of their statements when it runs first.

The statements are put in when such a file is imported, so nothing else of the process gets slower.
"""


def watch(names, target):
    import ast
    import builtins
    import contextlib
    import os
    from importlib.machinery import SourceFileLoader

    names, seen, plain = frozenset(names), set(), SourceFileLoader.source_to_code
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def tell(*words):
        if words not in seen:
            seen.add(words)
            with contextlib.suppress(OSError):
                os.write(out, ("%s\t%s\t%d\n" % words).encode("utf-8", "surrogateescape"))

    def telling(node, *words):
        name = ast.Name("__greenloop_reached__", ast.Load())
        call = ast.Expr(ast.Call(name, [ast.Constant(word) for word in (*words, node.lineno)], []))
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def told(body, path):
        found = []
        for node in body:
            for field in ("body", "orelse", "finalbody"):
                if isinstance(getattr(node, field, None), list):
                    setattr(node, field, told(getattr(node, field), path))
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                part.body = told(part.body, path)
            if isinstance(node, ast.If) and not node.orelse:
                node.orelse = [telling(node, "else", path)]
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            found += [node] if text or future else [telling(node, "line", path), node]
        return found

    def source_to_code(self, data, path, **more):
        if path in names:
            tree = ast.parse(data)
            tree.body = told(tree.body, path)
            data = tree
        return plain(self, data, path, **more)

    builtins.__greenloop_reached__ = tell
    SourceFileLoader.source_to_code = source_to_code
