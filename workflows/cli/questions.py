"""Questions of a run, asked on the terminal or answered by `greenloop answer`."""

import re
from typing import Any

import typer

from workflows.cli.common import UsageProblem
from workflows.screens import plan_text, questions_text


def ask_on_terminal(question: dict[str, Any]) -> dict[str, Any]:
    """The answers a person types; an empty line takes the default."""
    if question["ask"] == "approval":
        typer.echo(plan_text(question["plan"]))
        reply = typer.prompt("Build this? [yes / what to change]", default="yes")
        return approval(reply)
    typer.echo(questions_text(question["questions"]))
    return {q["id"]: typer.prompt(q["id"], default=q["default"]) for q in question["questions"]}


def approval(reply: str) -> dict[str, Any]:
    """A yes, or a comment that makes a new plan."""
    yes = reply.strip().lower() in ("y", "yes", "ok", "approve", "approved")
    return {"approved": yes, "comment": "" if yes else reply.strip()}


def from_text(question: dict[str, Any], text: str) -> dict[str, Any]:
    """What `greenloop answer RUN TEXT` means for the question the run rests at."""
    if question["ask"] == "approval":
        return approval(text)
    return dict(parse_answers(text, [q["id"] for q in question["questions"]]))


def parse_answers(text: str, ids: list[str]) -> dict[str, str]:
    """`Q1: ... Q2: ...` by question; without ids the whole text answers the only question."""
    parts = re.split(r"\b(Q\d+)\s*[:=]\s*", text)
    found = {key: value.strip(" ;,\n") for key, value in zip(parts[1::2], parts[2::2], strict=False)}
    unknown = sorted(set(found) - set(ids))
    if unknown:
        raise UsageProblem(f"no question {', '.join(unknown)} (open: {', '.join(ids)})")
    if not found and len(ids) > 1:
        raise UsageProblem(f'several questions are open; answer each: "{" ".join(f"{i}: ..." for i in ids)}"')
    if not found:
        return dict.fromkeys(ids, text.strip())
    missing = [i for i in ids if i not in found]
    if missing:
        raise UsageProblem(f"no answer to {', '.join(missing)}")
    return found
