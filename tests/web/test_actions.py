"""What the buttons do: forms that work without a script, whose result the next page shows."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.web.conftest import SLASHED, Site, first
from watcher.web.parameters import encoded_name


def result_of(answer: str) -> str:
    (status,) = LexborHTMLParser(answer).css("[role=status]")
    return status.text().strip()


def form_of(page: LexborHTMLParser, place: str, action: str) -> LexborNode:
    (form,) = page.css(f"{place} form[method=post][data-action='{action}']")
    assert len(form.css("button")) == 1
    return form


def test_a_feed_is_polled_now(site: Site) -> None:
    """From the list and from its own page; the newsroom sees the request."""
    before = site.news.count("/blatt")
    page = site.page("/feeds")
    assert "blatt" in result_of(site.submit(form_of(page, "[data-feed='blatt']", "poll")).text)
    site.running.wait_for(lambda: site.news.count("/blatt") > before)
    row = next(each for each in page.css("[data-feed]") if each.attributes["data-feed"] == SLASHED)
    own = site.page(str(first(row, "a").attributes["href"]))
    answer = site.submit(form_of(own, "[data-feed]", "poll"))
    assert SLASHED in first(LexborHTMLParser(answer.text), "h1").text()
    unknown = site.client.post("/actions/poll", data={"feed": "<nichts>"}, follow_redirects=True)
    assert "<nichts>" in result_of(unknown.text)


def test_a_request_during_a_poll_is_not_lost(site: Site) -> None:
    """The page says that the feed is being polled, and the newsroom gets a further request after this one."""
    form = form_of(site.page(f"/feeds/{encoded_name(SLASHED)}"), "[data-feed]", "poll")
    running = site.news.hold("/kurier")
    site.submit(form)
    site.running.wait_for(running.entered.is_set)
    before = site.news.count("/kurier")
    assert "being polled at this moment" in result_of(site.submit(form).text)
    running.release()
    site.running.wait_for(lambda: site.news.count("/kurier") > before)


def test_alerts_are_sent_again_dropped_and_released(site: Site) -> None:
    """A delivered one is repeated; a waiting one is dropped, once, and repeated; a parked channel is resumed."""
    sent = len(site.hook.accepted)
    page = site.page("/outbox?state=delivered")
    (delivered, *_) = [str(each.attributes["data-delivery"]) for each in page.css("[data-delivery]")]
    assert "again" in result_of(site.submit(form_of(page, f"[data-delivery='{delivered}']", "replay")).text)
    site.hook.wait_for(sent + 1)

    page = site.page("/outbox")
    (waiting, *_) = [str(each.attributes["data-delivery"]) for each in page.css("[data-delivery]")]
    drop = form_of(page, f"[data-delivery='{waiting}']", "drop")
    assert "is dropped" in result_of(site.submit(drop).text)
    assert "cannot be dropped" in result_of(site.submit(drop).text)
    dead = site.page("/outbox?state=dead")
    again = site.submit(form_of(dead, f"[data-delivery='{waiting}']", "replay"))
    assert "again" in result_of(again.text)
    assert waiting not in [each["id"] for each in site.json("/outbox.json")["deliveries"]]

    page = site.page("/outbox")
    resume = form_of(page, "[data-channel='zu']", "resume")
    tried = len(site.gone.requests)
    assert "zu" in result_of(site.submit(resume).text)
    site.running.wait_for(lambda: len(site.gone.requests) > tried)
    site.running.wait_for(lambda: site.json("/outbox.json")["channels"][1]["parked"] is not None)
    assert "not parked" in result_of(
        site.client.post("/actions/resume", data={"channel": "haken"}, follow_redirects=True).text
    )


def test_results_cannot_be_made_up(site: Site) -> None:
    """Only the page after an action shows one."""
    assert result_of(site.get("/outbox?result=anything").text) == ""
