"""Several workers on one state: who works on what, woken by procrastinate.

    a transaction creates work ─▶ a job names the shard or channel ─▶ a worker takes the job, then the hold
                                                                    ─▶ the runners work, restricted to what is held

- `engine`: procrastinate's queue of jobs: fetched, finished, listened to.
- `membership`: this worker's lease and its holds; `config_parts`: the parts of a config in which all workers agree.
- `shard_jobs`, `other_jobs`: what a job does; `upkeep`: what one worker does for all; `attendance`: whether each shard
  and role has a worker.
- `sweep`: finds due work without a job, and jobs of dead workers.
- `pacing`: the pauses of hosts across workers.
- `worker`: the process, from its registration to its end.

Rows hold the truth; a lost job is found by the next sweep. Only the store speaks SQL; procrastinate has a pool of its
own.
"""
