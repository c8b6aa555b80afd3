"""What happens when: graphs, routing, run lifecycle and the command line."""

__product__ = "greenloop"
