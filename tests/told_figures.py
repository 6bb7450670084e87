"""Numbers of a text, English or French, to hold the two together."""

import re

_POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def figures(text):
    """Every number of a text, English or French, as floats in their order."""
    plain = re.sub(r"\u00a0×\u00a010([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "e" + m[1].translate(_POWERS), text)
    plain = re.sub(r"(?<=\d)\u202f(?=\d{3})", "", plain).replace("−", "-")
    plain = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    return [float(one) for one in re.findall(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])", plain)]
