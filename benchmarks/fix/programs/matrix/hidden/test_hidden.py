import random

from matrix import determinant, multiply, rotate, spiral, transpose


def peel(rows):
    result = []
    while rows:
        result += rows[0]
        rows = [list(r) for r in zip(*rows[1:])][::-1]
    return result


def test_random():
    rng = random.Random(3)
    for _ in range(100):
        height, width, depth = rng.randint(1, 5), rng.randint(1, 5), rng.randint(1, 5)
        rows = [[rng.randint(-5, 5) for _ in range(width)] for _ in range(height)]
        other = [[rng.randint(-5, 5) for _ in range(depth)] for _ in range(width)]
        assert spiral(rows) == peel([list(r) for r in rows])
        assert transpose(transpose(rows)) == rows
        assert rotate(rotate(rotate(rotate(rows)))) == rows
        assert rotate(rows)[0] == [row[0] for row in reversed(rows)]
        expected = [[sum(row[k] * other[k][j] for k in range(width)) for j in range(depth)] for row in rows]
        assert multiply(rows, other) == expected


def test_determinant():
    assert determinant([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) == 0
    assert determinant([[0, 1], [1, 0]]) == -1
    assert determinant([[3, 0, 2, -1], [1, 2, 0, -2], [4, 0, 6, -3], [5, 0, 2, 0]]) == 20


def test_spiral_empty():
    assert spiral([]) == []
