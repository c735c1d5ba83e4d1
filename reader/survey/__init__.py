"""A field report of a real card without anything personal: what it is, how it answers, how long it takes."""
