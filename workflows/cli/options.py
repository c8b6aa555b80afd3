"""Options that several commands have, so that they mean and say the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

Repo = Annotated[Path, typer.Option(help="The repository, an existing folder.")]
Target = Annotated[Path, typer.Option("--repo", help="The repository; an empty or missing folder becomes a new one.")]
Engine = Annotated[str | None, typer.Option(help="`offline` (rules, no model) or a model's name.")]
BaseUrl = Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")]
Approve = Annotated[bool, typer.Option("--approve", help="Show the plan and wait for a yes before building.")]
Assume = Annotated[bool | None, typer.Option("--assume/--ask", help="Answer open questions by defaults, or ask.")]
MaxRounds = Annotated[int | None, typer.Option(help="Build-verify turns before giving up.")]
BudgetUsd = Annotated[float | None, typer.Option("--budget", help="Most money the run may cost (USD).")]
MaxTokens = Annotated[int | None, typer.Option(help="Most tokens the run may use.")]
Timeout = Annotated[float | None, typer.Option(help="Most seconds the run may take.")]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object per event.")]
Branch = Annotated[str | None, typer.Option(help="Name of the result branch.")]
IncludeDirty = Annotated[bool, typer.Option("--include-dirty", help="Start from uncommitted changes too.")]
RecordDecisions = Annotated[
    bool, typer.Option("--record-decisions", help="Write the plan's decisions into docs/decisions/ of the result.")
]
AllowBreaking = Annotated[
    bool, typer.Option("--allow-breaking", help="Existing clients may break, tests may not; what breaks is recorded.")
]
