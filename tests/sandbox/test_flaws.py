"""Known holes: which release has which repair."""

import pytest

from sandbox.flaws import FLAWS, Program, flaws_of, release


@pytest.mark.parametrize(
    ("program", "version", "ids"),
    [
        ("runc", "1.1.5+ds1", {"CVE-2024-21626", "CVE-2024-45310", "CVE-2025-31133"}),
        ("runc", "1.1.12", {"CVE-2024-45310", "CVE-2025-31133"}),
        ("runc", "1.2.7", {"CVE-2025-31133"}),
        ("runc", "1.2.8", set()),
        ("runc", "1.3.2", {"CVE-2025-31133"}),
        ("runc", "1.5.0", set()),
        ("containerd", "v2.1.4", {"CVE-2024-25621"}),
        ("containerd", "2.2.0", set()),
        ("git", "2.39.5", {"CVE-2025-48384"}),
        ("git", "2.36.1", {"CVE-2024-32002", "CVE-2025-48384"}),
        ("git", "2.51.0", set()),
        ("python", "3.11.7", {"CVE-2025-4517", "CVE-2025-8194"}),
        ("python", "3.12.11", {"CVE-2025-8194"}),
        ("python", "3.14.0", set()),
        ("podman", "4.3.1", {"CVE-2024-1753"}),
        ("docker", "27.1.1", set()),
        ("crun", "unknown", set()),
    ],
)
def test_what_is_open_in_a_version(program: Program, version: str, ids: set[str]) -> None:
    assert {flaw.ids.split(",")[0] for flaw in flaws_of(program, version)} == ids


def test_every_repair_is_a_release_one_for_each_line() -> None:
    for program, flaws in FLAWS.items():
        for flaw in flaws:
            found = [release(one) for one in flaw.repaired]
            assert None not in found, (program, flaw)
            assert found == sorted(found, key=lambda one: one or (0, 0, 0)), (program, flaw)
            assert len({one[:2] for one in found if one}) == len(found), (program, flaw)
