import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isSessionchartError, SessionchartError } from '../../actors/errors.ts';
import { notAllowed } from '../../services/config-field.ts';
import { createLogger, stderrSink } from '../../services/logger.ts';
import { systemClock } from '../../services/system-clock.ts';
import { Redraw } from '../terminal/redraw.ts';
import { voiceBackend } from './backend.ts';
import { parseDuration } from './duration.ts';
import { jobInspector, parsePort } from './job-inspector.ts';
import { leftBehind } from './residue.ts';
import { renderTable } from './table.ts';
import { VoiceJob, type VoiceSummary } from './voice-job.ts';
import { framesOf } from './wav.ts';

const HELP = `Usage: npm start -- [options] [speech.wav]

Starts voice sessions and keeps them alive while speech goes over them: keys are renewed under it, one session is
paused and resumed, one goes idle, one fails and recovers. Uses a local realtime service unless AZURE_OPENAI_* or
OPENAI_API_KEY point at a real one. Ctrl-C ends all sessions, then the program.

Options:
  --for <time>   run so long and end, for example 500ms, 20s, 2m; without it until Ctrl-C
  --json         print nothing but one JSON object, at the end
  --port <n>     where the inspector listens, 0 for any free port; without it 4747, or any free one if that is taken
  --verbose      log to stderr
  --help         this text
`;

const SAMPLE = resolve(import.meta.dirname, '../../../assets/speech.wav');

/** How often the table is drawn, ms: on a terminal in place, elsewhere one below the other. */
const REDRAW_MS = 250;
const REPRINT_MS = 5_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      for: { type: 'string' },
      json: { type: 'boolean', default: false },
      port: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (positionals.length > 1) throw notAllowed('speech.wav', positionals, 'one file');
  const durationMs = values.for === undefined ? undefined : parseDuration('--for', values.for);
  const port = values.port === undefined ? undefined : parsePort('--port', values.port);
  const frames = framesOf(await readSpeech(positionals[0] ?? SAMPLE));
  // The one timer of the process: it keeps it alive as long as something is under way.
  const clock = systemClock({ keepAlive: true });
  const logger = createLogger({ level: values.verbose ? 'debug' : 'silent', sink: stderrSink });
  const inspector = await jobInspector(port, clock, logger);
  const backend = await voiceBackend(process.env, clock, logger);
  const stop = new AbortController();
  // Stays registered: a terminal and npm both pass on one Ctrl-C, and the second must not cut the drain short.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const job = new VoiceJob({
    backend,
    clock,
    logger,
    frames,
    signal: stop.signal,
    inspector,
    ...(durationMs === undefined ? {} : { durationMs }),
  });

  const screen = new Redraw(process.stdout);
  let drawing: unknown;
  const draw = (): void => {
    const table = renderTable(job.rows(), { color: process.stdout.isTTY === true });
    const service = `voice goes to the ${backend.name} service at ${backend.url} — Ctrl-C ends all sessions`;
    screen.draw(`${table}\n\n${service}\nwatch them at ${inspector.url}\n`);
    drawing = clock.setTimeout(draw, process.stdout.isTTY ? REDRAW_MS : REPRINT_MS);
  };
  if (!values.json) draw();
  const summary = await job.run().finally(async () => {
    clock.clearTimeout(drawing);
    await inspector.close();
  });
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
  const { timers, sockets } = await leftBehind(clock);
  const result = { ...summary, leftTimers: timers, leftSockets: sockets };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `\n${summaryOf(result)}\n`);
}

function summaryOf(result: VoiceSummary & { readonly leftTimers: number; readonly leftSockets: number }): string {
  const { sessions, renewals, failedAndRecovered, framesSent, framesEchoed, framesLost, reasons } = result;
  const ends = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  return [
    `${sessions} sessions, ended: ${ends.join(', ')}; ${failedAndRecovered} failed and recovered; ${renewals} renewals`,
    `${framesSent} frames sent, ${framesEchoed} echoed${framesLost === null ? '' : `, ${framesLost} lost`}`,
    `longest gap ${ms(result.longestGapDuringRenewalMs)} during a renewal, ${ms(result.longestGapOutsideRenewalMs)} outside`,
    `left behind: ${result.leftTimers} timers, ${result.leftSockets} sockets`,
  ].join('\n');
}

/** An error with its causes, and the remedy of the innermost. */
function told(error: SessionchartError): string {
  const line = `${error.code}: ${error.message}`;
  return isSessionchartError(error.cause)
    ? `${line}\n  because of ${told(error.cause)}`
    : `${line}\n  ${error.remediation}`;
}

const ms = (value: number): string => `${Math.round(value)} ms`;

async function readSpeech(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SessionchartError('INVALID_CONFIG', {
      message: `The speech file ${path} cannot be read.`,
      field: 'speech.wav',
      allowed: 'the path of a WAV file',
      cause,
    });
  }
}

main().catch((error: unknown) => {
  const usage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (isSessionchartError(error)) process.stderr.write(`${told(error)}\n`);
  else process.stderr.write(`${usage ? `${error.message}\n\n${HELP}` : (error as Error).stack}\n`);
  process.exitCode = usage ? 2 : 1;
});
