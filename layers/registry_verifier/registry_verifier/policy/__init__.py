"""Policies: the ClusterImagePolicy language, read strictly and judged by value. Bytes and values in, values out."""
