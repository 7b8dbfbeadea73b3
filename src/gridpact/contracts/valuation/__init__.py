"""What a contract is worth to a party: measures over paths, optimal exercise, and bounds."""
