"""Estimates over HTTP: one application, made of what is known at its start; it measures nothing."""
