"""When appliances work: patterns, acceptance, and hurdle prices where prices are uncertain."""
