import { expect, it } from 'vitest';
import { SeededRandom } from '../../src/integration/testing/random.ts';
import { CANONICAL_NOW, canonical, keyOf, type Moment } from './explore/canonical.ts';
import { EXTRAS } from './explore/happenings.ts';
import type { Crew, Outcome } from './explore/host-model.ts';
import type { Member } from './explore/member.ts';
import { sceneOf } from './explore/retrace.ts';
import { blindnessOf, INVARIANTS, KINDS, REAL, SCENES, type Scene, type Setting, settingOf } from './explore/scenes.ts';
import { contextOf } from './explore/watch.ts';

const WALKS = 30;
const LENGTH = 60;

/** What ends a walk early, or only repeats what was there, comes up less often. */
const RARE: Readonly<Record<string, number>> = { end: 0.05, crash: 0.1, 'mint refused': 0.1, 'open refused': 0.1 };

interface Side {
  readonly setting: Setting;
  crew: Crew;
}

/**
 * Walks a session twice with the same happenings, once with its moments as they come and once with each taken to its
 * canonical form, and says where the two differ.
 */
function walk(scene: Scene, exact: Setting, canon: Setting, seed: number): string | undefined {
  const random = new SeededRandom(seed);
  const raw: Side = { setting: exact, crew: exact.model.begin(1) };
  const short: Side = { setting: canon, crew: canon.model.begin(1) };
  const steps: string[] = [];
  const names = exact.happenings as readonly [string, ...string[]];
  for (let tries = 0; steps.length < LENGTH && tries < 20 * LENGTH && memberOf(raw).phase !== 'gone'; tries++) {
    const name = random.pick(names);
    if (!random.chance(RARE[name] ?? 1)) continue;
    const one = happen(raw, name);
    const other = happen(short, name);
    if (one === undefined && other === undefined) continue;
    steps.push(name);
    const told = differing(scene, one, other, raw, short);
    if (told !== undefined) return `seed ${seed}: ${steps.join(', ')}\n${told}`;
  }
  return undefined;
}

function happen(side: Side, name: string): Outcome | undefined {
  const [outcome] = side.setting.model.happen(side.crew, 0, name);
  if (outcome !== undefined) side.crew = outcome.crew;
  return outcome;
}

const memberOf = ({ setting, crew }: Side): Member => setting.model.member(crew.members[0] as number);

/** What the two sides say differently, part by part. */
function differing(
  scene: Scene,
  one: Outcome | undefined,
  other: Outcome | undefined,
  raw: Side,
  short: Side,
): string | undefined {
  const { moment, ...rest } = memberOf(raw);
  const { moment: canonicalMoment, ...canonicalRest } = memberOf(short);
  const exactly = [rest, one?.violations ?? [], keyIn(moment && canonical(moment, blindnessOf(scene)))];
  const shortly = [canonicalRest, other?.violations ?? [], keyIn(canonicalMoment)];
  const parts = partsOf(exactly);
  const others = new Map(partsOf(shortly));
  const told = parts
    .filter(([path, value]) => others.get(path) !== value)
    .map(([path, value]) => `${path} is ${value}, canonical ${others.get(path)}`);
  if (told.length === 0 && parts.length === others.size) return undefined;
  return told.length > 0 ? told.join('\n') : 'the canonical form has more parts';
}

const keyIn = (moment: Moment | undefined): unknown => (moment === undefined ? null : JSON.parse(keyOf(moment)));

/** Every value in a tree of plain data, by its path. */
function partsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, JSON.stringify(value) ?? 'undefined']];
  return Object.entries(value).flatMap(([key, part]) => partsOf(part, `${path}/${key}`));
}

/** The scenes of the explorer, and for each kind one in which everything happens close together. */
const WORLDS: readonly Scene[] = [
  ...SCENES,
  ...Object.keys(KINDS).map(
    (kind): Scene => ({
      ...sceneOf('clocks'),
      name: `${kind}, with everything`,
      kind,
      crashes: 2,
      config: { ...sceneOf('clocks').config, maxRetryAttempts: 8, retryBackoffMs: 5_000 },
      extras: EXTRAS,
      waitsMs: [400, 9_000],
    }),
  ),
];

it.each(WORLDS.map(({ name }) => name))('[MOD-9] a session and its canonical form have the same future: %s', name => {
  const scene = WORLDS.find(one => one.name === name) as Scene;
  const exact = settingOf(scene, REAL, INVARIANTS, true);
  const canon = settingOf(scene);
  for (let seed = 1; seed <= WALKS; seed++) expect(walk(scene, exact, canon, seed)).toBeUndefined();
});

it('[MOD-9] a credential that has run out is told from one that runs out now', () => {
  const scene = sceneOf('full');
  const { model } = settingOf(scene, REAL, INVARIANTS, true);
  let crew = model.begin(1);
  for (const name of ['start', 'mint ok']) crew = model.happen(crew, 0, name)[0]?.crew ?? crew;
  const expiryAfter = (ms: number): number | undefined => {
    const { moment } = model.member(model.at(crew, CANONICAL_NOW + ms).members[0] as number);
    const { world } = canonical(moment as Moment, blindnessOf(scene));
    return contextOf(world).lease?.expiresAt;
  };
  expect(expiryAfter(scene.lifeMs - 1)).toBe(CANONICAL_NOW + 1);
  expect(expiryAfter(scene.lifeMs)).toBe(CANONICAL_NOW);
  expect(expiryAfter(scene.lifeMs + 1)).toBe(CANONICAL_NOW - 1);
  expect(expiryAfter(scene.lifeMs + 9_000)).toBe(CANONICAL_NOW - 1);
});
