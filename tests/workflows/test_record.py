"""The record survives a crash and never shows a secret."""

import json
from pathlib import Path

from sandbox.reports import SuiteReport, Word
from workflows.record import Record

SECRET = "key-that-must-not-appear-1234567890"


def test_events_are_numbered_over_sessions(tmp_path: Path) -> None:
    first = Record(tmp_path)
    first.emit("note", text="one")
    first.emit("note", text="two")
    second = Record(tmp_path)
    second.emit("note", text="three")
    assert [e.seq for e in second.events()] == [0, 1, 2]
    assert second.events()[2].elapsed_s >= second.events()[1].elapsed_s


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    Record(tmp_path).emit("note", text="whole")
    with (tmp_path / "events.jsonl").open("a") as stream:
        stream.write('{"seq": 1, "at": 1, "kind": "no')
    record = Record(tmp_path)
    record.emit("note", text="after")
    assert [e.data["text"] for e in record.events()] == ["whole", "after"]


def test_secrets_are_masked_everywhere(tmp_path: Path) -> None:
    record = Record(tmp_path, secrets=(SECRET,))
    heard = []
    record.listen(heard.append)
    record.emit("note", text=f"key {SECRET}")
    record.save("step-1", "d" * 64, {"text": SECRET})
    record.save_report("check", SuiteReport(word=Word.RED, output=SECRET))
    record.write_text("report.md", SECRET)
    written = "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file())
    assert SECRET not in written
    assert SECRET not in heard[0].model_dump_json()


def test_a_reply_is_found_again_only_for_the_same_prompt(tmp_path: Path) -> None:
    Record(tmp_path).save("build-0/1", "a" * 64, {"text": "hello"})
    again = Record(tmp_path)
    assert again.find("build-0/1", "a" * 64) == {"text": "hello"}
    assert again.find("build-0/1", "b" * 64) is None
    assert again.find("build-0/2", "a" * 64) is None
    assert len(again.replies()) == 1


def test_reports_come_back_as_they_were(tmp_path: Path) -> None:
    report = SuiteReport(word=Word.TIMEOUT, reason="too slow")
    Record(tmp_path).save_report("check-1", report)
    assert Record(tmp_path).load_report("check-1", SuiteReport) == report
    assert Record(tmp_path).load_report("check-2", SuiteReport) is None


def test_events_are_json_lines(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.emit("note", text="line\nbreak \x1b[31m")
    (line,) = (tmp_path / "events.jsonl").read_text().splitlines()
    assert json.loads(line)["data"]["text"] == "line\nbreak \x1b[31m"


def test_a_reply_that_looks_like_a_secret_comes_back_as_it_was(tmp_path: Path) -> None:
    said = {"text": "-----BEGIN RSA PRIVATE KEY-----\nAuthorization: Bearer abcdefghijklmnop1234567890"}
    Record(tmp_path, secrets=(SECRET,)).save("build-0", "c" * 64, said)
    assert Record(tmp_path).find("build-0", "c" * 64) == said


def test_a_cut_line_is_taken_away_and_strange_line_ends_stay_inside(tmp_path: Path) -> None:
    Record(tmp_path).emit("note", text="one\u2028two\x85three")
    path = tmp_path / "events.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq": 1, "at"')
    record = Record(tmp_path)
    assert path.read_bytes() == whole
    assert [e.data["text"] for e in record.events()] == ["one\u2028two\x85three"]
