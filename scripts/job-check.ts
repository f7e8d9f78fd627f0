// Runs the main job for a while and holds its summary against what it promises. Gaps are printed, not judged: they belong
// to the machine.
import { spawnSync } from 'node:child_process';

const run = spawnSync('npm', ['start', '--silent', '--', '--for', '20s', '--json'], {
  encoding: 'utf8',
  timeout: 120_000,
});
process.stderr.write(run.stderr);
const last = run.stdout.trim().split('\n').at(-1) ?? '';
console.log(last);
const summary = JSON.parse(last) as Record<string, number>;
const { sessions = 0, renewals = 0, framesSent = 0, framesEchoed, framesLost, endedWithReason } = summary;
const faults = Object.entries({
  'the job exits by itself with 0': run.status === 0,
  'at least 3 sessions': sessions >= 3,
  'at least 5 renewals': renewals >= 5,
  'speech was sent': framesSent > 0,
  'every frame came back': framesLost === 0 && framesEchoed === framesSent,
  'a session failed and recovered': summary.failedAndRecovered === 1,
  'every session ended with a reason': endedWithReason === sessions,
  'no timer is left': summary.leftTimers === 0,
  'no socket is left': summary.leftSockets === 0,
}).filter(([, holds]) => !holds);
for (const [promise] of faults) console.error(`main job: not so: ${promise}`);
process.exit(faults.length === 0 ? 0 : 1);
