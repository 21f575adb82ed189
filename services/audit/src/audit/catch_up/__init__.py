"""`audit catch-up`: a database restored from an older backup gets back what was published since."""
