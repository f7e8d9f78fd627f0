// Holds SPEC.md and the tests together: a rule without a test is a fault, and so is a test that proves no rule.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const RULE = /^- \*\*([A-Z]+-?\d+)\*\*/gm;
const TITLE = /\b(?:it|test)(?:\.each\([\s\S]*?\)|\.prop\([\s\S]*?\))?\(\s*(['"`])((?:(?!\1)[\s\S])*)\1/g;
const ID = /^\[([A-Z]+-?\d+)\]/;

const rules = [...readFileSync(join(ROOT, 'SPEC.md'), 'utf8').matchAll(RULE)].map(match => match[1] ?? '');
const known = new Set(rules);
const proved = new Set<string>();
const faults: string[] = [];
for (const rule of rules) if (rules.indexOf(rule) !== rules.lastIndexOf(rule)) faults.push(`SPEC.md has ${rule} twice`);

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter(
  f => f.endsWith('.test.ts') && !f.includes('node_modules'),
);
for (const name of files) {
  for (const match of readFileSync(join(ROOT, 'test', name), 'utf8').matchAll(TITLE)) {
    const id = ID.exec(match[2] ?? '')?.[1];
    if (id === undefined) faults.push(`test/${name}: no rule in the title "${match[2]}"`);
    else if (!known.has(id)) faults.push(`test/${name}: SPEC.md has no rule ${id}`);
    else proved.add(id);
  }
}
for (const rule of known) if (!proved.has(rule)) faults.push(`SPEC.md: no test proves ${rule}`);

for (const fault of new Set(faults)) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`spec: ${known.size} rules, each with a test`);
