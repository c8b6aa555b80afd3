"""One request over many repositories: the file that says so, what becomes of each, and the page about all of them."""
