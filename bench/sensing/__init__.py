"""Polling meters from a process of its own, and windows around anything. Never: interpret a reading."""
