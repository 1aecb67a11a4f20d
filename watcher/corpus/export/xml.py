"""Builds elements of XML without the characters that XML forbids."""

from __future__ import annotations

from lxml import etree

from watcher.corpus.export.characters import allowed


class Builder:
    """Makes elements of one namespace."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def root(self, name: str, **attributes: str) -> etree._Element:
        """Makes an element whose namespace is the default one of its descendants."""
        return self._with(etree.Element(self._name(name), nsmap={None: self._namespace}), attributes)

    def add(self, parent: etree._Element, name: str, text: str = "", /, **attributes: str) -> etree._Element:
        """Appends an element with a text and attributes; `lang` is `xml:lang`."""
        element = self._with(etree.SubElement(parent, self._name(name)), attributes)
        element.text = allowed(text) or None
        return element

    def _name(self, name: str) -> str:
        return f"{{{self._namespace}}}{name}"

    def _with(self, element: etree._Element, attributes: dict[str, str]) -> etree._Element:
        for key, value in attributes.items():
            name = "{http://www.w3.org/XML/1998/namespace}lang" if key == "lang" else key
            element.set(name, allowed(value))
        return element


def serialised(element: etree._Element) -> bytes:
    """Returns the element as UTF-8, indented, without an XML declaration."""
    return etree.tostring(element, encoding="utf-8", pretty_print=True)


def opened(element: etree._Element) -> tuple[bytes, bytes]:
    """Splits an element into its beginning, with the children that it has, and its end: more may go in between."""
    text = serialised(element)
    start = text.rindex(b"</")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text[:start], text[start:]
