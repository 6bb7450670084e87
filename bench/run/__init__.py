"""A suite becomes a plan, a plan becomes sealed runs, and sealed runs are audited."""
