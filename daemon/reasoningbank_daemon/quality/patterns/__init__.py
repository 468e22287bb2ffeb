"""Our own rules: each is one module of `rules`, with what it looks for, why, and examples."""
