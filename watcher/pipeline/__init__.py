"""The steps of the mission, one module each, readable from top to bottom; `settings` is what they read of the config.

    poll     due feed       | fetch | parse  | plan  | record   new entries, next poll
    ingest   pending entry  | fetch | read and match | record   no match: the end
    archive  matched entry  | number, id, story      | write    a document, its file, its deliveries
    deliver  due delivery   | render | send | decide | record   delivered, retried, parked, dead
    follow   followed list  | fetch | parse  | plan  | record   its feeds, next reading
    revisit  due document   | fetch | read   | follow up | record   a new version of its text, its deliveries
    review   new watch      | match what is there    | record   reopened entries, one summary

Each step is a function keyed by an id, safe to run twice, and ends in one transaction. It takes a small frozen context
with the collaborators that it uses. No SQL, no HTTP, no parsing here: `store`, `net` and `parsing` do that.
"""
