import pytest

from bowling import Game


def played(*rolls):
    game = Game()
    for pins in rolls:
        game.roll(pins)
    return game


@pytest.mark.parametrize(
    ("rolls", "score"),
    [
        ([5, 5] * 10 + [5], 150),
        ([9, 0] * 10, 90),
        ([10, 7, 3, 9, 0, 10, 0, 8, 8, 2, 0, 6, 10, 10, 10, 8, 1], 167),
        ([0, 10, 5] + [0] * 17, 20),
        ([10, 10], 30),
        ([4, 6], 10),
        ([], 0),
        ([0] * 18 + [10, 10, 10], 30),
    ],
)
def test_games(rolls, score):
    assert played(*rolls).score() == score


def test_frames_of_a_perfect_game():
    assert played(*[10] * 12).frames() == [[10]] * 9 + [[10, 10, 10]]


def test_ten_pins_are_possible():
    game = Game()
    game.roll(10)
    game.roll(0)
    assert game.rolls == [10, 0]
