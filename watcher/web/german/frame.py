"""The texts around all pages: menu, times, status, and errors."""

from __future__ import annotations

FRAME = {
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

TIMES = {
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

STATUS = {
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
    "Workers": "Arbeiter",
    "Machine": "Maschine",
    "Process": "Prozess",
    "Tasks": "Aufgaben",
    "Last seen": "Zuletzt gesehen",
    "ended": "beendet",
    "paused: another config": "wartet: andere Konfiguration",
    "Incidents": "Vorfälle",
    "None is open.": "Keiner ist offen.",
    "Version": "Version",
    "No documents on this day.": "Keine Dokumente an diesem Tag.",
    "1 further document of this day is left out.": "1 weiteres Dokument dieses Tages fehlt hier.",
    "{count} further documents of this day are left out.": "{count} weitere Dokumente dieses Tages fehlen hier.",
}

PROBLEMS = {
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
    "No document has the number {number}.": "Es gibt kein Dokument {number}.",
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
    "The form contains a NUL character.": "Das Formular enthält ein NUL-Zeichen.",
    "The form did not arrive in time.": "Das Formular kam nicht rechtzeitig an.",
    "This is not the token.": "Das ist nicht der Token.",
}
