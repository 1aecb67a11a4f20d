"""The texts of the pages, page by page."""

from __future__ import annotations

MATCHES = {
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

DOCUMENT = {
    "date unknown": "Datum unbekannt",
    "Origin": "Herkunft",
    "Link": "Link",
    "none: the file was in the folder before": "keiner: Die Datei lag schon im Ordner",
    "File": "Datei",
    "For reference managers": "Für Literaturverwaltungen",
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

SEARCH = {
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

WATCHES = {
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
    "menu": "Menü",
    "teaser": "Anreißer",
    "caption": "Bildunterschrift",
    "comment": "Kommentar",
    "other": "anderes",
    "{count} near misses": "{count} Beinahetreffer",
    "Sentences outside of articles that hold a term:": "Sätze außerhalb von Artikeln, die einen Begriff enthalten:",
    "For other readers": "Für andere Leseprogramme",
    "New addresses": "Neue Adressen",
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
    "The query has a mistake, so it is not a feed.": "Die Abfrage hat einen Fehler und ist daher kein Feed.",
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

TIMELINE = {
    "Timeline": "Zeitachse",
    "As a timeline": "Als Zeitachse",
    "By": "Nach",
    "day": "Tag",
    "week": "Woche",
    "month": "Monat",
    "Draw": "Zeichnen",
    "matches": "Treffer",
    "share": "Anteil",
    "Share": "Anteil",
    "Articles": "Artikel",
    "Articles are all entries that were read and are dated so, matched or not.": (
        "Artikel sind alle gelesenen Einträge mit diesem Datum, ob Treffer oder nicht."
    ),
    "Matches, articles and their share by {step} and watch": "Treffer, Artikel und Anteil nach {step} und Beobachtung",
    "1 further row is not shown here. Choose a watch, weeks, or fewer days; the CSV file has it.": (
        "1 weitere Zeile fehlt hier. Wählen Sie eine Beobachtung, Wochen oder weniger Tage; die CSV-Datei enthält sie."
    ),
    "{count} further rows are not shown here. Choose a watch, weeks, or fewer days; the CSV file has them.": (
        "{count} weitere Zeilen fehlen hier. Wählen Sie eine Beobachtung, Wochen oder weniger Tage; die CSV-Datei "
        "enthält sie."
    ),
    "No dated match in these days. Choose others.": "Kein datierter Treffer an diesen Tagen. Wählen Sie andere.",
    "No match is dated so far. As soon as one is, its day appears here.": (
        "Bisher ist kein Treffer datiert. Sobald einer es ist, erscheint sein Tag hier."
    ),
    "Dated less precisely": "Weniger genau datiert",
    "All together": "Insgesamt",
    "1 match": "1 Treffer",
    "{count} matches": "{count} Treffer",
    "{watch}: share of the articles that match per {step}{days}": "{watch}: Anteil der Treffer je {step}{days}",
    "{watch}: matches per {step}{days}": "{watch}: Treffer je {step}{days}",
    "Share of the articles that match per {step}{days}": "Anteil der Treffer je {step}{days}",
    "Matches per {step}{days}": "Treffer je {step}{days}",
    ", {first} to {last}": ", {first} bis {last}",
    "No matches.": "Keine Treffer.",
    "And {count} more watches.": "Und {count} weitere Beobachtungen.",
    "{count} of {watch}": "{count} von {watch}",
    "Matches without a precise date, which are not drawn: {listed}.": (
        "Treffer ohne genaues Datum, die nicht gezeichnet sind: {listed}."
    ),
    "{watch}: no matches among {articles}.": "{watch}: keine Treffer unter {articles}.",
    "{watch}: {matches} among {articles}, most on {day} ({most}).": (
        "{watch}: {matches} unter {articles}, die meisten: {day} ({most})."
    ),
    "{watch}: {count} of {articles}{overall}, the largest share on {day}: {share} ({most} of {all}).": (
        "{watch}: {count} von {articles}{overall}, der größte Anteil: {day} mit {share} ({most} von {all})."
    ),
    "highest: {most}": "Maximum: {most}",
}

FEEDS = {
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
    "Next watches": "Weitere Beobachtungen",
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

OUTBOX = {
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
    "The feed {name} is being polled at this moment. It is polled once more when that has ended.": (
        "Der Feed {name} wird gerade abgerufen. Danach wird er noch einmal abgerufen."
    ),
    "The config has no feed {name} that is polled.": "In der Konfiguration ist kein Feed {name}, der abgerufen wird.",
}
