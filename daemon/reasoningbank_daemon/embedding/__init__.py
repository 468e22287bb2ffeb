"""From text to vectors: hashed features that need nothing, and a sentence embedding whose weights are checked."""
