import { began, contextOf, livesUntil, runs, stateOf, timerIn } from './watch.ts';
import { isDueNow, type SessionRule, serves } from './witness.ts';

export const idle: SessionRule = ({ before, event, after, was, is }) => {
  const { config } = contextOf(after);
  const windowMs = config.inactivityTimeoutMinutes * 60_000;
  const isLate = config.enableInactivityTimeout && after.now > is.idleFrom + windowMs;
  // New settings may put a deadline into the past: then its timer is due at once.
  if (serves(after) && isLate && !isDueNow(after, 'inactivity')) return 'it serves beyond its idle window';
  if (before === undefined || timerIn(event) !== 'inactivity') return undefined;
  const isDue = event.at >= was.idleFrom + windowMs;
  if (isDue) return stateOf(after) === 'ending' ? undefined : 'it is idle and lives on';
  return stateOf(after) === stateOf(before) ? undefined : 'it ended as idle before the window was over';
};

export const lifetime: SessionRule = ({ before, event, after, was, is }) => {
  const until = livesUntil(is, contextOf(after));
  const isResumed = before !== undefined && stateOf(before) === 'paused' && after.now >= until;
  const isLate = after.now > until && !isDueNow(after, 'lifetime');
  if (serves(after) && (isResumed || isLate)) return 'it serves beyond its lifetime';
  if (before === undefined) return undefined;
  if (timerIn(event) === 'lifetime') {
    if (stateOf(after) !== 'ending') return 'its lifetime is over and it lives on';
    return event.at < livesUntil(was, contextOf(before)) ? 'it ended before its lifetime was over' : undefined;
  }
  if (event.type === 'RESUME' && stateOf(before) === 'paused' && stateOf(after) === 'ending') {
    const { reason } = is;
    const away = event.at - (was.pausedAt ?? event.at);
    const lived = event.at >= livesUntil({ ...was, livesFrom: was.livesFrom + away }, contextOf(before));
    return lived && reason === 'lifetime' ? undefined : 'a resume ended it before its lifetime was over';
  }
  return undefined;
};

export const warning: SessionRule = ({ before, after, event, was, is, reports }) => {
  if (contextOf(after).warned !== is.warned) {
    return is.warned ? 'a warning that was given is forgotten' : 'a warning counts as given that was not';
  }
  const told = reports.some(({ type }) => type === 'lifetime-warning');
  if (!told || before === undefined) return undefined;
  if (was.warned) return 'the warning is given twice';
  const { durationWarningSeconds } = contextOf(before).config;
  return event.at < livesUntil(was, contextOf(before)) - durationWarningSeconds * 1_000
    ? 'the warning comes too early'
    : undefined;
};

export const heartbeat: SessionRule = ({ before, event, after, was, reports, stopped }) => {
  const beats = reports.some(({ type }) => type === 'heartbeat');
  if (before === undefined) return undefined;
  const isBeat = timerIn(event) === 'heartbeat';
  if (isBeat !== beats) return beats ? 'a heartbeat out of turn' : 'a heartbeat is left out';
  const { config, kind, probing } = contextOf(after);
  if (isBeat && event.at - was.beatFrom < config.heartbeatIntervalSeconds * 1_000) return 'a heartbeat comes too early';
  if (began('probe', before, after) && runs(before, 'probe') && !stopped.includes('probe'))
    return 'it asks the other side again and leaves the old question open';
  if (isBeat && contextOf(before).probing && contextOf(after).probe !== 'failing')
    return 'a question that was not answered for a whole interval counts for nothing';
  if (isBeat && kind.probe !== began('probe', before, after)) return 'a heartbeat does not ask the other side';
  if (runs(after, 'probe') !== (probing && serves(after)))
    return 'a probe runs that is not told of, or is told of and does not run';
  return undefined;
};

export const pause: SessionRule = ({ before, event, after, was }) => {
  if (stateOf(after) === 'paused') {
    const resumesPaused = before === undefined && was.pausedAt !== null;
    const isAsked = event.type === 'PAUSE' || resumesPaused || (before !== undefined && stateOf(before) === 'paused');
    if (!isAsked) return 'it is paused and nobody asked for it';
    if (['acquire', 'open', 'probe'].some(child => runs(after, child))) return 'a paused session is busy';
    if (contextOf(after).renewalCause !== null) return 'a paused session renews';
  }
  if ((contextOf(after).pausedAt !== null) !== (stateOf(after) === 'paused') && serves(after))
    return 'it serves and is paused';
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (event.type === 'PAUSE' && (from === 'active' || from === 'renewing')) {
    return stateOf(after) === 'paused' ? undefined : 'a pause was not taken';
  }
  if (event.type !== 'RESUME' || from !== 'paused') return undefined;
  return stateOf(after) === 'paused' ? 'a resume was not taken' : undefined;
};
