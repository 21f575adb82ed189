"""Who acts for whom, and who came after whom: dated relations between organisations, each asserted by an authority."""
