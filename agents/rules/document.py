"""The rules as text: a table, one rule explained, and the page of the documentation."""

import textwrap

from agents.rules.catalog import RULES
from agents.rules.explain import page
from agents.rules.rule import Rule

GROUPS = {
    "GL1": "What comes in",
    "GL2": "What goes out",
    "GL3": "The event loop",
    "GL4": "Dependencies and the database",
    "GL5": "Secrets, tokens and access",
    "GL6": "Input that becomes code",
    "GL7": "Bounds",
    "GL8": "Routes",
    "GL9": "Structure and leftovers",
}
_HEAD = """\
<!-- made by scripts/rules_doc.py from agents/rules; a test keeps it in step -->
# Rules

What greenloop holds FastAPI code to, beside what linters and type checkers find. Each rule reads a whole repository
as text; nothing of it is run. `greenloop rules ID` prints the reason and both examples. How often a finding is right:
[precision](precision.md).

An *error* is wrong or exploitable now, a *warning* breaks under load, bad input or the next change, an *info* is about
craft.

## Switching a rule off

For one line, with the reason behind it:

```python
password_hash: str  # greenloop: ignore[GL203] the admin export needs it
```

For files, or altogether, in `greenloop.toml` or under `[tool.greenloop]` in `pyproject.toml`; the beginning of an id
stands for all rules that begin so:

```toml
rules_off = ["GL413", "GL9"]
rules_ignore = { "app/legacy/*" = ["GL3"] }
```
"""


def listed() -> str:
    """One line for each rule: id, severity, name, title."""
    lines = []
    for rule in RULES:
        lines.append(f"{rule.id}  {rule.severity:<8} {rule.name:<30} {page(rule.id).title}")
    return "\n".join([*lines, f"{len(RULES)} rules; greenloop rules ID explains one"])


def explained(rule: Rule) -> str:
    """One rule: why it is there, what it finds, what is right, how to switch it off."""
    text = page(rule.id)
    shared = {path: code for path, code in text.bad.items() if text.good.get(path) == code}
    parts = [f"{rule.id} {rule.name} ({rule.severity}): {text.title}", textwrap.fill(text.why, 100)]
    for title, files in (("Bad", text.bad), ("Good", text.good)):
        for path, code in files.items():
            if path not in shared:
                parts.append(f"{title}, {path}:\n\n{textwrap.indent(code.rstrip(), '    ')}")
    for path, code in shared.items():
        parts.append(f"Both, {path}:\n\n{textwrap.indent(code.rstrip(), '    ')}")
    if rule.repairs:
        parts.append("greenloop can repair this where it is safe.")
    parts.append(f"Off for one line: # greenloop: ignore[{rule.id}] reason")
    return "\n\n".join(parts)


def document() -> str:
    """The page of the documentation."""
    parts = [_HEAD]
    for group, title in GROUPS.items():
        rows = [r for r in RULES if r.id.startswith(group)]
        parts.append(
            f"## {title}\n\n| id | name | severity | repaired | what is wrong, and for whom |\n|---|---|---|---|---|"
        )
        for rule in rows:
            text = page(rule.id)
            repaired = "where safe" if rule.repairs else ""
            parts[-1] += f"\n| {rule.id} | {rule.name} | {rule.severity} | {repaired} | **{text.title}.** {text.why} |"
    return "\n\n".join(part.strip() for part in parts) + "\n"
