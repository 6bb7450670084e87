"""An intent classifier in French and English: its data, training, exports, and a small server that answers."""

INTENTS = (
    "find-train",
    "irrelevant",
    "find-flight",
    "find-restaurant",
    "purchase",
    "find-around-me",
    "provide-showtimes",
    "find-hotel",
)
"""The eight intents, in the order of the model's outputs."""

LANGUAGES = ("fr", "en")
