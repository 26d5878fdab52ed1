"""The bodies of questions and answers, as TypedDicts: mypy checks what is built, the OpenAPI file is made of them."""
