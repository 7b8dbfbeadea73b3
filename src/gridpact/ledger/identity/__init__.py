"""Who signs (did:key, did:web), and credentials that disclose what their holder chooses."""
