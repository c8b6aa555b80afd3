"""The nodes of the graphs: state in, partial update out."""
