import { sanitisedCause } from '../actors/classify-failure.ts';
import { SessionchartError } from '../actors/errors.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import { notAllowed } from './config-field.ts';
import { withDeadline } from './deadline.ts';
import type { Registration } from './listeners.ts';
import { silentLogger } from './logger.ts';
import { systemClock } from './system-clock.ts';

const PURGE_TARGETS = ['audio', 'transcripts', 'logs'] as const;
/** A kind of data that can be purged. */
export type PurgeKind = (typeof PURGE_TARGETS)[number];
export type PurgeTarget = PurgeKind | 'all';

export const PURGE_REASONS = [
  'user-requested',
  'session-timeout',
  'policy-update',
  'error-recovery',
  'retention-expired',
  'privacy-policy-change',
  'workspace-reset',
  'corruption-detected',
] as const;
export type PurgeReason = (typeof PURGE_REASONS)[number];

/** What shall be purged, and why. */
export interface PurgeCommand {
  readonly type: 'privacy.purge';
  readonly target: PurgeTarget;
  readonly reason: PurgeReason;
  /** ISO 8601. */
  readonly issuedAt: string;
  /** Id of the session whose data shall go. Without one the data of all sessions goes. */
  readonly correlationId?: string;
}

/** What became of a purge. `failed` means that nothing could be purged, `partial` that something is left. */
export interface PurgeResult {
  readonly target: PurgeTarget;
  readonly status: 'success' | 'partial' | 'failed';
  readonly clearedCount: number;
  readonly retainedCount: number;
  /** Which kinds of data are left, and how many stores failed. */
  readonly retentionNotes?: string;
  readonly durationMs?: number;
}

/** The collaborator that removes what a session leaves behind. */
export interface PrivacyController {
  issuePurge(command: PurgeCommand): Promise<PurgeResult>;
}

/** How many items a store removed, and how many it had to keep. */
export interface PurgedCount {
  readonly cleared: number;
  readonly retained?: number;
}

/** Something that holds data of sessions. */
export interface PurgeableStore {
  /** @param correlationId the session whose items shall go; `undefined`: all items. */
  purge(correlationId: string | undefined, signal: AbortSignal): PurgedCount | Promise<PurgedCount>;
}

/** A {@link PrivacyController} that purges what services registered with it. */
export interface PrivacyRegistry extends PrivacyController {
  /**
   * Makes a store purgeable. With `correlationId` it holds the data of that session alone, and a purge for another
   * session never touches it; without, it holds data of many and has to look at the id that it is handed.
   */
  register(kind: PurgeKind, store: PurgeableStore, correlationId?: string): Registration;
}

export interface PrivacyOptions {
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** [logger=silentLogger] */
  readonly logger?: Logger;
  /** Longest time for one store, ms, 1 … 60000; one that takes longer counts as failed. [storeDeadlineMs=400] */
  readonly storeDeadlineMs?: number;
}

/** Below what a session waits for its purge (500 ms), so that a store that hangs is told and leaves no timer behind. */
const STORE_DEADLINE_MS = 400;

interface Entry {
  readonly kind: PurgeKind;
  readonly store: PurgeableStore;
}

type Report = { readonly kind: PurgeKind } & (
  | { readonly failed: true }
  | { readonly failed: false; readonly count: Required<PurgedCount> }
);

/**
 * A privacy controller that keeps its registry in memory. Stores are purged side by side, each under a deadline; one
 * that throws, hangs or answers with nonsense is counted as failed and holds up nobody.
 *
 * `issuePurge` rejects with `INVALID_CONFIG` for a malformed command, and for nothing else. With no store to purge the
 * result is a success of 0 items. Its cost does not depend on the number of other sessions.
 *
 * @example
 * ```ts
 * const privacy = createPrivacyController();
 * privacy.register('transcripts', { purge: () => ({ cleared: lines.splice(0).length }) }, sessionId);
 * await privacy.issuePurge({
 *   type: 'privacy.purge', target: 'all', reason: 'user-requested', issuedAt: new Date().toISOString(), correlationId: sessionId,
 * }); // { status: 'success', clearedCount: 12, retainedCount: 0, … }
 * ```
 */
export function createPrivacyController(options: PrivacyOptions = {}): PrivacyRegistry {
  const { clock = systemClock(), logger = silentLogger, storeDeadlineMs = STORE_DEADLINE_MS } = options;
  if (!(storeDeadlineMs >= 1 && storeDeadlineMs <= 60_000)) {
    throw notAllowed('storeDeadlineMs', storeDeadlineMs, '1 to 60000 (milliseconds)');
  }
  const shared = new Set<Entry>();
  const owned = new Map<string, Set<Entry>>();

  const entriesFor = (correlationId: string | undefined): Entry[] => {
    if (correlationId === undefined) return [...shared, ...[...owned.values()].flatMap(entries => [...entries])];
    return [...shared, ...(owned.get(correlationId) ?? [])];
  };

  const purgeOne = async ({ kind, store }: Entry, correlationId: string | undefined): Promise<Report> => {
    try {
      const answer = await withDeadline(async signal => store.purge(correlationId, signal), {
        clock,
        deadlineMs: storeDeadlineMs,
      });
      return { kind, failed: false, count: checkedCount(answer) };
    } catch (error) {
      logger.warn('a store could not be purged', { kind, cause: sanitisedCause(error) });
      return { kind, failed: true };
    }
  };

  return {
    register(kind, store, correlationId) {
      if (!PURGE_TARGETS.includes(kind)) throw notAllowed('kind', kind, PURGE_TARGETS.join(', '));
      const entry: Entry = { kind, store };
      if (correlationId === undefined) {
        shared.add(entry);
        return { dispose: () => void shared.delete(entry) };
      }
      const entries = owned.get(correlationId) ?? new Set();
      owned.set(correlationId, entries.add(entry));
      return {
        dispose() {
          entries.delete(entry);
          if (entries.size === 0 && owned.get(correlationId) === entries) owned.delete(correlationId);
        },
      };
    },

    async issuePurge(command) {
      const { target, correlationId } = checkedCommand(command);
      const startedAt = clock.now();
      const entries = entriesFor(correlationId).filter(({ kind }) => target === 'all' || kind === target);
      const reports = await Promise.all(entries.map(entry => purgeOne(entry, correlationId)));
      return resultOf(target, reports, clock.now() - startedAt);
    },
  };
}

function resultOf(target: PurgeTarget, reports: readonly Report[], durationMs: number): PurgeResult {
  let clearedCount = 0;
  let retainedCount = 0;
  const notes: string[] = [];
  for (const kind of PURGE_TARGETS) {
    const ofKind = reports.filter(report => report.kind === kind);
    const failed = ofKind.filter(report => report.failed).length;
    let retained = 0;
    for (const report of ofKind) {
      if (report.failed) continue;
      clearedCount += report.count.cleared;
      retained += report.count.retained;
    }
    retainedCount += retained;
    if (failed > 0) notes.push(`${kind}: ${failed} of ${ofKind.length} stores failed`);
    if (retained > 0) notes.push(`${kind}: ${retained} items retained`);
  }
  const failedCount = reports.filter(report => report.failed).length;
  const isFailed = failedCount > 0 && failedCount === reports.length;
  const isPartial = failedCount > 0 || retainedCount > 0;
  return Object.freeze({
    target,
    status: isFailed ? 'failed' : isPartial ? 'partial' : 'success',
    clearedCount,
    retainedCount,
    ...(notes.length > 0 && { retentionNotes: notes.join('; ') }),
    durationMs,
  });
}

function checkedCommand(command: PurgeCommand): PurgeCommand {
  if (command?.type !== 'privacy.purge') throw notAllowed('type', command?.type, 'privacy.purge');
  const { target, reason, correlationId } = command;
  if (target !== 'all' && !PURGE_TARGETS.includes(target)) {
    throw notAllowed('target', target, [...PURGE_TARGETS, 'all'].join(', '));
  }
  if (!PURGE_REASONS.includes(reason)) throw notAllowed('reason', reason, PURGE_REASONS.join(', '));
  // An empty id is a mistake, and taking it for "all sessions" would remove the data of others.
  if (correlationId !== undefined && (typeof correlationId !== 'string' || correlationId === '')) {
    throw notAllowed('correlationId', correlationId, 'the id of a session, or nothing');
  }
  return command;
}

function checkedCount({ cleared, retained = 0 }: PurgedCount): Required<PurgedCount> {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  if (!isCount(cleared) || !isCount(retained)) throw new SessionchartError('PURGE_FAILED');
  return { cleared, retained };
}
