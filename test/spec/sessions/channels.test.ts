import { describe, expect, it } from 'vitest';
import type { Clock, SessionDriver } from '../../../src/actors/ports.ts';
import { managed, rejectionOf, SECOND } from '../../support/managed.ts';

/** A driver that knows its channels by the attempts that opened them. */
class Channels implements SessionDriver {
  readonly channels = new Set<number>();
  readonly closed: (number | undefined)[] = [];
  clock: Clock | undefined;
  /** How long the next ones take, ms. */
  readonly delays: number[] = [];
  answer: () => unknown = () => undefined;

  async open({ attempt }: { readonly attempt: number }): Promise<{ expiresAt?: Date | number } | undefined> {
    const delay = this.delays.shift() ?? 0;
    if (delay > 0) await new Promise<void>(resolve => this.clock?.setTimeout(resolve, delay));
    this.channels.add(attempt);
    return this.answer() as undefined;
  }

  async close({ attempt }: { readonly attempt: number | undefined }): Promise<void> {
    this.closed.push(attempt);
    if (attempt === undefined) this.channels.clear();
    else this.channels.delete(attempt);
  }
}

describe('channels', () => {
  it('[SES-15] a channel that opens after its attempt was given up is closed by its attempt; the live one stays', async () => {
    const driver = new Channels();
    const t = await managed({ driver });
    driver.clock = t.clock;
    driver.delays.push(12.5 * SECOND);
    const start = t.manager.startSession();
    await t.clock.advance(12 * SECOND);
    const { sessionId } = await start;
    const [live] = driver.channels;
    expect([...driver.channels]).toHaveLength(1);
    await t.clock.advance(SECOND);
    expect([...driver.channels]).toEqual([live]);
    expect(driver.closed).toEqual([(live ?? 0) - 1]);
    expect(t.manager.isSessionActive(sessionId)).toBe(true);
    await Promise.all([t.manager.endSession(sessionId), t.settle()]);
    expect([...driver.channels]).toEqual([]);
    await t.close();
  });

  const NO_TIMES = [Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), 'soon', { valueOf: () => 5 }, null];
  it.each(NO_TIMES)(
    '[SES-16] an expiry from open that is no time is refused, and the channel closed: %s',
    async time => {
      const driver = new Channels();
      driver.answer = () => ({ expiresAt: time });
      const t = await managed({ driver });
      const failure = rejectionOf(t.manager.startSession());
      await t.clock.advance(5 * SECOND);
      expect(await failure).toMatchObject({ code: 'SESSION_START_FAILED', cause: { code: 'INVALID_PROVIDER_ANSWER' } });
      expect(driver.closed[0]).toBe(2);
      expect([...driver.channels]).toEqual([]);
      expect(t.provider.outstanding).toEqual([]);
      await t.close();
    },
  );
  // Fails as long as the name of the field is lost on its way from the driver to the caller.
  it('[SES-16] and the error names the field', async () => {
    const driver = new Channels();
    driver.answer = () => ({ expiresAt: 'soon' });
    const t = await managed({ driver });
    const failure = rejectionOf(t.manager.startSession());
    await t.clock.advance(5 * SECOND);
    await t.close();
    expect(await failure).toMatchObject({ cause: { details: { field: 'expiresAt' } } });
  });
});
