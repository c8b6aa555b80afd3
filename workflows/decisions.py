"""The plan's decisions as a page of the repository: what was chosen, and why."""

import re

from agents.contracts import Plan
from workflows.lab import Lab

FOLDER = "docs/decisions"
_NUMBERED = re.compile(rf"{FOLDER}/(\d{{1,6}})-[^/]*\.md")


def write_decisions(lab: Lab, plan: Plan) -> str:
    """One page with the next free number below `docs/decisions/`; its path, empty when nothing was decided."""
    if not plan.decisions:
        return ""
    taken = [int(match[1]) for path in lab.workspace.files() if (match := _NUMBERED.fullmatch(path))]
    slug = re.sub(r"[^a-z0-9]+", "-", plan.summary.lower()).strip("-")[:50].strip("-") or "decisions"
    path = f"{FOLDER}/{max(taken, default=0) + 1:04d}-{slug}.md"
    lab.write(path, page_of(plan))
    return path


def page_of(plan: Plan) -> str:
    """The page: each decision with its reason, and what was assumed."""
    parts = [f"# {_line(plan.summary)}", "Accepted, together with the change that brought it."]
    parts += [f"## {_line(d.choice)}\n\nBecause {_line(d.reason)}." for d in plan.decisions]
    if plan.assumptions:
        parts.append("## Assumed\n\n" + "\n".join(f"- {_line(text)}" for text in plan.assumptions))
    return "\n\n".join(parts) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
