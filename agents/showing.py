"""What a run of tests said, as an agent reads it while it works."""

from agents.excerpts import failures_text, shorten, steady
from sandbox.reports import SuiteReport

FAILURE_TOKENS = 4_000
OUTPUT_CHARS = 5_000


def report_text(report: SuiteReport) -> str:
    """The word, the counts, the failures, and what the service printed; the same result is the same text."""
    failures = report.failures()
    skipped = sum(r.outcome == "skipped" for r in report.results)
    lines = [f"{report.word}: {len(report.passed())} passed, {len(failures)} failed, {skipped} skipped"]
    if report.reason:
        lines.append(steady(report.reason))
    if failures:
        lines.append(failures_text(failures, FAILURE_TOKENS))
    if not report.results and report.output:
        lines.append("Output:\n" + shorten(steady(report.output), OUTPUT_CHARS))
    if report.service_output and (failures or not report.results):
        lines.append("The service printed:\n" + shorten(steady(report.service_output), OUTPUT_CHARS))
    return "\n\n".join(lines)
