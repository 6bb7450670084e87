"""Outcomes and references → how good the answers are. Never: score synthetic weights, read a file."""
