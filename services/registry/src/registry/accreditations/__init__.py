"""Accreditations: proposals, decisions and the standing that follows from them."""
