"""The page about a campaign, and the same as JSON. Everything on it that others wrote is escaped."""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from sandbox.text import clean
from workflows.campaigns.file import Campaign
from workflows.campaigns.hall import usage_of
from workflows.campaigns.plan import LEFT_ALONE
from workflows.campaigns.waves import GOOD
from workflows.endings import MEANING, Ending
from workflows.queue.jobs import Job

_NOISE = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{7,}\b|\d+(?:\.\d+)?|(?:/[\w.@-]+){2,}")
MOST_REPORT = 60_000
"""Most characters of one run's report on the page."""
STANDS = {"running": "goes on", "ended": "has ended", "stopped": "was stopped", "cancelled": "was cancelled"}
WORDS = {
    "done_before": "the same work ended before",
    "filtered": "a filter of the campaign leaves it out",
    "not_started": "the campaign was stopped before",
}


def collect(
    campaign: Campaign, jobs: Sequence[Job], state: str, reason: str, report_of: Callable[[Job], str]
) -> dict[str, Any]:
    """Everything the page shows, as JSON; `report_of`: the text of a run's own report, empty when it has none."""
    rows = [_row(job, clean(report_of(job))[:MOST_REPORT]) for job in jobs]
    ran = [row for row in rows if row["started"]]
    return {
        "campaign": campaign.name,
        "request": campaign.asked().model_dump(mode="json"),
        "engine": campaign.engine,
        "made": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "state": state,
        "reason": clean(reason),
        "counts": dict(Counter(row["ending"] or row["state"] for row in rows).most_common()),
        "totals": {
            "repositories": len(rows),
            "runs": len(ran),
            "seconds": round(sum(row["seconds"] for row in ran), 1),
            "tokens": sum(row["tokens"] for row in ran),
            "usd": round(sum(row["usd"] for row in ran), 6),
            "added": sum(row["added"] for row in ran),
            "removed": sum(row["removed"] for row in ran),
        },
        "groups": _groups(rows),
        "repositories": rows,
    }


def _row(job: Job, report: str) -> dict[str, Any]:
    result: Mapping[str, Any] = job.result
    tokens, usd = usage_of(result)
    return {
        "name": clean(job.name),
        "where": clean(str(job.spec.get("where", ""))) if not job.spec.get("remote") else _address(job),
        "sha": job.spec.get("sha", ""),
        "run": job.run,
        "state": job.state,
        "ending": job.ending,
        "good": job.ending in GOOD,
        "left_alone": job.ending in LEFT_ALONE,
        "reason": clean(job.reason),
        "wave": job.wave,
        "workers": job.tries,
        "started": job.started is not None,
        "branch": result.get("branch", ""),
        "commit": result.get("commit", ""),
        "files": result.get("files", 0),
        "added": result.get("added", 0),
        "removed": result.get("removed", 0),
        "before": result.get("before"),
        "after": result.get("after"),
        "left_out": [clean(str(text)) for text in (*result.get("notes", ()), *result.get("not_checked", ()))],
        "failed_gates": [clean(str(text)) for text in result.get("failed_gates", ())],
        "phases": result.get("phases", {}),
        "seconds": float(result.get("seconds", 0.0)),
        "tokens": tokens,
        "usd": usd,
        "report": report,
    }


def _address(job: Job) -> str:
    from sandbox.depot import shown_url

    return clean(shown_url(str(job.spec["where"])))


def _groups(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Failures that say the same, numbers and paths aside; the largest group first."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["ending"] and not row["good"] and row["ending"] not in LEFT_ALONE:
            first = (row["failed_gates"] or [row["reason"]])[0].partition("\n")[0]
            found[row["ending"], _NOISE.sub("#", first)].append(row)
    groups = [
        {"ending": ending, "says": members[0]["reason"] or pattern, "names": [m["name"] for m in members]}
        for (ending, pattern), members in found.items()
    ]
    return sorted(groups, key=lambda group: -len(group["names"]))


def meaning(word: str) -> str:
    """What an ending means, for the page."""
    return MEANING[Ending(word)][1] if word in set(Ending) else WORDS.get(word, word)


def clock(seconds: float) -> str:
    """`51 s`, `11 min 43 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {whole % 60:02d} s"


def rendered(text: str) -> Markup:
    """A report's Markdown as HTML: tables, lists and code. HTML in it is text, and nothing is a link or an image."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.disable(["link", "image", "autolink", "reference", "html_block", "html_inline"])
    return Markup(reader.render(text))  # noqa: S704 - the reader escapes whatever it does not write itself


def page(told: Mapping[str, Any]) -> str:
    """The page: one file, nothing is loaded from anywhere and no script runs."""
    env = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters["meaning"] = meaning
    env.filters["clock"] = clock
    env.filters["markdown"] = rendered
    env.filters["words"] = lambda word: word.replace("_", " ")
    env.filters["stands"] = lambda state: STANDS.get(state, state)
    text = files("workflows.campaigns").joinpath("report.html.j2").read_text(encoding="utf-8")
    return env.from_string(text).render(told=told)


def write(told: Mapping[str, Any], folder: Path) -> Path:
    """Write the page, the JSON and the runs' reports into a folder; returns the page."""
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    for one in told["repositories"]:
        if one["report"]:
            (folder / "runs" / f"{one['name'].replace('/', '-')}-{one['run']}.md").write_text(one["report"])
    (folder / "report.json").write_text(json.dumps(told, indent=1))
    (folder / "report.html").write_text(page(told))
    return folder / "report.html"
