"""Comma-separated values and ranges of numbers."""


def parse(text, separator=","):
    """Rows of cells; quotes hold separators and line ends, two of them stand for one."""
    rows, row, cell = [], [], ""
    quoted = False
    index = 0
    while index < len(text):
        letter = text[index]
        if quoted:
            if letter == '"' and text[index + 1 : index + 2] == '"':
                cell += '"'
                index += 1
            elif letter == '"':
                quoted = False
            else:
                cell += letter
        elif letter == '"':
            quoted = True
        elif letter == separator:
            row.append(cell)
            cell = ""
        elif letter == "\n":
            row.append(cell)
            rows.append(row)
            row, cell = [], ""
        else:
            cell += letter
        index += 1
    if cell or row:
        row.append(cell)
        rows.append(row)
    return rows


def dump(rows, separator=","):
    """The text that `parse` makes these rows of."""
    lines = []
    for row in rows:
        cells = []
        for cell in row:
            if separator in cell or '"' in cell or "\n" in cell:
                cell = '"' + cell.replace('"', '""') + '"'
            cells.append(cell)
        lines.append(separator.join(cells))
    return "".join(line + "\n" for line in lines)


def records(text):
    """Rows as dictionaries by the first row; missing cells are None."""
    rows = parse(text)
    if not rows:
        return []
    head = rows[0]
    result = []
    for row in rows[1:]:
        cells = row + [None] * (len(head) - len(row))
        result.append(dict(zip(head, cells)))
    return result


def numbers(text):
    """`1-3,7` as [1, 2, 3, 7], sorted and each once.

    Raises ValueError for a range that goes down.
    """
    found = set()
    for part in text.split(","):
        part = part.strip()
        if not part:
            continue
        low, dash, high = part.partition("-")
        first, last = int(low), int(high) if dash else int(low)
        if last < first:
            raise ValueError(f"{part} goes down")
        found.update(range(first, last + 1))
    return sorted(found)


def ranges(values):
    """The shortest text that `numbers` makes these values of."""
    parts = []
    start = end = None
    for value in sorted(set(values)):
        if end is not None and value == end + 1:
            end = value
            continue
        if start is not None:
            parts.append(str(start) if start == end else f"{start}-{end}")
        start = end = value
    if start is not None:
        parts.append(str(start) if start == end else f"{start}-{end}")
    return ",".join(parts)
