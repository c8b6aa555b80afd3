"""Runs that outgrow one process: a queue in a database, workers that share it, and what one leaves to the next."""
