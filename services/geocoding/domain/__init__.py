"""Pure rules: taking addresses apart, judging matches, deciding what can be trusted."""
