import pytest

from bowling import Game


def played(*rolls):
    game = Game()
    for pins in rolls:
        game.roll(pins)
    return game


def test_gutter():
    assert played(*[0] * 20).score() == 0


def test_ones():
    assert played(*[1] * 20).score() == 20


def test_spare():
    assert played(5, 5, 3, *[0] * 17).score() == 16


def test_strike():
    assert played(10, 3, 4, *[0] * 16).score() == 24


def test_perfect():
    assert played(*[10] * 12).score() == 300


def test_spare_at_the_end():
    assert played(*[0] * 18, 6, 4, 7).score() == 17


def test_unfinished():
    assert played(3, 4, 10).score() == 17


def test_frames():
    assert played(10, 3, 4, *[0] * 14, 10, 2, 8).frames()[:2] == [[10], [3, 4]]
    assert played(10, 3, 4, *[0] * 14, 10, 2, 8).frames()[-1] == [10, 2, 8]


@pytest.mark.parametrize("pins", [-1, 11])
def test_impossible(pins):
    with pytest.raises(ValueError):
        Game().roll(pins)
