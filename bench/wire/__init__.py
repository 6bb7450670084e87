"""One HTTP exchange at a time: what was sent, what came back and when, or how it failed. It knows no engine."""
