// Keeps the floors of the house: integration → services → actors → machines. A file imports from its own floor and from
// those below, and the charts import nothing that does I/O, tells the time or rolls dice.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const SRC = resolve(import.meta.dirname, '../src');
const FLOORS = ['machines', 'actors', 'services', 'integration'];
const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;
const IMPURE = /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|setTimeout\(|setInterval\(|process\.|fetch\()/;

const floorOf = (file: string): number => {
  const folder = relative(SRC, file).split('/')[0] ?? '';
  const floor = FLOORS.indexOf(folder);
  return floor < 0 ? FLOORS.length : floor;
};

const faults: string[] = [];
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
for (const name of files) {
  const file = join(SRC, name);
  const text = readFileSync(file, 'utf8');
  const floor = floorOf(file);
  for (const match of text.matchAll(IMPORT)) {
    const target = match[1] ?? match[2] ?? '';
    if (target.startsWith('.')) {
      const imported = resolve(file, '..', target);
      if (floorOf(imported) > floor) faults.push(`${name} imports upwards: ${target}`);
      continue;
    }
    if (floor === 0 && target !== 'xstate') faults.push(`${name} is a chart and may import xstate only: ${target}`);
  }
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const impure = floor === 0 ? IMPURE.exec(code)?.[0] : undefined;
  if (impure !== undefined) faults.push(`${name} is a chart and must stay pure: ${impure}`);
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`layers: ${files.length} files, imports run one way`);
