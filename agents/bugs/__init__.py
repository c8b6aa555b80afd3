"""Bug reports: what is expected, what happens, and how to see it, read out of text, traces and requests."""
