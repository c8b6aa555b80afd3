"""Looking for the edit that ends a bug: where it may be, what may end it, and trying it out."""
