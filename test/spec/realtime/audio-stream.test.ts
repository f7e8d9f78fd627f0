import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createRealtimeService, openRealtimeConnection } from '../../../src/integration/realtime/index.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import type { AudioLeg } from '../../../src/integration/voice/audio-leg.ts';
import { AudioStream } from '../../../src/integration/voice/audio-stream.ts';
import { framesOf } from '../../../src/integration/voice/wav.ts';
import { errorFrom } from './support.ts';

const FRAMES = Array.from({ length: 7 }, (_, n) => new Uint8Array(960).fill(n + 1));

/** A connection that gives back what it is given after `latencyMs`, unless told to lose it. */
class Line {
  isOpen = true;
  losing = false;
  latencyMs: number;
  readonly sentAt: number[] = [];
  readonly #clock: VirtualClock;
  readonly #leg: AudioLeg;

  constructor(clock: VirtualClock, leg: AudioLeg, latencyMs = 5) {
    this.#clock = clock;
    this.#leg = leg;
    this.latencyMs = latencyMs;
  }

  appendAudio(frame: Uint8Array): void {
    this.sentAt.push(this.#clock.now());
    if (!this.losing) this.#clock.setTimeout(() => this.#leg.onAudio(frame), this.latencyMs);
  }

  drop(): void {
    this.isOpen = false;
    this.#leg.onClose();
  }
}

function streamOnLine(latencyMs?: number, drainMs?: number) {
  const clock = new VirtualClock(0);
  const stream = new AudioStream({ clock, frames: FRAMES, ...(drainMs === undefined ? {} : { drainMs }) });
  const takeOver = (): Line => {
    const leg = stream.newLeg();
    const line = new Line(clock, leg, latencyMs);
    stream.switchTo(leg, line);
    return line;
  };
  return { clock, stream, takeOver, line: takeOver() };
}

/** Stops the stream and lets the time pass that it waits for echoes. */
async function finish(stream: AudioStream, clock: VirtualClock): Promise<void> {
  const stopped = stream.stop();
  await clock.advance(1_000);
  await stopped;
  expect(clock.pending).toBe(0);
}

describe('pace', () => {
  it('[RTS-31] a frame goes every 20 ms, the first one at once', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    await clock.advance(100);
    expect(line.sentAt).toEqual([0, 20, 40, 60, 80, 100]);
    await finish(stream, clock);
  });

  it('[RTS-31] late timers do not add up: what was missed is sent at once and the pace stays', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    await clock.advance(20);
    await clock.sleep(70);
    await clock.advance(30);
    expect(line.sentAt).toEqual([0, 20, 90, 90, 90, 100, 120]);
    await finish(stream, clock);
  });

  it('[RTS-31] of a long stop only the last second is made up for; the rest is counted as skipped', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    await clock.sleep(10_000);
    expect(line.sentAt).toHaveLength(1 + 50);
    expect(stream.stats().framesSkipped).toBe(450);
    await finish(stream, clock);
  });
});

describe('matching', () => {
  it('[RTS-32] all that is sent comes back', async () => {
    const { clock, stream } = streamOnLine();
    stream.start();
    await clock.advance(1_010);
    expect(await stream.stop()).toEqual({
      framesSent: 51,
      framesEchoed: 51,
      framesLost: 0,
      framesUnsent: 0,
      framesSkipped: 0,
      framesUnexpected: 0,
      framesOutstanding: 0,
      longestGapMs: 20,
      longestGapDuringRenewalMs: 0,
      longestGapOutsideRenewalMs: 20,
    });
    expect(clock.pending).toBe(0);
  });

  it('[RTS-32] an echo that skips frames makes those lost, one of nothing that was sent is unexpected', async () => {
    const { clock, stream, takeOver } = streamOnLine();
    const line = takeOver();
    stream.start();
    await clock.advance(19);
    line.losing = true;
    await clock.advance(40);
    line.losing = false;
    await clock.advance(40);
    expect(stream.stats()).toMatchObject({ framesSent: 5, framesEchoed: 3, framesLost: 2 });
    stream.newLeg().onAudio(new Uint8Array(960));
    expect(stream.stats().framesUnexpected).toBe(1);
    await finish(stream, clock);
  });

  it('[RTS-32] frames that are due without a connection are unsent; what a dead connection held is lost', async () => {
    const { clock, stream, line, takeOver } = streamOnLine(50);
    stream.start();
    await clock.advance(90);
    expect(stream.stats()).toMatchObject({ framesSent: 5, framesEchoed: 3, framesOutstanding: 2 });
    line.drop();
    await clock.advance(40);
    expect(stream.stats()).toMatchObject({ framesSent: 5, framesLost: 2, framesUnsent: 2 });
    takeOver();
    await clock.advance(110);
    expect(stream.stats()).toMatchObject({ framesUnsent: 2, framesLost: 2, framesEchoed: 6 });
    await finish(stream, clock);
  });

  it('[RTS-32] the old connection still delivers its echoes after the next one took over', async () => {
    const { clock, stream, takeOver } = streamOnLine(50);
    stream.start();
    await clock.advance(90);
    takeOver();
    await clock.advance(1_000);
    const stats = stream.stop();
    await clock.advance(50);
    expect(await stats).toMatchObject({ framesLost: 0, framesUnexpected: 0, longestGapMs: 50 });
  });
});

describe('gaps', () => {
  it('[RTS-33] a gap that a renewal touches counts as during renewal, every other one as outside', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    await clock.advance(99);
    line.losing = true; // outside: from 85 to 165
    await clock.advance(60);
    line.losing = false;
    await clock.advance(100);
    stream.markRenewal(true);
    line.losing = true;
    await clock.advance(40);
    stream.markRenewal(false);
    line.losing = false;
    await clock.advance(100);
    expect(stream.stats()).toMatchObject({
      longestGapMs: 80,
      longestGapOutsideRenewalMs: 80,
      longestGapDuringRenewalMs: 60,
    });
    await finish(stream, clock);
  });

  it('[RTS-33] a renewal that began before the gap and ended within it still counts', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    stream.markRenewal(true);
    await clock.advance(30);
    stream.markRenewal(false);
    line.losing = true;
    await clock.advance(200);
    line.losing = false;
    await clock.advance(40);
    const { longestGapDuringRenewalMs, longestGapOutsideRenewalMs } = stream.stats();
    expect(longestGapDuringRenewalMs).toBe(220);
    expect(longestGapOutsideRenewalMs).toBe(20);
    await finish(stream, clock);
  });

  it('[RTS-33] a gap that is still open is in the figures', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    await clock.advance(10);
    line.drop();
    await clock.advance(995);
    expect(stream.stats().longestGapMs).toBe(1_000);
    await finish(stream, clock);
  });

  it('[RTS-34] deliberate silence is no gap, and what was under way at its start still counts', async () => {
    const { clock, stream } = streamOnLine(50);
    stream.start();
    await clock.advance(10);
    stream.pause();
    await clock.advance(60_000);
    expect(stream.stats()).toMatchObject({ framesSent: 1, framesEchoed: 1, longestGapMs: 50 });
    stream.resume();
    await clock.advance(100);
    expect(stream.stats()).toMatchObject({ framesSent: 7, framesUnsent: 0, longestGapMs: 50 });
    const stopped = stream.stop();
    await clock.advance(50);
    await stopped;
  });

  it('[RTS-34] frames that never came back do not make the silence a gap', async () => {
    const { clock, stream, line } = streamOnLine();
    stream.start();
    await clock.advance(19);
    line.losing = true;
    await clock.advance(10);
    stream.pause();
    await clock.advance(60_000);
    expect(stream.stats()).toMatchObject({ framesOutstanding: 1, longestGapMs: 24 });
    line.losing = false;
    stream.resume();
    await clock.advance(100);
    expect(stream.stats()).toMatchObject({ framesLost: 1, longestGapMs: 24 });
    await finish(stream, clock);
  });

  it('[RTS-35] stop() sends nothing more and waits for echoes, at most drainMs', async () => {
    const { clock, stream, line } = streamOnLine(5, 300);
    stream.start();
    await clock.advance(19);
    line.losing = true;
    await clock.advance(1);
    let stopped = false;
    const stats = stream.stop().finally(() => {
      stopped = true;
    });
    await clock.advance(299);
    expect(stopped).toBe(false);
    await clock.advance(1);
    expect(await stats).toMatchObject({ framesSent: 2, framesEchoed: 1, framesLost: 1, framesOutstanding: 0 });
    expect(await stream.stop()).toEqual(await stats);
    expect(clock.pending).toBe(0);
  });

  it('[RTS-35] a stream without frames, or with a negative patience, is refused', async () => {
    const clock = new VirtualClock();
    expect((await errorFrom(() => new AudioStream({ clock, frames: [] }))).details.field).toBe('frames');
    const negative = await errorFrom(() => new AudioStream({ clock, frames: FRAMES, drainMs: -1 }));
    expect(negative.details.field).toBe('drainMs');
  });
});

it('[RTS-32] real speech over the real service comes back whole', async () => {
  const clock = new VirtualClock();
  await using service = await createRealtimeService({ clock });
  const frames = framesOf(await readFile(new URL('../../../assets/speech.wav', import.meta.url)));
  const stream = new AudioStream({ clock, frames });
  const leg = stream.newLeg();
  let echoes = 0;
  let wake = (): void => {};
  const connection = await openRealtimeConnection({
    url: service.wsUrl,
    model: 'gpt-realtime',
    credential: service.apiKey,
    clock,
    onClose: leg.onClose,
    onAudio: audio => {
      leg.onAudio(audio);
      echoes += 1;
      wake();
    },
  });
  stream.switchTo(leg, connection);
  stream.start();
  for (let sent = 1; sent < frames.length + 10; sent += 1) {
    while (echoes < sent) {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    await clock.advance(20);
  }
  const stats = await stream.stop();
  expect(stats).toMatchObject({ framesLost: 0, framesUnexpected: 0, framesUnsent: 0, longestGapMs: 20 });
  expect(stats.framesEchoed).toBe(stats.framesSent);
  await connection.close();
});
