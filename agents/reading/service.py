"""How to start an application that was only read: command, preparation and throwaway settings."""

import ast
import re

from agents.profile import AppProfile, Source
from agents.reading.factory import Given, given_to, is_required
from agents.reading.modules import Code, Found, Module, class_values, keyword, module_name, read_code, walked
from sandbox.reports import Service

_DATABASE = re.compile(r"(DATABASE|DB|SQLALCHEMY).*(URL|URI|DSN)|^(DATABASE|DSN)$")
_SYNC_URL = "sqlite:////work/app.db"
_ASYNC_URL = "sqlite+aiosqlite:////work/app.db"
THROWAWAY = "throwaway-value-for-tests-only-0123456789abcdef"
"""What a required setting is in the sandbox."""
URL = "http://127.0.0.1:8090"
"""And a required address: of nobody, unless a test listens there."""
_BY_TYPE = {"int": "1", "float": "1", "bool": "false", "list": "[]", "set": "[]", "dict": "{}", "HttpUrl": URL,
            "AnyHttpUrl": URL, "AnyUrl": URL, "EmailStr": "test@example.com"}  # fmt: skip


def service_for(profile: AppProfile, source: Source) -> Service | None:
    """How uvicorn starts this application in the sandbox; None when there is no application.

    A factory gets the settings or the configuration it asks for, made without arguments, as far as they can be had.
    Settings without a default get throwaway values; a database address becomes a SQLite file below `/work`.
    """
    if not profile.exists or not profile.target:
        return None
    code = read_code(source)
    given, folder = given_to(code, profile), app_dir(profile)
    if given and not given.lacking:
        argv = ["python", "-c", _calling(profile, given, folder)]
    else:
        argv = ["python", "-m", "uvicorn", profile.target, "--host", "127.0.0.1", "--port", "{port}"]
        argv += ["--factory"] if profile.factory else []
        argv += ["--app-dir", folder] if folder else []
    prepare = (("python", "-m", "alembic", "upgrade", "head"),) if "alembic.ini" in source.files() else ()
    return Service(argv=tuple(argv), prepare=prepare, env=_environment(code, profile),
                   ready_path=_ready_path(profile))  # fmt: skip


def _calling(profile: AppProfile, given: Given, folder: str) -> str:
    """A factory that needs arguments, called with them: uvicorn's command line cannot give any."""
    path = f"import sys; sys.path.insert(0, {folder!r}); " if folder else ""
    call = f"{profile.target.partition(':')[2]}({', '.join(given.arguments)})"
    imports = "; ".join(("import uvicorn", *given.imports))
    return f"{path}{imports}; uvicorn.run({call}, host='127.0.0.1', port={{port}})"


def app_dir(profile: AppProfile) -> str:
    """The folder uvicorn must import from, when it is not the repository's root."""
    module = module_name(profile.main_file).replace(".", "/")
    stem = profile.main_file.removesuffix(".py").removesuffix("/__init__")
    return stem.removesuffix(module).rstrip("/") if stem.endswith(module) else ""


def _ready_path(profile: AppProfile) -> str:
    plain = {r.path for r in profile.routes if r.method == "GET" and not r.guarded}
    return next((p for p in ("/health", "/healthz") if p in plain), "/openapi.json")


def _environment(code: Code, profile: AppProfile) -> dict[str, str]:
    url = _ASYNC_URL if profile.database == "sqlalchemy_async" else _SYNC_URL
    values: dict[str, str] = {}
    for name, required, kind in [*_settings(code), *_environ_reads(code)]:
        if _DATABASE.search(name.upper()):
            if profile.database.startswith("sqlalchemy"):
                values[name] = url
        elif required:
            values[name] = _BY_TYPE.get(kind, THROWAWAY)
    return dict(sorted(values.items()))


def settings_class(code: Code) -> Found | None:
    """The pydantic-settings class, the first one by file name."""
    found = [c for c in code.classes() if _is_settings(code, c)]
    return min(found, key=lambda c: (c.module.file.count("/"), c.module.file), default=None)


def _is_settings(code: Code, found: Found) -> bool:
    return any(
        code.origin(a.module, base).rpartition(".")[2] == "BaseSettings"
        for a in code.ancestry(found)
        if isinstance(a.node, ast.ClassDef)
        for base in a.node.bases
    )


def _settings(code: Code) -> list[tuple[str, bool, str]]:
    """(variable, required, type) of every field of every settings class."""
    found = []
    for settings in (c for c in code.classes() if _is_settings(code, c)):
        prefix = _prefix(code, settings)
        for node in settings.node.body if isinstance(settings.node, ast.ClassDef) else ():
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                kind = re.split(r"\W", ast.unparse(node.annotation))[0]
                alias = _alias(code, settings.module, node.value)
                name = alias or f"{prefix}{node.target.id}".upper()
                if node.target.id != "model_config" and "None" not in ast.unparse(node.annotation):
                    found.append((name, is_required(node.value), kind))
    return found


def _prefix(code: Code, settings: Found) -> str:
    if not isinstance(settings.node, ast.ClassDef):
        return ""
    for name, value in class_values(settings.node):
        if name == "model_config" and isinstance(value, ast.Call):
            return code.text(settings.module, keyword(value, "env_prefix")) or ""
        if name == "model_config" and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            return next((code.text(settings.module, v) or "" for k, v in pairs
                         if isinstance(k, ast.Constant) and k.value == "env_prefix"), "")  # fmt: skip
    inner = next((n for n in settings.node.body if isinstance(n, ast.ClassDef) and n.name == "Config"), None)
    values = dict(class_values(inner)) if inner else {}
    return code.text(settings.module, values.get("env_prefix")) or ""


def _alias(code: Code, module: Module, value: ast.expr | None) -> str:
    if isinstance(value, ast.Call) and code.is_call_of(module, value, "Field"):
        for name in ("validation_alias", "alias", "env"):
            text = code.text(module, keyword(value, name))
            if text:
                return text
    return ""


def _environ_reads(code: Code) -> list[tuple[str, bool, str]]:
    """(variable, required, "str") of `os.environ[...]`, `os.getenv(...)`, `os.environ.get(...)`."""
    found = []
    for module in code.modules.values():
        for node in walked(module.tree):
            if isinstance(node, ast.Subscript) and code.origin(module, node.value) == "os.environ":
                found.append((code.text(module, node.slice) or "", True, "str"))
            elif isinstance(node, ast.Call) and code.origin(module, node.func) in ("os.getenv", "os.environ.get"):
                name = code.text(module, node.args[0]) if node.args else None
                found.append((name or "", False, "str"))
    return [entry for entry in found if entry[0]]
