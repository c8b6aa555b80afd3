"""What an order costs, in cents."""

SHIPPING = 490
FREE_FROM = 5000
COUPONS = {"WELCOME": 10, "HALF": 50}


def subtotal(lines):
    return sum(line.price * line.count for line in lines)


def discounted(amount, coupon=None):
    """Less a coupon's percent; unknown coupons are worth nothing."""
    percent = COUPONS.get((coupon or "").upper(), 0)
    return amount - amount * percent // 100


def shipping(amount):
    """Nothing from a certain amount on."""
    return 0 if amount >= FREE_FROM else SHIPPING


def total(lines, coupon=None):
    amount = discounted(subtotal(lines), coupon)
    return amount + shipping(amount)
