"""Arguments of `Field` and the constrained types, and what stands in a Config, as pydantic 2 wants them."""

import re

import libcst as cst

from agents.recipes import args
from agents.recipes.pyfile import PyFile, Unsure

_RENAMED = {"min_items": "min_length", "max_items": "max_length", "regex": "pattern"}
_CONSTRAINED = ("constr", "conint", "confloat", "condecimal", "conbytes", "conlist", "conset", "confrozenset")
_KNOWN = {
    "default", "default_factory", "alias", "title", "description", "exclude", "include", "discriminator", "gt", "ge",
    "lt", "le", "multiple_of", "allow_inf_nan", "max_digits", "decimal_places", "min_length", "max_length", "repr",
    "pattern", "frozen", "examples", "deprecated", "validation_alias", "serialization_alias", "json_schema_extra",
    "strict", "alias_priority", "validate_default", "init", "kw_only", "coerce_numbers_to_str", "union_mode",
    "fail_fast",    "init_var", "field_title_generator", "exclude_if",
    "sa_column", "primary_key", "foreign_key", "index", "nullable", "unique", "sa_type", "sa_column_args",
    "sa_column_kwargs", "schema_extra", "ondelete",
}  # fmt: skip
_CONFIG = {
    "orm_mode", "from_attributes", "allow_population_by_field_name", "populate_by_name", "anystr_lower", "anystr_upper",
    "anystr_strip_whitespace", "str_strip_whitespace", "str_to_lower", "str_to_upper", "keep_untouched",
    "max_anystr_length", "min_anystr_length", "schema_extra", "json_schema_extra", "validate_all", "validate_default",
    "validate_assignment", "extra", "title", "arbitrary_types_allowed", "use_enum_values", "alias_generator", "frozen",
    "allow_mutation", "smart_union", "underscore_attrs_are_private", "json_encoders", "copy_on_model_validation",
    "env_file", "env_file_encoding", "env_prefix", "env_nested_delimiter", "case_sensitive", "secrets_dir",
    "allow_inf_nan", "protected_namespaces", "model_title_generator", "table", "read_with_orm_mode",
}  # fmt: skip
_CLASS = re.compile(r"(?m)^(?P<margin>[ \t]+)class Config:[^\n]*\n(?P<body>(?:(?P=margin)[ \t]+[^\n]*\n|[ \t]*\n)*)")


def unknown_config(text: str) -> tuple[int, str] | None:
    """Line and name of the first thing in a Config that has no equal in pydantic 2."""
    for found in _CLASS.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        depth = None
        for offset, code in enumerate(found["body"].splitlines()):
            margin = len(code) - len(code.lstrip())
            if not code.strip() or code.lstrip().startswith("#"):
                continue
            depth = margin if depth is None else depth
            name = re.match(r"\s*(\w+)(?:\s*:[^=]+)?\s*=", code)
            if margin == depth and (name is None or name[1] not in _CONFIG) and not re.match(r"\s*[\])}\"'p]", code):
                return line + offset, name[1] if name else code.strip()
    return None


def rewrite(file: PyFile, models: set[str]) -> None:
    """Rewrite one file's fields, constrained types and Configs."""
    for call in file.find(cst.Call):
        if file.means(call.func, "pydantic.Field", "pydantic.fields.Field"):
            _field(file, call)
        elif file.means(call.func, *(f"pydantic.{name}" for name in _CONSTRAINED)):
            for arg in call.args:
                if arg.keyword and arg.keyword.value in _RENAMED:
                    file.edit(arg.keyword, _RENAMED[arg.keyword.value])
    for call in file.calls(*(f"pydantic.UUID{version}" for version in "1345")):
        file.edit(call.func, file.need("uuid", "UUID"))
    for node in file.find(cst.ClassDef):
        _bases(file, node, models)
        if node.name.value == "Config" and isinstance(file.around(node, cst.ClassDef, cst.FunctionDef), cst.ClassDef):
            _config(file, node)


def _bases(file: PyFile, node: cst.ClassDef, models: set[str]) -> None:
    """`Generic[T]` stands behind the models, where pydantic 2 looks for it."""
    bases = [arg for arg in node.bases if not arg.keyword and not arg.star]
    generic = [a for a in bases if isinstance(a.value, cst.Subscript) and file.means(a.value.value, "typing.Generic")]
    if len(generic) == 1 and any(file.means(_plain(arg.value), *models) for arg in bases[bases.index(generic[0]) :]):
        ordered = [*(arg for arg in bases if arg is not generic[0]), generic[0]]
        start, end = file.span(bases[0])[0], file.span(bases[-1])[1]
        file.replace(start, end, ", ".join(file.code(arg.value) for arg in ordered))


def _plain(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.value if isinstance(node, cst.Subscript) else node


def _field(file: PyFile, call: cst.Call) -> None:
    extra: list[cst.Arg] = []
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else ""
        if not name:
            continue
        if name in _RENAMED:
            file.edit(cst.ensure_type(arg.keyword, cst.Name), _RENAMED[name])
        elif name == "allow_mutation" and args.literal(arg.value) in (True, False):
            file.edit(arg, f"frozen={not args.literal(arg.value)}")
        elif name == "env":
            _env(file, arg)
        elif name not in _KNOWN:
            extra.append(arg)
    if extra and args.keyword(call, "json_schema_extra"):
        raise Unsure(call, "a field with arguments pydantic 2 does not know beside json_schema_extra")
    if extra:
        pairs = ", ".join(f'"{cst.ensure_type(a.keyword, cst.Name).value}": {file.code(a.value)}' for a in extra)
        file.edit(extra[0], f"json_schema_extra={{{pairs}}}")
    for arg in extra[1:]:
        start, end = file.span(arg)
        rest = re.match(r"\s*,\s*", file.text[end:])
        file.replace(start, end + (rest.end() if rest else 0), "")


def _env(file: PyFile, arg: cst.Arg) -> None:
    if isinstance(arg.value, cst.SimpleString):
        file.edit(arg, f"validation_alias={file.code(arg.value)}")
    elif isinstance(arg.value, cst.List | cst.Tuple):
        names = ", ".join(file.code(element.value) for element in arg.value.elements)
        file.edit(arg, f"validation_alias={file.need('pydantic', 'AliasChoices')}({names})")
    else:
        raise Unsure(arg, "names of environment variables that are not written out")


def _config(file: PyFile, node: cst.ClassDef) -> None:
    """Take out what pydantic 2 does by itself, turn what is said the other way round, keep what was let through."""
    if not isinstance(node.body, cst.IndentedBlock):
        raise Unsure(node, "a Config in one line")
    names: set[str] = set()
    gone: list[cst.SimpleStatementLine] = []
    for line in node.body.body:
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if not isinstance(small, cst.Assign) or not isinstance(line, cst.SimpleStatementLine):
            continue
        name = file.code(small.targets[0].target)
        names.add(name)
        if name in ("smart_union", "underscore_attrs_are_private", "copy_on_model_validation"):
            gone.append(line)
        elif name == "allow_mutation" and args.literal(small.value) in (True, False):
            file.edit(small, f"frozen = {not args.literal(small.value)}")
    if len(gone) == len(node.body.body):
        raise Unsure(node, "a Config that only says what pydantic 2 does by itself; take it out")
    for line in gone:
        start, end = file.span(line)
        file.replace(file.line_start(start), file.text.find("\n", end - 1) + 1, "")
    if "env_file" in names and "extra" not in names:
        start = file.span(node.body.body[0])[0]
        margin = file.text[file.line_start(start) : start]
        file.replace(start, start, f'extra = "ignore"\n{margin}')
