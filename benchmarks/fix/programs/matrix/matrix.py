"""Matrices as lists of rows."""


def transpose(rows):
    return [list(column) for column in zip(*rows)]


def rotate(rows):
    """Turned clockwise by 90 degrees."""
    return [list(column) for column in zip(*reversed(rows))]


def multiply(left, right):
    """The product.

    Raises ValueError when the sizes do not fit.
    """
    if len(left[0]) != len(right):
        raise ValueError("the sizes do not fit")
    result = []
    for row in left:
        line = []
        for column in range(len(right[0])):
            total = 0
            for index in range(len(right)):
                total += row[index] * right[index][column]
            line.append(total)
        result.append(line)
    return result


def spiral(rows):
    """The items from the outside in, clockwise from the top left."""
    result = []
    top, bottom = 0, len(rows) - 1
    left, right = 0, len(rows[0]) - 1 if rows else -1
    while top <= bottom and left <= right:
        for column in range(left, right + 1):
            result.append(rows[top][column])
        top += 1
        for row in range(top, bottom + 1):
            result.append(rows[row][right])
        right -= 1
        if top <= bottom:
            for column in range(right, left - 1, -1):
                result.append(rows[bottom][column])
            bottom -= 1
        if left <= right:
            for row in range(bottom, top - 1, -1):
                result.append(rows[row][left])
            left += 1
    return result


def determinant(rows):
    """By expansion along the first row."""
    if len(rows) == 1:
        return rows[0][0]
    total = 0
    for column, value in enumerate(rows[0]):
        minor = [row[:column] + row[column + 1 :] for row in rows[1:]]
        total += (-1) ** column * value * determinant(minor)
    return total
