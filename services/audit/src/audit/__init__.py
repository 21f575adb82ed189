"""The audit service: a public transparency log in C2SP tiles. It commits to events and knows nothing of recruiters."""
