// What pages that follow from figures have in common: rows of CSV files, tables in Markdown, and the
// blocks between <!-- NAME --> and <!-- /NAME --> that are made of them. The prose stands in the page.
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

/** A list of objects: numbers where fields are, else texts; empty fields are empty texts. */
export function readCsv(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const columns = head.split(',');
  return lines.map((line) => {
    const fields = line.split(',');
    if (fields.length !== columns.length) throw new Error(`${file}: ${line}`);
    return Object.fromEntries(columns.map((column, i) => [
      column, fields[i] === '' || isNaN(fields[i]) ? fields[i] : Number(fields[i])
    ]));
  });
}

/** The only row of which these fields are so. */
export function one(rows, wanted) {
  const found = rows.filter(
      (row) => Object.entries(wanted).every(([key, value]) => row[key] === value));
  if (found.length !== 1) throw new Error(`${found.length} rows of ${JSON.stringify(wanted)}`);
  return found[0];
}

export const percent = (share, digits = 1) => (100 * share).toFixed(digits);

/** In Markdown; the first `left` columns are texts. */
export function table(head, rows, left = 1) {
  const rule = head.map((_, i) => i < left ? '---' : '---:');
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/**
 * Puts the blocks into `page` and the pictures ({name: svg}) beside it, both under `root`; where
 * `check` is true nothing is written, and it fails where something would be. `source` names the
 * caller.
 */
export function writePage({root, page, blocks, pictures = {}, pictureFolder = '', check, source}) {
  let text = readFileSync(join(root, page), 'utf8');
  for (const [name, block] of Object.entries(blocks)) {
    const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
    if (!pattern.test(text)) throw new Error(`${page} has no block ${name}`);
    text = text.replace(pattern, (_, begin, end) => `${begin}${block}\n${end}`);
  }
  const files = {[join(root, page)]: text};
  for (const [name, picture] of Object.entries(pictures)) {
    files[join(root, pictureFolder, name)] = picture;
  }
  const stale = Object.entries(files).filter(
      ([file, content]) => !existsSync(file) || readFileSync(file, 'utf8') !== content);
  if (check) {
    for (const [file] of stale) console.error(`${file} is not what ${source} makes`);
    if (stale.length === 0) console.log(`ok     ${page} and its pictures follow from results/`);
    process.exit(stale.length ? 1 : 0);
  }
  for (const [file, content] of stale) {
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, content);
  }
  console.log(`${page}: ${stale.length} files written`);
  process.exit(0);
}
