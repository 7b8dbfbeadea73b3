"""A member's own space: the secret that salts its leaves, its data, its proofs; and erasure."""
