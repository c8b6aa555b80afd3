"""Gates beside the tests: mechanical checks of one commit against the one before it, each with evidence."""
