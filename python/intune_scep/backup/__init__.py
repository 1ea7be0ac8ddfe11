"""Taking profiles into files, as declarations or lossless, and restoring them."""
