"""The OpenAPI document, made from the operations and the shapes: `python -m local.openapi` writes it."""
