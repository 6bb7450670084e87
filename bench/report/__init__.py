"""Values → HTML text. Never: derive a number of its own."""
