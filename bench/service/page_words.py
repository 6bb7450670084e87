"""The words of the page: those of its form, and those that its script puts around an answer."""

from collections.abc import Mapping

from bench.phrases import Phrase

FORM: Mapping[str, Phrase] = {
    "title": Phrase("What a request to an AI model takes"),
    "kinds": Phrase("What kind of work"),
    "text": Phrase("Text"),
    "speech": Phrase("Speech"),
    "translation": Phrase("Translation"),
    "model": Phrase("Model"),
    "tokens_in": Phrase("Tokens in"),
    "tokens_out": Phrase("Tokens out"),
    "token_hint": Phrase("A token is about three quarters of an English word."),
    "seconds": Phrase("Seconds of sound"),
    "characters": Phrase("Characters"),
    "language": Phrase("Language of the text"),
    "count": Phrase("How many such requests"),
    "where": Phrase("Where it runs"),
    "where_hint": Phrase("an Azure region or a country"),
    "card": Phrase("On what card"),
    "card_hint": Phrase("a middling one is assumed"),
    "more": Phrase("More"),
    "batch": Phrase("Requests at once"),
    "cards": Phrase("Cards"),
    "precision": Phrase("Precision"),
    "params": Phrase("Billions of parameters"),
    "params_hint": Phrase("of a model unknown"),
    "estimate": Phrase("Estimate"),
    "assumed": Phrase("What was assumed, and what is not inside"),
    "rests": Phrase("What it rests on"),
    "program": Phrase("The same by a program"),
    "foot": Phrase(
        "A range is made to hold the truth in nine of ten cases; the figure between is the likeliest. What "
        "is not known is refused. Carbon is location-based and over the life cycle: what the grid of "
        "that place emits, with the building around the computers."
    ),
    "models": Phrase("models"),
    "hardware": Phrase("hardware"),
    "places": Phrase("places"),
}
ANSWER: Mapping[str, Phrase] = {
    "energy": Phrase("Energy"),
    "carbon": Phrase("Carbon, from electricity"),
    "embodied": Phrase("Carbon, from making the hardware"),
    "none": Phrase("Name a place to see grams."),
    "unmade": Phrase("Not known for this hardware."),
    "between": Phrase("between {low} and {high}"),
    "input": Phrase("reading the input"),
    "output": Phrase("writing the output"),
    "host": Phrase("the machine beside the cards"),
    "idle_share": Phrase("what the loaded model draws while it waits"),
    "measured": Phrase("Measured: this very case was on a meter."),
    "fitted": Phrase("Fitted: from runs of this model on one machine, at lengths around this one."),
    "scaled": Phrase("Scaled: nobody ran this very case; it is carried over from cases that were run."),
    "bounded": Phrase("Bounded: only limits are known, and the range is wide."),
    "offline": Phrase("The service does not answer."),
    "requests": Phrase("for {count} requests"),
    "request": Phrase("for one request"),
}
