"""Kinds of edits that fix bugs, one file a topic; every family is a small function over one node."""
