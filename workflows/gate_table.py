"""The gates of a verdict as a table: what each found, whether it blocks, what was run, how it is switched off."""

from collections.abc import Sequence

from sandbox.reports import Gate
from workflows.gate_choice import switch_of


def weight(gate: Gate) -> str:
    """`blocking`, or `advisory`: told, and stops nothing."""
    return "blocking" if gate.blocking else "advisory"


def result_of(gate: Gate) -> str:
    """One word for the result."""
    return "passed" if gate.passed else "FAILED" if gate.blocking else "look"


def gate_table(gates: Sequence[Gate]) -> str:
    """As Markdown."""
    head = ["gate", "result", "evidence", "weight", "what was run", "switched off by", "seconds"]
    lines = ["## Gates", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for gate in gates:
        off = switch_of(gate.name)
        cells = [gate.name, result_of(gate), gate.evidence, weight(gate), gate.command or "-",
                 f"`{off}`" if off else "nothing", f"{gate.seconds:.1f}"]  # fmt: skip
        lines.append(f"| {' | '.join(cell(one) for one in cells)} |")
    return "\n".join(lines)


def gate_lines(gates: Sequence[Gate], *, all_of_it: bool = False) -> list[str]:
    """For a terminal; `all_of_it` adds what was run and how each is switched off."""
    lines = []
    for gate in gates:
        mark = "ok " if gate.passed else "BAD" if gate.blocking else "see"
        lines.append(f"  {mark}  {gate.name}: {gate.evidence}")
        if all_of_it:
            off = switch_of(gate.name)
            run = f"ran: {gate.command}; " if gate.command else ""
            lines.append(f"       {weight(gate)}; {run}{f'off by {off}' if off else 'always on'}; {gate.seconds:.1f} s")
    return lines


def cell(text: str) -> str:
    """Text that stays inside its cell."""
    return text.replace("|", "\\|").replace("\n", " ")
