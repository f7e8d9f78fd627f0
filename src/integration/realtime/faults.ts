import { notAllowed } from '../../services/config-field.ts';
import { numberIn } from './number-in.ts';

/** An HTTP refusal that a fault makes the service give. */
export interface FaultAnswer {
  /** 400 to 599. */
  readonly status: number;
  /** Error code in the body; follows from the status if left out. */
  readonly code?: string;
  /** Sent as `retry-after-ms`, and as `Retry-After` in whole seconds, rounded up. */
  readonly retryAfterMs?: number;
}

/** How the answer to a mint can be spoilt while its status stays 200. */
export type Malformed = 'no-expiry' | 'empty-secret' | 'expired' | 'not-json';

interface Counted {
  /** How often it strikes. [times=1] */
  readonly times?: number;
}

/** Strikes requests for a key, before any check. Exactly one of the effects; `delayMs` may also precede another. */
export interface MintFault extends Counted {
  readonly on: 'mint';
  readonly delayMs?: number;
  /** No answer ever; the request stays open. */
  readonly hang?: true;
  readonly malformed?: Malformed;
  readonly respond?: FaultAnswer;
}

/** Strikes WebSocket handshakes, before any check. */
export interface ConnectFault extends Counted {
  readonly on: 'connect';
  readonly delayMs?: number;
  readonly hang?: true;
  readonly respond?: FaultAnswer;
}

/**
 * Strikes the first open connection that has sent `afterFrames` frames. With 0 that is a connection right after its
 * `session.created`, or a live one at its next frame.
 */
export interface SocketFault extends Counted {
  readonly on: 'socket';
  /** [afterFrames=0] */
  readonly afterFrames?: number;
  /** Closes with this code; 1006 breaks the connection off without a closing handshake. */
  readonly close?: { readonly code: number; readonly reason?: string };
  /** Answers nothing any more, pings included, while the connection stays up. */
  readonly stall?: true;
}

/** What can be made to go wrong at the service. */
export type RealtimeFault = MintFault | ConnectFault | SocketFault;

/** The faults of a running service. They can be changed at any time. */
export interface RealtimeFaults {
  /** Arms faults; they strike in the order they were added. Throws `INVALID_CONFIG` for one that makes no sense. */
  add(...faults: RealtimeFault[]): void;
  /** Disarms all. What a fault already did stays done: a hung request hangs on. */
  clear(): void;
  /** Strikes left in all armed faults. */
  readonly pending: number;
}

const MALFORMED: readonly string[] = ['no-expiry', 'empty-secret', 'expired', 'not-json'] satisfies Malformed[];

/** A close frame carries at most 123 bytes of reason (RFC 6455, 5.5). */
const LONGEST_REASON_BYTES = 123;

/** A delay beyond this is a hang and should be written so. */
export const LONGEST_DELAY_MS = 600_000;

interface Armed {
  readonly fault: RealtimeFault;
  left: number;
}

/** The armed faults, and the place where the service takes them from. */
export class FaultBoard implements RealtimeFaults {
  readonly #armed: Armed[] = [];

  add(...faults: RealtimeFault[]): void {
    for (const fault of faults) checkFault(fault);
    for (const fault of faults) this.#armed.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#armed.length = 0;
  }

  get pending(): number {
    return this.#armed.reduce((sum, armed) => sum + armed.left, 0);
  }

  takeMint(): MintFault | undefined {
    return this.#take((fault): fault is MintFault => fault.on === 'mint');
  }

  takeConnect(): ConnectFault | undefined {
    return this.#take((fault): fault is ConnectFault => fault.on === 'connect');
  }

  takeSocket(framesIn: number): SocketFault | undefined {
    return this.#take((fault): fault is SocketFault => fault.on === 'socket' && (fault.afterFrames ?? 0) <= framesIn);
  }

  #take<F extends RealtimeFault>(matches: (fault: RealtimeFault) => fault is F): F | undefined {
    for (const [index, armed] of this.#armed.entries()) {
      if (!matches(armed.fault)) continue;
      armed.left -= 1;
      if (armed.left === 0) this.#armed.splice(index, 1);
      return armed.fault;
    }
    return undefined;
  }
}

const FIELDS: Record<RealtimeFault['on'], { effects: readonly string[]; other: readonly string[] }> = {
  mint: { effects: ['hang', 'malformed', 'respond'], other: ['delayMs'] },
  connect: { effects: ['hang', 'respond'], other: ['delayMs'] },
  socket: { effects: ['close', 'stall'], other: ['afterFrames'] },
};

function checkFault(fault: RealtimeFault): void {
  const fields = Object.hasOwn(FIELDS, fault.on) ? FIELDS[fault.on] : undefined;
  if (fields === undefined) throw notAllowed('fault.on', fault.on, '"mint", "connect" or "socket"');
  const given = Object.entries(fault).filter(([, value]) => value !== undefined);
  const known = ['on', 'times', ...fields.effects, ...fields.other];
  for (const [name, value] of given) {
    if (!known.includes(name)) throw notAllowed(`fault.${name}`, value, `one of ${known.join(', ')} for this fault`);
  }
  const effects = given.filter(([name]) => fields.effects.includes(name));
  const delayed = 'delayMs' in fault && fault.delayMs !== undefined;
  if (effects.length > 1 || (effects.length === 0 && !delayed)) {
    throw notAllowed('fault', fault, `exactly one of ${fields.effects.join(', ')}${delayed ? '' : ' (or delayMs)'}`);
  }
  if (fault.times !== undefined) numberIn('fault.times', fault.times, { min: 1, max: 1_000_000, integer: true });
  if (fault.on === 'socket') {
    checkSocketFault(fault);
    return;
  }
  if (fault.delayMs !== undefined) {
    numberIn('fault.delayMs', fault.delayMs, { min: 0, max: LONGEST_DELAY_MS, unit: 'ms' });
  }
  if (fault.hang !== undefined && fault.hang !== true) throw notAllowed('fault.hang', fault.hang, 'true');
  if (fault.respond !== undefined) checkAnswer(fault.respond);
  if (fault.on === 'mint' && fault.malformed !== undefined && !MALFORMED.includes(fault.malformed)) {
    throw notAllowed('fault.malformed', fault.malformed, MALFORMED.join(', '));
  }
}

function checkSocketFault(fault: SocketFault): void {
  if (fault.afterFrames !== undefined) {
    numberIn('fault.afterFrames', fault.afterFrames, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  }
  if (fault.stall !== undefined && fault.stall !== true) throw notAllowed('fault.stall', fault.stall, 'true');
  if (fault.close === undefined) return;
  const { code, reason } = fault.close;
  // 1004, 1005 and 1015 never appear on the wire; 1006 is our word for breaking off.
  const named = Number.isInteger(code) && code >= 1000 && code <= 1014 && ![1004, 1005].includes(code);
  const own = Number.isInteger(code) && code >= 3000 && code <= 4999;
  if (!named && !own) throw notAllowed('fault.close.code', code, '1000 to 1014 without 1004 and 1005, or 3000 to 4999');
  if (reason !== undefined && Buffer.byteLength(reason) > LONGEST_REASON_BYTES) {
    throw notAllowed('fault.close.reason', reason, `at most ${LONGEST_REASON_BYTES} bytes`);
  }
}

function checkAnswer({ status, code, retryAfterMs }: FaultAnswer): void {
  numberIn('fault.respond.status', status, { min: 400, max: 599, integer: true });
  if (code !== undefined && !/^[\w.-]{1,64}$/.test(code)) {
    throw notAllowed('fault.respond.code', code, '1 to 64 characters A–Z a–z 0–9 _ . -');
  }
  if (retryAfterMs !== undefined) {
    numberIn('fault.respond.retryAfterMs', retryAfterMs, { min: 0, max: 86_400_000, integer: true, unit: 'ms' });
  }
}
