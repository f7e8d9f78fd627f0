import { SeededRandom } from '../../../src/integration/testing/random.ts';
import type { Crew, Outcome } from '../explore/host-model.ts';
import { INVARIANTS, REAL, type Scene, type Setting, settingOf } from '../explore/scenes.ts';
import { runs } from '../explore/watch.ts';
import { difference } from './difference.ts';
import { idOf, RealCrew } from './real-crew.ts';
import { type Step, stepsOf } from './steps.ts';

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
    const broken = outcomes.flatMap(({ violations }) =>
      violations.map(({ invariant, what }) => `${invariant}: ${what}`),
    );
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
    if (moment === undefined || !runs(moment.world, 'release') || real.outside.isReleasing(idOf(index))) return before;
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
