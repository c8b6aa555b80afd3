import pytest

from templating import TemplateError, render, tokens


def test_plain():
    assert render("no tags {here}") == "no tags {here}"
    assert render("") == ""


def test_tokens():
    assert list(tokens("a {{ b }}{% if c %}")) == [("text", "a ", 1), ("out", "b", 1), ("tag", "if c", 1)]


def test_values():
    assert render("Hello {{ name }}!", name="Ann") == "Hello Ann!"
    assert render("{{ user.name }} {{ list.1 }}", user={"name": "Bo"}, list=[1, 2]) == "Bo 2"


def test_nothing_is_empty():
    assert render("[{{ nobody }}{{ user.name }}{{ list.3 }}]", user={}, list=[1]) == "[]"


def test_zero_is_shown():
    assert render("{{ count }} left", count=0) == "0 left"


def test_escapes():
    assert render("{{ text }}", text="<b>") == "&lt;b&gt;"
    assert render("{{ text|raw }}", text="<b>") == "<b>"


def test_filters():
    assert render("{{ name|upper }}", name="ann") == "ANN"
    assert render("{{ name | default:nobody | upper }}") == "NOBODY"
    assert render("{{ tags|join:-}}", tags=[1, 2]) == "1-2"
    assert render("{{ tags|size }}", tags=[1, 2]) == "2"


def test_unknown_filter():
    with pytest.raises(TemplateError):
        render("{{ name|lower }}", name="A")


def test_if():
    text = "{% if paid %}thanks{% else %}please pay{% end %}."
    assert render(text, paid=True) == "thanks."
    assert render(text, paid=False) == "please pay."
    assert render("{% if not paid %}now{% end %}") == "now"


def test_for():
    assert render("{% for x in xs %}{{ number }}:{{ x }} {% end %}", xs="ab") == "1:a 2:b "
    assert render("{% for x in xs %}{{ x }}{% end %}") == ""


def test_nested():
    text = "{% for row in rows %}{% if row.on %}{% for x in row.xs %}{{ x }},{% end %}{% else %}-{% end %};{% end %}"
    assert render(text, rows=[{"on": 1, "xs": [1, 2]}, {"on": 0}]) == "1,2,;-;"


def test_after_a_loop():
    assert render("{% for x in xs %}{{ x }}{% end %} of {{ x }}", xs=[1, 2], x="all") == "12 of all"


def test_errors():
    with pytest.raises(TemplateError, match="line 3: unknown tag while"):
        render("a\n{{ b }}\n{% while c %}")
    with pytest.raises(TemplateError, match="end is missing"):
        render("{% if a %}b")
