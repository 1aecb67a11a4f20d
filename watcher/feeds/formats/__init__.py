"""The formats of feeds, each with the modules that read it; `feeds/parse.py` chooses one.

XML feeds: `repair` makes the text well-formed, `entry_blocks` cuts it at its entries, `xmlfeed` reads it with
`fast_xml` (on the tree of `xml_tree`) or feedparser. JSON Feed: `jsonfeed`. Sitemaps: `sitemap_text` cuts the bytes
into pieces of text, `sitemap` reads these.
"""
