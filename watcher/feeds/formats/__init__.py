"""The formats of feeds and of lists of feeds, one module for each: bytes or text in, values out."""
