import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSessionchartError } from '../../../src/actors/errors.ts';
import { FRAME_BYTES, framesOf, readWav, resample } from '../../../src/integration/voice/wav.ts';
import { errorFrom } from './support.ts';

interface Shape {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
}

const chunk = (id: string, body: Buffer, claimed = body.length): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(claimed);
  return Buffer.concat([Buffer.from(id, 'latin1'), size, body, Buffer.alloc(body.length % 2)]);
};

const format = ({ tag = 1, channels = 1, rate = 24_000, bits = 16 }: Shape = {}): Buffer => {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt16LE(bits, 14);
  return body;
};

const data = (samples: number[]): Buffer => Buffer.from(Int16Array.from(samples).buffer);

const riff = (...chunks: Buffer[]): Buffer => Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...chunks]);

const wav = (samples: number[], shape: Shape = {}): Buffer =>
  riff(chunk('fmt ', format(shape)), chunk('data', data(samples)));

describe('reading', () => {
  it('[RTS-28] mono is read as it is, at any rate', () => {
    const { sampleRate, samples } = readWav(wav([0, 1, -1, 32_767, -32_768], { rate: 44_100 }));
    expect(sampleRate).toBe(44_100);
    expect([...samples]).toEqual([0, 1, -1, 32_767, -32_768]);
  });

  it('[RTS-28] stereo is averaged', () => {
    expect([...readWav(wav([10, 20, -4, -8, 32_767, 32_767], { channels: 2 })).samples]).toEqual([15, -6, 32_767]);
  });

  it('[RTS-28] unknown chunks, odd ones too, are stepped over, and the extensible form is understood', () => {
    const extensible = Buffer.concat([format({ tag: 0xfffe }), Buffer.from([22, 0, 16, 0, 4, 0, 0, 0, 1, 0])]);
    const file = riff(
      chunk('LIST', Buffer.from('odd')),
      chunk('fmt ', extensible),
      chunk('fact', Buffer.alloc(4)),
      chunk('data', data([7])),
    );
    expect([...readWav(file).samples]).toEqual([7]);
  });

  it('[RTS-28] a view into a larger buffer is read from its own start', () => {
    const file = wav([5, 6]);
    const padded = Buffer.concat([Buffer.alloc(13), file, Buffer.alloc(5)]);
    expect([...readWav(padded.subarray(13, 13 + file.length)).samples]).toEqual([5, 6]);
  });

  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /0 bytes/],
    ['something else', Buffer.from('OggS and so on, long enough'), /does not begin with RIFF/],
    ['another RIFF', Buffer.from('RIFF\0\0\0\0AVI LIST', 'latin1'), /not of type WAVE/],
    ['no format', riff(chunk('data', data([1]))), /data come before the format/],
    ['no data', riff(chunk('fmt ', format())), /no data chunk/],
    ['no chunk at all', riff(), /no format chunk/],
    ['a short format', riff(chunk('fmt ', Buffer.alloc(14))), /14 bytes/],
    [
      'a chunk that is longer than the file',
      riff(chunk('fmt ', format()), chunk('data', data([1]), 4_000_000_000)),
      /claims 4000000000 bytes, 2 are/,
    ],
    ['compressed sound', wav([1], { tag: 0x55 }), /format is 85/],
    ['floating point', wav([1], { tag: 3, bits: 32 }), /format is 3/],
    ['24 bits', wav([1], { bits: 24 }), /24 bits/],
    ['six channels', wav([1], { channels: 6 }), /6 channels/],
    ['no channel', wav([1], { channels: 0 }), /0 channels/],
    ['a rate of zero', wav([1], { rate: 0 }), /0 Hz/],
    ['an absurd rate', wav([1], { rate: 4_000_000_000 }), /4000000000 Hz/],
    ['empty data', wav([]), /no sample/],
  ])('[RTS-29] %s is refused with what is wrong', async (_what, file, reason) => {
    const error = await errorFrom(() => readWav(file));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.details.field).toBe('wav');
    expect(error.message).toMatch(reason);
  });

  it('[RTS-29] no damage to a file leads to another error, or to more samples than it has bytes for', () => {
    const whole = wav(
      Array.from({ length: 40 }, (_, n) => n * 100),
      { channels: 2 },
    );
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const file = Buffer.from(whole.subarray(0, length));
        for (const [at, byte] of changes) if (at < file.length) file[at] = byte;
        try {
          expect(readWav(file).samples.length * 2).toBeLessThanOrEqual(file.length);
        } catch (error) {
          if (!isSessionchartError(error, 'INVALID_CONFIG')) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('frames', () => {
  it('[RTS-30] resampling keeps duration, ends and the straight line between samples', () => {
    expect([...resample(Int16Array.of(0, 100, 200), 12_000, 24_000)]).toEqual([0, 50, 100, 150, 200, 200]);
    expect([...resample(Int16Array.of(0, 50, 100, 150), 48_000, 24_000)]).toEqual([0, 100]);
    for (const rate of [8_000, 16_000, 22_050, 44_100, 48_000]) {
      expect(resample(new Int16Array(rate), rate, 24_000)).toHaveLength(24_000);
    }
  });

  it('[RTS-30] frames hold 20 ms each, the last one filled up with silence', () => {
    const frames = framesOf(wav(Array.from({ length: 481 }, () => -2)));
    expect(frames.map(frame => frame.length)).toEqual([FRAME_BYTES, FRAME_BYTES]);
    const [first, last] = frames.map(frame => new Int16Array(frame.buffer));
    expect(new Set(first)).toEqual(new Set([-2]));
    expect([...(last ?? [])].slice(0, 3)).toEqual([-2, 0, 0]);
  });

  it('[RTS-30] the sample that comes along is speech of 3.7 s in the format of a session', async () => {
    const file = await readFile(new URL('../../../assets/speech.wav', import.meta.url));
    expect(file.length).toBeLessThan(250_000);
    const { sampleRate, samples } = readWav(file);
    expect(sampleRate).toBe(24_000);
    expect(samples.length / sampleRate).toBeCloseTo(3.7, 1);
    expect(Math.max(...samples)).toBeGreaterThan(5_000);
    expect(framesOf(file)).toHaveLength(Math.ceil(samples.length / 480));
  });
});
