"""One hierarchical count model on the hexagon graph."""
