"""Readings → joules with uncertainty, and reasons not to believe them. Never: files, devices, print."""
