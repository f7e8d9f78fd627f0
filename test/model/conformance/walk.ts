import { isDeepStrictEqual } from 'node:util';
import { SeededRandom } from '../../../src/integration/testing/random.ts';
import { DEFAULT_SESSION_CONFIG } from '../../../src/services/session-config.ts';
import type { Crew, Outcome } from '../explore/host-model.ts';
import { INVARIANTS, REAL, type Scene, type Setting, settingOf } from '../explore/scenes.ts';
import { contextOf, runs } from '../explore/watch.ts';
import { difference } from './difference.ts';
import { idOf, type Port, RealCrew } from './real-crew.ts';

/** What is done to both at once: told to the model under `happening`, done to the host by `act`. */
interface Step {
  readonly name: string;
  readonly weight: number;
  /** The session that it happens to; none for the coordinator. */
  readonly session?: number;
  /** What it is called in the model, if it is to notice anything. */
  readonly happening?: string;
  readonly act: (real: RealCrew) => void;
}

export interface Walked {
  readonly steps: readonly string[];
  /** What model and host say differently, after the last of the steps. */
  readonly mismatch: string | undefined;
}

/** The model of a scene, with its moments as they come. Walks of the same scene share it: what one has seen the next one looks up. */
export const exactly = (scene: Scene): Setting => settingOf(scene, REAL, INVARIANTS, true);

/** Walks model and host side by side, at random, until they differ or `length` steps are done. */
export async function walk(scene: Scene, { model, commands }: Setting, seed: number, length: number): Promise<Walked> {
  const random = new SeededRandom(seed);
  const real = new RealCrew(scene);
  await real.begin();
  let crews: readonly Crew[] = [model.begin(scene.sessions)];
  const steps: string[] = [];
  for (let i = 0; i < length; i++) {
    const crew = crews[0] as Crew;
    const isOver = crew.members.every(id => model.member(id).phase === 'gone');
    if (isOver || real.coordinator.value === 'stopped') break;
    const step = chosen(random, [...stepsOf(scene, crew, model, real)]);
    if (step === undefined) break;
    steps.push(step.name);
    step.act(real);
    await real.settle();
    const now = real.clock.now();
    const outcomes = crews.flatMap((before): readonly Outcome[] => {
      const at = model.at(before, now);
      const { session, happening } = step;
      if (happening === undefined) return [{ crew: at, violations: [] }];
      const stimulus = commands.get(happening);
      const found =
        session !== undefined
          ? model.happen(at, session, happening)
          : stimulus === undefined
            ? []
            : model.command(at, happening, stimulus);
      return found.length === 0 ? [{ crew: at, violations: [] }] : found;
    });
    const broken = outcomes.flatMap(({ violations }) => violations.map(({ invariant, what }) => `${invariant}: ${what}`));
    const next = outcomes.map(outcome => released(outcome.crew, model, real));
    const differences = next.map(candidate => difference(model, candidate, real));
    crews = next.filter((_, index) => differences[index] === undefined);
    const mismatch = crews.length === 0 ? differences[0] : broken[0];
    if (mismatch !== undefined) return { steps, mismatch };
  }
  return { steps, mismatch: await residue(real, steps) };
}

/** A session that has nothing to give back is through with that at once. */
function released(crew: Crew, model: Setting['model'], real: RealCrew): Crew {
  return crew.members.reduce((before, id, index) => {
    const { moment } = model.member(id);
    if (moment === undefined || !runs(moment.world, 'release') || real.isReleasing(idOf(index))) return before;
    return model.happen(before, index, 'release ok')[0]?.crew ?? before;
  }, crew);
}

/** Ends all, and tells what is left. */
async function residue(real: RealCrew, steps: string[]): Promise<string | undefined> {
  steps.push('all is ended');
  real.manager.dispose();
  await real.settle();
  while (real.clock.step()) await real.settle();
  const { held } = real.manager.getCredentialCounts();
  return held === 0 && real.manager.getAllSessions().length === 0 ? undefined : 'sessions or credentials are left';
}

function chosen(random: SeededRandom, steps: readonly Step[]): Step | undefined {
  let left = random.unit() * steps.reduce((sum, { weight }) => sum + weight, 0);
  return steps.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}

function* stepsOf(scene: Scene, crew: Crew, model: Setting['model'], real: RealCrew): Generator<Step> {
  const isOpen = real.coordinator.value === 'accepting';
  for (const [index] of crew.members.entries()) {
    const member = model.member(crew.members[index] as number);
    const sessionId = idOf(index);
    const of = (weight: number, happening: string, act: Step['act'], name = happening): Step => ({
      name: `${index + 1}: ${name}`,
      weight,
      session: index,
      happening,
      act,
    });
    if (member.phase === 'absent') {
      yield of(4, 'start', crew => crew.start(sessionId));
      continue;
    }
    const { moment, phase } = member;
    if (isOpen) {
      yield of(phase === 'gone' ? 0.1 : 1, 'end', crew => crew.call(manager => manager.endSession(sessionId)));
      if (phase === 'gone') continue;
      yield of(2, 'renew', crew => crew.renew(sessionId));
      yield of(1, 'pause', crew => crew.call(manager => manager.pauseSession(sessionId)));
      const isPaused = moment !== undefined && contextOf(moment.world).pausedAt !== null;
      yield of(isPaused ? 3 : 0.3, 'resume', crew => crew.call(manager => manager.resumeSession(sessionId)));
      yield of(1, 'activity', crew => crew.call(manager => manager.resetInactivityTimer(sessionId)));
      yield of(1, 'connected', crew => crew.manager.reportTransport(sessionId, { state: 'connected' }));
      if (moment !== undefined && contextOf(moment.world).capAt === null) {
        yield of(0.5, 'capped', crew => {
          crew.manager.reportTransport(sessionId, { state: 'connected', expiresAt: crew.clock.wall() + 20_000 });
        });
      }
      if (moment !== undefined) {
        const usual = { ...DEFAULT_SESSION_CONFIG, ...scene.config };
        const other = { ...usual, ...scene.other };
        const next = isDeepStrictEqual({ ...contextOf(moment.world).config }, other) ? usual : other;
        yield of(0.5, 'configure', crew => crew.configure(sessionId, next));
      }
    }
    if (moment === undefined) continue;
    yield of(1, 'refused', crew => crew.refuse(sessionId));
    if (member.crashes < scene.crashes) yield of(0.7, 'crash', crew => crew.crash(sessionId));
    const answer = (weight: number, happening: string, port: Port, outcome: Parameters<RealCrew['answer']>[2]): Step =>
      of(weight, happening, crew => crew.answer(sessionId, port, outcome));
    const transient = { error: real.failure('NETWORK_ERROR') };
    const fatal = { error: real.failure('INVALID_CREDENTIALS') };
    if (runs(moment.world, 'acquire')) {
      yield answer(8, 'mint ok', 'acquire', { value: real.credential(scene.lifeMs) });
      yield answer(2, 'mint fails', 'acquire', transient);
      yield answer(1, 'mint refused', 'acquire', fatal);
      yield answer(0.5, 'mint busy', 'acquire', { error: real.failure('RATE_LIMITED', 3_000) });
    }
    if (runs(moment.world, 'open')) {
      yield answer(8, 'open ok', 'open', { value: undefined });
      yield answer(0.5, 'open capped', 'open', { value: { expiresAt: real.clock.wall() + 20_000 } });
      yield answer(1, 'open fails', 'open', transient);
      yield answer(1, 'open refused', 'open', fatal);
    }
    if (runs(moment.world, 'probe')) {
      yield answer(2, 'probe ok', 'probe', { value: undefined });
      yield answer(1, 'probe fails', 'probe', transient);
    }
    for (const step of ['notify', 'purge'] as const) {
      if (!runs(moment.world, step)) continue;
      yield answer(3, `${step} ok`, step, { value: [] });
      yield answer(1, `${step} fails`, step, { error: new Error('thrown') });
    }
    if (runs(moment.world, 'release')) yield of(3, 'release ok', crew => crew.release(sessionId));
  }
  if (real.isLate) yield { name: 'late answers', weight: 1, act: crew => crew.answerLate() };
  const due = real.clock.nextDueAt;
  for (const ms of [400, 3_000, 9_000]) {
    if (due !== undefined && due <= real.clock.now() + ms) continue;
    yield { name: `wait ${ms}`, weight: 0.7, act: crew => crew.clock.advanceSync(ms) };
  }
  if (due !== undefined) {
    const owner = real.clock.next?.owner;
    const happening = owner === 'coordinator' ? 'drain deadline' : 'timer';
    const index = owner === undefined || owner === 'coordinator' ? undefined : Number(owner.slice(1)) - 1;
    yield {
      name: `${owner}: ${happening}`,
      weight: 4,
      happening,
      ...(index === undefined ? {} : { session: index }),
      act: crew => void crew.clock.step(),
    };
  }
  if (!isOpen) return;
  yield { name: 'coordinator: drain', weight: 0.25, happening: 'drain', act: crew => crew.manager.dispose() };
  if (scene.otherLimit === undefined) return;
  for (const limit of [scene.limit, scene.otherLimit]) {
    yield {
      name: `coordinator: limit ${limit}`,
      weight: 0.6,
      happening: `limit ${limit}`,
      act: crew => crew.setLimit(limit),
    };
  }
}
