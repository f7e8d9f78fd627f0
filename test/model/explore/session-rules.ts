import { budget, floor, lateAnswers, patience, turn } from './rules-of-attempts.ts';
import { channel, credential, refusals, renewal } from './rules-of-credentials.ts';
import { ending, failing, oneEnd, terminal } from './rules-of-ends.ts';
import { errors, hearing } from './rules-of-hearing.ts';
import { heartbeat, idle, lifetime, pause, warning } from './rules-of-time.ts';
import { timers } from './rules-of-timers.ts';
import type { SessionRule } from './witness.ts';

/** What must hold of every session, in every state and at every step. */
export const SESSION_RULES = {
  timers,
  floor,
  patience,
  turn,
  credential,
  refusals,
  hearing,
  errors,
  'late-answers': lateAnswers,
  'one-end': oneEnd,
  terminal,
  ending,
  failing,
  idle,
  lifetime,
  warning,
  heartbeat,
  pause,
  renewal,
  budget,
  channel,
} as const satisfies Record<string, SessionRule>;
