import type { Clock, Logger } from '../actors/ports.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { systemClock } from './system-clock.ts';

/** From chatty to silent. A logger passes on its own level and what is more serious. */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One log line, free of secrets and safe for `JSON.stringify`. */
export interface LogRecord {
  /** ISO 8601, UTC; only where the logger has a clock. */
  readonly time?: string;
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly name?: string;
  readonly message: string;
  readonly data?: unknown;
  /** Lines that the sink failed to take since the last one it took. */
  readonly lost?: number;
}

/** Takes log lines somewhere. It may throw or reject: the line is then counted as lost and nobody else notices. */
export type LogSink = (record: LogRecord) => void | Promise<void>;

export interface LoggerOptions {
  /** [level="info"] */
  readonly level?: LogLevel;
  readonly sink: LogSink;
  /** Says who is speaking. */
  readonly name?: string;
  /** Dates the lines. */
  readonly clock?: Pick<Clock, 'wall'>;
  /** Shares known secrets with other loggers. [redactor=createRedactor()] */
  readonly redactor?: Redactor;
}

/**
 * A structured logger that removes secrets before the sink sees them (see {@link Redactor}). A line below the level
 * costs one comparison. Logging from inside the sink is lost on purpose: it would never end.
 *
 * @example
 * ```ts
 * const logger = createLogger({ level: 'warn', sink: record => lines.push(record), name: 'sessions' });
 * logger.warn('mint failed', { status: 429, apiKey: 'k-1' }); // data: { status: 429, apiKey: '[redacted]' }
 * ```
 */
export function createLogger(options: LoggerOptions): Logger {
  const { sink, name, clock, redactor = createRedactor(), level: least = 'info' } = options;
  const threshold = LOG_LEVELS.indexOf(least);
  let inSink = false;
  let lost = 0;

  const write = (level: LogRecord['level'], message: string, data: unknown): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    if (inSink) {
      lost++;
      return;
    }
    inSink = true;
    const reported = lost;
    try {
      const sent: unknown = sink({
        ...(clock !== undefined && { time: isoTime(clock.wall()) }),
        level,
        ...(name !== undefined && { name }),
        message: redactor.text(String(message)),
        ...(data !== undefined && { data: redactor.data(data) }),
        ...(reported > 0 && { lost: reported }),
      });
      lost -= reported;
      if (sent instanceof Promise) {
        sent.catch(() => {
          lost += reported + 1;
        });
      }
    } catch {
      lost++;
    } finally {
      inSink = false;
    }
  };

  return {
    error: (message, data) => write('error', message, data),
    warn: (message, data) => write('warn', message, data),
    info: (message, data) => write('info', message, data),
    debug: (message, data) => write('debug', message, data),
  };
}

/** A logger of somebody else's: one that throws must not break what it is told of. */
export function guardedLogger(logger: Logger): Logger {
  const guarded =
    (level: 'error' | 'warn' | 'info' | 'debug') =>
    (message: string, data?: unknown): void => {
      try {
        logger[level](message, data);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { error: guarded('error'), warn: guarded('warn'), info: guarded('info'), debug: guarded('debug') };
}

/** Says nothing. What the library uses unless it is given a logger. */
export const silentLogger: Logger = Object.freeze({
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
});

/** Writes each line as JSON to standard error, so that standard output stays free for results. */
export const stderrSink: LogSink = record => {
  process.stderr.write(`${JSON.stringify(record)}\n`);
};

/**
 * A logger for programs: one line of JSON on standard error for each warning and error.
 *
 * @example
 * ```ts
 * const manager = createSessionManager({ credentials, logger: consoleLogger({ name: 'voice' }) });
 * // {"time":"2026-01-01T00:00:00.000Z","level":"warn","name":"voice","message":"mint failed","data":{"status":429}}
 * ```
 */
export function consoleLogger(options: Partial<LoggerOptions> = {}): Logger {
  return createLogger({ level: 'warn', sink: stderrSink, clock: systemClock(), ...options });
}

function isoTime(wall: number): string {
  const date = new Date(wall);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString();
}
