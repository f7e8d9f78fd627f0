import { SessionchartError } from '../../actors/errors.ts';

/** The audio format of a realtime session (`audio/pcm`): 24 kHz, mono, 16 bit, little-endian. */
const FRAME_RATE_HZ = 24_000;

/** What one frame holds, ms; the usual packet of voice codecs. */
export const FRAME_MS = 20;

/** Bytes of one frame: 480 samples. */
export const FRAME_BYTES = (FRAME_RATE_HZ * FRAME_MS * 2) / 1000;

/** Format tags (mmreg.h). The extensible form carries the real tag at the start of its sub-format. */
const FORMAT_PCM = 1;
const FORMAT_EXTENSIBLE = 0xfffe;

/** Chunk header: four letters and a length. */
const HEADER_BYTES = 8;

/** Rates outside this are not audio for people but a damaged header. */
const RATE_HZ = { min: 1_000, max: 384_000 };

/** Sound with one value per sample. */
export interface Sound {
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

interface Format {
  readonly channels: number;
  readonly sampleRate: number;
}

/**
 * Reads a WAV file: 16-bit PCM, one or two channels (two are averaged), any rate from 1 kHz to 384 kHz.
 *
 * Unknown chunks are stepped over. Throws `INVALID_CONFIG` that says what is wrong with the file; lengths in it are never
 * trusted beyond the bytes that are there.
 *
 * @example
 * ```ts
 * const { sampleRate, samples } = readWav(await readFile('speech.wav'));
 * ```
 */
export function readWav(bytes: Uint8Array): Sound {
  const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.byteLength < 12) throw damaged(`it has ${file.byteLength} bytes, less than the 12 of a RIFF header`);
  if (letters(file, 0) !== 'RIFF') throw damaged('it does not begin with RIFF');
  if (letters(file, 8) !== 'WAVE') throw damaged('it is a RIFF file, but not of type WAVE');
  let format: Format | undefined;
  let at = 12;
  while (at + HEADER_BYTES <= file.byteLength) {
    const id = letters(file, at);
    const size = file.getUint32(at + 4, true);
    const start = at + HEADER_BYTES;
    const available = file.byteLength - start;
    if (size > available) throw damaged(`chunk ${shown(id)} claims ${size} bytes, ${available} are there`);
    if (id === 'fmt ') format = readFormat(new DataView(file.buffer, file.byteOffset + start, size));
    if (id === 'data') {
      if (format === undefined) throw damaged('the data come before the format');
      return { sampleRate: format.sampleRate, samples: readSamples(file, start, size, format.channels) };
    }
    at = start + size + (size % 2); // chunks begin at even offsets
  }
  throw damaged(format === undefined ? 'it has no format chunk' : 'it has no data chunk');
}

/**
 * The sound of a WAV file as frames of 20 ms for a realtime session: 960 bytes each, 24 kHz mono. The last one is
 * filled up with silence.
 */
export function framesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const sound = readWav(bytes);
  const samples = resample(sound.samples, sound.sampleRate, FRAME_RATE_HZ);
  const perFrame = FRAME_BYTES / 2;
  const frames: Uint8Array[] = [];
  for (let first = 0; first < samples.length; first += perFrame) {
    const frame = new Uint8Array(FRAME_BYTES);
    const view = new DataView(frame.buffer);
    for (const [index, sample] of samples.subarray(first, first + perFrame).entries()) {
      view.setInt16(index * 2, sample, true);
    }
    frames.push(frame);
  }
  return frames;
}

/** Resamples by drawing a line between neighbours. Good enough for speech; it does not filter what folds back. */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (fromHz === toHz) return samples;
  const out = new Int16Array(Math.round((samples.length * toHz) / fromHz));
  for (let index = 0; index < out.length; index += 1) {
    const position = (index * fromHz) / toHz;
    const left = Math.min(Math.floor(position), samples.length - 1);
    const here = samples[left] ?? 0;
    const next = samples[left + 1] ?? here;
    out[index] = Math.round(here + (next - here) * (position - left));
  }
  return out;
}

function readFormat(chunk: DataView): Format {
  if (chunk.byteLength < 16) throw damaged(`its format chunk has ${chunk.byteLength} bytes, less than 16`);
  const tag = chunk.getUint16(0, true);
  const real = tag === FORMAT_EXTENSIBLE && chunk.byteLength >= 26 ? chunk.getUint16(24, true) : tag;
  const channels = chunk.getUint16(2, true);
  const sampleRate = chunk.getUint32(4, true);
  const bits = chunk.getUint16(14, true);
  if (real !== FORMAT_PCM) throw damaged(`its format is ${real}; only PCM (1) can be read`);
  if (channels !== 1 && channels !== 2) throw damaged(`it has ${channels} channels; 1 or 2 can be read`);
  if (bits !== 16) throw damaged(`it has ${bits} bits per sample; only 16 can be read`);
  if (sampleRate < RATE_HZ.min || sampleRate > RATE_HZ.max) {
    throw damaged(`its rate is ${sampleRate} Hz; ${RATE_HZ.min} to ${RATE_HZ.max} can be read`);
  }
  return { channels, sampleRate };
}

function readSamples(file: DataView, start: number, size: number, channels: number): Int16Array {
  const step = channels * 2;
  const count = Math.floor(size / step);
  if (count === 0) throw damaged('its data chunk holds no sample');
  const samples = new Int16Array(count);
  for (let index = 0; index < count; index += 1) {
    const left = file.getInt16(start + index * step, true);
    samples[index] = channels === 1 ? left : Math.round((left + file.getInt16(start + index * step + 2, true)) / 2);
  }
  return samples;
}

const letters = (file: DataView, at: number): string =>
  String.fromCharCode(file.getUint8(at), file.getUint8(at + 1), file.getUint8(at + 2), file.getUint8(at + 3));

/** A name of a chunk as an error may show it. */
const shown = (id: string): string => (/^[\w ]{4}$/.test(id) ? `"${id}"` : 'of unreadable name');

function damaged(what: string): SessionchartError {
  return new SessionchartError('INVALID_CONFIG', {
    message: `The WAV file cannot be used: ${what}.`,
    field: 'wav',
    allowed: '16-bit PCM, mono or stereo',
  });
}
