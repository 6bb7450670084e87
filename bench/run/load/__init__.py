"""How requests are sent to a server: schedules made beforehand from a seed, open and closed loops."""
