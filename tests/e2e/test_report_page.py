"""The page about a campaign in a real browser: wide and narrow, light and dark, from a file."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import Browser, program
from workflows.campaigns.file import Campaign
from workflows.campaigns.report import collect, write
from workflows.queue.jobs import Job

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(program() is None, reason="no Chromium: scripts/test_tools.sh")]
LONG = "a-service-whose-name-nobody-ever-shortened-because-it-is-generated-" * 2
REPORT = f"""# Refactor: current-typing

**green**: 3 of 3 tests passed at `0123456789ab`.

| | step | commit | files | left out |
|---|---|---|---|---|
| 1 | `current-typing`: `Optional[{LONG}]` | `0123456789ab` | 1 | - |

```diff
-def {LONG.replace("-", "_")}(x: Optional[int]) -> None: ...
```

<script>console.error("it ran")</script> <img src="x" onerror="console.error('it ran')"> [a link](javascript:alert(1))
"""
ENDINGS = ("delivered", "stuck", "refused", "partial", "infra", "unchanged", "filtered", "")


def job(number: int) -> Job:
    ending = ENDINGS[number % len(ENDINGS)]
    ran = ending not in ("filtered", "refused")
    result = {
        "branch": f"greenloop/current-{LONG}" if ending == "delivered" else "", "commit": "0123456789abcdef",
        "files": 3, "added": 12_345, "removed": 6_789, "seconds": 4_000.0 * number, "phases": {"prepare": 1.25},
        "before": {"passing": 3, "failing": 1, "flaky": 1}, "after": {"word": "green", "passed": 3, "total": 3},
        "usage": {"input_tokens": 1_234_567, "output_tokens": 89, "cost_usd": 0.1},
        "notes": [f"left out: {LONG}.py:12: tests: 1 of 3 tests failed"],
    }  # fmt: skip
    name = f"{'shop/' if number == 1 else ''}{LONG}{number}"
    reason = "" if ending == "delivered" else f"first line\nhttps://example.org/{LONG * 3}"
    return Job(
        id=f"j{number}", campaign="current", position=number, wave=0, name=name,
        key="", version="1", spec={"where": f"/srv/{LONG}", "sha": "0123456789"}, run=f"run{number}",
        state="ended" if ending else "queued", token=1, tries=1 + number % 2, worker="", ending=ending,
        reason=reason, result=result if ran else {},
        created=0.0, started=1.0 if ran else None, ended=2.0, asked_to_stop=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    told = {"name": "current", "repositories": [{"path": "services/*"}], "recipe": ["current-typing"]}
    campaign = Campaign.model_validate(told)
    told = collect(campaign, [job(n) for n in range(16)], "stopped", f"too many failed: {LONG}", lambda _: REPORT)
    return write(told, tmp_path_factory.mktemp("report folder")).as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as found:
        yield found


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FAINT = """(() => {
  const parts = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const canvas = Object.assign(document.createElement('div'), {style: 'background: Canvas'});
  document.body.append(canvas);
  const ground = light(parts(getComputedStyle(canvas).backgroundColor));
  canvas.remove();
  return [...document.querySelectorAll('p, a, td, th, dt, dd, b, span, summary, code')].map((one) => {
    const ink = light(parts(getComputedStyle(one).color));
    return [one.className || one.tagName, (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5);
})()"""
"""What has less contrast with the page than people need to read it (WCAG AA: 4.5)."""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1400, 760, 360])
def test_it_is_legible_in_every_window(browser: Browser, url: str, width: int, dark: bool) -> None:
    browser.shape(width, dark=dark)
    browser.open(url)
    assert browser.ask(WIDER) == 0
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert browser.ask(WIDER) == 0, "with all reports open"
    assert browser.ask(FAINT) == []
    assert browser.ask("document.querySelectorAll('.report table, .report pre').length") > 0, (
        "Markdown is shown as such"
    )
    assert browser.ask("document.querySelectorAll('script, img, .report a').length") == 0
    assert browser.complaints == []


def test_its_links_work_from_a_file(browser: Browser, url: str) -> None:
    browser.shape(1400)
    browser.open(url)
    row = "[...document.querySelectorAll('td a')].find((a) => a.hash == '#run-run1')"
    browser.ask(f"{row}.click()")
    assert browser.ask("location.hash") == "#run-run1"
    assert browser.ask("document.querySelector('#run-run1').closest('details').open") is True, "nothing else to click"
    links = browser.ask("[...document.querySelectorAll('details a')].map((one) => one.href)")
    assert len(links) == len(set(links)) > 0
    for link in links[:2]:
        browser.open(link)
        assert "current-typing" in browser.ask("document.body.innerText")
    assert {Path(re.sub("^file://", "", one)).suffix for one in links} == {".md"}
    assert browser.complaints == []
