"""A database for an application that has none: one module, synchronous sessions, tables made at start."""

from agents.blueprints.bench import Bench
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.database import database_module
from agents.blueprints.fragments import Style
from agents.blueprints.place_app import after_making, before_end
from agents.errors import NotUnderstood

DATABASE_NOTE = (
    "The application had no database: SQLAlchemy with synchronous sessions was brought in, `DATABASE_URL` names the "
    "database (default: a SQLite file), tables are made at start."
)


def place_database(bench: Bench) -> None:
    """Bring in `db.py`, and open it where the application is made.

    Raises:
        NotUnderstood: the function that makes the application ends in more than one way, or `db.py` is something else
            already.
    """
    main = bench.app.web.app
    if main is None:
        raise NotUnderstood("database", "There is no application object to open it at.")
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
    after_making(bench, "{app}.state.sessions = sessionmaker(engine, expire_on_commit=False)")
    after_making(bench, 'engine = make_engine(os.environ.get("DATABASE_URL", "sqlite:///./app.db"))')
    before_end(bench, "Base.metadata.create_all(engine)")
