import { CREW_RULES, type CrewView } from './crew-rules.ts';
import type { Found, TraceStep } from './explorer.ts';
import type { Crew, Outcome } from './host-model.ts';
import { BASE, type Charts, REAL, SCENES, type Scene, settingOf } from './scenes.ts';

const lineOf = ({ session, happening }: TraceStep): string => `${session ?? 'coordinator'}: ${happening}`;

/** How to write a scene down: by its name, and what is changed about it. How far it is looked at does not matter. */
function nameOf(scene: Scene): string {
  const known = SCENES.find(({ name }) => name === scene.name);
  const base = known ?? BASE;
  const changed = Object.entries(scene).filter(([key, value]) => {
    if (key === 'name' || key === 'maxStates' || key === 'maxDepth') return false;
    return JSON.stringify(value) !== JSON.stringify(base[key as keyof Scene]);
  });
  if (known !== undefined && changed.length === 0) return `'${scene.name}'`;
  const parts = changed.map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `{ ${[known === undefined ? '...BASE' : `...sceneOf('${scene.name}')`, ...parts].join(', ')} }`;
}

/** A violation as a test that can be pasted: it fails as long as the violation is there. */
export function scriptOf(scene: Scene, { invariant, what, trace }: Found): string {
  const lines = trace.map(step => `  ${lineOf(step)}`).join('\n');
  return `// ${invariant}: ${what}\nexpect(retrace(${nameOf(scene)}, \`\n${lines}\n\`)).toEqual([]);`;
}

/** The scene of this name. */
export function sceneOf(name: string): Scene {
  const found = SCENES.find(scene => scene.name === name);
  if (found !== undefined) return found;
  throw new Error(`there is no scene "${name}"; there are: ${SCENES.map(scene => scene.name).join(', ')}`);
}

/**
 * Takes the steps of a trace, one on each line (`1: mint ok`, `coordinator: drain`), and tells which rules they break.
 *
 * @param scene one of {@link SCENES}, by name, or one of its own.
 * @throws Error for a line that names nothing that can happen there and then.
 */
export function retrace(scene: string | Scene, script: string, charts: Charts = REAL): string[] {
  const { sessions, ...chosen } = typeof scene === 'string' ? sceneOf(scene) : scene;
  const { model, happenings, commands } = settingOf({ ...chosen, sessions }, charts);
  const view = ({ coordinator, members }: Crew): CrewView => ({
    coordinator: model.world(coordinator),
    members: members.map(id => model.member(id)),
  });
  const broken = new Set<string>();
  // Where the model leaves a choice open, all that it may come to are followed.
  let crews: readonly Crew[] = [model.begin(sessions)];
  for (const line of script.split('\n').filter(text => text.trim() !== '')) {
    const [, who = '', name = ''] = /^\s*(\d+|coordinator):\s*(.+?)\s*$/.exec(line) ?? [];
    const stimulus = commands.get(name);
    const happen = (crew: Crew): readonly Outcome[] => {
      if (who === 'coordinator') return stimulus === undefined ? [] : model.command(crew, name, stimulus);
      const index = Number(who) - 1;
      return index in crew.members && happenings.includes(name) ? model.happen(crew, index, name) : [];
    };
    const next: Crew[] = [];
    for (const before of crews) {
      for (const { crew, violations } of happen(before)) {
        for (const { invariant, what } of violations) broken.add(`${invariant}: ${what}`);
        for (const [invariant, rule] of Object.entries(CREW_RULES)) {
          const what = rule(view(crew), view(before), name);
          if (what !== undefined) broken.add(`${invariant}: ${what}`);
        }
        next.push(crew);
      }
    }
    if (next.length === 0) throw new Error(`"${line.trim()}" cannot happen there`);
    crews = next;
  }
  return [...broken];
}
