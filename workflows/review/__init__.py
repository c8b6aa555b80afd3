"""Reviews: what is wrong with a change or a whole repository, with the request that shows it."""
