"""The fictional articles of the demo newsroom, in German. Text only; `newsroom.py` serves it.

Some match the demo's watch ("Rutte", "Purl-Initiative"), some of them only by a word deep in the body. Others must not
match: a similar name, and names in teaser boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoArticle:
    """One article. `age`: time from its publication to the start; None: its page states only a month."""

    slug: str
    desk: str
    title: str
    teaser: str
    author: str
    age: timedelta | None
    body: str

    @property
    def path(self) -> str:
        return f"/{self.desk}/{self.slug}.html"


KUESTENBOTE, DEPESCHEN = "kuestenbote", "depeschen"

MENU = ("Startseite", "Politik", "Wirtschaft", "Küste", "Sport", "Kultur", "Archiv", "Abonnement")
TEASERS = (
    ("Rutte im Gespräch: Was der Generalsekretär liest", "Ein Fragebogen über Bücher und lange Bahnfahrten"),
    ("Die schönsten Leuchttürme", "Zwölf Ausflüge für ein Wochenende"),
    ("Purl-Initiative kurz erklärt", "Fünf Fragen und fünf Antworten"),
)
FOOTER = "Erfundene Meldungen zur Vorführung von watcher. Impressum, Datenschutz, Kontakt"

ARTICLES = (
    DemoArticle(
        slug="rutte-in-emden",
        desk=KUESTENBOTE,
        title="Rutte sieht sich im Emder Hafen um",
        teaser="Der Generalsekretär spricht mit Lotsen, Werftleuten und einer Schulklasse.",
        author="Wiebke Harms",
        age=timedelta(hours=3),
        body="""\
Zwei Stunden hatte sich Mark Rutte für den Emder Hafen genommen, am Ende wurden es beinahe vier. Auf der Kaje \
ließ er sich zeigen, wie Autos verladen werden, und fragte die Lotsen nach der Fahrrinne.

Anlass der Reise war eine Tagung über den Schutz von Seekabeln, die in dieser Woche in der Stadt stattfindet. \
Fachleute aus neun Ländern vergleichen dort, wie schnell sie eine beschädigte Leitung finden und flicken können.

Eine Schulklasse aus Norden hatte vorab Fragen geschickt. Ob er Heimweh habe, wollte ein Mädchen wissen. Nach \
Den Haag seien es von hier keine dreihundert Kilometer, antwortete der Gast, das gehe gerade noch.

Am Abend reist Rutte nach Brüssel weiter. Für die Werft hatte er zum Abschied ein Schiffsmodell dabei, das nun \
in der Kantine steht.""",
    ),
    DemoArticle(
        slug="umschlag-der-haefen",
        desk=KUESTENBOTE,
        title="Deutsche Seehäfen rechnen mit mehr Umschlag",
        teaser="Der Verband hebt seine Prognose an, bleibt aber bei einer Warnung.",
        author="Jens Olrichs",
        age=timedelta(hours=7),
        body="""\
Die Häfen an Nord- und Ostsee erwarten für das laufende Jahr ein Plus von drei Prozent. Der Verband der \
Betreiber begründet das mit vollen Auftragsbüchern der Maschinenbauer und mit einer guten Ernte.

Sorgen bereitet weiter die Bahn. Auf den Strecken ins Hinterland fehlen Weichen und Personal, an manchen Tagen \
warten Züge einen halben Tag auf ein freies Gleis.

Hinzu kommen Aufträge, über die in den Häfen ungern gesprochen wird. Ein Teil der Güter, die im Rahmen der \
Purlinitiative aus Übersee eintreffen, wird an der Küste umgeladen und mit der Bahn nach Osten gebracht.

Der Verband verlangt deshalb, die Rampen in drei Häfen zügig zu verstärken. Das Geld dafür stehe bereit, es \
fehle an Genehmigungen, sagte seine Geschäftsführerin.""",
    ),
    DemoArticle(
        slug="radwege",
        desk=KUESTENBOTE,
        title="Stadtrat streitet über neue Radwege",
        teaser="Zwölf Kilometer sind geplant, vier davon sind umstritten.",
        author="Wiebke Harms",
        age=timedelta(hours=9),
        body="""\
Der Bauausschuss hat sich in der Nacht nicht einigen können. Strittig ist vor allem die Strecke durch das \
Gewerbegebiet, weil dort Parkplätze wegfallen würden.

Die Verwaltung will nun zwei Fassungen durchrechnen lassen. In der einen verläuft der Weg hinter den Hallen am \
Kanal, in der anderen wird die Fahrbahn schmaler.

Anwohner hatten mehr als achthundert Unterschriften für die Kanalstrecke gesammelt. Entschieden wird \
voraussichtlich nach den Ferien, dann mit einem neuen Gutachten.""",
    ),
    DemoArticle(
        slug="lesesommer",
        desk=KUESTENBOTE,
        title="Ruttenberg eröffnet den Lesesommer",
        teaser="Die Schauspielerin liest auf Norderney aus alten Reisebriefen.",
        author="Tomke Brandt",
        age=timedelta(hours=20),
        body="""\
Mit einer Lesung von Maren Ruttenberg beginnt am Freitag der Lesesommer auf den Inseln. Die Schauspielerin hat \
Briefe aus drei Jahrhunderten ausgewählt, in denen Reisende vom Wattenmeer erzählen.

Vierzig Abende sind geplant, auf Norderney, Juist und Borkum. Bei Regen ziehen die Lesungen in die Turnhallen \
um, bei Sturm fallen sie aus.

Karten gibt es in den Kurverwaltungen und auf den Fähren. Kinder zahlen nichts, wenn sie ein eigenes Buch \
mitbringen und es zum Tausch ins Regal stellen.""",
    ),
    DemoArticle(
        slug="vorraete",
        desk=DEPESCHEN,
        title="Bündnis berät über Vorräte",
        teaser="Die Fachminister wollen Lager gemeinsam füllen.",
        author="Depeschendienst",
        age=timedelta(hours=2),
        body="""\
Die Fachminister des Bündnisses wollen ihre Lager künftig gemeinsam füllen. Ein Papier, das dem Depeschendienst \
vorliegt, nennt feste Mengen und einen Zeitplan für die kommenden vier Jahre.

Gestritten wird über das Geld. Kleinere Staaten möchten nach Einwohnern zahlen, größere nach Wirtschaftskraft. \
Ein Beschluss gilt erst für das Frühjahr als möglich.

Als Vorbild gilt die PURL-Initiative, bei der mehrere Länder ihre Bestellungen in den Vereinigten Staaten \
bündeln. Sie habe gezeigt, dass man zusammen schneller beliefert werde, heißt es in dem Papier.

Ob daraus feste Strukturen entstehen, soll eine Arbeitsgruppe klären. Sie tagt zum ersten Mal im kommenden \
Monat.""",
    ),
    DemoArticle(
        slug="sturm",
        desk=DEPESCHEN,
        title="Sturm zieht über die Deutsche Bucht",
        teaser="Fähren fahren nach Sonderplan, das Wasser steigt mäßig.",
        author="Depeschendienst",
        age=timedelta(hours=5),
        body="""\
Ein Tief über Südnorwegen bringt der Küste in der Nacht schwere Böen. Der Wetterdienst rechnet auf den Inseln \
mit Windstärke zehn, im Binnenland mit acht.

Die Reedereien haben ihre Fahrpläne ausgedünnt. Nach Helgoland fährt bis zum Morgen kein Schiff, nach Wangerooge \
nur eines am Mittag.

Eine Sturmflut wird nicht erwartet. Das Hochwasser soll den mittleren Stand um etwa einen Meter übersteigen, die \
Deichtore bleiben vorsorglich geschlossen.""",
    ),
    DemoArticle(
        slug="handball",
        desk=DEPESCHEN,
        title="Wilhelmshaven gewinnt das Derby",
        teaser="Ein Tor in letzter Sekunde entscheidet vor vollem Haus.",
        author="Depeschendienst",
        age=timedelta(hours=16),
        body="""\
Mit einem Wurf von der Mittellinie hat Wilhelmshaven das Derby gegen Aurich gewonnen. Der Ball landete in der \
Schlusssekunde zum 28:27 im Netz.

Aurich hatte zur Pause noch mit vier Toren geführt. Dann fand der Torhüter der Gastgeber ins Spiel und hielt \
allein in der zweiten Hälfte elf Würfe.

In der Tabelle ändert das Ergebnis wenig. Beide Mannschaften stehen im Mittelfeld, getrennt von einem einzigen \
Punkt.""",
    ),
    DemoArticle(
        slug="chronik",
        desk=DEPESCHEN,
        title="Chronik: Wie Rutte ins Amt kam",
        teaser="Ein Rückblick aus dem Archiv.",
        author="Depeschendienst",
        age=None,
        body="""\
Vierzehn Jahre lang hat Mark Rutte die Niederlande regiert, so lange wie vor ihm niemand. Danach wechselte er an \
die Spitze des Bündnisses und trat dort die Nachfolge von Jens Stoltenberg an.

Im Archiv des Depeschendienstes finden sich aus den ersten Monaten vor allem Reisemeldungen. Warschau, Kiew, \
Ankara und Washington stehen darin, oft im Abstand von wenigen Tagen.

Wer ihn begleitet, berichtet von kurzen Nächten und von Äpfeln, die er unterwegs verteilt. Diese Chronik sammelt \
die wichtigsten Stationen und wird nicht mehr fortgeschrieben.""",
    ),
)

LATE = (
    DemoArticle(
        slug="rutte-in-bremen",
        desk=DEPESCHEN,
        title="Eil: Rutte kommt nach Bremen",
        teaser="Der Besuch war bis zuletzt nicht angekündigt.",
        author="Depeschendienst",
        age=timedelta(0),
        body="""\
Mark Rutte wird noch heute in Bremen erwartet. Das teilte die Senatskanzlei am Nachmittag mit; im Kalender des \
Generalsekretärs stand der Besuch bis dahin nicht.

Im Rathaus will er sich mit den Regierungschefs der norddeutschen Länder treffen. Auf der Tagesordnung stehen \
der Schutz der Häfen und die Beiträge zur Purl-Initiative.

Die Polizei sperrt von sechzehn Uhr an den Marktplatz. Straßenbahnen werden umgeleitet, der Wochenmarkt schließt \
eine Stunde früher als sonst.""",
    ),
)
