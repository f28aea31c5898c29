"""The public interface: what ``import safespace as ss`` offers to notebooks and scripts.

Each function takes points, areas or cells as people hold them (a GeoDataFrame in any stated CRS, a frame with
``lon`` and ``lat``, or a path) and checks them at the door; none of them needs a store unless it takes a ``View``.
"""
