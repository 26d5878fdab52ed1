"""The story of query: each thing that can be asked, and its answer."""
