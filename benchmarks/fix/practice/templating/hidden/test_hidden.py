import pytest

from templating import TemplateError, render, tokens


class Person:
    name = "Zoë & Co"
    age = 0


def test_attributes_and_falsy_values():
    assert render("{{ p.name }}/{{ p.age }}/{{ p.size }}/{{ off }}", p=Person(), off=False) == "Zoë &amp; Co/0//False"
    assert render("{{ e }}|{{ l|size }}|{{ z }}", e="", l=[], z=0.0) == "|0|0.0"


def test_spaces_around_filters():
    assert render("{{x|upper}}{{ x |upper }}{{ x| upper }}{{ x|  default:q  |  upper }}", x="a") == "AAAA"


def test_loops_keep_the_outer_names():
    text = "{{ number }}{% for a in rows %}{% for b in a %}{{ number }}{{ b }}{% end %}({{ number }}){% end %}{{ number }}{{ a }}{{ b }}"
    assert render(text, rows=["xy", "z"], number=9) == "91x2y(1)1z(2)9"


def test_the_scope_of_the_caller():
    scope = {"xs": [1], "x": 5}
    assert render("{% for x in xs %}{{ x }}{% end %}", **scope) == "1"
    assert scope == {"xs": [1], "x": 5}


def test_deeply_nested():
    text = "{% if a %}1{% if b %}2{% if c %}3{% else %}4{% end %}5{% else %}6{% end %}7{% else %}8{% end %}9"
    assert render(text, a=1, b=1, c=1) == "123579"
    assert render(text, a=1, b=1) == "124579"
    assert render(text, a=1) == "1679"
    assert render(text) == "89"


@pytest.mark.parametrize(("text", "line"), [("{% x %}", 1), ("\n\n{% x %}", 3), ("a\nb{{ c }}\n\nd{% x %}", 4), ("{{ a }}\n{% if b %}\n{% x %}{% end %}", 3)])
def test_lines(text, line):
    with pytest.raises(TemplateError) as caught:
        render(text)
    assert str(caught.value) == f"line {line}: unknown tag x"


def test_lines_of_tokens():
    assert [line for _, _, line in tokens("a\n{{ b }}c\n\n{% d %}\ne")] == [1, 2, 2, 4, 4]


@pytest.mark.parametrize("text", ["{% end %}", "{% else %}", "{% for x in y %}", "{% if a %}{% else %}", "{{ a|nothing }}"])
def test_refused(text):
    with pytest.raises(TemplateError):
        render(text)


def test_not_and_filters():
    assert render("{% if not xs %}none{% else %}some{% end %}", xs=[]) == "none"
    assert render("{% if xs|size %}some{% end %}", xs=[1]) == "some"
    assert render("{{ xs|join }}", xs=["<", 2]) == "&lt;, 2"
    assert render("{{ zero|default:5 }}", zero=0) == "0"
