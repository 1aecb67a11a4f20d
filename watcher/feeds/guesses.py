"""Names the usual addresses of feeds and news sitemaps, to be tried where a site does not advertise its own. Pure."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

_FEEDS = (
    "feed",
    "rss",
    "rss.xml",
    "feed.xml",
    "atom.xml",
    "index.xml",
    "feed.json",
    "index.rss",
    "feed.atom",
    "index.rdf",
)
_NEWS_SITEMAPS = (
    "news-sitemap.xml",
    "sitemap-news.xml",
    "sitemap_news.xml",
    "news_sitemap.xml",
    "newssitemap.xml",
    "google-news-sitemap.xml",
    "googlenews.xml",
    "sitemap/news.xml",
    "sitemaps/news.xml",
    "news/sitemap.xml",
    "sitemaps/sitemap-google-news.xml",
    "feeds/sitemap_news.xml",
    "arc/outboundfeeds/news-sitemap/?outputType=xml",
)
_IN_FOLDERS = (*_FEEDS[:7], *_NEWS_SITEMAPS[:3])
_MOST_FOLDERS = 2


def usual_addresses(url: str) -> tuple[str, ...]:
    """Returns the addresses to try for the page at `url`, each once: at the root of its host, then in its folder.

    The folder of `/politik/seite` may be `/politik/` or, where sections have no final slash, `/politik/seite/`.
    """
    root = urljoin(url, "/")
    folders = [folder for folder in _folders(url) if folder != root][:_MOST_FOLDERS]
    addresses = [root + path for path in _FEEDS]
    addresses += [folder + path for folder in folders for path in _IN_FOLDERS]
    addresses += [root + path for path in _NEWS_SITEMAPS]
    return tuple(dict.fromkeys(addresses))


def _folders(url: str) -> list[str]:
    path = urlsplit(url).path
    last = path.rpartition("/")[2]
    own = [urljoin(url, f"{path}/")] if last and "." not in last else []
    return [*own, urljoin(url, f"{path.rpartition('/')[0]}/")]
