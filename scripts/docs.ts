// Writes docs/ from the machine objects: of each chart a picture and its total transition table. With `--check` nothing is
// written: a stale file is a fault.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CHART_WORDS } from '../src/integration/inspect/chart-words.ts';
import { chartPicture } from './chart-picture.ts';
import { wordsText } from './chart-words.ts';
import { CHARTS } from './charts.ts';
import { renderTable } from './table-text.ts';
import { tableOf } from './transition-table.ts';

const DOCS = resolve(import.meta.dirname, '../docs');
const check = process.argv.includes('--check');
const FOOT = 'Generated from the machine by `npm run docs`; do not edit.';

const files: Record<string, string> = {};
const index: string[] = [];
for (const { name, machine, about } of CHARTS) {
  const table = tableOf(machine);
  const cells = table.states.reduce((sum, state) => sum + state.cells.length, 0);
  const title = `The ${name.replace('-', ' ')} chart`;
  files[`${name}.svg`] = await chartPicture(machine);
  files[`${name}.md`] =
    `# ${title}\n\n[All charts](README.md) · ${about}\n\n![${title}](${name}.svg)\n\n${renderTable(table)}\n` +
    `${wordsText(CHART_WORDS[machine.id])}\n\n${FOOT}\n`;
  index.push(`| [${name}](${name}.md) | ${about} | [picture](${name}.svg) | ${cells} |`);
}
files['README.md'] = `# The charts

For every chart: its picture, and a table that says of every state and every event what happens. Nothing is dropped in
silence: what is not taken is ignored for a reason, done later, or refused with a code. The tests go through every cell.

| Chart | | | Cells |
|---|---|---|---|
${index.join('\n')}

How these charts are proved: [verification](verification.md). How to test what you build on them: [testing](testing.md). How to
watch them run: [inspector](inspector.md).

${FOOT}
`;

mkdirSync(DOCS, { recursive: true });
let stale = 0;
for (const [name, text] of Object.entries(files)) {
  const file = join(DOCS, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (!check) writeFileSync(file, text);
  else {
    stale += 1;
    console.error(`docs/${name} is stale; run \`npm run docs\``);
  }
}
if (stale > 0) process.exit(1);
console.log(`docs: ${Object.keys(files).length} files ${check ? 'are up to date' : 'written'}`);
