"""People behind organisations: kept here alone, read by few, every read noted, erased without a trace but the fact."""
