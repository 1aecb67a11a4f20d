"""Drives the steps: scheduling, concurrency and housekeeping. No rules of the domain.

`service` runs the three steps, each in a `runner` that claims due work and bounds how much of it is in progress;
`host_limiter` keeps one host from filling a runner, `batcher` commits small results together, `rwlock` guards the
corpus; `list_reader` reads followed lists. Around them: `scheduler`, `status`, `retention`, `disk_guard`, `clock_skew`,
`recovery_notice`.
"""
