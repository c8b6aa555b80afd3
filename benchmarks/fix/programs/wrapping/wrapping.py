"""Text in lines of a certain width."""


def wrap(text, width):
    """Lines of at most `width` characters, broken between words; longer words stand alone."""
    lines = []
    current = ""
    for word in text.split():
        if not current:
            current = word
        elif len(current) + 1 + len(word) <= width:
            current += " " + word
        else:
            lines.append(current)
            current = word
    if current:
        lines.append(current)
    return lines


def justify(words, width):
    """One line filled with spaces; the ones further left get more."""
    if len(words) == 1:
        return words[0].ljust(width)
    spaces = width - sum(len(word) for word in words)
    each, more = divmod(spaces, len(words) - 1)
    line = ""
    for index, word in enumerate(words[:-1]):
        line += word + " " * (each + (1 if index < more else 0))
    return line + words[-1]


def shorten(text, width, mark="..."):
    """Text cut between words so that it fits with a mark behind it."""
    text = " ".join(text.split())
    if len(text) <= width:
        return text
    kept = []
    length = len(mark)
    for word in text.split():
        needed = len(word) + (1 if kept else 0)
        if length + needed > width:
            break
        kept.append(word)
        length += needed
    return " ".join(kept) + mark


def columns(rows, gap=2):
    """Rows of cells as lines with aligned columns, no spaces at their ends."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = [str(cell).ljust(width) for cell, width in zip(row, widths)]
        lines.append((" " * gap).join(cells).rstrip())
    return lines
