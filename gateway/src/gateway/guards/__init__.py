"""What a request must pass before anything is done for it: identity and limits."""
