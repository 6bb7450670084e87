"""Disk ⇄ nouns: declarations in, sealed runs out. The only room that knows where things lie."""
