"""The German texts of the pages, by the English ones. A test compares the two with the templates."""

from __future__ import annotations

from collections.abc import Mapping

_FRAME = {
    "Skip to the content": "Zum Inhalt springen",
    "Pages": "Seiten",
    "Matches": "Treffer",
    "Search": "Suche",
    "Watches": "Beobachtungen",
    "Feeds": "Feeds",
    "Outbox": "Ausgang",
    "Press review": "Pressespiegel",
    "Status": "Zustand",
    "Search everything": "Alles durchsuchen",
    "This page as JSON": "Diese Seite als JSON",
    "Keys": "Tasten",
    "go to the search field": "ins Suchfeld",
    "next or previous article": "nächster oder voriger Artikel",
    "open the article": "den Artikel öffnen",
    "open the original": "das Original öffnen",
    "then m, s, w, l, f, o, p or t: go to a page of the menu, in its order": (
        "dann m, s, w, l, f, o, p oder t: zu einer Seite des Menüs, in dessen Reihenfolge"
    ),
    "show this list": "diese Liste zeigen",
    "Use these keys": "Diese Tasten benutzen",
    "Close": "Schließen",
    "Token": "Token",
    "Log in": "Anmelden",
    "Show": "Zeigen",
    "none": "keine",
    "unknown": "unbekannt",
    "never": "nie",
    "at least": "mindestens",
    "original": "Original",
    "read": "gelesen",
    "Untitled": "Ohne Titel",
    "1 new document": "1 neues Dokument",
    "{count} new documents": "{count} neue Dokumente",
}

_TIMES = {
    "{span} ago": "vor {span}",
    "in {span}": "in {span}",
    "just now": "gerade eben",
    "in a moment": "gleich",
    "1 minute": "1 Minute",
    "{count} minutes": "{count} Minuten",
    "1 hour": "1 Stunde",
    "{count} hours": "{count} Stunden",
    "1 day": "1 Tag",
    "{count} days": "{count} Tagen",
    "1 month": "1 Monat",
    "{count} months": "{count} Monaten",
}

_MATCHES = {
    "Filter": "Filtern",
    "Text": "Text",
    "Watch": "Beobachtung",
    "Feed": "Feed",
    "Outlet": "Medium",
    "From": "Von",
    "To": "Bis",
    "All matches": "Alle Treffer",
    "1 document": "1 Dokument",
    "{count} documents": "{count} Dokumente",
    "Not everything was searched in time: there may be more.": (
        "Die Zeit reichte nicht, um alles zu durchsuchen: Es kann mehr geben."
    ),
    "found": "gefunden",
    "No document fits this filter. Remove a part of it, or search everything that was read.": (
        "Kein Dokument passt zu diesem Filter. Nehmen Sie einen Teil weg, oder durchsuchen Sie alles Gelesene."
    ),
    "There is no watch yet. Add one to config.toml, or try a query under Watches.": (
        "Es gibt noch keine Beobachtung. Tragen Sie eine in config.toml ein, oder probieren Sie eine Abfrage unter "
        "„Beobachtungen“."
    ),
    "There is no feed yet. Add one with: watcher feeds add URL": (
        "Es gibt noch keinen Feed. Fügen Sie einen hinzu mit: watcher feeds add URL"
    ),
    "Nothing has matched so far. The feeds are polled all the time; under Watches you can try other words.": (
        "Bisher kein Treffer. Die Feeds werden laufend abgefragt; unter „Beobachtungen“ können Sie andere Wörter "
        "probieren."
    ),
    "Older documents": "Ältere Dokumente",
}

_DOCUMENT = {
    "date unknown": "Datum unbekannt",
    "Origin": "Herkunft",
    "Link": "Link",
    "none: the file was in the folder before": "keiner: Die Datei lag schon im Ordner",
    "File": "Datei",
    "Fetched": "Geholt",
    "Text from": "Text aus",
    "page": "der Seite",
    "feed": "Feed",
    "news sitemap": "News-Sitemap",
    "seen": "dem Archiv",
    "Quality": "Qualität",
    "good": "gut",
    "short": "kurz",
    "paywall": "Bezahlschranke",
    "consent wall": "Zustimmungsseite",
    "error page": "Fehlerseite",
    "empty shell": "leere Seite",
    "boilerplate": "nur Wiederholtes",
    "Hits in the text of the feed": "Treffer im Text des Feeds",
    "Later versions": "Spätere Fassungen",
    "Version {number}": "Fassung {number}",
    "the page states a modification": "die Seite nennt eine Änderung",
    "the text is not kept any more": "der Text wird nicht mehr aufbewahrt",
    "headline": "Überschrift",
    "hit-gained": "neuer Treffer",
    "hit-lost": "Treffer entfallen",
    "numbers": "Zahlen",
    "names": "Namen",
    "quotes": "Zitate",
    "added": "Text ergänzt",
    "removed": "Text entfernt",
    "cosmetic": "nur Form",
    "gone": "Seite verschwunden",
    "Other copies of this story": "Weitere Fassungen dieser Meldung",
    "No other outlet so far.": "Bisher kein anderes Medium.",
    "Alerts": "Meldungen",
    "No alert was made for this document.": "Zu diesem Dokument gab es keine Meldung.",
}

_SEARCH = {
    "Query": "Abfrage",
    "In": "In",
    "everything": "allem",
    "documents": "Dokumenten",
    "all that was read": "allem Gelesenen",
    "At most": "Höchstens",
    "1 article": "1 Artikel",
    "{count} articles": "{count} Artikel",
    "document {number}": "Dokument {number}",
    "read, no document": "gelesen, kein Dokument",
    "text of the whole page": "Text der ganzen Seite",
    "No article matches. Try other words, or a longer time.": (
        "Kein Artikel passt. Versuchen Sie andere Wörter oder einen längeren Zeitraum."
    ),
    "Make this a watch": "Daraus eine Beobachtung machen",
    "Copy these lines into config.toml, then reload watcher.": (
        "Kopieren Sie diese Zeilen in config.toml, und laden Sie watcher neu."
    ),
    "Try it as a watch": "Als Beobachtung probieren",
    "Write words, “a phrase”, or a query such as: Rutte NEAR/30 (Milliarden OR Millionen)": (
        "Schreiben Sie Wörter, „eine Wendung“ oder eine Abfrage wie: Rutte NEAR/30 (Milliarden OR Millionen)"
    ),
}

_WATCHES = {
    "Try a watch": "Eine Beobachtung probieren",
    "Try a new watch": "Eine neue Beobachtung probieren",
    "Try it": "Probieren",
    "It would have found": "Sie hätte gefunden",
    "in the last {days} days": "in den letzten {days} Tagen",
    "Texts that were read are kept for {days} days, documents without end.": (
        "Gelesene Texte werden {days} Tage aufbewahrt, Dokumente ohne Ende."
    ),
    "Nothing so far. That may be right for a new subject; else try other spellings.": (
        "Bisher nichts. Bei einem neuen Thema kann das stimmen; sonst versuchen Sie andere Schreibweisen."
    ),
    "Write a query; watcher shows what a watch with it would have found.": (
        "Schreiben Sie eine Abfrage; watcher zeigt, was eine Beobachtung damit gefunden hätte."
    ),
    "1 document in 30 days": "1 Dokument in 30 Tagen",
    "{count} documents in 30 days": "{count} Dokumente in 30 Tagen",
    "Channels": "Kanäle",
    "none: its matches are archived only": "keine: Treffer werden nur archiviert",
    "1 near miss": "1 Beinahetreffer",
    "{count} near misses": "{count} Beinahetreffer",
    "Sentences outside of articles that hold a term:": "Sätze außerhalb von Artikeln, die einen Begriff enthalten:",
    "For other readers": "Für andere Leseprogramme",
    "New addresses": "Neue Adressen",
    "Timeline": "Verlauf",
    "By": "Je",
    "day": "Tag",
    "week": "Woche",
    "month": "Monat",
    "Drawn": "Gezeichnet",
    "matches": "Treffer",
    "share of all articles": "Anteil an allen Artikeln",
    "1 earlier row is left out; the CSV has it.": "1 frühere Zeile fehlt hier; sie steht in der CSV-Datei.",
    "{count} earlier rows are left out; the CSV has them.": (
        "{count} frühere Zeilen fehlen hier; sie stehen in der CSV-Datei."
    ),
    "Matches, articles that were read, and the share that matches; the newest first": (
        "Treffer, gelesene Artikel und der Anteil der Treffer, die neuesten zuerst"
    ),
    "Articles": "Artikel",
    "Share": "Anteil",
    "Nothing to show yet: no document matches a watch in these days.": (
        "Noch nichts zu zeigen: Kein Dokument dieser Tage passt zu einer Beobachtung."
    ),
    "Numbers by day": "Zahlen je Tag",
    "Days with documents": "Tage mit Dokumenten",
    "1 of them may be a near miss: its words are on the page, perhaps outside of the article.": (
        "1 davon ist vielleicht nur ein Beinahe-Treffer: Die Wörter stehen auf der Seite, vielleicht außerhalb des "
        "Artikels."
    ),
    "{count} of them may be near misses: their words are on the page, perhaps outside of the article.": (
        "{count} davon sind vielleicht nur Beinahe-Treffer: Die Wörter stehen auf der Seite, vielleicht außerhalb des "
        "Artikels."
    ),
    "Searches that are feeds": "Suchen, die Feeds sind",
    "Make this a feed for other readers": "Als Feed für andere Leseprogramme",
    "Remove": "Entfernen",
    "The query has a mistake, so it is not a feed.": "Die Anfrage hat einen Fehler und ist daher kein Feed.",
    "This search cannot be a feed.": "Diese Suche kann kein Feed sein.",
    "There are {count} searches that are feeds. Remove one first.": (
        "Es gibt {count} Suchen, die Feeds sind. Entfernen Sie zuerst eine."
    ),
    "The search {name} is a feed.": "Die Suche {name} ist ein Feed.",
    "The feed has new addresses; the former ones do not work any more.": (
        "Der Feed hat neue Adressen; die bisherigen gelten nicht mehr."
    ),
    "The feed is removed.": "Der Feed ist entfernt.",
    "This feed does not exist any more.": "Diesen Feed gibt es nicht mehr.",
    "There is no watch yet. Try a query, then copy its lines into config.toml.": (
        "Es gibt noch keine Beobachtung. Probieren Sie eine Abfrage, und kopieren Sie ihre Zeilen in config.toml."
    ),
}

_FEEDS = {
    "Name contains": "Name enthält",
    "Health": "Zustand",
    "any": "jeder",
    "failing": "fällt aus",
    "silent": "schweigt",
    "new": "neu",
    "muted": "stumm",
    "1 feed": "1 Feed",
    "{count} feeds": "{count} Feeds",
    "Last poll": "Letzter Abruf",
    "Next poll": "Nächster Abruf",
    "Entries": "Einträge",
    "Action": "Aktion",
    "Poll now": "Jetzt abrufen",
    "No feed fits this filter.": "Kein Feed passt zu diesem Filter.",
    "Next feeds": "Weitere Feeds",
    "Failing since": "Fällt aus seit",
    "Silent since": "Schweigt seit",
    "Remark": "Anmerkung",
    "Address": "Adresse",
    "List": "Liste",
    "Title": "Titel",
    "Kind": "Art",
    "Last success": "Letzter Erfolg",
    "Pages without an article": "Seiten ohne Artikel",
    "Documents of this feed": "Dokumente dieses Feeds",
    "What was read in the last 7 days": "Was in den letzten 7 Tagen gelesen wurde",
    "Entries by day, and how far they were read": "Einträge nach Tagen, und wie weit sie gelesen wurden",
    "Day": "Tag",
    "Total": "Summe",
    "No alert fits this filter.": "Keine Meldung passt zu diesem Filter.",
    "{title}, most on {day}: {count}": "{title}, die meisten am {day}: {count}",
    "Polls": "Abrufe",
    "Failed": "Gescheitert",
    "Listed": "Gelistet",
    "New": "Neu",
    "Read": "Gelesen",
    "Without page": "Ohne Seite",
    "Walls": "Schranken",
    "Paywalls": "Bezahlschranken",
    "Forbidden by robots.txt": "Durch robots.txt verboten",
    "Errors": "Fehler",
    "Waiting": "Wartend",
    "Rolled over": "Herausgefallen",
}

_OUTBOX = {
    "works": "arbeitet",
    "parked": "angehalten",
    "no reason given": "ohne Begründung",
    "not in the config any more": "nicht mehr in der Konfiguration",
    "1 alert waits": "1 Meldung wartet",
    "{count} alerts wait": "{count} Meldungen warten",
    "Resume": "Fortsetzen",
    "There is no channel: matches are archived, and nobody is alerted. Add one to config.toml.": (
        "Es gibt keinen Kanal: Treffer werden archiviert, und niemand wird benachrichtigt. Tragen Sie einen in "
        "config.toml ein."
    ),
    "Channel": "Kanal",
    "State": "Zustand",
    "all that have not ended": "alle offenen",
    "held": "zurückgehalten",
    "pending": "wartend",
    "sending": "wird gesendet",
    "delivered": "zugestellt",
    "dead": "gescheitert",
    "expired": "verfallen",
    "alert": "Meldung",
    "follow-up": "Nachtrag",
    "summary": "Zusammenfassung",
    "digest": "Sammelmeldung",
    "notice": "Hinweis",
    "revision": "Änderung",
    "test": "Test",
    "1 alert": "1 Meldung",
    "{count} alerts": "{count} Meldungen",
    "Alert": "Meldung",
    "Created": "Erstellt",
    "Next attempt": "Nächster Versuch",
    "Last answer": "Letzte Antwort",
    "Documents": "Dokumente",
    "1 attempt": "1 Versuch",
    "{count} attempts": "{count} Versuche",
    "Drop": "Verwerfen",
    "Send again": "Erneut senden",
    "Only the first {count} are shown.": "Nur die ersten {count} werden gezeigt.",
    "Nothing waits. Alerts that were sent: choose the state “delivered”.": (
        "Nichts wartet. Gesendete Meldungen: Wählen Sie den Zustand „zugestellt“."
    ),
    "The channel {name} is not parked.": "Der Kanal {name} ist nicht angehalten.",
    "The channel {name} is resumed; alerts that wait: {count}.": (
        "Der Kanal {name} läuft wieder; wartende Meldungen: {count}."
    ),
    "The alert {name} is sent again.": "Die Meldung {name} wird erneut gesendet.",
    "The alert {name} has not ended, so it is not sent again.": (
        "Die Meldung {name} ist nicht abgeschlossen und wird nicht erneut gesendet."
    ),
    "The alert {name} is dropped.": "Die Meldung {name} ist verworfen.",
    "The alert {name} cannot be dropped: it does not wait.": (
        "Die Meldung {name} kann nicht verworfen werden: Sie wartet nicht."
    ),
    "The feed {name} is polled now.": "Der Feed {name} wird jetzt abgerufen.",
    "The config has no feed {name} that is polled.": "In der Konfiguration ist kein Feed {name}, der abgerufen wird.",
}

_STATUS = {
    "1 problem": "1 Problem",
    "{count} problems": "{count} Probleme",
    "watcher works.": "watcher arbeitet.",
    "Numbers": "Zahlen",
    "1 fails": "1 fällt aus",
    "{count} fail": "{count} fallen aus",
    "Entries that wait": "Wartende Einträge",
    "Alerts that wait": "Wartende Meldungen",
    "1 file is not written yet": "1 Datei ist noch nicht geschrieben",
    "{count} files are not written yet": "{count} Dateien sind noch nicht geschrieben",
    "Incidents": "Vorfälle",
    "None is open.": "Keiner ist offen.",
    "Version": "Version",
    "No documents on this day.": "Keine Dokumente an diesem Tag.",
    "1 further document of this day is left out.": "1 weiteres Dokument dieses Tages fehlt hier.",
    "{count} further documents of this day are left out.": "{count} weitere Dokumente dieses Tages fehlen hier.",
}

_PROBLEMS = {
    "Bad Request": "Ungültige Anfrage",
    "Unauthorized": "Anmeldung nötig",
    "Forbidden": "Nicht erlaubt",
    "Not Found": "Nicht gefunden",
    "Method Not Allowed": "Methode nicht erlaubt",
    "Request Entity Too Large": "Anfrage zu groß",
    "Internal Server Error": "Fehler in watcher",
    "Service Unavailable": "Gerade überlastet",
    "The address has a part that cannot be used.": "Die Adresse hat einen Teil, der nicht verwendbar ist.",
    "These pages need a token.": "Für diese Seiten ist ein Token nötig.",
    "This request is not allowed.": "Diese Anfrage ist nicht erlaubt.",
    "There is nothing at this address.": "Unter dieser Adresse ist nichts.",
    "This address cannot be used in this way.": "Diese Adresse kann so nicht verwendet werden.",
    "The form is too large.": "Das Formular ist zu groß.",
    "Something went wrong in watcher. The log has the details.": (
        "In watcher ist etwas schiefgegangen. Das Log enthält Einzelheiten."
    ),
    "Too many questions at once. Try again in a moment.": (
        "Zu viele Anfragen auf einmal. Versuchen Sie es gleich noch einmal."
    ),
    "The question took too long. Ask for less, such as fewer days.": (
        "Die Antwort dauerte zu lange. Fragen Sie nach weniger, etwa nach weniger Tagen."
    ),
    "The address is too long.": "Die Adresse ist zu lang.",
    "The address is not valid UTF-8 text.": "Die Adresse ist kein gültiger UTF-8-Text.",
    "The address contains a broken percent-encoding.": "Die Adresse enthält eine fehlerhafte Prozentkodierung.",
    "The address contains a NUL character.": "Die Adresse enthält ein NUL-Zeichen.",
    "The address has too many parameters.": "Die Adresse hat zu viele Parameter.",
    "{name}: {value} is not a day such as 2026-11-29.": "{name}: {value} ist kein Tag wie 2026-11-29.",
    "{name}: {value} is not a number that fits.": "{name}: {value} ist keine passende Zahl.",
    "{name}: {value} is not one of {known}.": "{name}: {value} ist nicht eines von {known}.",
    "There is no document {number}.": "Es gibt kein Dokument {number}.",
    "There is no feed {name}.": "Es gibt keinen Feed {name}.",
    "There is no watch {name}.": "Es gibt keine Beobachtung {name}.",
    "The file {name} is not in the folder any more.": "Die Datei {name} ist nicht mehr im Ordner.",
    "The address names another host than this one. Add the name to [web] hosts.": (
        "Die Adresse nennt einen anderen Host als diesen. Tragen Sie den Namen in [web] hosts ein."
    ),
    "The form comes from another site, so it was not used.": (
        "Das Formular kommt von einer anderen Website und wurde nicht verwendet."
    ),
    "The request is not a form.": "Die Anfrage ist kein Formular.",
    "The form did not arrive in time.": "Das Formular kam nicht rechtzeitig an.",
    "This is not the token.": "Das ist nicht der Token.",
}

GERMAN: Mapping[str, str] = {
    **_FRAME,
    **_TIMES,
    **_MATCHES,
    **_DOCUMENT,
    **_SEARCH,
    **_WATCHES,
    **_FEEDS,
    **_OUTBOX,
    **_STATUS,
    **_PROBLEMS,
}
