"""`run_steps`: runs what is stale of the steps that are meant, in this process or through the daemon that owns them."""

from sinagotd.core.states import State
from sinagotd.errors import WorkspaceError
from sinagotd.workspace.finding import checked_id, refuse_no_data
from sinagotd.workspace.opened import Opened, Wanted
from sinagotd.workspace.running.asked import RunOptions, asked_specs
from sinagotd.workspace.running.call import Call
from sinagotd.workspace.running.following import Follower
from sinagotd.workspace.running.looking import all_said, missing_inputs
from sinagotd.workspace.running.outcomes import Steps, lines_of_the_others, outcomes, why_no_records
from sinagotd.workspace.running.owning import lock_unless_daemon, running_here
from sinagotd.workspace.running.progress import bar
from sinagotd.workspace.running.result import RunResult
from sinagotd.workspace.running.speaking import Speaker

LEFT = "the daemon did not run {step}: it takes a record of which a raw file is there"


def run_steps(opened: Opened, wanted: Wanted, options: RunOptions) -> RunResult:
    """Run what is stale, wait for its end, print Sinagot's lines meanwhile, and tell how every step came out.

    Raises WorkspaceError for a label or a record that cannot be, ConfigError for a scheduler or a pipeline that cannot
    be used, LockedError, naming the owner, when another process runs steps here for longer than `options.wait`.
    """
    place = options.place(opened.settings)
    asked_specs(opened.pipeline, wanted)
    refuse_no_data(opened)
    lock = lock_unless_daemon(opened.state_path, wait_s=options.wait)
    if lock is None:
        return _through_daemon(opened, wanted, options)
    with lock, running_here(opened.state_path):
        return Call(opened, wanted, options).run(place)


def _through_daemon(opened: Opened, wanted: Wanted, options: RunOptions) -> RunResult:
    """The same, done by the daemon that owns the workspace, on its cluster."""
    if options.debug or options.ignore_missing:
        what = "debug" if options.debug else "ignore_missing"
        raise WorkspaceError(f"{what} cannot be handed to {opened.owner()}, which owns this workspace: stop it first")
    log, pipeline = opened.settings.log, opened.pipeline
    speaker = Speaker(log.name, log.level)
    named = _all_records(opened) if wanted.records is None else wanted.records
    records = [checked_id(opened, record) for record in dict.fromkeys(named)]
    steps = Steps(records, asked_specs(pipeline, wanted))
    follower = Follower(opened, steps, speaker)
    follower.ask(force=options.force)
    with bar(options.progress) as show:
        followed = follower.until_done(show)
    with opened.surveying() as surveyor:
        standings = all_said(steps, followed.standings, surveyor.looker)
    missing_of = missing_inputs(pipeline, opened.settings.data_path)
    speaker.say(lines_of_the_others(steps, followed.ran, standings, missing_of))
    left = [key for key in steps if key not in followed.ran and standings[key].state is State.STALE]
    stopped = followed.stopped or (LEFT.format(step=left[0]) if left else why_no_records(steps))
    return RunResult(tuple(outcomes(steps, followed.ran, standings)), stopped)


def _all_records(opened: Opened) -> list[str]:
    with opened.surveying() as surveyor:
        return sorted(surveyor.look_at_all().found.records)
