"""Conformity assessment: what an applicant says of itself, what an assessor finds, and when to look again."""
