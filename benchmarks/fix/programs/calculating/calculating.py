"""Arithmetic in words: `2 + 3 * (4 - 1)`."""

import re

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|(.))")
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


class CalculationError(Exception):
    pass


def tokens(text):
    """Numbers and signs; a minus before a value is `neg`."""
    result = []
    for number, sign in TOKEN.findall(text.strip()):
        if number:
            result.append(float(number))
        elif sign in "()" or sign in PRECEDENCE:
            before = result[-1] if result else "("
            if sign == "-" and (before == "(" or before in PRECEDENCE):
                sign = "neg"
            result.append(sign)
        else:
            raise CalculationError(f"unknown sign {sign}")
    return result


def postfix(items):
    """In the order of evaluation."""
    output, stack = [], []
    for item in items:
        if isinstance(item, float):
            output.append(item)
        elif item == "(" or item == "neg":
            stack.append(item)
        elif item == ")":
            while stack and stack[-1] != "(":
                output.append(stack.pop())
            if not stack:
                raise CalculationError("a parenthesis too many")
            stack.pop()
        else:
            while stack and stack[-1] != "(" and binds(stack[-1], item):
                output.append(stack.pop())
            stack.append(item)
    while stack:
        sign = stack.pop()
        if sign == "(":
            raise CalculationError("a parenthesis is missing")
        output.append(sign)
    return output


def binds(left, right):
    """Whether the sign on the left is done before the one on the right."""
    if left == "neg":
        return right != "^"
    if right == "^":
        return PRECEDENCE[left] > PRECEDENCE[right]
    return PRECEDENCE[left] >= PRECEDENCE[right]


def calculate(text):
    """The value.

    Raises CalculationError for text that is no arithmetic, and for a division by nothing.
    """
    stack = []
    for item in postfix(tokens(text)):
        if isinstance(item, float):
            stack.append(item)
            continue
        try:
            if item == "neg":
                stack.append(-stack.pop())
                continue
            right, left = stack.pop(), stack.pop()
            stack.append(apply(item, left, right))
        except IndexError:
            raise CalculationError("a value is missing") from None
        except ZeroDivisionError:
            raise CalculationError("division by zero") from None
    if len(stack) != 1:
        raise CalculationError("a sign is missing")
    return stack[0]


def apply(sign, left, right):
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if sign == "/":
        return left / right
    return left**right
