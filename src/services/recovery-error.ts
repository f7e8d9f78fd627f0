import { type ErrorCode, SessionchartError, type SessionchartErrorOptions } from '../actors/errors.ts';
import type { ErrorEnvelope } from './recovery-types.ts';

/**
 * An operation that failed for good. `code` and `isRetryable` are those of the last failure, whatever was tried in
 * between; `envelope` tells what the operation was for.
 *
 * @example
 * ```ts
 * catch (error) {
 *   if (error instanceof RecoveryError) publish(error.envelope); // { code: 'SESSION_RENEWAL_FAILED', attempts: 4, … }
 * }
 * ```
 */
export class RecoveryError extends SessionchartError {
  readonly envelope: ErrorEnvelope;

  constructor(code: ErrorCode, options: SessionchartErrorOptions, envelope: ErrorEnvelope) {
    super(code, options);
    this.envelope = envelope;
  }
}
