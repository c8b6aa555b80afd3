# mypy: ignore-errors
"""Runs inside the container as the service's user: the tables an application declares, as databases get them."""

import gc
import importlib
import shutil

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))


def ddl(table):
    """Statements that create it, by dialect."""
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    found = []
    for name, dialect in (("sqlite", sqlite.dialect()), ("postgresql", postgresql.dialect())):
        try:
            rows = [str(CreateTable(table).compile(dialect=dialect))]
            rows += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
        except Exception as broken:  # noqa: BLE001 - a type this dialect does not have
            rows = ["cannot be created: %s" % str(broken).split("\n")[0]]
        found.append("-- %s\n%s" % (name, "\n".join(" ".join(row.split()) for row in rows)))
    return "\n".join(found)


def main():
    shutil.copytree(task["source"], task["tree"], symlinks=True, dirs_exist_ok=True)
    os.chdir(task["tree"])
    sys.path[:0] = [task["tree"], os.path.join(task["tree"], "src")]
    sys.dont_write_bytecode = True
    for name in task["modules"]:
        try:
            importlib.import_module(name)
        except BaseException as broken:  # noqa: BLE001 - whatever a module of the repository does when it is imported
            tell(k="broken", module=name, why="%s: %s" % (type(broken).__name__, str(broken)[:300]))
    sqlalchemy = sys.modules.get("sqlalchemy")
    if sqlalchemy is not None:
        for metadata in [one for one in gc.get_objects() if isinstance(one, sqlalchemy.MetaData)]:
            for table in metadata.tables.values():
                tell(k="table", name=str(table.fullname), ddl=ddl(table))
    tell(k="end")


try:
    main()
finally:
    sys.stderr.flush()
    os._exit(0)
