"""A database for an application that has none: one module, synchronous sessions, tables made at start."""

from agents.blueprints.bench import Bench
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.database import database_module
from agents.blueprints.fragments import Style
from agents.errors import NotUnderstood

DATABASE_NOTE = (
    "The application had no database: SQLAlchemy with synchronous sessions was brought in, `DATABASE_URL` names the "
    "database (default: a SQLite file), tables are made at start."
)


def place_database(bench: Bench) -> None:
    """Bring in `db.py`, and open it where the application is made.

    Raises:
        NotUnderstood: the application is made in a function, or `db.py` is something else already.
    """
    main = bench.app.web.app
    if main is None or main.key.scope:
        raise NotUnderstood(
            "database", f"{bench.profile.main_file}: the application is made in a function; add a database there first."
        )
    package = bench.module(main.key.file).name.rpartition(".")[0]
    dotted = f"{package}.db" if package else "db"
    path = main.key.file.rpartition("/")[0]
    path = f"{path}/db.py" if path else "db.py"
    if bench.has(path):
        raise NotUnderstood(
            "database", f"{path} is there already and is no SQLAlchemy module with a base and sessions."
        )
    bench.create(path, database_module(Style(database="sqlalchemy_sync"), asynchronous=False))
    edit = bench.edit(main.key.file)
    bench.edits[main.key.file].own |= {dotted.split(".")[0]}
    add_imports(edit, ["import os", f"from {dotted} import Base", f"from {dotted} import make_engine",
                       "from sqlalchemy.orm import sessionmaker"])  # fmt: skip
    name = main.key.name
    opening = (
        'engine = make_engine(os.environ.get("DATABASE_URL", "sqlite:///./app.db"))\n'
        f"{name}.state.sessions = sessionmaker(engine, expire_on_commit=False)"
    )
    edit.insert_after(name, opening)
    edit.append("Base.metadata.create_all(engine)")
